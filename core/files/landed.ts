/** What tells landed objects apart, and which of them were read. */

/** An object as a listing or a look at it tells. */
export interface Landed {
  /** Version id, where the bucket keeps versions. */
  readonly versionId: string | undefined;
  readonly etag: string;
  /** ms since 1970. */
  readonly landedMs: number;
}

/**
 * What names the object's version in the lake: the version id where the bucket keeps versions; else the ETag with the time of storing, since
 * the same bytes stored again are another arrival.
 */
export const versionOf = ({ versionId, etag, landedMs }: Landed): string =>
  versionId && versionId !== 'null' ? versionId : `${etag.replaceAll('"', '')}.${Math.floor(landedMs / 1000)}`;

/** Day of a moment, `YYYY-MM-DD`, UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const MARKS = 'files/read/';

/**
 * Key in control of the mark that a landed object was read to its end, or refused. The day of landing comes first, so that the marks of some
 * days are listed without those before.
 */
export const readMarkKey = (landedMs: number, hash: string): string => `${MARKS}${dayOf(landedMs)}/${hash}.json`;
/** Prefix of all marks, and what to list after to have those of a day and later. */
export const marksFrom = (day: string): { prefix: string; startAfter: string } => ({
  prefix: MARKS,
  startAfter: `${MARKS}${day}`,
});
/** The object's hash that a mark is of. */
export const markedHash = (key: string): string => key.slice(key.lastIndexOf('/') + 1, -'.json'.length);

/** Up to which day landing is settled: of everything that landed before it was read. */
export const LANDING_SETTLED_KEY = 'files/settled.json';
/** A multipart upload has the time at which it began, and is given up after three days: nothing lands before this many days. */
const OPEN_DAYS = 4;

/** What a pass over landing found of one object. */
export interface LandedObject extends Landed {
  readonly key: string;
  readonly size: number;
}

/**
 * First day that is not settled after a pass: that of the first unread object, at most some days ago.
 * @param firstUnread when that one landed, ms since 1970
 */
export function landingSettled(before: string, firstUnread: number | undefined, nowMs: number): string {
  const open = Math.min(firstUnread ?? Infinity, nowMs - OPEN_DAYS * 86_400_000);
  const day = dayOf(open);
  return day > before ? day : before;
}

/** Keys in control of a sweep: how often each unread object was started, and how far a pass is that one invocation could not end. */
export const SWEEP_TRIES_KEY = 'files/sweep/tries.json';
export const sweepPassKey = (since: string): string => `files/sweep/pass-${since.replaceAll(':', '')}.json`;

/** An unread object that may be started, with the starts that it has had. */
export interface Unread {
  readonly landedMs: number;
  readonly tries: number;
}

/** Least tried first, then oldest: what fails each time gives way to what was never tried. */
export const nextFirst = (a: Unread, b: Unread): number => a.tries - b.tries || a.landedMs - b.landedMs;

/** Key in control under which a backfill tells how far it is. */
export const backfillKey = (id: string): string => `files/backfill/${id}.json`;

/** What one profile reads of one folder of landing. The name of a profile alone tells less: two sources may both have one of that name. */
export const seriesOf = (objectKey: string, profile: string): string => `${objectKey.split('/', 1)[0]}/${profile}`;
