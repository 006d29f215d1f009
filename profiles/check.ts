import { hash } from 'node:crypto';
import { ENTITIES, type EntityName } from '../contracts';
import { isZone } from '../contracts/zones';
import { escapePointer, JsonSyntaxError, lineOf, parseLocated } from './json-lines';
import { checkExpression, checkTest, checkValue, type Report } from './check-values';
import { checkViews } from './fhir/check-views';
import type { ProfileError } from './rules';
import { type EntityProfile, type Profile, profileSchema } from './schema';
import { columnsOf, columnUses, placedFileTime, placedTests, placedValues } from './walk';

/** A profile that was found right, with the lines of its file, so that later messages can name them. */
export interface CheckedProfile {
  profile: Profile;
  lines: ReadonlyMap<string, number>;
  /** 8 hex digits of what it says: two profiles that read every file alike have the same. */
  digest: string;
}

export type ProfileCheck = { ok: true; checked: CheckedProfile } | { ok: false; errors: ProfileError[] };

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
  return errors.length > 0
    ? { ok: false, errors }
    : { ok: true, checked: { profile: parsed.data, lines, digest: digestOf(located.value) } };
}

/** What names a profile, or the text of one that is none, among readings of one file. */
export const profileDigest = (text: string): string => hash('sha256', text, 'hex').slice(0, 8);

/**
 * Blanks, the order of members, what is meant for people and editors, which files are not read, and how many absences are believed change no reading of a row. A later
 * release's defaults give no other digest.
 */
function digestOf(value: unknown): string {
  const sorted = (member: unknown): unknown =>
    typeof member !== 'object' || member === null || Array.isArray(member)
      ? member
      : Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  const said = {
    ...(value as Record<string, unknown>),
    $schema: undefined,
    description: undefined,
    ignored_files: undefined,
  };
  return profileDigest(JSON.stringify(said, (name, member) => (name === 'brake_percent' ? undefined : sorted(member))));
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
      report('PRF-SCHEMA', `${pointer}/${escapePointer(key)}`, 'the profile language does not have this member here');
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
  checkViews(profile, report);
  checkColumns(profile, report);
  const fileTime = profile.file_time === undefined ? undefined : placedFileTime(profile);
  if (fileTime) checkExpression(profile, fileTime, 'ts', report);
  if (profile.file.zone !== undefined && !isZone(profile.file.zone))
    report('PRF-TIME', '/file/zone', 'not a zone of the IANA database');
  if (profile.file.quote !== '' && profile.file.quote === profile.file.delimiter)
    report('PRF-VALUE', '/file/quote', 'quote and delimiter are the same');
  profile.entities.forEach((entity, index) => {
    checkFields(entity, index, report);
    for (const placed of placedValues(profile, entity, index)) checkValue(profile, entity, placed, report);
    checkEach(profile, entity, index, report);
    for (const { test, pointer } of placedTests(entity.when, `/entities/${index}`)) checkTest(test, pointer, report);
  });
  const uses = profile.entities.map((e) => e.entity);
  profile.entities.forEach((e, index) => {
    const twin = uses.indexOf(e.entity);
    const isOther = e.view !== profile.entities[twin]?.view;
    if (twin !== index && !isOther && (e.when === undefined || profile.entities[twin]?.when === undefined)) {
      report('PRF-ENTITY', `/entities/${index}`, `${e.entity} is fed twice, and one of the two has no condition`);
    }
  });
}

function checkMode(profile: Profile, report: Report): void {
  const { mode } = profile;
  if ((mode === 'snapshot') !== (profile.snapshot !== undefined)) {
    report(
      'PRF-MODE',
      profile.snapshot ? '/snapshot' : '/mode',
      mode === 'snapshot' ? 'mode snapshot requires snapshot.taken_at' : `snapshot has no meaning in mode ${mode}`,
    );
  }
  const takenAt = profile.snapshot?.taken_at;
  if (takenAt !== undefined) {
    if (typeof takenAt === 'string' || columnsOf(takenAt).length > 0)
      report(
        'PRF-MODE',
        '/snapshot/taken_at',
        'a snapshot is taken at one time: use object_key, preamble, last_modified or a constant, not a column',
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
    if (mode === 'events' && entity.event_id === undefined) report('PRF-MODE', at, 'mode events requires event_id');
    if ((entity.effective_at === undefined) !== (entity.recorded_at === undefined))
      report('PRF-MODE', at, 'state both effective_at and recorded_at, or neither: both are then the time of the file');
    if (mode !== 'events' && entity.event_id !== undefined)
      report('PRF-MODE', `${at}/event_id`, `in mode ${mode} the event_id is the hash of what the row states`);
    if (mode === 'snapshot' && entity.absent === undefined)
      report('PRF-MODE', at, 'mode snapshot requires absent, which says what absence means');
    if (mode !== 'snapshot' && entity.absent !== undefined)
      report('PRF-MODE', `${at}/absent`, `absent has no meaning in mode ${mode}`);
    if (mode === 'snapshot' && entity.op !== undefined)
      report('PRF-MODE', `${at}/op`, 'a snapshot states what exists, so it has no op');
    if ((entity.absent === 'tombstone') !== (entity.brake_percent !== undefined)) {
      report(
        'PRF-MODE',
        entity.brake_percent === undefined ? `${at}/absent` : `${at}/brake_percent`,
        'absent tombstone and brake_percent require each other',
      );
    }
  });
}

function checkColumns(profile: Profile, report: Report): void {
  const { format, header } = profile.file;
  if (format === 'fhir') return; // told by checkViews
  const uses = columnUses(profile);
  const used = new Set(uses.map((u) => u.column));
  if (profile.file.ignore_case) checkCase([...used, ...profile.ignored], format, report);
  const lists = { ignored: profile.ignored, optional: profile.optional };
  for (const [list, columns] of Object.entries(lists)) {
    columns.forEach((column, i) => {
      const pointer = `/${list}/${i}`;
      if (columns.indexOf(column) !== i) report('PRF-COLUMN', pointer, 'the column is listed twice');
      if (list === 'ignored' && used.has(column)) report('PRF-COLUMN', pointer, 'the column is ignored and used');
      if (list === 'optional' && !used.has(column))
        report('PRF-COLUMN', pointer, 'the column is optional but not used');
      if (format === 'ndjson' && column !== '' && !isPointer(column))
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
    if (header.indexOf(column) !== i) report('PRF-COLUMN', `/file/header/${i}`, 'the column is listed twice');
  });
}

/** Names that are one whatever their case cannot be two columns. */
function checkCase(columns: readonly string[], format: Profile['file']['format'], report: Report): void {
  if (format !== 'csv') report('PRF-COLUMN', '/file/ignore_case', 'only a CSV file has a header');
  const seen = new Map<string, string>();
  for (const column of columns) {
    const other = seen.get(column.toLowerCase());
    if (other !== undefined && other !== column)
      report('PRF-COLUMN', '/file/ignore_case', `${other} and ${column} are one column where case is ignored`);
    seen.set(column.toLowerCase(), column);
  }
}

/** A list in one cell: elements are read only where the entity has one, and by a pointer only where they are JSON. */
function checkEach(profile: Profile, entity: EntityProfile, index: number, report: Report): void {
  const readsElement = placedValues(profile, entity, index).filter(({ expression: e }) => e.element !== undefined);
  for (const { expression, pointer } of readsElement) {
    if (!entity.each) report('PRF-VALUE', `${pointer}/element`, 'the entity has no each, so there is no element');
    if (typeof expression.element === 'string' && (profile.file.format !== 'ndjson' || !isPointer(expression.element)))
      report('PRF-VALUE', `${pointer}/element`, 'only elements of JSON have members: a pointer such as /code, or true');
  }
  if (entity.each && readsElement.length === 0)
    report('PRF-VALUE', `/entities/${index}/each`, 'no field reads the element ("element": true)');
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
    const needed = field.required || (contract.naturalKey.includes(field.name) && !contract.otherKey);
    if (needed && entity.fields[field.name] === undefined)
      report('PRF-FIELD', at, `${contract.name} requires ${field.name}`);
  }
  const keys = contract.otherKey ? [[...contract.naturalKey, contract.otherKey]] : [];
  for (const names of [...keys, ...contract.oneOf.map((group) => group.fields)]) {
    if (!names.some((name) => entity.fields[name] !== undefined))
      report('PRF-FIELD', at, `${contract.name} requires one of ${names.join(', ')}`);
  }
}
