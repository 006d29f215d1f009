import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Counts } from '../../core/ingest';

/** Metrics of a function, in embedded metric format, under the namespace and service that the template names. */
export function makeMetrics(): Metrics {
  return new Metrics();
}

/** Adds batches of the stream that could not be written and are asked for again; an invocation that says so is no error to Lambda. */
export function countNotWritten(metrics: Metrics, batches: number): void {
  metrics.addMetric('BatchesNotWritten', MetricUnit.Count, batches);
  metrics.publishStoredMetrics();
}

/**
 * Publishes the counts of records of one invocation. To be called after everything is written, so that an attempt
 * that failed and is repeated counts once.
 */
export function publishCounts(metrics: Metrics, counts: Counts): void {
  metrics.addMetric('Received', MetricUnit.Count, counts.received);
  metrics.addMetric('Accepted', MetricUnit.Count, counts.accepted);
  metrics.addMetric('Quarantined', MetricUnit.Count, counts.quarantined);
  metrics.publishStoredMetrics();
}
