import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type Decisions, decisionsOf, decisionsPrefix } from '../core/files/withdrawals';

/** What was decided about a landed object and its readings. @param hash what stands for the object in names */
export async function decisionsAbout(s3: S3Client, control: string, hash: string): Promise<Decisions> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const Prefix = decisionsPrefix(hash);
    const page = await s3.send(new ListObjectsV2Command({ Bucket: control, Prefix, ContinuationToken: token }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    token = page.NextContinuationToken;
  } while (token);
  return decisionsOf(keys);
}
