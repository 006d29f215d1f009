import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readMarkKey, versionOf } from '../../core/files/landed';
import { senderTime } from '../../core/files/sender-time';
import { hashOf, type LandingObject } from '../../core/files/objects';
import { type Origin, originOf } from '../../core/files/origin';
import { keyId } from '../../core/lake/names';
import type { ByteSource } from '../../core/files/source';
import { LastingError, SafeError } from '../shared/errors';
import { put } from '../shared/s3';
import type { IngestFileEvent, IngestFileResult } from './event';

/** The landing object of an event, and what the first look at it added. */
export interface LandedFile extends LandingObject {
  size: number;
  etag: string;
  /** Version to read, where the event names one; else the ETag guards that all reads are of one object. */
  readVersion: string | undefined;
  /** The time that the sender put on the object, microseconds since 1970. */
  senderTime: number | undefined;
  /** Where its rows were before they were replayed. */
  origin: Origin | undefined;
  /** Digest of all its bytes, 64 hex digits, where the object was stored with it. */
  sha256: string | undefined;
}

/** Leaves the mark by which the sweep over landing knows that this object was read to its end, or refused. */
export async function markRead(s3: S3Client, control: string, read: IngestFileResult): Promise<void> {
  const landedMs = Date.parse(read.last_modified!);
  const hash = hashOf({ bucket: read.bucket, key: read.key, version: read.version!, lastModifiedMs: landedMs });
  await put(s3, control, readMarkKey(landedMs, hash), '{}', 'application/json');
}

const status = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

/** The object was replaced or removed between its event and its reading; what replaced it has an event of its own. */
function gone(error: unknown, key: string): never {
  if (status(error) === 412 || status(error) === 404)
    throw new LastingError(
      'LANDING-CHANGED',
      `landing object ${keyId(key)} is no longer the object of the event; keep versions in landing, or send it again`,
    );
  throw error;
}

/**
 * Looks at the object once per invocation. Its version is the version id where the bucket keeps versions; else the ETag
 * with the time of storing, since the same bytes stored again are another arrival with another place in the lake. The
 * first look decides both for the whole course of the file: names must not change between two invocations of it.
 */
export async function lookAt(s3: S3Client, event: IngestFileEvent): Promise<LandedFile> {
  const { bucket, key } = event;
  const etag = event.etag.replaceAll('"', '');
  const readVersion = event.version_id || undefined;
  const head = await s3
    .send(
      new HeadObjectCommand({
        Bucket: bucket,
        Key: key,
        IfMatch: etag,
        ChecksumMode: 'ENABLED',
        ...(readVersion ? { VersionId: readVersion } : {}),
      }),
    )
    .catch((error: unknown) => gone(error, key));
  const stored = event.last_modified ? Date.parse(event.last_modified) : (head.LastModified?.getTime() ?? NaN);
  if (Number.isNaN(stored)) throw new SafeError('LANDING-READ', `landing object ${keyId(key)}: no time of storing`);
  const version = event.version ?? versionOf({ versionId: head.VersionId, etag, landedMs: stored });
  return {
    bucket,
    key,
    etag,
    readVersion,
    size: head.ContentLength ?? 0,
    lastModifiedMs: stored,
    version,
    senderTime: senderTime(head.Metadata, stored),
    origin: originOf(head.Metadata, stored),
    sha256: wholeDigest(head.ChecksumSHA256),
  };
}

/** A checksum of parts ends in their number, and says nothing of the bytes as a whole. */
const wholeDigest = (checksum: string | undefined): string | undefined =>
  checksum && /^[A-Za-z0-9+/]{43}=$/.test(checksum) ? Buffer.from(checksum, 'base64').toString('hex') : undefined;

/** The object's bytes by ranged reads, all of the one version. */
export function sourceOf(s3: S3Client, file: LandedFile): ByteSource {
  return {
    size: file.size,
    async read(offset, length) {
      if (length === 0) return new Uint8Array(0);
      const answer = await s3
        .send(
          new GetObjectCommand({
            Bucket: file.bucket,
            Key: file.key,
            Range: `bytes=${offset}-${offset + length - 1}`,
            IfMatch: file.etag,
            ...(file.readVersion ? { VersionId: file.readVersion } : {}),
          }),
        )
        .catch((error: unknown) => gone(error, file.key));
      const bytes = await answer.Body?.transformToByteArray();
      if (bytes?.length !== length)
        throw new SafeError('LANDING-READ', `landing object ${keyId(file.key)}: a ranged read came short`);
      return bytes;
    },
  };
}

/** The text of an object, or undefined where there is none. */
export async function readText(s3: S3Client, bucket: string, key: string): Promise<string | undefined> {
  const bytes = await readBytes(s3, bucket, key);
  return bytes && Buffer.from(bytes).toString('utf8');
}

/** The bytes of an object, or undefined where there is none. */
export async function readBytes(s3: S3Client, bucket: string, key: string): Promise<Uint8Array | undefined> {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await answer.Body?.transformToByteArray();
  } catch (error) {
    if (status(error) === 404) return undefined;
    throw error;
  }
}
