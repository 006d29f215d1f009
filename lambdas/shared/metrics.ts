import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import type { Counts } from '../../core/ingest';

/** What wants a person though no invocation fails. Each is a metric of the function that counts it, and an alarm. */
export const FAULTS = [
  'BatchesNotWritten',
  'RefusedFiles',
  'RefusedObjects',
  'UnreadableObjects',
  'UnreadLanded',
  'EndangeredKeys',
  'CheckFailed',
] as const;
export type Fault = (typeof FAULTS)[number];
/** Counts a fault; nothing is published for none. */
export type CountFault = (fault: Fault, count: number) => void;

/** Service under which faults of all kinds and functions are summed up. */
const PLATFORM = 'platform';
/** An invocation with at least so many records, half of them quarantined, is a fault too where all kinds are one. */
const MANY_RECORDS = 20;

/** Metrics of a function, in embedded metric format, under the namespace and service that the template names. */
export function makeMetrics(): Metrics {
  return new Metrics();
}

/** Faults of every kind as one metric, for environments that watch few. */
function publishFaults(count: number): void {
  const metrics = new Metrics({ serviceName: PLATFORM });
  metrics.addMetric('Faults', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Publishes faults as they are counted, under their kind and among those of all kinds. */
export const faultCounter =
  (metrics: Metrics): CountFault =>
  (fault, count) => {
    if (count <= 0) return;
    metrics.addMetric(fault, MetricUnit.Count, count);
    metrics.publishStoredMetrics();
    publishFaults(count);
  };

/** Counts each failure of a function that nobody waits for among the faults of all kinds; where few metrics are watched nothing else tells of it. */
export const faultIfFails =
  <E, R>(handle: (event: E, context: Context) => Promise<R>) =>
  async (event: E, context: Context): Promise<R> => {
    try {
      return await handle(event, context);
    } catch (error) {
      publishFaults(1);
      throw error;
    }
  };

/** Counts what the daily check found. None is published too: its absence says that nothing was checked. */
export function publishChecked(metrics: Metrics, violations: number): void {
  if (violations > 0) return faultCounter(metrics)('CheckFailed', violations);
  metrics.addMetric('CheckFailed', MetricUnit.Count, 0);
  metrics.publishStoredMetrics();
}

/** Counts batches of the stream that could not be written and are asked for again; an invocation that says so is no error to Lambda. */
export const countNotWritten = (metrics: Metrics, batches: number): void =>
  faultCounter(metrics)('BatchesNotWritten', batches);

/**
 * Publishes the counts of records of one invocation. To be called after everything is written, so that an attempt
 * that failed and is repeated counts once.
 */
export function publishCounts(metrics: Metrics, counts: Counts): void {
  metrics.addMetric('Received', MetricUnit.Count, counts.received);
  metrics.addMetric('Accepted', MetricUnit.Count, counts.accepted);
  metrics.addMetric('Quarantined', MetricUnit.Count, counts.quarantined);
  metrics.publishStoredMetrics();
  if (counts.received >= MANY_RECORDS && counts.quarantined * 2 >= counts.received) publishFaults(1);
}
