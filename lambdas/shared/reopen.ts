import type { S3Client } from '@aws-sdk/client-s3';
import { readReopened, reopenedBy, REOPENED_KEY, type Reopened } from '../../core/load/settled';
import { update } from './s3';

/** How long reopened hours stay open to the sweeps over silver: longer than the longest execution. */
const REOPENED_MS = 72 * 3_600_000;

/** Says to the sweeps over silver, before anything is written, that nothing from this arrival hour on is settled any more. */
export async function reopen(s3: S3Client, control: string, hour: string, nowMs: number): Promise<void> {
  await update<Reopened | undefined>(s3, { bucket: control, key: REOPENED_KEY }, readReopened, (before) =>
    reopenedBy(before, { hour, until: nowMs + REOPENED_MS }, nowMs),
  );
}
