import { id, instant, localTimes, patient, PATIENT } from '../fields';
import type { EntityContract } from '../types';
import { diagnostic_report } from './diagnostic_report';

/** FHIR R4 DiagnosticReport.result: the observations that a report lists, numbered from 1. */
export const diagnostic_report_result = {
  name: 'diagnostic_report_result',
  kind: 'fact',
  subject: 'observations',
  asOf: 'reported_at',
  standing: diagnostic_report.standing,
  layout: { distKey: 'patient_key', sortKey: ['reported_date_key'] },
  version: 1,
  doc: 'One observation that a report lists (FHIR DiagnosticReport.result). An observation may be in several reports, or in none.',
  naturalKey: ['diagnostic_report_result_id'],
  keyScope: 'source',
  fields: [
    id('diagnostic_report_result_id', 'direct_id', 'Identifier of the part: that of the report and the position.', {
      required: true,
      maxBytes: 176,
      example: 'DR1/1',
    }),
    id('diagnostic_report_id', 'direct_id', 'Identifier of the report.', {
      required: true,
      maxBytes: 160,
      example: 'DR1',
    }),
    {
      name: 'position',
      type: 'int',
      min: 1,
      max: 10_000,
      required: true,
      phi: 'none',
      doc: 'Number of the observation in its report, from 1.',
      example: 1,
    },
    id('observation_id', 'direct_id', 'Identifier of the observation.', { maxBytes: 160, example: 'OB1' }),
    ...patient(),
    ...diagnostic_report.fields.filter(({ name }) => name === 'status_code'),
    instant('reported_at', 'The time that the report speaks of; else when it was issued.', {
      required: true,
      example: '2024-03-09T23:50:00-05:00',
    }),
  ],
  references: [PATIENT],
  relations: [
    {
      column: 'diagnostic_report_key',
      field: 'diagnostic_report_id',
      entity: 'diagnostic_report',
      known: 'diagnostic_report_is_known',
    },
    { column: 'observation_key', field: 'observation_id', entity: 'observation', known: 'observation_is_known' },
  ],
  partOf: { relation: 'diagnostic_report_key', position: 'position', count: 'result_count' },
  derived: [...localTimes('reported_at', 'reported')],
  oneOf: [],
  orders: [],
} as const satisfies EntityContract;
