import {
  code,
  coding,
  concept,
  ENCOUNTER,
  encounterId,
  id,
  instant,
  localTimes,
  patient,
  PATIENT,
  precision,
} from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 Condition, with the value sets condition-clinical and condition-ver-status. */
export const diagnosis = {
  name: 'diagnosis',
  kind: 'fact',
  asOf: 'diagnosed_at',
  standing: {
    field: 'verification_status_code',
    removes: ['entered-in-error'],
    uncounted: ['refuted', 'differential'],
  },
  layout: { distKey: 'patient_key', sortKey: ['diagnosed_date_key'] },
  version: 1,
  doc: 'A condition of a patient, as somebody diagnosed or reported it (FHIR Condition).',
  naturalKey: ['diagnosis_id'],
  keyScope: 'source',
  fields: [
    id('diagnosis_id', 'direct_id', 'Identifier of the diagnosis in its source system.', {
      required: true,
      maxBytes: 160,
      example: 'DX1',
    }),
    ...patient(),
    encounterId(),
    ...coding('diagnosis', 'the diagnosis', ['http://hl7.org/fhir/sid/icd-10-cm', 'I10', 'Essential hypertension']),
    code(
      'category_code',
      ['encounter-diagnosis', 'problem-list-item', 'health-concern', 'other'],
      'none',
      'FHIR condition-category.',
      { example: 'encounter-diagnosis' },
    ),
    code(
      'clinical_status_code',
      ['active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved'],
      'sensitive',
      'FHIR condition-clinical.',
      { example: 'active' },
    ),
    code(
      'verification_status_code',
      ['unconfirmed', 'provisional', 'differential', 'confirmed', 'refuted', 'entered-in-error'],
      'sensitive',
      'FHIR condition-ver-status; confirmed where the source does not say. entered-in-error takes the diagnosis back.',
      { default: 'confirmed', example: 'confirmed' },
    ),
    instant('diagnosed_at', 'When it was recorded, else when it began.', {
      required: true,
      example: '2024-03-09T23:50:00-05:00',
    }),
    precision('diagnosed_precision', 'diagnosed_at', { default: 'instant' }),
    instant('onset_at', 'When it began.', { example: '2024-03-01T00:00:00-05:00' }),
    instant('abated_at', 'When it ended.'),
  ],
  references: [PATIENT, concept('diagnosis', 'diagnosis_code')],
  relations: [ENCOUNTER],
  derived: [...localTimes('diagnosed_at', 'diagnosed')],
  oneOf: [],
  orders: [{ rule: 'DQ-DX-01', first: 'onset_at', second: 'abated_at' }],
} as const satisfies EntityContract;
