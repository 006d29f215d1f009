import { hash } from 'node:crypto';
import { microsText } from './time';

/** Separates the parts of a hashed text; conformed strings never hold it, so no two lists of parts read the same. */
export const SEPARATOR = '\u0000';

/** SHA-256 as 64 lower hex digits. */
export function sha256Hex(text: string | Uint8Array): string {
  return hash('sha256', text, 'hex');
}

/** SHA-256 as S3's checksum header carries it (base64). */
export function sha256Base64(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64');
}

/** First 64 bits of SHA-256 over a canonical text, as the signed number that a BIGINT column holds. */
export function hash64(canonical: string): bigint {
  return (hash('sha256', canonical, 'buffer') as Buffer).readBigInt64BE(0);
}

/** Identifier of a quarantined record: the same record has the same one in every retry. */
export function quarantineId(recordSource: string, recordPosition: string): string {
  return sha256Hex(recordSource + SEPARATOR + recordPosition).slice(0, 32);
}

/** What a file row's event_id is made of. Times in microseconds UTC. */
export interface FileEvent {
  sourceSystem: string;
  entity: string;
  naturalKey: readonly string[];
  effectiveAt: number;
  recordedAt: number;
  payloadHash: bigint;
}

/** event_id of a file row, equal for an equal row, so that a file sent twice changes nothing. */
export function fileEventId(s: FileEvent): string {
  const parts = [
    s.sourceSystem,
    s.entity,
    ...s.naturalKey,
    microsText(s.effectiveAt),
    microsText(s.recordedAt),
    s.payloadHash.toString(),
  ];
  return sha256Hex(parts.join(SEPARATOR)).slice(0, 32);
}

/** First 16 hex digits that name a landing object in the names of what was made of it. */
export function landingHash(bucket: string, key: string, version: string): string {
  return sha256Hex(`${bucket}/${key}@${version}`).slice(0, 16);
}
