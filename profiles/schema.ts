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

const valueSource = {
  column: column.optional(),
  columns: z
    .array(column)
    .min(2)
    .max(8)
    .optional()
    .describe('Several columns joined into one value; empty if any of them is empty'),
  join: z.string().max(8).optional().describe('What stands between joined columns; default "|"'),
  constant: scalar.optional().describe('The same value for every row'),
  object_key: z
    .string()
    .max(256)
    .optional()
    .describe("A regular expression (RE2) over the object's name; its first group is the value"),
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
    .describe('The value of a code that the map does not hold (null: no value). Without it such a row is quarantined'),
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
  decimal_mark: z.enum(['.', ',']).optional().describe('Default as in file.decimal_mark'),
  group_mark: z.enum(['.', ',', ' ', "'"]).optional().describe('Mark between thousands; default none'),
};

const expression = z
  .strictObject({ ...valueSource, ...valueShape, ...timeShape, ...numberShape })
  .describe(
    'Where a value comes from (exactly one of column, columns, constant, object_key, last_modified) and how it is read',
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
  op: value.optional().describe('upsert (default) or delete, as a constant or by a code map'),
  source_system: z
    .union([z.string(), expression])
    .optional()
    .describe('Overrides the source_system of the profile; a text is the constant itself'),
  event_id: value.optional().describe('Only in mode events: the identity that the source gave the event'),
  effective_at: value.describe('When it became true in the world'),
  recorded_at: value.describe('When the source knew it; the latest wins among events about the same thing and instant'),
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
        taken_at: value.describe('When the snapshot was taken: of object_key, last_modified or a constant'),
      })
      .optional(),
    file,
    ignored: z.array(column).default([]).describe('Columns that are known and not used'),
    optional: z.array(column).default([]).describe('Columns that are used where the header has them'),
    other_columns: z.enum(['refuse', 'allow']).default('refuse').describe('A column that is neither used nor ignored'),
    entities: z.array(entity).min(1).max(16),
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
