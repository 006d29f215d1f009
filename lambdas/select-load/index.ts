import { S3Client } from '@aws-sdk/client-s3';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, makeMetrics } from '../shared/metrics';
import type { SelectWindow } from './look';
import { selectLoad, type Selection } from './select';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});

const DEFAULT_MAX_OBJECTS = 2000;
const DEFAULT_MAX_BYTES = 4 * 1024 ** 3;

/** What to look through, and for whom. */
export interface SelectEvent {
  window?: SelectWindow;
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
      settleAfterHours: Number(environment('SETTLE_AFTER_HOURS')),
      now: Date.now,
      remainingMs: () => context.getRemainingTimeInMillis(),
    },
    event?.window === 'full' || event?.window === 'sweep' ? event.window : 'open',
    event?.execution,
  );
  logger.info('selected', { ...selection });
  if (selection.unreadable) faultCounter(metrics)('UnreadableObjects', selection.unreadable);
  return selection;
});
