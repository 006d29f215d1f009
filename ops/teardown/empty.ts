import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';

/** What was removed from a bucket. */
export interface Emptied {
  bucket: string;
  versions: number;
  markers: number;
}

/**
 * Removes every version and every delete marker of a bucket, a page of the listing at a time: S3 deletes no bucket that holds one, and
 * removing an object without its version only adds a marker.
 * @throws Error with the number of versions that S3 refused to remove and its first reason; names of objects stay out of it
 */
export async function emptyBucket(s3: S3Client, bucket: string): Promise<Emptied> {
  const emptied: Emptied = { bucket, versions: 0, markers: 0 };
  for (;;) {
    // Always the first page: what it held is gone when the next one is asked for.
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key: Key!, VersionId }));
    if (Objects.length === 0) return emptied;
    // A page holds at most 1,000, which is what one call removes.
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    if (Errors.length > 0)
      throw new Error(
        `${bucket}: ${Errors.length} of ${Objects.length} versions were not removed (${Errors[0]!.Code ?? 'no code'}); run this again`,
      );
    emptied.versions += Versions.length;
    emptied.markers += DeleteMarkers.length;
  }
}

/**
 * Refuses what must not be emptied, or what nobody has confirmed by typing it.
 * @throws Error with the way out
 */
export function allowEmptying(
  config: { env: string; production: boolean; allowRemoval: boolean },
  typed: string | undefined,
): void {
  if (config.production || !config.allowRemoval)
    throw new Error(
      `${config.env} keeps its data: its configuration says ${config.production ? 'production' : 'allowRemoval: false'} (config/environments.ts)`,
    );
  if (typed !== `carelake-${config.env}`)
    throw new Error(
      `nothing was removed: confirm with --confirm carelake-${config.env} that every object of every bucket is to go for good`,
    );
}
