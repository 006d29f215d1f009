import { keyId } from '../lake/names';
import type { Profile } from '../../profiles/schema';

/**
 * Whether a file is one that was read before. That is a property of the file and not of its arrival: the bytes of Monday, landed once more on
 * Wednesday, are Monday's file still, and do not undo what Tuesday's said.
 */

/** What a file is known by in control: its bytes, and its name where the profile reads that too. */
export const fileIdOf = (sha256: string, profile: Profile, objectKey: string): string =>
  reads(profile, 'object_key') ? `${sha256}-${keyId(objectKey)}` : sha256;

/** Whether a profile reads when the object was stored: then the same bytes, landed again, say something else, and are another file. */
export const readsLandingTime = (profile: Profile): boolean => reads(profile, 'last_modified');

function reads(value: unknown, what: 'object_key' | 'last_modified'): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => (name === what && member !== undefined) || reads(member, what));
}

const FILES = 'files/same/';

/** A landed object by which a profile reads a file. */
export interface FileReading {
  /** 16 hex digits of the landing object. */
  readonly object: string;
  /** 8 of the profile. */
  readonly digest: string;
}

/** Prefix of all that is known of a file in one series. @param series see core/files/landed.ts */
export const fileIn = (fileId: string, series: string): string => `${FILES}${fileId}/${series}/`;

/** A landed object that brought a file. */
export interface Landing {
  /** 16 hex digits. */
  readonly object: string;
  /** ms since 1970. */
  readonly landedMs: number;
  /** Time of the file by this object alone, microseconds since 1970. */
  readonly time: number;
}

/** Key in control of the mark that an object brought a file, and what one says; a listing has them in the order of landing. */
export const landingKey = (fileId: string, series: string, { object, landedMs, time }: Landing): string =>
  `${fileIn(fileId, series)}landed/${String(landedMs).padStart(15, '0')}-${object}-${time}.json`;
export function landingOfMark(key: string): Landing | undefined {
  const [, landedMs, object, time] = /\/landed\/(\d{15})-([0-9a-f]{16})-(-?\d+)\.json$/.exec(key) ?? [];
  return object ? { object, landedMs: Number(landedMs), time: Number(time) } : undefined;
}

/** Keys in control of the marks that reading a file by an object has begun, and that it came to the end. */
export const begunKey = (fileId: string, series: string, { object, digest }: FileReading): string =>
  `${fileIn(fileId, series)}${digest}-${object}.json`;
export const wholeKey = (fileId: string, series: string, { object, digest }: FileReading): string =>
  `${fileIn(fileId, series)}${digest}-${object}.whole.json`;

/** The reading that a mark is of, and whether it says that the reading is whole; undefined for any other key. */
export function readingOfMark(key: string): (FileReading & { whole: boolean }) | undefined {
  const [, digest, object, whole] = /\/([0-9a-f]{8})-([0-9a-f]{16})(\.whole)?\.json$/.exec(key) ?? [];
  return digest && object ? { digest, object, whole: whole !== undefined } : undefined;
}

/** What the note of a copy holds: all that it takes to read the object. */
export interface Copy {
  readonly key: string;
  readonly etag: string;
  readonly version_id?: string;
  readonly landed_ms: number;
}

/** What the mark of a begun reading holds: also the time by which its rows are placed, which stays as it is whatever lands later. */
export interface Begun extends Copy {
  readonly time: number;
}

/**
 * Prefix of the notes of objects that were not read, or whose readings were replaced, since another object says the same; and the key of one.
 * Where that one is withdrawn, they are all that still says it.
 */
export const copiesOf = (object: string): string => `${FILES}copies/${object}/`;
export const copyKey = (object: string, copy: string): string => `${copiesOf(object)}${copy}.json`;
/** 16 hex digits of the copy that a note is of. */
export const copyOfKey = (key: string): string => key.slice(key.lastIndexOf('/') + 1, -'.json'.length);
