import { code, coding, id, text } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 Medication, with the value set medication-status. */
export const source_medication = {
  name: 'source_medication',
  kind: 'dimension',
  subject: 'medication',
  members: 'many',
  version: 1,
  doc: 'A medicine as a source lists it by an identifier of its own (FHIR Medication). What it is called everywhere, its code says (medication).',
  naturalKey: ['medication_id'],
  keyScope: 'source',
  standing: { field: 'status_code', removes: ['entered-in-error'], uncounted: [] },
  fields: [
    id('medication_id', 'none', 'Identifier of the medicine in its source system.', {
      required: true,
      example: 'MED1',
    }),
    ...coding(
      'medication',
      'the medicine',
      ['http://www.nlm.nih.gov/research/umls/rxnorm', '314076', 'lisinopril 10 MG Oral Tablet'],
      { phi: 'none' },
    ),
    code(
      'status_code',
      ['active', 'inactive', 'entered-in-error'],
      'none',
      'FHIR medication-status; entered-in-error takes the medicine back.',
      { example: 'active' },
    ),
    id('form_code', 'none', 'Code of the form in which it is given, in the codes of the source.', {
      example: '385055001',
    }),
    text('form_display', 128, 'none', 'The form in which it is given, in the words of the source.', {
      example: 'Tablet',
    }),
    id('ingredient_code', 'none', 'Code of the first ingredient, in the codes of the source.', { example: '29046' }),
    text('ingredient_display', 256, 'none', 'The first ingredient, in the words of the source.', {
      example: 'Lisinopril',
    }),
    {
      name: 'ingredient_count',
      type: 'int',
      min: 0,
      max: 1000,
      phi: 'none',
      doc: 'How many ingredients it has.',
      example: 1,
    },
  ],
  references: [],
  names: [{ column: 'medication_key', entity: 'medication', field: 'medication_code', system: 'medication_system' }],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
