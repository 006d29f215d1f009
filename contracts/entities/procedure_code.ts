import { codeSystemFields, text } from '../fields';
import type { EntityContract } from '../types';

export const procedure_code = {
  name: 'procedure_code',
  kind: 'dimension',
  subject: 'procedures',
  members: 'few',
  version: 1,
  doc: 'A procedure as a code system describes it (HCPCS, ICD-10-PCS, SNOMED CT). Described by reference files; a code that none describes is inferred.',
  naturalKey: ['code_system', 'code'],
  keyScope: 'global',
  fields: [
    ...codeSystemFields('procedure', ['http://hl7.org/fhir/sid/icd-10-pcs', '0DTJ4ZZ', 'Resection of appendix']),
    text('category', 128, 'none', 'Group of the code in its system.'),
  ],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
