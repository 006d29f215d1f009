import * as z from 'zod';
import { ENTITIES } from '../contracts';
import { choice, column, condition, part, scalar, type test } from './conditions';
import { views } from './fhir/schema';

/** The profile language: one declarative file that says how somebody's layout feeds the contracts. `docs/profiles.md` teaches it. */
const entityNames = Object.keys(ENTITIES) as [string, ...string[]];
/** Dimensions whose ids may be somebody else's than the source's. */
const assignedNames = Object.values(ENTITIES).flatMap((c) => (c.identity ? [c.name] : [])) as [string, ...string[]];
const valueSource = {
  column: column.optional(),
  columns: z
    .array(part)
    .min(2)
    .max(8)
    .optional()
    .describe(
      'Several columns, with literal texts between them, joined into one value; empty if any of the columns is empty',
    ),
  join: z.string().max(8).optional().describe('Text between joined columns; default "|"'),
  skip_empty: z
    .literal(true)
    .optional()
    .describe('Of joined columns, one without a value is left out, where else the whole has no value'),
  first: z
    .array(choice)
    .min(1)
    .max(16)
    .optional()
    .describe('Several columns, or constants, each perhaps under conditions: the first that has a value is taken'),
  element: z
    .union([z.literal(true), column])
    .optional()
    .describe('In an entity with each: the element of the list (true), or a member of it by its JSON pointer'),
  constant: scalar.optional().describe('The same value for every row'),
  object_key: z
    .string()
    .max(256)
    .optional()
    .describe("A regular expression (RE2) over the object's name; its first group is the value"),
  preamble: z
    .string()
    .max(256)
    .optional()
    .describe(
      'A regular expression (RE2) over each of the lines above the columns (file.preamble_lines); its first group, in the first line that it matches, is the value',
    ),
  last_modified: z
    .literal(true)
    .optional()
    .describe('When the object was stored. A file sent again gets another time: prefer any other source'),
};

const valueShape = {
  trim: z.boolean().optional().describe('Remove blanks around the value; default as in file.trim'),
  null_values: z
    .array(z.string())
    .max(50)
    .optional()
    .describe('Texts that mean "no value", in addition to the empty text and those of the file'),
  pattern: z
    .string()
    .max(256)
    .optional()
    .describe(
      'A regular expression (RE2) over the text; its first group is the value. A text that does not match it is an error',
    ),
  default: scalar.optional().describe('The value of an empty cell'),
  case: z.enum(['upper', 'lower']).optional(),
  pad: z
    .strictObject({ length: z.int().min(1).max(64), with: z.string().length(1) })
    .optional()
    .describe('Pad on the left, e.g. a ZIP code that lost its leading zeros'),
  map: z.record(z.string(), scalar).optional().describe('Code map: source text → value of the contract'),
  otherwise: z
    .union([scalar, z.null()])
    .optional()
    .describe(
      'The value for a code that is not in the map (null: no value). Without it the field is left empty and the record flagged, or the row quarantined if the field is required',
    ),
};

const timeShape = {
  datetime: z
    .union([z.string(), z.array(z.string()).min(1).max(8)])
    .optional()
    .describe('Pattern or patterns of a date and time; the first that matches is used'),
  date: z
    .union([z.string(), z.array(z.string()).min(1).max(8)])
    .optional()
    .describe('Pattern or patterns of a date'),
  precision: z
    .literal(true)
    .optional()
    .describe('Not the date but how much of it is stated: year, month, day or instant'),
  zone: z.string().optional().describe('IANA zone of local wall time; default as in file.zone'),
  day: z
    .enum(['start', 'end'])
    .optional()
    .describe('Use the midnight at which the local day starts, or its last microsecond'),
  nonexistent: z
    .enum(['forward', 'refuse'])
    .optional()
    .describe('A local time that the clock skips: moved forward by the gap (default), or refused'),
  ambiguous: z
    .enum(['earlier', 'later', 'refuse'])
    .optional()
    .describe('A local time that occurs twice: its first occurrence (default), its second, or refused'),
};

const numberShape = {
  round: z
    .enum(['half_up', 'half_even', 'down'])
    .optional()
    .describe(
      'Round to the scale of the field (for whole numbers: 0): halves away from zero, halves to the even digit, or truncated',
    ),
  decimal_mark: z.enum(['.', ',']).optional().describe('Default as in file.decimal_mark'),
  group_mark: z.enum(['.', ',', ' ', "'"]).optional().describe('Thousands separator; default none'),
};

const shape = { ...valueSource, ...valueShape, ...timeShape, ...numberShape };
const plainTime = z.strictObject({ ...valueSource, ...valueShape, ...timeShape });

/** What is added to a time that a pattern read. */
const timeSteps = {
  minutes_of_day: column
    .optional()
    .describe('A column of minutes since local midnight of the day that the pattern reads: 540 is 09:00 on the clock'),
  next_day_when_before: plainTime
    .optional()
    .describe(
      'Another time: if this one is before it, midnight lies between them and this one belongs to the next day',
    ),
  plus: z
    .strictObject({
      column: column.optional(),
      constant: z.number().optional(),
      unit: z.enum(['seconds', 'minutes', 'hours', 'days']),
    })
    .optional()
    .describe(
      'A duration to add, from a column or a constant; negative ones are subtracted. Seconds, minutes and hours are elapsed time, days are calendar days',
    ),
};

const expression = z
  .strictObject({ ...shape, ...timeSteps })
  .describe(
    'Where a value comes from (exactly one of column, columns, first, constant, element, object_key, preamble, last_modified) and how it is read',
  );
const value = z.union([column, expression]).describe('A column name, or an expression');

const authorities = z
  .partialRecord(z.enum(assignedNames), z.union([z.string(), expression]))
  .optional()
  .describe(
    'Who assigned the ids of people, where it was not the source: another source system, a system of identifiers (a URI), or npi; a text is the constant itself',
  );

const entity = z.strictObject({
  entity: z.enum(entityNames),
  view: z.string().optional().describe('FHIR: the view whose rows feed the entity; its columns are those of the view'),
  when: z.array(condition).min(1).optional().describe('The row feeds this entity only if all of these are true'),
  each: z
    .strictObject({
      column,
      separator: z.string().min(1).max(8).optional().describe('Between the elements of a text; default a comma'),
    })
    .optional()
    .describe(
      'A column that holds a list (a text with a separator, or a JSON array): the entity is fed once per element, independently',
    ),
  op: value.optional().describe('upsert (default) or delete, as a constant or by a code map'),
  source_system: z
    .union([z.string(), expression])
    .optional()
    .describe('Overrides the source_system of the profile; a text is the constant itself'),
  authorities,
  event_id: value.optional().describe('Only in mode events: the identity that the source gave the event'),
  effective_at: value
    .optional()
    .describe('When it became true in the world. If neither time is named, both are the time of the file'),
  recorded_at: value
    .optional()
    .describe('When the source knew it; the latest wins among events about the same thing and instant'),
  source_sequence: value
    .optional()
    .describe(
      "The source's own order of its events, a whole number; without it rows are ordered by file time and row number",
    ),
  fields: z.record(z.string(), value).describe('Field of the contract → where it comes from'),
  absent: z
    .enum(['nothing', 'tombstone'])
    .optional()
    .describe('Only in mode snapshot: what it means if a key of the previous snapshot is missing from this one'),
  brake_percent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('With absent tombstone: if more than this share of keys is absent, no tombstone is written'),
});

/** The most that a profile allows a record to have. */
export const MOST_RECORD_BYTES = 8_388_608;

const file = z.strictObject({
  format: z.enum(['csv', 'ndjson', 'fhir']),
  encoding: z
    .enum(['utf-8', 'windows-1252', 'iso-8859-1', 'utf-16le', 'utf-16be'])
    .default('utf-8')
    .describe('The file may start with a byte-order mark of this encoding'),
  delimiter: z
    .string()
    .regex(/^[\t\x20-\x7e]$/, 'one ASCII character')
    .default(',')
    .describe('CSV: one ASCII character'),
  quote: z
    .string()
    .regex(/^[\x21-\x7e]?$/, 'one ASCII character, or empty for none')
    .default('"')
    .describe('CSV: one ASCII character; empty: quotes have no meaning'),
  header: z.array(z.string().min(1)).min(1).optional().describe('CSV: the column names of a file without a header row'),
  preamble_lines: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Number of lines above the header row, or above the first record if there is no header row'),
  ignore_case: z
    .literal(true)
    .optional()
    .describe('CSV: names of columns are those of the profile whatever the case of their letters'),
  decimal_mark: z.enum(['.', ',']).default('.'),
  zone: z.string().optional().describe('IANA zone of local wall times'),
  trim: z.boolean().default(true),
  null_values: z
    .array(z.string())
    .max(50)
    .default([])
    .describe('Texts that mean "no value", in addition to the empty text'),
  max_record_bytes: z.int().min(64).max(MOST_RECORD_BYTES).default(1_048_576).describe('A longer row is quarantined'),
});

export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    profile: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens')
      .describe('The name: the first folder of the objects that this profile reads'),
    description: z.string().max(4000).optional(),
    source_system: z
      .union([z.string(), expression])
      .describe('The system that these events come from; a text is the constant itself'),
    authorities,
    mode: z
      .enum(['events', 'delta', 'snapshot'])
      .describe(
        'events: each row carries its own event_id. delta: each row states the current state of something. snapshot: the file states everything that exists',
      ),
    snapshot: z
      .strictObject({
        taken_at: value.describe('When the snapshot was taken: from object_key, preamble, last_modified or a constant'),
      })
      .optional(),
    files: z
      .array(z.string().min(1).max(128))
      .min(1)
      .optional()
      .describe('In a source (a folder of profiles): the names of the files that this profile reads, with * and ?'),
    ignored_files: z
      .array(z.string().min(1).max(128))
      .min(1)
      .optional()
      .describe('In a source: the names of files of the sender that are known and that no profile reads, with * and ?'),
    file,
    views: views.optional(),
    file_time: value
      .optional()
      .describe(
        'When the file was made, which decides between rows with the same times; by default the mtime that the sender put on the object, or else the time when these bytes first landed',
      ),
    ignored: z
      .array(z.union([column, z.literal('')]))
      .default([])
      .describe('Columns that are known but not used; "" means columns without a name'),
    optional: z.array(column).default([]).describe('Columns that are used if the header has them'),
    other_columns: z.enum(['refuse', 'allow']).default('refuse').describe('A column that is neither used nor ignored'),
    entities: z.array(entity).min(1).max(500),
  })
  .describe('A Carelake profile');

export type Profile = z.output<typeof profileSchema>;
export type EntityProfile = Profile['entities'][number];
export type Expression = z.output<typeof expression>;
export type Value = string | Expression;
export type Condition = z.output<typeof condition>;
export type Test = z.output<typeof test>;
export type Choice = z.output<typeof choice>;

/** The JSON Schema of a profile file, for editors and for people who write one; committed as `docs/generated/profile.schema.json`. */
export function profileJsonSchema(): object {
  return {
    $id: 'profile.schema.json',
    ...z.toJSONSchema(profileSchema, { io: 'input', target: 'draft-2020-12', reused: 'ref' }),
  };
}
