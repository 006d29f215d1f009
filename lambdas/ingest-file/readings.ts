import type { S3Client } from '@aws-sdk/client-s3';
import { digestOfReading, readingsOfFile, type FirstReading } from '../../core/files/file-time';
import { hashOf, type Reading, readingOf } from '../../core/files/objects';
import { CHUNK_RECEIPTS, readingId, readingOfReceipt } from '../../core/files/readings';
import { decide } from '../shared/decisions';
import { getText, list } from '../shared/s3';

/** A reading that is whole. */
interface Whole {
  readonly own: Reading;
  /** Name of its profile. */
  readonly profile: string;
  /** What its bytes are known by; empty where they are not. */
  readonly fileId: string;
  /** Digest of the profile as it stands now. */
  current(): Promise<string>;
}

/**
 * A landed file has one reading. Once one is whole, it takes the place of those by other profiles of this name, of this object and of others that
 * brought the same bytes; they are withdrawn. One whose profile was changed while it was read gives way to the reading by the profile as it
 * stands now, where that has begun: the readings are listed before the profile is asked for.
 */
export async function replaceReadings(s3: S3Client, control: string, whole: Whole): Promise<void> {
  const { own } = whole;
  const known = await readingsOf(s3, control, hashOf(own));
  const copies = whole.fileId ? await copiesOf(s3, control, whole) : [];
  const now = await whole.current();
  const standing = readingId(hashOf(own), now);
  if (standing !== readingOf(own) && !known.includes(standing)) return;
  for (const reading of new Set([...known, readingOf(own)]))
    await decide(s3, control, reading, reading === standing ? 'standing' : 'withdrawn', own.lastModifiedMs);
  for (const { object, digest, landedMs } of copies)
    if (digest !== now) await decide(s3, control, readingId(object, digest), 'withdrawn', landedMs);
}

/** Readings of an object of which something is stored, refusals included. */
async function readingsOf(s3: S3Client, control: string, hash: string): Promise<string[]> {
  const { prefixes } = await list(s3, control, { prefix: `${CHUNK_RECEIPTS}${hash}-p`, delimiter: '/' });
  const names = prefixes.flatMap((prefix) => readingOfReceipt(`${prefix}x`) ?? []);
  // What a reading lacks of others goes with it.
  return names.filter((name) => !name.includes('t'));
}

/** Other objects by which a profile of this name has read the same bytes. */
async function copiesOf(
  s3: S3Client,
  control: string,
  { own, profile, fileId }: Whole,
): Promise<{ object: string; digest: string; landedMs: number }[]> {
  const found: { object: string; digest: string; landedMs: number }[] = [];
  for (const { key } of (await list(s3, control, { prefix: readingsOfFile(fileId, profile) })).objects) {
    const digest = digestOfReading(key);
    const text = digest && (await getText(s3, control, key))?.text;
    if (!digest || !text) continue;
    const { object, landed_ms: landedMs } = JSON.parse(text) as FirstReading;
    if (object !== hashOf(own)) found.push({ object, digest, landedMs });
  }
  return found;
}
