import { contractOf, ENTITIES, type EntityName, type Field } from '../contracts';
import { escapePointer, JsonSyntaxError, lineOf, parseLocated } from './json-lines';
import { compilePattern, PatternError } from './patterns';
import { compileRegex, RegexError } from './regex';
import type { FileRule, ProfileError } from './rules';
import { type EntityProfile, type Profile, profileSchema } from './schema';
import { columnsOf, columnUses, placedTests, placedValues, type Placed } from './walk';
import { isZone } from './zones';

/** A profile that was found right, with the lines of its file, so that later messages can name them. */
export interface CheckedProfile {
  profile: Profile;
  lines: ReadonlyMap<string, number>;
}

export type ProfileCheck = { ok: true; checked: CheckedProfile } | { ok: false; errors: ProfileError[] };

type Report = (rule: FileRule, pointer: string, message: string) => void;

/**
 * Validates the text of a profile: JSON, schema, then sense (fields and values against the contracts, columns, patterns, zones, mode).
 * Every error names the place as JSON pointer and 1-based line. Nothing is read but the text.
 */
export function checkProfile(text: string): ProfileCheck {
  const errors: ProfileError[] = [];
  let located;
  try {
    located = parseLocated(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return {
      ok: false,
      errors: [{ rule: 'PRF-JSON', pointer: error.pointer, line: error.line, message: error.message }],
    };
  }
  const { lines } = located;
  const report: Report = (rule, pointer, message) =>
    errors.push({ rule, pointer, line: lineOf(lines, pointer), message });
  const parsed = profileSchema.safeParse(located.value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) reportIssue(issue as Issue, '', report);
    return { ok: false, errors };
  }
  checkSense(parsed.data, report);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, checked: { profile: parsed.data, lines } };
}

interface Issue {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
  errors?: Issue[][];
}

/** One schema issue as an error; of a union the branch that got furthest is told, an unknown member is told where it stands. */
function reportIssue(issue: Issue, base: string, report: Report): void {
  const pointer = base + issue.path.map((part) => `/${escapePointer(String(part))}`).join('');
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys ?? [])
      report('PRF-SCHEMA', `${pointer}/${escapePointer(key)}`, 'the profile language has no such member here');
    return;
  }
  const objectBranch = issue.errors?.find((branch) =>
    branch.every((e) => e.path.length > 0 || e.code === 'unrecognized_keys'),
  );
  if (issue.code === 'invalid_union' && objectBranch)
    return objectBranch.forEach((inner) => reportIssue(inner, pointer, report));
  report('PRF-SCHEMA', pointer, issue.message);
}

function checkSense(profile: Profile, report: Report): void {
  checkMode(profile, report);
  checkColumns(profile, report);
  if (profile.file.zone !== undefined && !isZone(profile.file.zone))
    report('PRF-TIME', '/file/zone', 'not a zone of the IANA database');
  if (profile.file.quote !== '' && profile.file.quote === profile.file.delimiter)
    report('PRF-VALUE', '/file/quote', 'quote and delimiter are the same');
  profile.entities.forEach((entity, index) => {
    checkFields(entity, index, report);
    for (const placed of placedValues(profile, entity, index)) checkValue(profile, entity, placed, report);
    for (const { test, pointer } of placedTests(entity, index)) checkTest(test, pointer, report);
  });
  const uses = profile.entities.map((e) => e.entity);
  profile.entities.forEach((e, index) => {
    const twin = uses.indexOf(e.entity);
    if (twin !== index && (e.when === undefined || profile.entities[twin]?.when === undefined)) {
      report('PRF-ENTITY', `/entities/${index}`, `${e.entity} is fed twice and one of the two has no condition`);
    }
  });
}

function checkMode(profile: Profile, report: Report): void {
  const { mode } = profile;
  if ((mode === 'snapshot') !== (profile.snapshot !== undefined)) {
    report(
      'PRF-MODE',
      profile.snapshot ? '/snapshot' : '/mode',
      mode === 'snapshot' ? 'mode snapshot needs snapshot.taken_at' : `snapshot has no meaning in mode ${mode}`,
    );
  }
  const takenAt = profile.snapshot?.taken_at;
  if (takenAt !== undefined) {
    if (typeof takenAt === 'string' || columnsOf(takenAt).length > 0)
      report(
        'PRF-MODE',
        '/snapshot/taken_at',
        'a snapshot is taken at one time: use object_key, last_modified or a constant, not a column',
      );
    else
      checkExpression(
        profile,
        { expression: takenAt, pointer: '/snapshot/taken_at', target: 'effective_at' },
        'ts',
        report,
      );
  }
  profile.entities.forEach((entity, i) => {
    const at = `/entities/${i}`;
    if (mode === 'events' && entity.event_id === undefined) report('PRF-MODE', at, 'mode events needs event_id');
    if (mode !== 'events' && entity.event_id !== undefined)
      report('PRF-MODE', `${at}/event_id`, `in mode ${mode} the event_id is the hash of what the row states`);
    if (mode === 'snapshot' && entity.absent === undefined)
      report('PRF-MODE', at, 'mode snapshot needs absent: what absence means');
    if (mode !== 'snapshot' && entity.absent !== undefined)
      report('PRF-MODE', `${at}/absent`, `absence means nothing in mode ${mode}`);
    if (mode === 'snapshot' && entity.op !== undefined)
      report('PRF-MODE', `${at}/op`, 'a snapshot states what there is: it has no op');
    if ((entity.absent === 'tombstone') !== (entity.brake_percent !== undefined)) {
      report(
        'PRF-MODE',
        entity.brake_percent === undefined ? `${at}/absent` : `${at}/brake_percent`,
        'absent tombstone and brake_percent go together',
      );
    }
  });
}

function checkColumns(profile: Profile, report: Report): void {
  const { format, header } = profile.file;
  const uses = columnUses(profile);
  const used = new Set(uses.map((u) => u.column));
  const lists = { ignored: profile.ignored, optional: profile.optional };
  for (const [list, columns] of Object.entries(lists)) {
    columns.forEach((column, i) => {
      const pointer = `/${list}/${i}`;
      if (columns.indexOf(column) !== i) report('PRF-COLUMN', pointer, 'the column is listed twice');
      if (list === 'ignored' && used.has(column)) report('PRF-COLUMN', pointer, 'the column is ignored and used');
      if (list === 'optional' && !used.has(column))
        report('PRF-COLUMN', pointer, 'the column is optional and not used');
      if (format === 'ndjson' && !isPointer(column))
        report('PRF-COLUMN', pointer, 'NDJSON columns are JSON pointers: /name or /payload/name');
    });
  }
  if (format === 'ndjson') {
    for (const use of uses)
      if (!isPointer(use.column))
        report('PRF-COLUMN', use.pointer, 'NDJSON columns are JSON pointers: /name or /payload/name');
    if (header) report('PRF-COLUMN', '/file/header', 'NDJSON has no header');
    return;
  }
  header?.forEach((column, i) => {
    if (header.indexOf(column) !== i) report('PRF-COLUMN', `/file/header/${i}`, 'the column is named twice');
  });
}

const isPointer = (column: string): boolean => /^(\/([^~/]|~0|~1)+)+$/.test(column);

function checkFields(entity: EntityProfile, index: number, report: Report): void {
  const contract = ENTITIES[entity.entity as EntityName];
  const at = `/entities/${index}/fields`;
  for (const name of Object.keys(entity.fields)) {
    if (!contract.fields.some((f) => f.name === name))
      report(
        'PRF-FIELD',
        `${at}/${escapePointer(name)}`,
        `${contract.name} has no such field; it has ${contract.fields.map((f) => f.name).join(', ')}`,
      );
  }
  for (const field of contract.fields) {
    const needed = field.required || contract.naturalKey.includes(field.name);
    if (needed && entity.fields[field.name] === undefined)
      report('PRF-FIELD', at, `${contract.name} needs ${field.name}`);
  }
  for (const group of contract.oneOf) {
    if (!group.fields.some((name) => entity.fields[name] !== undefined))
      report('PRF-FIELD', at, `${contract.name} needs one of ${group.fields.join(', ')}`);
  }
}

const ENVELOPE_TYPES: Record<string, Pick<Field, 'type' | 'values' | 'name'>> = {
  op: { name: 'op', type: 'code', values: ['upsert', 'delete'] },
  effective_at: { name: 'effective_at', type: 'ts' },
  recorded_at: { name: 'recorded_at', type: 'ts' },
};

/** The contract's field that a target names; envelope members are told as fields of their kind. */
export function fieldOf(entity: EntityName, target: string): Pick<Field, 'type' | 'values' | 'name' | 'valuesRule'> {
  const version = ENTITIES[entity].version;
  return (
    contractOf(entity, version)?.fields.find((f) => `payload/${f.name}` === target) ??
    ENVELOPE_TYPES[target] ?? { name: target, type: 'string' }
  );
}

function checkValue(profile: Profile, entity: EntityProfile, placed: Placed, report: Report): void {
  const known = ENTITIES[entity.entity as EntityName].fields;
  if (placed.target.startsWith('payload/') && !known.some((f) => `payload/${f.name}` === placed.target)) return; // told by checkFields
  const field = fieldOf(entity.entity as EntityName, placed.target);
  checkExpression(profile, placed, field.type, report);
  const { expression: e, pointer } = placed;
  const fixed: [string, unknown][] = [
    ['constant', e.constant],
    ['default', e.default],
    ['otherwise', e.otherwise ?? undefined],
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

/** Why a fixed value of the profile cannot stand in a field, or null. */
function misfit(field: Pick<Field, 'type' | 'values' | 'name'>, value: unknown): string | null {
  if (field.values)
    return typeof value === 'string' && field.values.includes(value) ? null : `takes ${field.values.join(', ')}`;
  if (field.type === 'int') return Number.isSafeInteger(value) ? null : 'takes a whole number';
  if (field.type === 'double' || field.type === 'decimal') return typeof value === 'number' ? null : 'takes a number';
  if (field.type === 'bool') return typeof value === 'boolean' ? null : 'takes true or false';
  return typeof value === 'string' ? null : 'takes a text';
}

const SOURCES = ['column', 'columns', 'constant', 'object_key', 'last_modified'] as const;

function checkExpression(profile: Profile, placed: Placed, type: Field['type'], report: Report): void {
  const { expression: e, pointer } = placed;
  const given = SOURCES.filter((s) => e[s] !== undefined);
  if (given.length !== 1) report('PRF-VALUE', pointer, `needs exactly one of ${SOURCES.join(', ')}`);
  if (e.join !== undefined && !e.columns) report('PRF-VALUE', `${pointer}/join`, 'join goes with columns');
  if (e.otherwise !== undefined && !e.map) report('PRF-VALUE', `${pointer}/otherwise`, 'otherwise goes with map');
  if (e.object_key !== undefined) checkRegex(e.object_key, `${pointer}/object_key`, true, report);
  if (e.datetime !== undefined && e.date !== undefined)
    report('PRF-TIME', `${pointer}/date`, 'datetime and date exclude each other');
  const time = e.datetime ?? e.date;
  const isTime = type === 'ts' || type === 'date';
  if (!isTime) {
    for (const member of ['datetime', 'date', 'zone', 'day', 'nonexistent', 'ambiguous'] as const) {
      if (e[member] !== undefined) report('PRF-TIME', `${pointer}/${member}`, 'the field is no date or time');
    }
    return;
  }
  if (e.zone !== undefined && !isZone(e.zone)) report('PRF-TIME', `${pointer}/zone`, 'not a zone of the IANA database');
  for (const member of ['zone', 'day', 'nonexistent', 'ambiguous'] as const) {
    if (e[member] !== undefined && time === undefined && !e.last_modified)
      report('PRF-TIME', `${pointer}/${member}`, 'goes with a pattern in datetime or date ("iso" for ISO-8601)');
  }
  if (e.last_modified && time !== undefined)
    report('PRF-TIME', pointer, 'last_modified is a time already and takes no pattern');
  const many = Array.isArray(time);
  (time === undefined ? [] : [time].flat()).forEach((pattern, i) => {
    const at = `${pointer}/${e.datetime === undefined ? 'date' : 'datetime'}${many ? `/${i}` : ''}`;
    try {
      compilePattern(pattern);
      const hasOffset = pattern === 'iso' || /Z|epoch/.test(pattern.replace(/'[^']*'/g, ''));
      if (type === 'ts' && !hasOffset && !(e.zone ?? profile.file.zone))
        report('PRF-TIME', at, 'the pattern has no offset: name the zone');
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      report('PRF-TIME', at, error.message);
    }
  });
}

function checkTest(
  test: { matches?: string | undefined } & Record<string, unknown>,
  pointer: string,
  report: Report,
): void {
  const asked = ['equals', 'not_equals', 'in', 'not_in', 'present', 'matches'].filter((k) => test[k] !== undefined);
  if (asked.length !== 1)
    report('PRF-VALUE', pointer, 'needs exactly one of equals, not_equals, in, not_in, present, matches');
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
