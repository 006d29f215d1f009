import type { Standing } from '../../core/files/withdrawals';
import { LastingError } from '../shared/errors';

/** What the state machine hands over: the landed object, and after the first invocation where to go on. */
export interface IngestFileEvent {
  bucket: string;
  key: string;
  etag: string;
  size?: number;
  /** Version id of the object, where the event source gives one. */
  version_id?: string;
  /** What names the object's version in the lake, and when it was stored (ISO-8601), from the invocation before. */
  version?: string;
  last_modified?: string;
  /** First byte and number of data rows before it, from the invocation before. */
  offset?: number;
  row?: number;
  /** What the file is known by (core/files/same-file.ts), and its time in microseconds since 1970, from the invocation before. */
  file_id?: string;
  file_time?: number;
  received?: number;
  accepted?: number;
  quarantined?: number;
  /** Records of kinds that nothing in the profile reads; they stay in landing. */
  unmapped?: number;
  /** What a person decides about the object, before it is looked at any further. */
  decide?: Standing;
  /** Digest of the profile by which it is read; where the profile is changed meanwhile, reading begins anew. */
  profile_digest?: string;
  /** How often this file has asked for a slot since it was last read on. */
  waits?: number;
}

/** What the invocation answers, which is the event of the next one while `done` is false. Ids and counts only. */
export interface IngestFileResult extends IngestFileEvent {
  offset: number;
  row: number;
  received: number;
  accepted: number;
  quarantined: number;
  done: boolean;
  /** Seconds until the file may ask for a slot again; nothing was read. */
  wait_seconds?: number;
  /** Rules by which the file as a whole was refused. */
  refused?: string[];
  /** Tombstones written for what this snapshot lacks, and the rule that held them back. */
  tombstones?: number;
  held?: string;
  /** The landing object of which this file was read before: nothing was read. */
  same_as?: string;
  /** The object is withdrawn, and was not read. */
  withdrawn?: true;
  /** The source knows the file and does not read it. */
  ignored?: true;
}

/** Reads the event. @throws LastingError that names a missing member and repeats nothing */
export function readEvent(event: IngestFileEvent): IngestFileResult {
  for (const member of ['bucket', 'key', 'etag'] as const) {
    if (typeof event?.[member] !== 'string' || event[member] === '')
      throw new LastingError('EVENT', `the event has no ${member}`);
  }
  if (event.decide !== undefined && event.decide !== 'withdrawn' && event.decide !== 'standing')
    throw new LastingError('EVENT', 'decide is neither withdrawn nor standing');
  const count = (value: number | undefined): number =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
  return {
    bucket: event.bucket,
    key: event.key,
    etag: event.etag,
    ...(event.size === undefined ? {} : { size: event.size }),
    ...(event.version_id ? { version_id: event.version_id } : {}),
    ...(event.version ? { version: event.version } : {}),
    ...(event.decide ? { decide: event.decide } : {}),
    ...(event.profile_digest ? { profile_digest: event.profile_digest } : {}),
    ...(event.last_modified ? { last_modified: event.last_modified } : {}),
    ...(Number.isSafeInteger(event.file_time) ? { file_id: event.file_id ?? '', file_time: event.file_time } : {}),
    offset: count(event.offset),
    row: count(event.row),
    received: count(event.received),
    accepted: count(event.accepted),
    quarantined: count(event.quarantined),
    ...(event.unmapped ? { unmapped: count(event.unmapped) } : {}),
    waits: count(event.waits),
    done: false,
  };
}
