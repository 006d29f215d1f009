import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { planBatch, type Counts, type PlannedObject } from '../../core/ingest';
import { environment, showError } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { makeMetrics, publishCounts } from '../shared/metrics';
import { keyringOnce } from '../shared/keyring';
import { putOnce } from '../shared/s3';
import { batchesOf } from './batches';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const secrets = new SecretsManagerClient({});
const keyring = keyringOnce(() => ({
  s3,
  secrets,
  secretArn: environment('KEY_SECRET_ARN'),
  controlBucket: environment('CONTROL_BUCKET'),
}));

const write = (bucket: string, object: PlannedObject) => putOnce(s3, bucket, object.key, object.body);

/**
 * Receives a batch of a stream: every record to bronze as it came, then each validated, the accepted to silver and the
 * others to quarantine. A bad record is no error. A store that fails is: the batch is then asked for again from its
 * first record on, which makes the same objects under the same names. What the configuration gets wrong throws.
 * A new silver object starts the load (lib/constructs/triggers.ts).
 */
export const handler = guarded<KinesisStreamEvent, KinesisStreamBatchResponse>(logger, async (event) => {
  const response: KinesisStreamBatchResponse = { batchItemFailures: [] };
  const total: Counts = { received: 0, accepted: 0, quarantined: 0 };
  const batches = batchesOf(event);
  if (batches.length === 0) return response;
  const bronze = environment('BRONZE_BUCKET');
  const silver = environment('SILVER_BUCKET');
  const quarantine = environment('QUARANTINE_BUCKET');
  const keys = await keyring();
  for (const batch of batches) {
    const plan = planBatch(batch, keys, bronze);
    try {
      await write(bronze, plan.bronze);
      await Promise.all([
        ...plan.silver.map((o) => write(silver, o)),
        ...(plan.quarantine ? [write(quarantine, plan.quarantine)] : []),
      ]);
    } catch (error) {
      logger.error('batch not written, asked for again', {
        failure: showError(error),
        stream: batch.stream,
        shard: batch.shardId,
        records: batch.records.length,
      });
      response.batchItemFailures.push({ itemIdentifier: batch.records[0].sequence });
      continue;
    }
    total.received += plan.counts.received;
    total.accepted += plan.counts.accepted;
    total.quarantined += plan.counts.quarantined;
    logger.info('batch written', { stream: batch.stream, shard: batch.shardId, ...plan.counts });
  }
  if (total.received > 0) publishCounts(metrics, total);
  return response;
});
