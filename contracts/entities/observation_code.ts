import { codeSystemFields, text } from '../fields';
import type { EntityContract, Field } from '../types';

/** A factor of a conversion: never zero, since values are divided by it too. */
const factor = (name: string, doc: string): Field => ({
  name,
  type: 'double',
  min: 1e-30,
  max: 1e30,
  phi: 'none',
  doc,
});

export const observation_code = {
  name: 'observation_code',
  kind: 'dimension',
  subject: 'observations',
  members: 'few',
  version: 1,
  doc: 'What an observation measures, as a code system describes it (LOINC). Described by reference files; a code that none describes is inferred.',
  naturalKey: ['code_system', 'code'],
  keyScope: 'global',
  fields: [
    ...codeSystemFields('measurement', ['http://loinc.org', '8480-6', 'Systolic blood pressure']),
    text('category', 128, 'none', 'Group of the code, such as vital-signs or laboratory.'),
    text('canonical_unit', 32, 'none', 'Unit (UCUM) in which values of the code are compared.', { example: 'mm[Hg]' }),
    text('quantity_kind', 64, 'none', 'Kind of quantity of canonical_unit, as in measurement_unit.', {
      example: 'pressure',
    }),
    factor(
      'canonical_factor',
      'A value in base units is the canonical value times canonical_factor, plus canonical_offset.',
    ),
    {
      name: 'canonical_offset',
      type: 'double',
      min: -1e30,
      max: 1e30,
      phi: 'none',
      doc: 'What is added after canonical_factor; 0 if absent.',
    },
    text(
      'other_kind',
      64,
      'none',
      'Another kind of quantity in which the same is reported, such as mass concentration for substance concentration.',
    ),
    factor(
      'other_factor',
      'How many base units of quantity_kind one base unit of other_kind is: it depends on the substance, by its molar mass or charge.',
    ),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
