import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { planUnread, type Counts, type IngestPlan, type StreamBatch } from '../../core/ingest';
import { batchesOf, type ItemIdentifier, type KafkaEvent, type StreamEvent } from '../../core/stream-event';
import type { Keyring } from '../../core/records/keys';
import { attemptKey } from '../../core/lake/names';
import { Attempts, type Marks } from '../shared/attempts';
import { environment, showError } from '../shared/errors';
import { guarded, makeLogger, tellThrown } from '../shared/log';
import { countNotWritten, makeMetrics, publishCounts } from '../shared/metrics';
import { keyringOnce } from '../shared/keyring';
import { planStream } from '../shared/stream-plan';
import { inTime, streamZones, writeBatch, type StreamZones } from '../shared/stream-batch';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const marker = new S3Client({ maxAttempts: 1 });
const secrets = new SecretsManagerClient({});
const keyring = keyringOnce(() => ({
  s3,
  secrets,
  secretArn: environment('KEY_SECRET_ARN'),
  controlBucket: environment('CONTROL_BUCKET'),
}));
let attempts: Attempts | undefined;

/** What is to be sent again. */
interface Response {
  batchItemFailures: { itemIdentifier: ItemIdentifier }[];
}

/** Makes what a batch becomes. A record that has ended the process twice, alone in its batch, is not read again. */
async function makePlan(batch: StreamBatch, deadly: boolean, keys: Keyring, bronze: string): Promise<IngestPlan> {
  const plan = deadly ? planUnread(batch, bronze) : await planStream(batch, keys, bronze);
  if (deadly)
    logger.error('a record crashed the process twice and was quarantined unread as SYS-KILLED', {
      stream: batch.stream,
      shard: batch.shardId,
      sequence: batch.records[0].sequence,
    });
  tellThrown(logger, plan.thrown, { stream: batch.stream, shard: batch.shardId });
  return plan;
}

/** What a store answers, or undefined where it does not or refuses: told, and for the caller to ask the batch for again. */
async function unlessStoreFails<T>(
  batch: StreamBatch,
  context: Context,
  work: Promise<T>,
): Promise<{ of: T } | undefined> {
  try {
    return { of: await inTime(context, work) };
  } catch (error) {
    logger.error('batch not written, will be retried', {
      failure: showError(error),
      stream: batch.stream,
      shard: batch.shardId,
      records: batch.records.length,
    });
    return undefined;
  }
}

/** A record alone in its batch is marked. */
const marksOf = ({ stream, shardId, records }: StreamBatch): Marks =>
  records.length === 1 ? (attempt) => attemptKey(stream, shardId, records[0].sequence, attempt) : undefined;

/** Takes one batch in. @returns its counts, or undefined where a store did not take it */
async function takeIn(batch: StreamBatch, keys: Keyring, zones: StreamZones, context: Context) {
  attempts ??= new Attempts(s3, marker, environment('CONTROL_BUCKET'));
  const marks = marksOf(batch);
  const begun = await unlessStoreFails(batch, context, attempts.begin(marks));
  if (!begun) {
    await inTime(context, attempts.withdraw(marks)).catch(() => undefined);
    return undefined;
  }
  const plan = await makePlan(batch, begun.of === undefined, keys, zones.bronze);
  if (!(await unlessStoreFails(batch, context, attempts.end(marks, begun.of ?? 0)))) return undefined;
  const written = await unlessStoreFails(batch, context, writeBatch(s3, zones, plan));
  if (!written) return undefined;
  logger.info('batch written', { stream: batch.stream, shard: batch.shardId, ...plan.counts });
  return plan.counts;
}

/**
 * Receives a batch of a stream: every record to bronze as it came, then each validated, the accepted to silver and the
 * others to quarantine. A bad record is no error. A store that fails is: the batch is then asked for again from its
 * first record on, which makes the same objects under the same names, for as long as the mapping holds records
 * (config: maxRecordAgeSeconds). What the configuration gets wrong throws.
 * A new silver object starts the load (lib/constructs/triggers.ts).
 */
export const handler = guarded<StreamEvent | KafkaEvent, Response>(logger, async (event, context) => {
  const response: Response = { batchItemFailures: [] };
  let notWritten = 0;
  const total: Counts = { received: 0, accepted: 0, quarantined: 0, unmapped: 0 };
  const batches = batchesOf(event);
  if (batches.length === 0) return response;
  const zones = streamZones();
  const keys = await inTime(context, keyring()).catch((error: unknown) => {
    countNotWritten(metrics, batches.length);
    throw error;
  });
  for (const batch of batches) {
    const counts = await takeIn(batch, keys, zones, context);
    if (!counts) {
      notWritten += 1;
      response.batchItemFailures.push(...batch.failures.map((itemIdentifier) => ({ itemIdentifier })));
      continue;
    }
    total.received += counts.received;
    total.accepted += counts.accepted;
    total.quarantined += counts.quarantined;
    total.unmapped += counts.unmapped;
  }
  if (total.received > 0) publishCounts(metrics, total);
  if (notWritten > 0) countNotWritten(metrics, notWritten);
  return response;
});
