import { codeSystemFields, text } from '../fields';
import type { EntityContract } from '../types';

export const observation_code = {
  name: 'observation_code',
  kind: 'dimension',
  members: 'few',
  version: 1,
  doc: 'What an observation measures, as a code system describes it (LOINC). Described by reference files; a code that none describes is inferred.',
  naturalKey: ['code_system', 'code'],
  keyScope: 'global',
  fields: [
    ...codeSystemFields('measurement', ['http://loinc.org', '8480-6', 'Systolic blood pressure']),
    text('category', 128, 'none', 'Group of the code, such as vital-signs or laboratory.'),
    text('canonical_unit', 128, 'none', 'Unit (UCUM) in which values of the code are compared.'),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
