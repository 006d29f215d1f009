import { code, coding, ENCOUNTER, encounterId, id, instant, localTimes, patient, PATIENT } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 AdverseEvent. */
export const adverse_event = {
  name: 'adverse_event',
  kind: 'fact',
  subject: 'conditions',
  asOf: 'occurred_at',
  standing: { field: 'actuality_code', removes: [], uncounted: ['potential'] },
  layout: { distKey: 'patient_key', sortKey: ['occurred_date_key'] },
  version: 1,
  doc: 'Harm that came to a patient in care, or nearly did (FHIR AdverseEvent).',
  naturalKey: ['adverse_event_id'],
  keyScope: 'source',
  fields: [
    id('adverse_event_id', 'direct_id', 'Identifier of the adverse event in its source system.', {
      required: true,
      example: 'AE1',
    }),
    ...patient(),
    encounterId(),
    ...coding('event', 'what happened', ['http://snomed.info/sct', '304386008', 'O/E - itchy rash']),
    code(
      'actuality_code',
      ['actual', 'potential'],
      'none',
      'FHIR adverse-event-actuality: it happened, or might have.',
      {
        default: 'actual',
        example: 'actual',
      },
    ),
    code('seriousness_code', ['serious', 'non-serious'], 'sensitive', 'FHIR adverse-event-seriousness.', {
      example: 'non-serious',
    }),
    code('severity_code', ['mild', 'moderate', 'severe'], 'sensitive', 'FHIR adverse-event-severity.', {
      example: 'mild',
    }),
    code(
      'outcome_code',
      ['resolved', 'recovering', 'ongoing', 'resolvedWithSequelae', 'fatal', 'unknown'],
      'sensitive',
      'FHIR adverse-event-outcome.',
      { example: 'resolved' },
    ),
    instant('occurred_at', 'When it happened, else when it was detected, else recorded.', {
      required: true,
      example: '2024-03-09T23:50:00-05:00',
    }),
  ],
  references: [PATIENT],
  relations: [ENCOUNTER],
  derived: [...localTimes('occurred_at', 'occurred')],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
