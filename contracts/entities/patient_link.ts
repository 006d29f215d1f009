import { id, text } from '../fields';
import type { EntityContract } from '../types';

/** Says that two records of a patient are one person: what a master patient index or FHIR Patient.link tells. */
export const patient_link = {
  name: 'patient_link',
  kind: 'dimension',
  subject: 'people',
  members: 'many',
  version: 2,
  doc: 'Two records of a patient, of one source or of two, that are one person (FHIR Patient.link). A delete parts them, and so does a version of the first that no longer lists the link.',
  naturalKey: ['patient_link_id'],
  keyScope: 'source',
  fields: [
    id('patient_link_id', 'direct_id', 'Identifier of the link in its source system.', {
      required: true,
      maxBytes: 160,
      example: 'LINK-1',
    }),
    text(
      'source_system_1',
      64,
      'none',
      'Source system of the first record, or the authority that assigned its id; as for the link itself where it is absent.',
      {
        example: 'ehr',
      },
    ),
    id('patient_id_1', 'direct_id', 'Identifier of the patient in that source.', { required: true, example: 'P1' }),
    text(
      'source_system_2',
      64,
      'none',
      'Source system of the second record, or the authority that assigned its id; as for the link itself where it is absent.',
      {
        example: 'claims',
      },
    ),
    id('patient_id_2', 'direct_id', 'Identifier of the patient in that source.', { required: true, example: 'M7' }),
    {
      name: 'position',
      type: 'int',
      min: 1,
      max: 1000,
      phi: 'none',
      doc: 'Number of the link, from 1, where the first record lists its links (link_count of patient): beyond that count it does not stand. Absent where the link comes by itself.',
      since: 2,
    },
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
