import { codeSystemFields, text } from '../fields';
import type { EntityContract } from '../types';

export const diagnosis_code = {
  name: 'diagnosis_code',
  kind: 'dimension',
  subject: 'conditions',
  members: 'few',
  version: 1,
  doc: 'A diagnosis as a code system describes it (ICD-10-CM, SNOMED CT). Described by reference files; a code that none describes is inferred.',
  naturalKey: ['code_system', 'code'],
  keyScope: 'global',
  fields: [
    ...codeSystemFields('diagnosis', ['http://hl7.org/fhir/sid/icd-10-cm', 'I10', 'Essential (primary) hypertension']),
    text('chapter', 128, 'none', 'Chapter or other broad group of the code.'),
    text('category', 128, 'none', 'Category of the code, such as the first three characters of ICD-10-CM.'),
    {
      name: 'is_billable',
      type: 'bool',
      phi: 'none',
      doc: 'Whether the code may stand on a claim: true for codes that are divided no further.',
    },
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
