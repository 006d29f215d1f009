import * as z from 'zod';

/** What of a ViewDefinition is evaluated. Members that are for people and other tools (title, version, tags …) may stand beside. */
const path = z.string().min(1).max(2000).describe('FHIRPath');

const select = z.looseObject({
  column: z
    .array(z.looseObject({ name: z.string(), path, collection: z.boolean().optional() }))
    .min(1)
    .optional(),
  get select() {
    return z.array(select).min(1).optional();
  },
  get unionAll() {
    return z.array(select).min(1).optional();
  },
  forEach: path.optional(),
  forEachOrNull: path.optional(),
});

const view = z
  .looseObject({
    resourceType: z
      .literal(['ViewDefinition', 'https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition'])
      .optional(),
    resource: z.string().describe('The type of the resources that the view reads'),
    constant: z.array(z.looseObject({ name: z.string().regex(/^[A-Za-z]\w*$/) })).optional(),
    where: z.array(z.looseObject({ path })).optional(),
    select: z.array(select).min(1),
  })
  .describe('A ViewDefinition of SQL on FHIR');

export const views = z
  .record(z.string().regex(/^[A-Za-z]\w{0,127}$/), view)
  .describe('FHIR: how resources become rows, by name; entities name the one that feeds them');
