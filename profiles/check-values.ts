import { contractOf, ENTITIES, type EntityName, type Field } from '../contracts';
import { AUTHORITY_MAX_BYTES, AUTHORITY_PATTERN } from '../contracts/envelope';
import { isZone } from '../contracts/zones';
import { escapePointer } from './json-lines';
import { compilePattern, PatternError } from './patterns';
import { compileRegex, RegexError } from './regex';
import type { FileRule } from './rules';
import type { Choice, EntityProfile, Profile } from './schema';
import { type Placed, placedTests } from './walk';

/** Tells of one thing that is wrong: its rule, its place in the profile, and what to do. */
export type Report = (rule: FileRule, pointer: string, message: string) => void;

const ENVELOPE_TYPES: Record<string, Pick<Field, 'type' | 'values' | 'name'>> = {
  op: { name: 'op', type: 'code', values: ['upsert', 'delete'] },
  effective_at: { name: 'effective_at', type: 'ts' },
  recorded_at: { name: 'recorded_at', type: 'ts' },
};

/** The contract's field that a target names; envelope members are told as fields of their kind. */
export function fieldOf(entity: EntityName, target: string): Pick<Field, 'type' | 'values' | 'name' | 'scale'> {
  const version = ENTITIES[entity].version;
  return (
    contractOf(entity, version)?.fields.find((f) => `payload/${f.name}` === target) ??
    ENVELOPE_TYPES[target] ?? { name: target, type: 'string' }
  );
}

/** Holds one value of a profile against the field that it fills. */
export function checkValue(profile: Profile, entity: EntityProfile, placed: Placed, report: Report): void {
  const known = ENTITIES[entity.entity as EntityName].fields;
  if (placed.target.startsWith('payload/') && !known.some((f) => `payload/${f.name}` === placed.target)) return; // told by checkFields
  const field = fieldOf(entity.entity as EntityName, placed.target);
  checkExpression(profile, placed, field.type, report);
  const { expression: e, pointer } = placed;
  if (placed.target.startsWith('authorities/') && typeof e.constant === 'string' && !isAuthority(e.constant))
    report('PRF-VALUE', pointer, `an authority has 1 to ${AUTHORITY_MAX_BYTES} ASCII characters and no blank`);
  const fixed: [string, unknown][] = [
    ['constant', e.constant],
    ['default', e.default],
    ['otherwise', e.otherwise ?? undefined],
    ...(e.map ? [] : fixedChoices(e)),
    ...Object.entries(e.map ?? {}).map(([code, to]): [string, unknown] => [`map/${escapePointer(code)}`, to]),
  ];
  for (const [member, value] of fixed) {
    const wrong = value === undefined ? null : misfit(field, value);
    if (wrong)
      report(
        'PRF-VALUE',
        typeof e.constant !== 'undefined' && !pointer.includes('/entities/') ? pointer : `${pointer}/${member}`,
        `${field.name} ${wrong}`,
      );
  }
}

/** Constants among which a value is chosen, which are no text that is read first. */
const fixedChoices = (e: Placed['expression']): [string, unknown][] =>
  e.datetime !== undefined || e.date !== undefined
    ? []
    : (e.first ?? []).map((one, i) => [`first/${i}/constant`, typeof one === 'string' ? undefined : one.constant]);

const AUTHORITY = new RegExp(AUTHORITY_PATTERN);
const isAuthority = (text: string): boolean => text.length <= AUTHORITY_MAX_BYTES && AUTHORITY.test(text);

/** Why a fixed value of the profile cannot stand in a field, or null. */
function misfit(field: Pick<Field, 'type' | 'values' | 'name'>, value: unknown): string | null {
  if (field.values)
    return typeof value === 'string' && field.values.includes(value) ? null : `takes ${field.values.join(', ')}`;
  if (field.type === 'int') return Number.isSafeInteger(value) ? null : 'takes a whole number';
  if (field.type === 'double' || field.type === 'decimal') return typeof value === 'number' ? null : 'takes a number';
  if (field.type === 'zone')
    return typeof value === 'string' && isZone(value)
      ? null
      : 'takes a zone of the IANA database, such as Europe/Berlin';
  if (field.type === 'bool') return typeof value === 'boolean' ? null : 'takes true or false';
  return typeof value === 'string' ? null : 'takes a text';
}

const SOURCES = [
  'column',
  'columns',
  'first',
  'constant',
  'element',
  'object_key',
  'preamble',
  'last_modified',
] as const;
const isTimeType = (type: Field['type']): boolean => type === 'ts' || type === 'date';
const TIME_STEPS = ['minutes_of_day', 'next_day_when_before', 'plus'] as const;

/** Holds an expression against the type that it is for. */
export function checkExpression(profile: Profile, placed: Placed, type: Field['type'], report: Report): void {
  const { expression: e, pointer } = placed;
  const given = SOURCES.filter((s) => e[s] !== undefined);
  if (given.length !== 1) report('PRF-VALUE', pointer, `requires exactly one of ${SOURCES.join(', ')}`);
  if (e.join !== undefined && !e.columns) report('PRF-VALUE', `${pointer}/join`, 'join requires columns');
  if (e.skip_empty && !e.columns) report('PRF-VALUE', `${pointer}/skip_empty`, 'skip_empty requires columns');
  if (e.first) checkChoices(e.first, `${pointer}/first`, report);
  if (e.otherwise !== undefined && !e.map) report('PRF-VALUE', `${pointer}/otherwise`, 'otherwise requires map');
  if (e.object_key !== undefined) checkRegex(e.object_key, `${pointer}/object_key`, true, report);
  if (e.preamble !== undefined) {
    checkRegex(e.preamble, `${pointer}/preamble`, true, report);
    if (profile.file.preamble_lines === undefined)
      report('PRF-VALUE', `${pointer}/preamble`, 'say in file.preamble_lines how many lines stand above the columns');
  }
  if (e.columns?.every((part) => typeof part !== 'string' && 'literal' in part))
    report('PRF-VALUE', `${pointer}/columns`, 'none of the parts is a column: use constant');
  if (e.pattern !== undefined) {
    checkRegex(e.pattern, `${pointer}/pattern`, true, report);
    if (e.column === undefined && !e.columns && !e.first && e.element === undefined)
      report('PRF-VALUE', `${pointer}/pattern`, 'pattern requires column, columns, first or element');
  }
  if (e.round !== undefined && type !== 'int' && type !== 'decimal')
    report('PRF-VALUE', `${pointer}/round`, 'only whole numbers and decimals are rounded');
  if (e.datetime !== undefined && e.date !== undefined)
    report('PRF-TIME', `${pointer}/date`, 'datetime and date exclude each other');
  if (e.precision && isTimeType(type))
    report('PRF-TIME', `${pointer}/precision`, 'the field is a date or time, and not how precise one is');
  const time = e.datetime ?? e.date;
  const isTime = isTimeType(type);
  if (!isTime) {
    for (const member of ['datetime', 'date', 'zone', 'day', 'nonexistent', 'ambiguous', ...TIME_STEPS] as const) {
      if (e[member] !== undefined) report('PRF-TIME', `${pointer}/${member}`, 'the field is not a date or time');
    }
    return;
  }
  if (e.zone !== undefined && !isZone(e.zone)) report('PRF-TIME', `${pointer}/zone`, 'not a zone of the IANA database');
  checkSteps(profile, placed, type, report);
  for (const member of ['zone', 'day', 'nonexistent', 'ambiguous', ...TIME_STEPS] as const) {
    if (e[member] !== undefined && time === undefined && !e.last_modified)
      report('PRF-TIME', `${pointer}/${member}`, 'requires a pattern in datetime or date ("iso" for ISO-8601)');
  }
  if (e.last_modified && time !== undefined)
    report('PRF-TIME', pointer, 'last_modified is already a time and takes no pattern');
  const many = Array.isArray(time);
  (time === undefined ? [] : [time].flat()).forEach((pattern, i) => {
    const at = `${pointer}/${e.datetime === undefined ? 'date' : 'datetime'}${many ? `/${i}` : ''}`;
    try {
      compilePattern(pattern);
      const hasOffset = pattern === 'iso' || /Z|epoch/.test(pattern.replace(/'[^']*'/g, ''));
      if (type === 'ts' && !hasOffset && !(e.zone ?? profile.file.zone))
        report('PRF-TIME', at, 'the pattern has no offset: state the zone');
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      report('PRF-TIME', at, error.message);
    }
  });
}

/** What a value is chosen among: each a column or a constant, and more than one column that might as well stand alone. */
function checkChoices(choices: readonly Choice[], pointer: string, report: Report): void {
  if (choices.length === 1 && (typeof choices[0] === 'string' || !choices[0]?.when))
    report('PRF-VALUE', pointer, 'a single choice without a condition is a column or a constant');
  choices.forEach((choice, i) => {
    if (typeof choice === 'string') return;
    if ((choice.column === undefined) === (choice.constant === undefined))
      report('PRF-VALUE', `${pointer}/${i}`, 'needs exactly one of column, constant');
    for (const { test, pointer: at } of placedTests(choice.when, `${pointer}/${i}`)) checkTest(test, at, report);
  });
}

/** What is added to a time: its columns, its other time, and that it can be added at all. */
function checkSteps(profile: Profile, { expression: e, pointer }: Placed, type: Field['type'], report: Report): void {
  if (e.plus && (e.plus.column === undefined) === (e.plus.constant === undefined))
    report('PRF-VALUE', `${pointer}/plus`, 'requires exactly one of column, constant');
  if (e.plus && type === 'date' && e.plus.unit !== 'days')
    report('PRF-TIME', `${pointer}/plus/unit`, 'only days can be added to a date');
  if (type === 'date')
    for (const member of ['minutes_of_day', 'next_day_when_before'] as const)
      if (e[member] !== undefined) report('PRF-TIME', `${pointer}/${member}`, 'a date has no time of day');
  if (e.day !== undefined && TIME_STEPS.some((step) => e[step] !== undefined))
    report('PRF-TIME', `${pointer}/day`, 'day and what is added to a time exclude each other');
  const other = e.next_day_when_before;
  if (other)
    checkExpression(
      profile,
      { expression: other, pointer: `${pointer}/next_day_when_before`, target: 'effective_at' },
      'ts',
      report,
    );
}

/** Holds a test of a condition against the language. */
export function checkTest(
  test: { matches?: string | undefined } & Record<string, unknown>,
  pointer: string,
  report: Report,
): void {
  const asked = ['equals', 'not_equals', 'in', 'not_in', 'present', 'matches'].filter((k) => test[k] !== undefined);
  if (asked.length !== 1)
    report('PRF-VALUE', pointer, 'requires exactly one of equals, not_equals, in, not_in, present, matches');
  if (test.matches !== undefined) checkRegex(test.matches, `${pointer}/matches`, false, report);
}

function checkRegex(source: string, pointer: string, group: boolean, report: Report): void {
  try {
    if (compileRegex(source).groups < 1 && group)
      report('PRF-REGEX', pointer, 'the regular expression needs a group: its text is the value');
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    report('PRF-REGEX', pointer, `not a regular expression of RE2: ${error.message}`);
  }
}
