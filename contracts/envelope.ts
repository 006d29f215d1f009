import type { Field } from './types';

/** Operations of an envelope: the payload is the full state (upsert), or the thing is gone (delete). */
export const OPS = ['upsert', 'delete'] as const;
export type Op = (typeof OPS)[number];

/** What stands around every payload, one envelope per stream record. */
export interface Envelope {
  event_id: string;
  entity: string;
  schema_version: number;
  op: Op;
  source_system: string;
  /** Who assigned the ids of people, where it was not the source: authority by dimension. */
  authorities?: Record<string, string>;
  effective_at: string;
  recorded_at: string;
  source_sequence?: number | string;
  payload: Record<string, unknown>;
}

/** Members of an envelope, in their documented order. */
export const ENVELOPE_MEMBERS = [
  'event_id',
  'entity',
  'schema_version',
  'op',
  'source_system',
  'authorities',
  'effective_at',
  'recorded_at',
  'source_sequence',
  'payload',
] as const satisfies readonly (keyof Envelope)[];

/** Members that may be left out of an envelope. */
export const OPTIONAL_MEMBERS: readonly (keyof Envelope)[] = ['authorities', 'source_sequence'];

/** Most digits of a source_sequence: wider than any log sequence number, and below the next rank of `source_order`. */
export const SEQUENCE_MAX_DIGITS = 37;

export const EVENT_ID_MAX_BYTES = 128;
export const SOURCE_SYSTEM_MAX_BYTES = 64;
export const SOURCE_SYSTEM_PATTERN = '^[A-Za-z0-9._-]+$';
/** Another source system, or a system of identifiers (a URI): the characters of neither can end an authority within the text that is keyed. */
export const AUTHORITY_PATTERN = '^[!-~]+$';
export const AUTHORITY_MAX_BYTES = 128;

/** Greatest length of one record in bytes (1 MiB), whatever the stream itself would carry. */
export const MAX_RECORD_BYTES = 1_048_576;

/** Years that a time or date may lie in; outside them it is a mistake. */
export const MIN_YEAR = 1900;
export const MAX_YEAR = 2200;

/** Envelope members that are kept in every silver row, before the keys. */
export const ENVELOPE_FIELDS: readonly Field[] = [
  {
    name: 'event_id',
    type: 'string',
    maxBytes: EVENT_ID_MAX_BYTES,
    required: true,
    phi: 'none',
    doc: 'Identifier that the source gave to the event.',
  },
  {
    name: 'op',
    type: 'code',
    maxBytes: 8,
    values: OPS,
    required: true,
    phi: 'none',
    doc: 'upsert: the payload is the full state; delete: the thing is gone.',
  },
  {
    name: 'source_system',
    type: 'string',
    maxBytes: SOURCE_SYSTEM_MAX_BYTES,
    required: true,
    phi: 'none',
    doc: 'Name of the source system.',
  },
  {
    name: 'effective_at',
    type: 'ts',
    required: true,
    phi: 'quasi_id',
    doc: 'When it became true in the world; places a version in history.',
  },
  {
    name: 'recorded_at',
    type: 'ts',
    required: true,
    phi: 'quasi_id',
    doc: 'When the source knew it; among events about the same key and instant, the latest wins.',
  },
  {
    name: 'source_order',
    type: 'decimal',
    precision: 38,
    scale: 0,
    required: true,
    phi: 'none',
    doc: 'Position in the order of the source, the greatest first among events with equal times: 0 none; for a row of a file 10^37 + file time in microseconds * 10^18 + row * 10^6; for a source_sequence 2 * 10^37 + that number.',
  },
];
