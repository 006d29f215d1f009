import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { fileIdOf, fileTimeKey, firstReadingKey, wholeReadingKey } from '../../core/files/file-time';
import { hashOf } from '../../core/files/objects';
import type { ByteSource } from '../../core/files/source';
import { keyId } from '../../core/lake/names';
import type { CheckedProfile } from '../../profiles';
import { exists, getText, putIfAbsent } from '../shared/s3';
import { type LandedFile, sourceOf } from './landing';

/** A file as it is known in control. */
export interface KnownFile {
  readonly id: string;
  /** Microseconds since 1970. */
  readonly time: number;
  /** The landing object of which the same profile has read the same file to its end, where that is another one. */
  readonly sameAs?: string;
}

/** Bytes that an invocation reads for their digest alone; a longer object counts as a file of its own. */
const MOST_HASHED = 32 * 1024 ** 3;
const BLOCK = 8 * 1024 ** 2;

/** Finds out whether the object's bytes landed before, and when the file was made. */
export async function identify(
  s3: S3Client,
  control: string,
  file: LandedFile,
  { profile, digest }: CheckedProfile,
): Promise<KnownFile> {
  const own = file.senderTime ?? file.lastModifiedMs * 1000;
  if (file.size > MOST_HASHED) return { id: '', time: own };
  const bytes = fileIdOf(file.sha256 ?? (await digestOf(sourceOf(s3, file))), profile, file.key);
  // Rows that read the same are replayed each for the place that it had.
  const id = file.origin?.rows ? `${bytes}-${keyId(`${file.origin.object} ${file.origin.rows.join(' ')}`)}` : bytes;
  const { time } = await first(s3, control, fileTimeKey(id), { time: own });
  const reading = await first(s3, control, firstReadingKey(id, profile.profile, digest), {
    object: hashOf(file),
    landed_ms: file.lastModifiedMs,
  });
  // One that was begun and never ended may never end: then this object is read, and says the same.
  const isRead =
    reading.object !== hashOf(file) && (await exists(s3, control, wholeReadingKey(id, profile.profile, digest)));
  return { id, time, ...(isRead ? { sameAs: reading.object } : {}) };
}

/** Notes that a file was read to its end. */
export async function noteWhole(s3: S3Client, control: string, id: string, checked: CheckedProfile): Promise<void> {
  if (id) await putIfAbsent(s3, control, wholeReadingKey(id, checked.profile.profile, checked.digest), '{}');
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
