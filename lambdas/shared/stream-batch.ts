import type { S3Client } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import type { IngestPlan } from '../../core/ingest';
import { environment, SafeError } from './errors';
import { putReading } from './s3';

/** Time that an invocation keeps for its answer, in milliseconds. */
const ANSWER_MS = 5000;

/** Buckets that a batch of the stream is written to. */
export interface StreamZones {
  bronze: string;
  silver: string;
  quarantine: string;
}

/** The buckets, as the template names them. */
export const streamZones = (): StreamZones => ({
  bronze: environment('BRONZE_BUCKET'),
  silver: environment('SILVER_BUCKET'),
  quarantine: environment('QUARANTINE_BUCKET'),
});

/** Writes what a batch becomes: bronze first, so that nothing is judged whose bytes could still be lost. */
export async function writeBatch(s3: S3Client, zones: StreamZones, plan: IngestPlan): Promise<void> {
  await putReading(s3, zones.bronze, plan.bronze.key, plan.bronze.body);
  await Promise.all([
    ...plan.silver.map((o) => putReading(s3, zones.silver, o.key, o.body)),
    ...(plan.quarantine ? [putReading(s3, zones.quarantine, plan.quarantine.key, plan.quarantine.body)] : []),
  ]);
}

/**
 * Waits for a store as long as the invocation lasts, less the time to answer. A store that hangs would otherwise end the
 * process, and the records in work would look as if they had killed it.
 * @throws SafeError `LAKE-SLOW` when the time is over
 */
export async function inTime<T>(context: Pick<Context, 'getRemainingTimeInMillis'>, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const ms = Math.max(0, context.getRemainingTimeInMillis() - ANSWER_MS);
    timer = setTimeout(() => reject(new SafeError('LAKE-SLOW', 'a store did not answer in time')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
