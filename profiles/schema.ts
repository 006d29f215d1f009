import * as z from 'zod';
import { ENTITIES } from '../contracts';

/** The profile language: one declarative file that says how somebody's layout feeds the contracts. `docs/profiles.md` teaches it. */
const entityNames = Object.keys(ENTITIES) as [string, ...string[]];
const column = z
  .string()
  .min(1)
  .max(256)
  .describe('A column of the header, by its exact name (CSV), or a JSON pointer such as /payload/status (NDJSON)');
const scalar = z.union([z.string(), z.number(), z.boolean()]);

const part = z.union([column, z.strictObject({ literal: z.string().min(1).max(64) })]);

const valueSource = {
  column: column.optional(),
  columns: z
    .array(part)
    .min(2)
    .max(8)
    .optional()
    .describe(
      'Several columns, and literal texts between them, joined into one value; empty if any of the columns is empty',
    ),
  join: z.string().max(8).optional().describe('What stands between joined columns; default "|"'),
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
      'A regular expression (RE2) over each of the lines above the columns (file.preamble_lines); its first group, in the first line that it fits, is the value',
    ),
  last_modified: z
    .literal(true)
    .optional()
    .describe('When the object was stored. A file sent again then states new times: prefer anything else'),
};

const valueShape = {
  trim: z.boolean().optional().describe('Remove blanks around the value; default as in file.trim'),
  null_values: z
    .array(z.string())
    .max(50)
    .optional()
    .describe('Texts that mean "no value", besides the empty text and those of the file'),
  pattern: z
    .string()
    .max(256)
    .optional()
    .describe(
      'A regular expression (RE2) over the text; its first group is the value. A text that does not follow it is a fault',
    ),
  default: scalar.optional().describe('The value of an empty cell'),
  case: z.enum(['upper', 'lower']).optional(),
  pad: z
    .strictObject({ length: z.int().min(1).max(64), with: z.string().length(1) })
    .optional()
    .describe('Fill up on the left, e.g. a ZIP that lost its zeros'),
  map: z.record(z.string(), scalar).optional().describe('Code map: source text → value of the contract'),
  otherwise: z
    .union([scalar, z.null()])
    .optional()
    .describe(
      'The value of a code that the map does not hold (null: no value). Without it the field is left empty and the record flagged, or the row quarantined where the field is required',
    ),
};

const timeShape = {
  datetime: z
    .union([z.string(), z.array(z.string()).min(1).max(8)])
    .optional()
    .describe('Pattern or patterns of a date and time; the first that fits is taken'),
  date: z
    .union([z.string(), z.array(z.string()).min(1).max(8)])
    .optional()
    .describe('Pattern or patterns of a date'),
  zone: z.string().optional().describe('IANA zone of local wall time; default as in file.zone'),
  day: z
    .enum(['start', 'end'])
    .optional()
    .describe('Take the midnight that starts the local day, or its last microsecond'),
  nonexistent: z
    .enum(['forward', 'refuse'])
    .optional()
    .describe('A local time that the clock skips: moved forward by the gap (default), or refused'),
  ambiguous: z
    .enum(['earlier', 'later', 'refuse'])
    .optional()
    .describe('A local time that the clock shows twice: its first occurrence (default), its second, or refused'),
};

const numberShape = {
  round: z
    .enum(['half_up', 'half_even', 'down'])
    .optional()
    .describe(
      'Round to the scale of the field (whole numbers: to none): halves away from zero, halves to the even digit, or cut',
    ),
  decimal_mark: z.enum(['.', ',']).optional().describe('Default as in file.decimal_mark'),
  group_mark: z.enum(['.', ',', ' ', "'"]).optional().describe('Mark between thousands; default none'),
};

const shape = { ...valueSource, ...valueShape, ...timeShape, ...numberShape };
const plainTime = z.strictObject({ ...valueSource, ...valueShape, ...timeShape });

/** What is added to a time that a pattern read. */
const timeSteps = {
  minutes_of_day: column
    .optional()
    .describe(
      'A column of minutes since the local midnight of the day that the pattern reads: 540 is 09:00 by the clock',
    ),
  next_day_when_before: plainTime
    .optional()
    .describe(
      'Another time: where this one is before it, the night between them has passed, and it belongs to the next day',
    ),
  plus: z
    .strictObject({
      column: column.optional(),
      constant: z.number().optional(),
      unit: z.enum(['seconds', 'minutes', 'hours', 'days']),
    })
    .optional()
    .describe(
      'A duration that is added, of a column or a constant; negative ones are taken off. Seconds to hours are elapsed time, days are days of the calendar',
    ),
};

const expression = z
  .strictObject({ ...shape, ...timeSteps })
  .describe(
    'Where a value comes from (exactly one of column, columns, constant, element, object_key, preamble, last_modified) and how it is read',
  );
const value = z.union([column, expression]).describe('A column name, or an expression');

const test = z
  .strictObject({
    column,
    equals: z.string().optional(),
    not_equals: z.string().optional(),
    in: z.array(z.string()).min(1).optional(),
    not_in: z.array(z.string()).min(1).optional(),
    present: z.boolean().optional().describe('true: the cell has a value; false: it is empty'),
    matches: z.string().max(256).optional().describe('A regular expression (RE2) over the text of the cell'),
  })
  .describe('One test of one cell, as text');
const condition = z.union([test, z.strictObject({ any: z.array(test).min(1) })]);

const entity = z.strictObject({
  entity: z.enum(entityNames),
  when: z.array(condition).min(1).optional().describe('The row feeds this entity only if all of these hold'),
  each: z
    .strictObject({
      column,
      separator: z.string().min(1).max(8).optional().describe('Between the elements of a text; default a comma'),
    })
    .optional()
    .describe(
      'A column that holds a list (a text with a separator, or a JSON array): the entity is fed once per element, each by itself',
    ),
  op: value.optional().describe('upsert (default) or delete, as a constant or by a code map'),
  source_system: z
    .union([z.string(), expression])
    .optional()
    .describe('Overrides the source_system of the profile; a text is the constant itself'),
  event_id: value.optional().describe('Only in mode events: the identity that the source gave the event'),
  effective_at: value
    .optional()
    .describe('When it became true in the world. Where neither time is named, both are the time of the file'),
  recorded_at: value
    .optional()
    .describe('When the source knew it; the latest wins among events about the same thing and instant'),
  source_sequence: value
    .optional()
    .describe("The source's own order of its events, a whole number; without it a row is placed by file time and row"),
  fields: z.record(z.string(), value).describe('Field of the contract → where it comes from'),
  absent: z
    .enum(['nothing', 'tombstone'])
    .optional()
    .describe('Only in mode snapshot: what it means that a key of the last snapshot is not in this one'),
  brake_percent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('With absent tombstone: above this share of absent keys no tombstone is written'),
});

const file = z.strictObject({
  format: z.enum(['csv', 'ndjson']),
  encoding: z
    .enum(['utf-8', 'windows-1252', 'iso-8859-1', 'utf-16le', 'utf-16be'])
    .default('utf-8')
    .describe('A byte-order mark of this encoding may lead the file'),
  delimiter: z
    .string()
    .regex(/^[\t\x20-\x7e]$/, 'one ASCII character')
    .default(',')
    .describe('CSV: one ASCII character'),
  quote: z
    .string()
    .regex(/^[\x21-\x7e]?$/, 'one ASCII character, or empty for none')
    .default('"')
    .describe('CSV: one ASCII character; empty: quotes mean nothing'),
  header: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('CSV: the names of the columns of a file that has no header row'),
  preamble_lines: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('So many lines stand above the header row, or above the first record where there is no header row'),
  decimal_mark: z.enum(['.', ',']).default('.'),
  zone: z.string().optional().describe('IANA zone of local wall times'),
  trim: z.boolean().default(true),
  null_values: z.array(z.string()).max(50).default([]).describe('Texts that mean "no value", besides the empty text'),
  max_record_bytes: z.int().min(64).max(8_388_608).default(1_048_576).describe('A longer row is quarantined'),
});

export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    profile: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens')
      .describe('The name: the first folder of the objects that this profile reads'),
    description: z.string().max(4000).optional(),
    source_system: z.union([z.string(), expression]).describe('Whose events these are; a text is the constant itself'),
    mode: z
      .enum(['events', 'delta', 'snapshot'])
      .describe(
        'events: each row carries its own event_id. delta: each row states how something stands now. snapshot: the file states everything that there is',
      ),
    snapshot: z
      .strictObject({
        taken_at: value.describe('When the snapshot was taken: of object_key, preamble, last_modified or a constant'),
      })
      .optional(),
    files: z
      .array(z.string().min(1).max(128))
      .min(1)
      .optional()
      .describe('In a source (a folder of profiles): the names of the files that this profile reads, with * and ?'),
    file,
    file_time: value
      .optional()
      .describe(
        'When the file was made, which decides between rows of the same times; without it the mtime that the sender put on the object, else when these bytes first landed',
      ),
    ignored: z
      .array(z.union([column, z.literal('')]))
      .default([])
      .describe('Columns that are known and not used; "" stands for columns without a name'),
    optional: z.array(column).default([]).describe('Columns that are used where the header has them'),
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

/** The JSON Schema of a profile file, for editors and for people who write one; committed as `docs/generated/profile.schema.json`. */
export function profileJsonSchema(): object {
  return {
    $id: 'profile.schema.json',
    ...z.toJSONSchema(profileSchema, { io: 'input', target: 'draft-2020-12', reused: 'ref' }),
  };
}
