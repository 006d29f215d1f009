import type { Field } from '../../contracts';
import { trimmed } from '../records/text';
import { fhirPrecision } from '../../profiles/patterns';
import { compileRegex } from '../../profiles/regex';
import type { Choice, Expression, Profile } from '../../profiles/schema';
import { compileConditions } from './conditions';
import { asText, plainNumber, roundedTo, notation } from './numbers';
import { Fault, type FileFacts, type Made, type Maker, type CellReader, type Row, type Text } from './making';
import { memberReader } from './cells';
import { timeMaker } from './times';

type Target = Pick<Field, 'type' | 'values' | 'name' | 'scale'> & {
  /** The day lies before the source knew it. */
  readonly isPast?: boolean;
};

/** Compiles one expression of a profile for one field of a contract into a function of a row. */
export function compileValue(
  e: Expression,
  target: Target,
  profile: Profile,
  facts: FileFacts,
  cell: (column: string) => CellReader,
): Maker {
  if (e.constant !== undefined) return constantly(e.constant);
  const read = textMaker(e, profile, facts, cell);
  const convert = converter(e, target, profile, (other) => compileTime(other, profile, facts, cell), facts, cell);
  const fallback = e.default;
  return (row, element) => {
    const text = read(row, element);
    if (text === undefined || text instanceof Fault) return text ?? fallback;
    return convert(text, row, element);
  };
}

const compileTime = (e: Expression, profile: Profile, facts: FileFacts, cell: (column: string) => CellReader): Maker =>
  compileValue(e, { name: 'time', type: 'ts' }, profile, facts, cell);

const constantly =
  (value: string | number | boolean): Maker =>
  () =>
    value;

type TextMaker = (row: Row, element?: unknown) => Text | undefined | Fault;

/** Reads the raw value: joined, trimmed, empty texts and null texts as undefined, case and padding applied. */
function textMaker(e: Expression, profile: Profile, facts: FileFacts, cell: (column: string) => CellReader): TextMaker {
  const part = partOf(e);
  const clean = cleaner(e, profile, e.columns ? undefined : part);
  if (e.column !== undefined) {
    const read = cell(e.column);
    return (row) => clean(read(row));
  }
  if (e.first) {
    const reads = e.first.map((choice) => choiceMaker(choice, profile, clean, cell));
    return (row) => firstOf(reads, row);
  }
  if (e.element !== undefined) {
    const read = e.element === true ? (element: unknown) => element : memberReader(e.element);
    return (_row, element) => clean(read(element));
  }
  if (e.columns) return joinMaker(e, e.columns, { profile, clean, part, cell });
  const fixed = clean(ofFile(e, facts));
  return () => fixed ?? Fault.of('FIL-MAP-05');
}

/** What is the same for all rows of a file. */
function ofFile(e: Expression, { objectKey, preamble, origin, lastModifiedMs }: FileFacts): string | undefined {
  if (e.last_modified) return `${new Date(origin?.landedMs ?? lastModifiedMs).toISOString().slice(0, 19)}Z`;
  const regex = compileRegex(e.object_key ?? e.preamble ?? '');
  const lines = e.preamble === undefined ? [objectKey] : (preamble ?? []);
  return lines.map((line) => regex.first(line)).find((found) => found !== undefined);
}

/** Joins cells; where one has no value the whole has none, unless it may be left out. */
function joinMaker(
  e: Expression,
  columns: NonNullable<Expression['columns']>,
  { profile, clean, part, cell }: Joined,
): TextMaker {
  const reads = columns.map((one): { literal: string } | ((row: Row) => Text | undefined | Fault) => {
    if (typeof one === 'object' && 'literal' in one) return one;
    const choices = (typeof one === 'string' ? [one] : one.first).map((name) =>
      choiceMaker(name, profile, clean, cell),
    );
    return choices.length === 1 ? choices[0]! : (row) => firstOf(choices, row);
  });
  const join = e.join ?? '|';
  return (row) => {
    const parts: string[] = [];
    let isFound = false;
    for (const read of reads) {
      const made = typeof read === 'function' ? read(row) : read.literal;
      if (made instanceof Fault) return made;
      if (made === undefined && !e.skip_empty) return undefined;
      if (made !== undefined) parts.push(String(made));
      isFound ||= made !== undefined && typeof read === 'function';
    }
    const whole = isFound ? parts.join(join) : ''; // literals alone are no value
    return (part && whole !== '' ? part(whole) : whole) || undefined;
  };
}

interface Joined {
  profile: Profile;
  clean: Cleaner;
  part: ReturnType<typeof partOf>;
  cell: (column: string) => CellReader;
}

type Cleaner = (raw: unknown) => Text | undefined | Fault;

/** Reads one of the columns or constants that a value is chosen among: nothing where its conditions do not hold. */
function choiceMaker(
  choice: Choice,
  profile: Profile,
  clean: Cleaner,
  cell: (column: string) => CellReader,
): (row: Row) => Text | undefined | Fault {
  const { column, constant, when }: Exclude<Choice, string> = typeof choice === 'string' ? { column: choice } : choice;
  const read = column === undefined ? undefined : cell(column);
  const make = (row: Row): Text | undefined | Fault => (read ? clean(read(row)) : constant);
  if (!when) return make;
  const holds = compileConditions(when, cell, profile.file.trim);
  return (row) => (holds(row) ? make(row) : undefined);
}

function firstOf(reads: readonly ((row: Row) => Text | undefined | Fault)[], row: Row): Text | undefined | Fault {
  for (const read of reads) {
    const made = read(row);
    if (made !== undefined) return made;
  }
  return undefined;
}

/** Takes the part of a text that a pattern names. */
function partOf(e: Expression): ((text: string) => string | Fault) | undefined {
  if (e.pattern === undefined) return undefined;
  const regex = compileRegex(e.pattern);
  return (text) => regex.first(text) ?? Fault.of('FIL-MAP-06');
}

function cleaner(e: Expression, profile: Profile, part: ReturnType<typeof partOf>): Cleaner {
  const trim = e.trim ?? profile.file.trim;
  const nulls = new Set([...profile.file.null_values, ...(e.null_values ?? [])]);
  const { case: letters, pad } = e;
  const plain = nulls.size === 0 && !letters && !pad && !part;
  const shaped = (whole: string): string | undefined | Fault => {
    let text = whole;
    if (part) {
      const found = part(text);
      if (found instanceof Fault || found === '') return found === '' ? undefined : found;
      text = found;
    }
    if (letters) text = letters === 'upper' ? text.toUpperCase() : text.toLowerCase();
    return pad ? text.padStart(pad.length, pad.with) : text;
  };
  return (raw) => {
    if (typeof raw === 'string') {
      const text = trim ? (trimmed(raw) as string) : raw;
      if (plain) return text === '' ? undefined : text;
      return text === '' || nulls.has(text) ? undefined : shaped(text);
    }
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw === 'number' || typeof raw === 'boolean') return part || pad ? shaped(String(raw)) : raw;
    return Fault.of('FLD-TYPE'); // an object or list where the contract has a single value
  };
}

type Converter = (value: Text, row: Row, element?: unknown) => Made;

function converter(
  e: Expression,
  target: Target,
  profile: Profile,
  compileOther: (e: Expression) => Maker,
  facts: FileFacts,
  cell: (column: string) => CellReader,
): Converter {
  if (e.precision) return (value) => fhirPrecision(String(value)) ?? Fault.of('FIL-MAP-02');
  const convert =
    target.type === 'ts' || target.type === 'date'
      ? timeMaker(e, target.type, profile, { compileOther, notes: facts.notes, cell, isPast: target.isPast === true })
      : valueConverter(e, target, profile);
  if (!e.map) return convert;
  const map = new Map(Object.entries(e.map));
  const otherwise = e.otherwise === null ? undefined : (e.otherwise ?? Fault.of('FIL-MAP-01'));
  return (value) => {
    const to = map.get(String(value));
    return to === undefined ? otherwise : to;
  };
}

function valueConverter(e: Expression, target: Target, profile: Profile): Converter {
  switch (target.type) {
    case 'int':
    case 'double':
      return numberConverter(e, profile, target.type === 'int');
    case 'decimal':
      return decimalConverter(e, profile, target.scale ?? 0);
    case 'bool':
      return (value) =>
        value === true || value === false
          ? value
          : value === 'true'
            ? true
            : value === 'false'
              ? false
              : Fault.of('FLD-TYPE');
    default:
      return asText;
  }
}

function decimalConverter(e: Expression, profile: Profile, scale: number): Converter {
  const marks = notation(e, profile);
  return (value) => {
    if (typeof value !== 'string' && !(e.round && typeof value === 'number')) return value;
    const plain = plainNumber(String(value), typeof value === 'string' ? marks : { decimal: '.', group: undefined });
    if (plain === null) return Fault.of('FIL-MAP-03');
    return e.round ? roundedTo(plain, scale, e.round) : plain;
  };
}

function numberConverter(e: Expression, profile: Profile, whole: boolean): Converter {
  const marks = notation(e, profile);
  return (value) => {
    if (typeof value === 'boolean') return Fault.of('FIL-MAP-03');
    if (typeof value === 'number' && !(whole && e.round)) return value;
    let plain = plainNumber(String(value), typeof value === 'string' ? marks : { decimal: '.', group: undefined });
    // Tools that know only floating-point numbers write 30 as 30.0.
    if (whole && plain) plain = e.round ? roundedTo(plain, 0, e.round) : plain.replace(/\.0+$/, '');
    return plain === null || (whole && plain.includes('.')) ? Fault.of('FIL-MAP-03') : Number(plain);
  };
}
