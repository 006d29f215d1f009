import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { fileIdOf, fileTimeKey, readsLandingTime } from '../../core/files/same-file';
import type { ByteSource } from '../../core/files/source';
import { keyId } from '../../core/lake/names';
import type { CheckedProfile } from '../../profiles';
import { getText, putIfAbsent } from '../shared/s3';
import { type LandedFile, sourceOf } from './landing';

/** A file as it is known in control. */
export interface KnownFile {
  /** Empty for one that is only known by its landing object. */
  readonly id: string;
  /** Microseconds since 1970. */
  readonly time: number;
}

/**
 * Bytes that an invocation reads for their digest alone, which it cannot leave off and go on with: half of its 15 minutes at 10 MB/s, a
 * small part of what one connection to S3 gives. A longer object that was stored without its digest counts as a file of its own.
 */
const MOST_HASHED = 4 * 1024 ** 3;
const BLOCK = 8 * 1024 ** 2;

/** Finds out what the object's bytes are known by, and when the file was made. */
export async function identify(
  s3: S3Client,
  control: string,
  file: LandedFile,
  { profile }: CheckedProfile,
): Promise<KnownFile> {
  const own = file.senderTime ?? file.lastModifiedMs * 1000;
  if (readsLandingTime(profile) || (file.sha256 === undefined && file.size > MOST_HASHED)) return { id: '', time: own };
  const bytes = fileIdOf(file.sha256 ?? (await digestOf(sourceOf(s3, file))), profile, file.key);
  // Rows that read the same are replayed each for the place that it had.
  const id = file.origin?.rows ? `${bytes}-${keyId(`${file.origin.object} ${file.origin.rows.join(' ')}`)}` : bytes;
  const { time } = await first(s3, control, fileTimeKey(id), { time: own });
  return { id, time };
}

/** What the first writer wrote. */
async function first<T>(s3: S3Client, bucket: string, key: string, own: T): Promise<T> {
  if (await putIfAbsent(s3, bucket, key, JSON.stringify(own))) return own;
  return JSON.parse((await getText(s3, bucket, key))!.text) as T;
}

async function digestOf(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  const read = (at: number): Promise<Uint8Array> => source.read(at, Math.min(BLOCK, source.size - at));
  let next = read(0);
  for (let at = 0; at < source.size;) {
    const block = await next;
    at += block.length;
    if (at < source.size) {
      next = read(at);
      next.catch(() => undefined); // thrown by the turn that needs it
    }
    hash.update(block);
  }
  return hash.digest('hex');
}
