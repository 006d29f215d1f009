import type { S3Client } from '@aws-sdk/client-s3';
import { hashOf, type Reading, readingOf } from '../../core/files/objects';
import { readingId } from '../../core/files/readings';
import {
  type Begun,
  begunKey,
  type Copy,
  copiesOf,
  copyKey,
  copyOfKey,
  fileIn,
  type FileReading,
  type Landing,
  landingKey,
  landingOfMark,
  readingOfMark,
  wholeKey,
} from '../../core/files/same-file';
import { isWithdrawn } from '../../core/files/withdrawals';
import { decide, readDecisions } from '../shared/decisions';
import { LastingError } from '../shared/errors';
import { getText, list, putIfAbsent } from '../shared/s3';
import type { IngestFileEvent } from './event';
import { type LandedFile, lookAt } from './landing';

/** A file that is read. */
export interface FileInSeries {
  /** What its bytes are known by; empty where they are not, and no copy can be told. */
  readonly id: string;
  /** See core/files/landed.ts. */
  readonly series: string;
}

const ofMark = (own: Reading): FileReading => ({ object: hashOf(own), digest: own.digest });
const noteOf = (file: LandedFile): Copy => ({
  key: file.key,
  etag: file.etag,
  ...(file.readVersion ? { version_id: file.readVersion } : {}),
  landed_ms: file.lastModifiedMs,
});

/** How an object is read: as a copy of another one, or by itself with this time. */
type Way = { readonly sameAs: string } | { readonly time: number };

/**
 * Decides whether an object is a copy of one by which the same profile has read the same file to its end, with the time that the file has, and whose
 * reading stands. Else notes that this object is read. Of a reading that was begun and never ended nothing is believed: it may never end.
 */
export async function wayOf(
  s3: S3Client,
  control: string,
  { id, series }: FileInSeries,
  own: LandedFile & Reading,
): Promise<Way> {
  const ownTime = own.senderTime ?? own.lastModifiedMs * 1000;
  if (!id) return { time: ownTime };
  const landing = { object: hashOf(own), landedMs: own.lastModifiedMs, time: ownTime };
  await putIfAbsent(s3, control, landingKey(id, series, landing), '{}');
  const { landings, readings } = await marksOf(s3, control, { id, series });
  const time = (await firstStanding(s3, control, landings))?.time ?? ownTime;
  const byProfile = readings.filter(({ digest }) => digest === own.digest);
  const mine = byProfile.find(({ object }) => object === hashOf(own));
  if (mine?.begun.time !== time)
    for (const { object } of byProfile.filter((r) => r.whole && r.begun.time === time)) {
      // Noted before it is asked for: whoever withdraws that object decides first, and looks for copies then.
      await noteCopy(s3, control, object, hashOf(own), noteOf(own));
      if (await stands(s3, control, readingId(object, own.digest))) return { sameAs: object };
    }
  if (mine) return { time: mine.begun.time };
  const key = begunKey(id, series, ofMark(own));
  const begun: Begun = { ...noteOf(own), time };
  if (await putIfAbsent(s3, control, key, JSON.stringify(begun))) return { time };
  return { time: (JSON.parse((await getText(s3, control, key))!.text) as Begun).time };
}

/** Notes that a file was read to its end. */
export async function noteWhole(s3: S3Client, control: string, { id, series }: FileInSeries, own: Reading) {
  if (id) await putIfAbsent(s3, control, wholeKey(id, series, ofMark(own)), '{}');
}

/** Other objects by which the file was read, by whatever profile of the series. */
export async function othersOf(
  s3: S3Client,
  control: string,
  file: FileInSeries,
  own: Reading,
): Promise<MarkedReading[]> {
  if (!file.id) return [];
  return (await marksOf(s3, control, file)).readings.filter(({ object }) => object !== hashOf(own));
}

/**
 * An object that landed before all that are known may be read after them: then the file has an earlier time than their readings have. Of whole
 * readings by one profile those with the file's time remain. Each is marked as whole before it looks at the others, so at least one sees the other.
 */
export async function keepFirst(s3: S3Client, control: string, file: FileInSeries, own: Reading): Promise<void> {
  if (!file.id || !(await stands(s3, control, readingOf(own)))) return;
  const { landings, readings } = await marksOf(s3, control, file);
  const time = (await firstStanding(s3, control, landings))?.time;
  const byProfile = readings.filter(({ digest }) => digest === own.digest);
  const mine = byProfile.find(({ object }) => object === hashOf(own));
  if (!mine || time === undefined) return;
  if (mine.begun.time === time) {
    for (const late of byProfile.filter((r) => r.begun.time !== time)) await giveWay(s3, control, late, hashOf(own));
    return;
  }
  for (const { object, digest } of byProfile.filter((r) => r.whole && r.begun.time === time))
    if (await stands(s3, control, readingId(object, digest))) return giveWay(s3, control, mine, object);
}

/** Withdraws a reading, unless what takes its place was withdrawn meanwhile: noted as a copy before that is asked for. */
export async function giveWay(s3: S3Client, control: string, reading: MarkedReading, to: string): Promise<void> {
  const { object, digest, begun } = reading;
  await noteCopy(s3, control, to, object, begun);
  if (await stands(s3, control, to)) await decide(s3, control, readingId(object, digest), 'withdrawn', begun.landed_ms);
}

/** Notes that an object says the same as another one, whose reading stands for both. */
async function noteCopy(s3: S3Client, control: string, of: string, copy: string, note: Copy): Promise<void> {
  await putIfAbsent(s3, control, copyKey(of, copy), JSON.stringify(note));
}

/**
 * The event by which a copy of a withdrawn object is read, which says from now on what that object said; undefined where no copy stands. The other
 * copies are noted as copies of this one.
 */
export async function nextCopy(s3: S3Client, control: string, of: LandedFile): Promise<IngestFileEvent | undefined> {
  const { objects } = await list(s3, control, { prefix: copiesOf(hashOf(of)) });
  const standing: { object: string; note: Copy }[] = [];
  for (const { key } of objects) {
    const object = copyOfKey(key);
    const text = (await getText(s3, control, key))?.text;
    if (text && (await stands(s3, control, object))) standing.push({ object, note: JSON.parse(text) as Copy });
  }
  standing.sort((a, b) => a.note.landed_ms - b.note.landed_ms);
  for (const [i, { object, note }] of standing.entries()) {
    const { key, etag, version_id } = note;
    const event = { bucket: of.bucket, key, etag, ...(version_id ? { version_id } : {}) };
    if (!(await isThere(s3, event))) continue;
    for (const other of standing.slice(i + 1)) await noteCopy(s3, control, object, other.object, other.note);
    return event;
  }
  return undefined;
}

/** Whether an object is still what it was: one that was replaced or removed cannot be read. */
async function isThere(s3: S3Client, event: IngestFileEvent): Promise<boolean> {
  try {
    await lookAt(s3, event);
    return true;
  } catch (error) {
    if (error instanceof LastingError) return false;
    throw error;
  }
}

/** A reading of which something is known. */
interface MarkedReading extends FileReading {
  readonly begun: Begun;
  readonly whole: boolean;
}

/** All that is known of a file: the objects that brought it, in the order of landing, and its readings. */
async function marksOf(s3: S3Client, control: string, { id, series }: FileInSeries) {
  const keys = (await list(s3, control, { prefix: fileIn(id, series) })).objects.map(({ key }) => key);
  const marks = keys.flatMap((key) => readingOfMark(key) ?? []);
  const readings: MarkedReading[] = [];
  for (const { object, digest, whole } of marks) {
    const text = whole ? undefined : (await getText(s3, control, begunKey(id, series, { object, digest })))?.text;
    if (text === undefined) continue;
    const isWhole = marks.some((m) => m.whole && m.object === object && m.digest === digest);
    readings.push({ object, digest, begun: JSON.parse(text) as Begun, whole: isWhole });
  }
  return { landings: keys.flatMap((key) => landingOfMark(key) ?? []), readings };
}

async function firstStanding(
  s3: S3Client,
  control: string,
  landings: readonly Landing[],
): Promise<Landing | undefined> {
  for (const landing of landings) if (await stands(s3, control, landing.object)) return landing;
  return undefined;
}

/** Whether an object, or a reading of it, was not withdrawn. */
export const stands = async (s3: S3Client, control: string, name: string): Promise<boolean> =>
  !isWithdrawn(await readDecisions(s3, control, name), name);
