import type { S3Client } from '@aws-sdk/client-s3';
import { type Decisions, decisionsOf, decisionsPrefix } from '../core/files/withdrawals';
import { keysUnder } from './keys-under';

/** What was decided about a landed object and its readings. @param hash what stands for the object in names */
export async function decisionsAbout(s3: S3Client, control: string, hash: string): Promise<Decisions> {
  const keys: string[] = [];
  for await (const key of keysUnder(s3, control, decisionsPrefix(hash))) keys.push(key);
  return decisionsOf(keys);
}
