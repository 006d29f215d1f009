import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { type Counts, type IngestPlan, type StreamBatch } from '../../core/ingest';
import { GIVEN_UP_PREFIX, givenUpBatches } from '../../core/stream-event';
import type { Keyring } from '../../core/records/keys';
import { isoHour } from '../../core/records/time';
import { workAttemptKey } from '../../core/lake/names';
import { sha256Hex } from '../../core/records/hash';
import { Attempts } from '../shared/attempts';
import { environment, SafeError, showError } from '../shared/errors';
import { keyringOnce } from '../shared/keyring';
import { guarded, makeLogger, tellThrown } from '../shared/log';
import { faultIfFails, makeMetrics, publishCounts } from '../shared/metrics';
import { reopen } from '../shared/reopen';
import { getText, list } from '../shared/s3';
import { planStream } from '../shared/stream-plan';
import { inTime, streamZones, writeBatch, type StreamZones } from '../shared/stream-batch';

/** An object is begun only with so much time left, in milliseconds. */
const RESERVE_MS = 60_000;

/** What has been done so far; the state machine hands it on from one invocation to the next. */
export interface ReplayState {
  /** Everything up to this key has been looked at. */
  after: string;
  /** Objects that were taken in, and their records. */
  objects: number;
  records: number;
  /** Objects that hold no batch, or that ended the process twice; they stay. */
  unreadable: number;
  done: boolean;
}

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const marker = new S3Client({ maxAttempts: 1 });
let attempts: Attempts | undefined;
const secrets = new SecretsManagerClient({});
const keyring = keyringOnce(() => ({
  s3,
  secrets,
  secretArn: environment('KEY_SECRET_ARN'),
  controlBucket: environment('CONTROL_BUCKET'),
}));

/**
 * What the batches become. An object that has ended the process twice, and with it the replay of all behind it, is not read again.
 * @throws SafeError `REPLAY-KILLED` for such an object
 */
async function plansOf(key: string, batches: StreamBatch[], keys: Keyring, zones: StreamZones): Promise<IngestPlan[]> {
  const hash = sha256Hex(key).slice(0, 16);
  const marks = (attempt: number): string => workAttemptKey('replay', hash, attempt);
  attempts ??= new Attempts(s3, marker, environment('CONTROL_BUCKET'));
  let begun: number | undefined;
  try {
    begun = await attempts.begin(marks);
  } catch (error) {
    await attempts.withdraw(marks);
    throw error;
  }
  if (begun === undefined)
    throw new SafeError('REPLAY-KILLED', 'the object crashed the process that read it twice (memory, time)');
  const plans: IngestPlan[] = [];
  for (const batch of batches) {
    const plan = await planStream(batch, keys, zones.bronze);
    tellThrown(logger, plan.thrown, { stream: batch.stream, shard: batch.shardId });
    plans.push(plan);
  }
  await attempts.end(marks, begun);
  return plans;
}

/** Takes the batches of one object in, as ingest-stream would have, then removes it. */
async function replay(failed: string, key: string, keys: Keyring, zones: StreamZones): Promise<Counts | undefined> {
  const object = await getText(s3, failed, key);
  // Another replay was quicker.
  if (!object) return undefined;
  const batches = givenUpBatches(object.text);
  if (!batches)
    throw new SafeError('REPLAY-UNREADABLE', 'the object does not contain a stream event that Lambda gave up');
  const total: Counts = { received: 0, accepted: 0, quarantined: 0, unmapped: 0 };
  // Records that were held for long go into hours that a sweep may have settled.
  const oldest = Math.min(...batches.map((batch) => batch.records[0].arrivedAt / 1000));
  await reopen(s3, environment('CONTROL_BUCKET'), isoHour(oldest), Date.now());
  for (const plan of await plansOf(key, batches, keys, zones)) {
    await writeBatch(s3, zones, plan);
    total.received += plan.counts.received;
    total.accepted += plan.counts.accepted;
    total.quarantined += plan.counts.quarantined;
    total.unmapped += plan.counts.unmapped;
  }
  await s3.send(new DeleteObjectCommand({ Bucket: failed, Key: key }));
  logger.info('a batch that was given up was ingested', { key, ...total });
  return total;
}

/**
 * Takes in the batches that the stream's mapping gave up, in the order of their objects, until none is left or the time
 * is over. The objects it writes have the names that ingest-stream would have given, so that a batch that was written in
 * part, or is replayed twice, is there once. A store that still refuses throws: nothing is removed that is not taken in.
 */
export const handler = guarded<Partial<ReplayState>, ReplayState>(
  logger,
  faultIfFails(async (event, context: Context) => {
    const { after = '', objects = 0, records = 0, unreadable = 0 } = event;
    const state: ReplayState = { after, objects, records, unreadable, done: false };
    const failed = environment('FAILED_BUCKET');
    const zones = streamZones();
    const found = await list(s3, failed, { prefix: GIVEN_UP_PREFIX, startAfter: after || undefined });
    const keys = found.objects.length > 0 ? await keyring() : undefined;
    const total: Counts = { received: 0, accepted: 0, quarantined: 0, unmapped: 0 };
    for (const { key } of found.objects) {
      if (context.getRemainingTimeInMillis() < RESERVE_MS) break;
      try {
        const counts = await inTime(context, replay(failed, key, keys!, zones));
        if (counts) {
          state.objects++;
          state.records += counts.received;
          total.received += counts.received;
          total.accepted += counts.accepted;
          total.quarantined += counts.quarantined;
          total.unmapped += counts.unmapped;
        }
      } catch (error) {
        if (!(error instanceof SafeError) || !['REPLAY-UNREADABLE', 'REPLAY-KILLED'].includes(error.code)) {
          if (total.received > 0) publishCounts(metrics, total);
          throw error;
        }
        logger.error('an object among the given-up batches was skipped', { key, failure: showError(error) });
        state.unreadable++;
      }
      state.after = key;
    }
    if (total.received > 0) publishCounts(metrics, total);
    state.done = state.after === (found.objects.at(-1)?.key ?? after);
    return state;
  }),
);
