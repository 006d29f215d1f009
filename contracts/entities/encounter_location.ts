import { code, encounterId, id, instant, LOCATION, localTimes, named, patient, PATIENT } from '../fields';
import type { EntityContract } from '../types';

/** FHIR R4 Encounter.location: the stays of an encounter, numbered from 1. */
export const encounter_location = {
  name: 'encounter_location',
  kind: 'fact',
  subject: 'encounters',
  asOf: 'start_at',
  localTime: { role: 'location', zone: 'timezone', rule: 'DQ-ENC-14' },
  layout: { distKey: 'patient_key', sortKey: ['start_date_key'] },
  version: 1,
  doc: 'One stay of an encounter in a unit or a bed (FHIR Encounter.location).',
  naturalKey: ['encounter_location_id'],
  keyScope: 'source',
  fields: [
    id('encounter_location_id', 'direct_id', 'Identifier of the stay: that of the encounter and the position.', {
      required: true,
      maxBytes: 80,
      example: 'E1/1',
    }),
    { ...encounterId(), required: true },
    {
      name: 'position',
      type: 'int',
      min: 1,
      max: 10_000,
      required: true,
      phi: 'none',
      doc: 'Number of the stay in its encounter, from 1.',
      example: 1,
    },
    ...patient(),
    ...named('location', 'the unit or bed', 'L1'),
    instant('start_at', 'When the stay began; that of the encounter where none is stated.', {
      required: true,
      example: '2024-03-09T23:50:00-05:00',
    }),
    instant('end_at', 'When it ended; absent while it lasts.', { example: '2024-03-10T12:00:00-04:00' }),
    code(
      'stay_status_code',
      ['planned', 'active', 'reserved', 'completed'],
      'none',
      'FHIR encounter-location-status.',
      {
        example: 'completed',
      },
    ),
  ],
  references: [PATIENT, LOCATION],
  relations: [{ column: 'encounter_key', field: 'encounter_id', entity: 'encounter', known: 'encounter_is_known' }],
  partOf: { relation: 'encounter_key', position: 'position', count: 'location_count' },
  derived: [...localTimes('start_at', 'start')],
  oneOf: [],
  orders: [{ rule: 'DQ-ENC-01', first: 'start_at', second: 'end_at' }],
} as const satisfies EntityContract;
