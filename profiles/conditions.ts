import * as z from 'zod';

/** What of the profile language names cells: columns, tests of them, and choices among them. */

export const column = z
  .string()
  .min(1)
  .max(256)
  .describe(
    'A column of the header, by its exact name (CSV), or a JSON pointer such as /payload/status (NDJSON), or a column of the view (FHIR)',
  );

export const test = z
  .strictObject({
    column,
    equals: z.string().optional(),
    not_equals: z.string().optional(),
    in: z.array(z.string()).min(1).optional(),
    not_in: z.array(z.string()).min(1).optional(),
    present: z.boolean().optional().describe('true: the cell has a value; false: it is empty'),
    matches: z.string().max(256).optional().describe('A regular expression (RE2) over the text of the cell'),
  })
  .describe('A test of one cell, as text');

export const condition = z.union([test, z.strictObject({ any: z.array(test).min(1) })]);

export const scalar = z.union([z.string(), z.number(), z.boolean()]);

const oneOfColumns = z
  .strictObject({ first: z.array(column).min(2).max(8) })
  .describe('The value of the first of these columns that has one');

export const part = z.union([column, z.strictObject({ literal: z.string().min(1).max(64) }), oneOfColumns]);

export const choice = z.union([
  column,
  z
    .strictObject({
      column: column.optional(),
      constant: scalar.optional(),
      when: z.array(condition).min(1).optional(),
    })
    .describe('A column, or a constant, which is taken only where the conditions hold'),
]);
