import type { S3Client } from '@aws-sdk/client-s3';
import { hashOf, type Reading } from '../../core/files/objects';
import { readingId } from '../../core/files/readings';
import {
  begunKey,
  type Copy,
  copiesOf,
  copyKey,
  copyOfKey,
  type FileReading,
  readingOfMark,
  readingsOfFile,
  wholeKey,
} from '../../core/files/same-file';
import { isWithdrawn } from '../../core/files/withdrawals';
import { readDecisions } from '../shared/decisions';
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

/**
 * The landing object by which the same profile has read the same file to its end, where that is another one and its reading stands. Where there is
 * none, notes that this object is read. Of one that was begun and never ended nothing is believed: it may never end.
 */
export async function sameAs(
  s3: S3Client,
  control: string,
  { id, series }: FileInSeries,
  own: LandedFile & Reading,
): Promise<string | undefined> {
  if (!id) return undefined;
  const readings = (await marksOf(s3, control, id, series)).filter(({ digest }) => digest === own.digest);
  if (!readings.some(({ object }) => object === hashOf(own)))
    for (const { object } of readings.filter(({ whole }) => whole)) {
      // Noted before it is asked for: whoever withdraws that object decides first, and looks for copies then.
      await noteCopy(s3, control, object, hashOf(own), noteOf(own));
      if (await stands(s3, control, readingId(object, own.digest))) return object;
    }
  await putIfAbsent(s3, control, begunKey(id, series, ofMark(own)), JSON.stringify(noteOf(own)));
  return undefined;
}

/** Notes that a file was read to its end. */
export async function noteWhole(s3: S3Client, control: string, { id, series }: FileInSeries, own: Reading) {
  if (id) await putIfAbsent(s3, control, wholeKey(id, series, ofMark(own)), '{}');
}

/** Other objects by which the file was read, by whatever profile of the series. */
export async function othersOf(
  s3: S3Client,
  control: string,
  { id, series }: FileInSeries,
  own: Reading,
): Promise<(FileReading & { copy: Copy })[]> {
  const found: (FileReading & { copy: Copy })[] = [];
  if (!id) return found;
  for (const mark of await marksOf(s3, control, id, series)) {
    if (mark.whole || mark.object === hashOf(own)) continue;
    const text = (await getText(s3, control, begunKey(id, series, mark)))?.text;
    if (text) found.push({ ...mark, copy: JSON.parse(text) as Copy });
  }
  return found;
}

/** Notes that an object says the same as another one, whose reading stands for both. */
export async function noteCopy(s3: S3Client, control: string, of: string, copy: string, note: Copy): Promise<void> {
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

async function marksOf(s3: S3Client, control: string, id: string, series: string) {
  const { objects } = await list(s3, control, { prefix: readingsOfFile(id, series) });
  return objects.flatMap(({ key }) => readingOfMark(key) ?? []);
}

/** Whether an object, or a reading of it, was not withdrawn. */
export const stands = async (s3: S3Client, control: string, name: string): Promise<boolean> =>
  !isWithdrawn(await readDecisions(s3, control, name), name);
