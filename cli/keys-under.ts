import { paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';

/** Keys of all objects of a bucket that begin so, in their order. */
export async function* keysUnder(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<string> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix }))
    for (const { Key } of Contents) yield Key!;
}

/** How many objects begin so, of those whose keys are wanted. */
export async function countUnder(
  s3: S3Client,
  bucket: string,
  prefix: string,
  isWanted: (key: string) => boolean = () => true,
): Promise<number> {
  let found = 0;
  for await (const key of keysUnder(s3, bucket, prefix)) if (isWanted(key)) found++;
  return found;
}
