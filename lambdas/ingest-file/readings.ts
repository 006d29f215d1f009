import type { S3Client } from '@aws-sdk/client-s3';
import { hashOf, type Reading, readingOf } from '../../core/files/objects';
import { CHUNK_RECEIPTS, readingId, readingOfReceipt } from '../../core/files/readings';
import { decide } from '../shared/decisions';
import { list } from '../shared/s3';
import { type FileInSeries, giveWay, othersOf } from './copies';

/** A reading that is whole. */
interface Whole {
  readonly own: Reading;
  readonly file: FileInSeries;
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
  const others = await othersOf(s3, control, whole.file, own);
  const now = await whole.current();
  const standing = readingId(hashOf(own), now);
  if (standing !== readingOf(own) && !known.includes(standing)) return;
  for (const reading of new Set([...known, readingOf(own)]))
    await decide(s3, control, reading, reading === standing ? 'standing' : 'withdrawn', own.lastModifiedMs);
  for (const other of others.filter((o) => o.digest !== now)) await giveWay(s3, control, other, hashOf(own));
}

/** Readings of an object of which something is stored, refusals included. */
async function readingsOf(s3: S3Client, control: string, hash: string): Promise<string[]> {
  const { prefixes } = await list(s3, control, { prefix: `${CHUNK_RECEIPTS}${hash}-p`, delimiter: '/' });
  const names = prefixes.flatMap((prefix) => readingOfReceipt(`${prefix}x`) ?? []);
  // What a reading lacks of others goes with it.
  return names.filter((name) => !name.includes('t'));
}
