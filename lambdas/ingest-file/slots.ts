import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getText, statusOf } from '../shared/s3';

/**
 * Files that are read at the same time each hold one of a fixed number of slots, so that thousands that land together neither use up the
 * account's concurrency nor starve the stream. A slot is a small object in control that ends by itself: one whose holder was killed is free
 * again when the holder's time would have ended.
 */

/** Longest time between two asks for a slot, in seconds. */
const LONGEST_WAIT = 300;
const FIRST_WAIT = 5;
/** A holder's clock and ours may differ by so much. */
const GRACE_MS = 30_000;

const slotKey = (n: number): string => `files/slots/${n}.json`;

/** A slot in hand. */
export interface Slot {
  readonly key: string;
  readonly etag: string | undefined;
}

interface Slots {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly count: number;
}

/** Takes a free slot until `untilMs`, or tells that there is none. Starts anywhere, so that those who ask do not all ask for the same one. */
export async function takeSlot(
  { s3, bucket, count }: Slots,
  untilMs: number,
  nowMs: number,
): Promise<Slot | undefined> {
  const first = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i++) {
    const key = slotKey((first + i) % count);
    const found = await getText(s3, bucket, key);
    if (found && (JSON.parse(found.text) as { until: number }).until > nowMs) continue;
    const taken = await write(s3, bucket, key, untilMs + GRACE_MS, found?.etag);
    if (taken) return taken;
  }
  return undefined;
}

/** Gives a slot back. Whoever fails to only keeps it until it ends. */
export async function freeSlot({ s3, bucket }: Pick<Slots, 's3' | 'bucket'>, slot: Slot): Promise<void> {
  await write(s3, bucket, slot.key, 0, slot.etag).catch(() => undefined);
}

/** Writes a slot unless somebody has written it since it was read. */
async function write(
  s3: S3Client,
  bucket: string,
  key: string,
  until: number,
  etag: string | undefined,
): Promise<Slot | undefined> {
  try {
    const answer = await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: JSON.stringify({ until }),
        ContentType: 'application/json',
        ...(etag ? { IfMatch: etag } : { IfNoneMatch: '*' }),
      }),
    );
    return { key, etag: answer.ETag };
  } catch (error) {
    if ([404, 409, 412].includes(statusOf(error) ?? 0)) return undefined;
    throw error;
  }
}

/** Seconds until the next ask, by the number of asks before: any time up to a bound that doubles, so that files do not ask in step. */
export const waitSeconds = (asked: number, random: () => number = Math.random): number =>
  1 + Math.floor(random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(asked, 10)));
