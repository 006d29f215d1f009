import { id, text } from '../fields';
import type { EntityContract } from '../types';

/** Says that two records of a patient are one person: what a master patient index or FHIR Patient.link tells. */
export const patient_link = {
  name: 'patient_link',
  kind: 'dimension',
  subject: 'people',
  members: 'many',
  version: 1,
  doc: 'Two records of a patient, of one source or of two, that are one person (FHIR Patient.link). A delete parts them.',
  naturalKey: ['patient_link_id'],
  keyScope: 'source',
  fields: [
    id('patient_link_id', 'direct_id', 'Identifier of the link in its source system.', {
      required: true,
      maxBytes: 160,
      example: 'LINK-1',
    }),
    text('source_system_1', 64, 'none', 'Source system of the first record; that of the link where it is absent.', {
      example: 'ehr',
    }),
    id('patient_id_1', 'direct_id', 'Identifier of the patient in that source.', { required: true, example: 'P1' }),
    text('source_system_2', 64, 'none', 'Source system of the second record; that of the link where it is absent.', {
      example: 'claims',
    }),
    id('patient_id_2', 'direct_id', 'Identifier of the patient in that source.', { required: true, example: 'M7' }),
  ],
  references: [],
  names: [
    { column: 'patient_1_key', entity: 'patient', field: 'patient_id_1', source: 'source_system_1' },
    { column: 'patient_2_key', entity: 'patient', field: 'patient_id_2', source: 'source_system_2' },
  ],
  derived: [],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
