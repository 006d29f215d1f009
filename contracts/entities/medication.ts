import { codeSystemFields, text } from '../fields';
import type { EntityContract } from '../types';

export const medication = {
  name: 'medication',
  kind: 'dimension',
  subject: 'medication',
  members: 'few',
  version: 1,
  doc: 'A medicine as a code system describes it (RxNorm, NDC). Described by reference files; a code that none describes is inferred.',
  naturalKey: ['code_system', 'code'],
  keyScope: 'global',
  fields: [
    ...codeSystemFields('medicine', [
      'http://www.nlm.nih.gov/research/umls/rxnorm',
      '314076',
      'lisinopril 10 MG Oral Tablet',
    ]),
    text('ingredient', 128, 'none', 'Active ingredient.'),
    text('therapeutic_class', 128, 'none', 'Therapeutic class.'),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
