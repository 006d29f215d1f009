import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { LandingObject } from '../../core/files/objects';
import type { ByteSource } from '../../core/files/source';
import { SafeError } from '../shared/errors';

/** The landing object of an event, and what a first look at it adds. */
export interface LandedFile extends LandingObject {
  size: number;
  etag: string;
  versionId?: string;
}

const status = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

/** The object was replaced or removed between its event and its reading; what replaced it has an event of its own. */
function gone(error: unknown, bucket: string, key: string): never {
  if (status(error) === 412 || status(error) === 404)
    throw new SafeError(
      'LANDING-CHANGED',
      `${bucket}/${key} is no longer the object of the event; keep versions in landing, or send it again`,
    );
  throw error;
}

/**
 * Looks at the object once per invocation. Its version is the version id where the bucket keeps versions; else the ETag
 * with the time of storing, since the same bytes stored again are another arrival with another place in the lake.
 */
export async function lookAt(
  s3: S3Client,
  event: { bucket: string; key: string; etag: string; version_id?: string },
): Promise<LandedFile> {
  const { bucket, key } = event;
  const etag = event.etag.replaceAll('"', '');
  const head = await s3
    .send(
      new HeadObjectCommand({
        Bucket: bucket,
        Key: key,
        IfMatch: etag,
        ...(event.version_id ? { VersionId: event.version_id } : {}),
      }),
    )
    .catch((error: unknown) => gone(error, bucket, key));
  const lastModifiedMs = head.LastModified?.getTime() ?? 0;
  const versionId = head.VersionId && head.VersionId !== 'null' ? head.VersionId : undefined;
  return {
    bucket,
    key,
    etag,
    versionId,
    size: head.ContentLength ?? 0,
    lastModifiedMs,
    version: versionId ?? `${etag}.${Math.floor(lastModifiedMs / 1000)}`,
  };
}

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
            ...(file.versionId ? { VersionId: file.versionId } : {}),
          }),
        )
        .catch((error: unknown) => gone(error, file.bucket, file.key));
      const bytes = await answer.Body?.transformToByteArray();
      if (bytes?.length !== length)
        throw new SafeError('LANDING-READ', `${file.bucket}/${file.key}: a ranged read came short`);
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
