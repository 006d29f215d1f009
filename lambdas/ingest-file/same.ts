import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { fileIdOf, readsLandingTime } from '../../core/files/same-file';
import type { ByteSource } from '../../core/files/source';
import { keyId } from '../../core/lake/names';
import type { CheckedProfile } from '../../profiles';
import { type LandedFile, sourceOf } from './landing';

/**
 * Bytes that an invocation reads for their digest alone, which it cannot leave off and go on with: half of its 15 minutes at 10 MB/s, a
 * small part of what one connection to S3 gives. A longer object that was stored without its digest counts as a file of its own.
 */
const MOST_HASHED = 4 * 1024 ** 3;
const BLOCK = 8 * 1024 ** 2;

/** What the object's bytes are known by in control; empty where the file is only known by its landing object. */
export async function identify(s3: S3Client, file: LandedFile, { profile }: CheckedProfile): Promise<string> {
  if (readsLandingTime(profile) || (file.sha256 === undefined && file.size > MOST_HASHED)) return '';
  const bytes = fileIdOf(file.sha256 ?? (await digestOf(sourceOf(s3, file))), profile, file.key);
  // Rows that read the same are replayed each for the place that it had.
  return file.origin?.rows ? `${bytes}-${keyId(`${file.origin.object} ${file.origin.rows.join(' ')}`)}` : bytes;
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
