import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { S3Client } from '@aws-sdk/client-s3';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { makeMetrics } from '../shared/metrics';
import { selectLoad, type Selection } from './select';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});

const DEFAULT_MAX_OBJECTS = 2000;
const DEFAULT_MAX_BYTES = 4 * 1024 ** 3;

/** `open`: the arrival hours of the window; `full`: all of silver. */
export interface SelectEvent {
  window?: 'open' | 'full';
  /** Name of the execution that asks; the same in all its retries. */
  execution?: string;
}

/** Finds silver objects without a receipt and plans their load. Never asks the warehouse, so that nothing pending wakes nothing. */
export const handler = guarded<SelectEvent, Selection>(logger, async (event, context) => {
  const selection = await selectLoad(
    {
      s3,
      silverBucket: environment('SILVER_BUCKET'),
      controlBucket: environment('CONTROL_BUCKET'),
      log: logger,
      sqlDir: sqlFolder(__dirname),
      caps: {
        objects: Number(process.env.MAX_OBJECTS_PER_LOAD ?? DEFAULT_MAX_OBJECTS),
        bytes: Number(process.env.MAX_BYTES_PER_LOAD ?? DEFAULT_MAX_BYTES),
      },
      windowHours: Number(environment('OPEN_WINDOW_HOURS')),
      now: Date.now,
      remainingMs: () => context.getRemainingTimeInMillis(),
    },
    event?.window === 'full' ? 'full' : 'open',
    event?.execution,
  );
  logger.info('selected', { ...selection });
  if (selection.unreadable) {
    metrics.addMetric('UnreadableObjects', MetricUnit.Count, selection.unreadable);
    metrics.publishStoredMetrics();
  }
  return selection;
});
