import { isAhead } from '../records/conform';
import { keyId } from '../lake/names';
import { parseInstant } from '../records/time';
import type { Profile } from '../../profiles/schema';

/**
 * When a file was made, and whether it is one that was read before. Both are properties of the file and not of its arrival: the bytes of
 * Monday, landed once more on Wednesday, are Monday's file still, and do not undo what Tuesday's said.
 */

/** The name under which tools keep a file's own time on an object (rclone, s3fs and others): seconds since 1970, with a fraction. */
export const MTIME = 'mtime';

/**
 * The time that the sender put on the object, in microseconds since 1970; undefined where there is none that can be believed.
 * @param landedMs when it landed: a clock that runs ahead would place the file above all that come after it
 */
export function senderTime(
  metadata: Readonly<Record<string, string>> | undefined,
  landedMs: number,
): number | undefined {
  const text = metadata?.[MTIME]?.trim() ?? '';
  const seconds = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
  const micros = seconds
    ? Number(seconds[1]) * 1_000_000 + Number((seconds[2] ?? '').slice(0, 6).padEnd(6, '0'))
    : parseInstant(text)?.micros;
  return micros === undefined || isAhead(micros, landedMs * 1000) ? undefined : micros;
}

/** What a file is known by in control: its bytes, and its name where the profile reads that too. */
export const fileIdOf = (sha256: string, profile: Profile, objectKey: string): string =>
  readsObjectKey(profile) ? `${sha256}-${keyId(objectKey)}` : sha256;

function readsObjectKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, member]) => (name === 'object_key' && member !== undefined) || readsObjectKey(member),
  );
}

const FILES = 'files/same/';

/** Key in control of the time of a file: that of the first object that brought it. */
export const fileTimeKey = (fileId: string): string => `${FILES}${fileId}/time.json`;

/** Key in control of the object by which a profile reads a file, and of the mark that it did so to the end. */
export const firstReadingKey = (fileId: string, profile: string, digest: string): string =>
  `${FILES}${fileId}/${profile}-p${digest}.json`;
export const wholeReadingKey = (fileId: string, profile: string, digest: string): string =>
  `${FILES}${fileId}/${profile}-p${digest}.whole.json`;

/** Prefix of the objects by which one profile reads a file, and the digest that a key of them names; undefined for the marks that it was read. */
export const readingsOfFile = (fileId: string, profile: string): string => `${FILES}${fileId}/${profile}-p`;
export const digestOfReading = (key: string): string | undefined => /-p([0-9a-f]{8})\.json$/.exec(key)?.[1];

/** What stands under `firstReadingKey`. */
export interface FirstReading {
  /** 16 hex digits of the landing object. */
  readonly object: string;
  readonly landed_ms: number;
}
