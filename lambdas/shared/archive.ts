import { RestoreObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readiness, restoreHours, RESTORED_DAYS, type Stored } from '../../core/lake/archive';
import { statusOf } from './s3';

/** What became of an object that is to be read. */
export type Reached = { state: 'ready' | 'archived' | 'restoring'; hours: number };

/** Whether an object can be read now; where it lies in an archive, S3 is asked for it if `restore` says so. */
export async function reach(
  s3: S3Client,
  at: { bucket: string; key: string; versionId?: string },
  stored: Stored,
  restore: boolean,
  nowMs: number,
): Promise<Reached> {
  const state = readiness(stored, nowMs);
  const hours = state === 'ready' ? 0 : restoreHours(stored.storageClass);
  if (state !== 'archived' || !restore) return { state, hours };
  try {
    await s3.send(
      new RestoreObjectCommand({
        Bucket: at.bucket,
        Key: at.key,
        ...(at.versionId && at.versionId !== 'null' ? { VersionId: at.versionId } : {}),
        RestoreRequest: { Days: RESTORED_DAYS, GlacierJobParameters: { Tier: 'Standard' } },
      }),
    );
  } catch (error) {
    // S3 is fetching it already.
    if (statusOf(error) !== 409) throw error;
  }
  return { state: 'restoring', hours };
}
