import type { Field, RuleId } from '../../contracts';
import {
  compilePattern,
  formatDate,
  toIso,
  type ParsedTime,
  type TimeOptions,
  type TimeParser,
} from '../../profiles/patterns';
import { compileRegex } from '../../profiles/regex';
import type { FileRule } from '../../profiles/rules';
import type { Expression, Profile } from '../../profiles/schema';

/** What a row looks like to the mapper: CSV cells, or a JSON object. */
export type Row = readonly string[] | Record<string, unknown>;

/** What is known of the file besides its rows. */
export interface FileFacts {
  /** Name of the landing object. */
  objectKey: string;
  /** ms since 1970. */
  lastModifiedMs: number;
}

/** Stands for a value that could not be made, with the rule that says why. */
export class Fault {
  private constructor(readonly rule: RuleId | FileRule) {}
  private static readonly made = new Map<string, Fault>();

  static of(rule: RuleId | FileRule): Fault {
    let fault = Fault.made.get(rule);
    if (!fault) Fault.made.set(rule, (fault = new Fault(rule)));
    return fault;
  }
}

/** A value of the contract, undefined for "no value", or a fault. */
export type Made = string | number | boolean | undefined | Fault;
export type Maker = (row: Row) => Made;
/** The raw cell of a column: text, a JSON value, or undefined. */
export type CellReader = (row: Row) => unknown;

type Target = Pick<Field, 'type' | 'values' | 'name' | 'valuesRule'>;

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
  const convert = converter(e, target, profile);
  const fallback = e.default;
  return (row) => {
    const text = read(row);
    if (text === undefined || text instanceof Fault) return text ?? fallback;
    return convert(text);
  };
}

const constantly =
  (value: string | number | boolean): Maker =>
  () =>
    value;

type TextMaker = (row: Row) => string | number | boolean | undefined | Fault;

/** Reads the raw value: joined, trimmed, empty texts and null texts as undefined, case and padding applied. */
function textMaker(e: Expression, profile: Profile, facts: FileFacts, cell: (column: string) => CellReader): TextMaker {
  const clean = cleaner(e, profile);
  if (e.column !== undefined) {
    const read = cell(e.column);
    return (row) => clean(read(row));
  }
  if (e.columns) {
    const reads = e.columns.map(cell);
    const join = e.join ?? '|';
    return (row) => {
      const parts: string[] = [];
      for (const read of reads) {
        const part = clean(read(row));
        if (part === undefined || part instanceof Fault) return part;
        parts.push(String(part));
      }
      return parts.join(join);
    };
  }
  const fixed = e.last_modified
    ? `${new Date(facts.lastModifiedMs).toISOString().slice(0, 19)}Z`
    : clean(compileRegex(e.object_key ?? '').first(facts.objectKey));
  return () => fixed ?? Fault.of('FIL-MAP-05');
}

function cleaner(e: Expression, profile: Profile): (raw: unknown) => string | number | boolean | undefined | Fault {
  const trim = e.trim ?? profile.file.trim;
  const nulls = new Set([...profile.file.null_values, ...(e.null_values ?? [])]);
  const { case: letters, pad } = e;
  const plain = nulls.size === 0 && !letters && !pad;
  return (raw) => {
    if (typeof raw === 'string') {
      let text = trim ? raw.trim() : raw;
      if (plain) return text === '' ? undefined : text;
      if (text === '' || nulls.has(text)) return undefined;
      if (letters) text = letters === 'upper' ? text.toUpperCase() : text.toLowerCase();
      return pad ? text.padStart(pad.length, pad.with) : text;
    }
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw === 'number' || typeof raw === 'boolean')
      return pad ? String(raw).padStart(pad.length, pad.with) : raw;
    return Fault.of('FLD-TYPE'); // an object or list where the contract has a single value
  };
}

type Converter = (value: string | number | boolean) => Made;

function converter(e: Expression, target: Target, profile: Profile): Converter {
  const convert = typeConverter(e, target, profile);
  if (!e.map) return convert;
  const map = new Map(Object.entries(e.map));
  const otherwise =
    e.otherwise === null
      ? undefined
      : (e.otherwise ?? Fault.of(target.values ? (target.valuesRule ?? 'FLD-CODE') : 'FIL-MAP-01'));
  return (value) => {
    const to = map.get(String(value));
    return to === undefined ? otherwise : to;
  };
}

function typeConverter(e: Expression, target: Target, profile: Profile): Converter {
  switch (target.type) {
    case 'ts':
    case 'date':
      return timeConverter(e, target.type, profile);
    case 'int':
    case 'double':
      return numberConverter(e, profile, target.type === 'int');
    case 'decimal':
      return (value) =>
        typeof value === 'string' ? (plainNumber(value, notation(e, profile)) ?? Fault.of('FIL-MAP-03')) : value;
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

/** Ids stay text: a JSON number becomes one only where no digit can have been lost in reading it. */
function asText(value: string | number | boolean): Made {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : Fault.of('FLD-TYPE');
}

interface Notation {
  decimal: string;
  group: string | undefined;
}

const notation = (e: Expression, profile: Profile): Notation => ({
  decimal: e.decimal_mark ?? profile.file.decimal_mark,
  group: e.group_mark,
});

/** A number in the profile's notation as `-?digits(.digits)?`, or null. */
function plainNumber(text: string, { decimal, group }: Notation): string | null {
  let plain = text;
  if (group !== undefined && plain.includes(group)) {
    const [whole = ''] = plain.split(decimal);
    if (!whole.split(group).every((part, i) => (i === 0 ? /^[+-]?\d{1,3}$/ : /^\d{3}$/).test(part))) return null;
    plain = plain.replaceAll(group, '');
  }
  if (decimal !== '.') {
    if (plain.includes('.')) return null;
    plain = plain.replace(decimal, '.');
  }
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? plain.replace(/^\+/, '') : null;
}

function numberConverter(e: Expression, profile: Profile, whole: boolean): Converter {
  const marks = notation(e, profile);
  return (value) => {
    if (typeof value === 'number') return value;
    const plain = typeof value === 'string' ? plainNumber(value, marks) : null;
    if (plain === null || (whole && plain.includes('.'))) return Fault.of('FIL-MAP-03');
    return Number(plain);
  };
}

/** Distinct times of a file are far fewer than its rows; beyond this many the memory is started afresh. */
const REMEMBERED_TIMES = 20_000;

function timeConverter(e: Expression, type: 'ts' | 'date', profile: Profile): Converter {
  const given = e.datetime ?? e.date ?? (e.last_modified && (e.day || e.zone) ? 'iso' : undefined);
  if (given === undefined) return asText;
  const parsers: TimeParser[] = [given].flat().map(compilePattern);
  const options: TimeOptions = {
    zone: e.zone ?? profile.file.zone,
    showIn: e.zone,
    day: e.day,
    nonexistent: e.nonexistent ?? 'forward',
    ambiguous: e.ambiguous ?? 'earlier',
  };
  const remembered = new Map<string, Made>();
  return (value) => {
    const text = String(value);
    let made = remembered.get(text);
    if (made === undefined) {
      made = readTime(text, parsers, type, options);
      if (remembered.size >= REMEMBERED_TIMES) remembered.clear();
      remembered.set(text, made);
    }
    return made;
  };
}

function readTime(text: string, parsers: TimeParser[], type: 'ts' | 'date', options: TimeOptions): Made {
  let time: ParsedTime | null = null;
  for (const parse of parsers) if ((time = parse(text))) break;
  if (!time) return Fault.of('FIL-MAP-02');
  if (type === 'date') return formatDate(time.local);
  if (time.offset === null && options.zone === undefined) return Fault.of('FIL-MAP-02');
  return toIso(time, options) ?? Fault.of('FIL-MAP-04');
}
