import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, faultIfFails, makeMetrics } from '../shared/metrics';
import type { SweepEvent, SweepResult } from './event';
import { sweepLanding } from './sweep';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const states = new SFNClient({});

/** Looks daily for landed objects that nobody has read and starts them again; or starts again what landed in a range of days. */
export const handler = guarded<SweepEvent, SweepResult>(
  logger,
  faultIfFails(async (event, context) => {
    const result = await sweepLanding(
      {
        s3,
        states,
        landingBucket: environment('LANDING_BUCKET'),
        controlBucket: environment('CONTROL_BUCKET'),
        filesMachine: environment('FILES_MACHINE_ARN'),
        loadMachine: environment('LOAD_MACHINE_ARN'),
        unreadAfterMinutes: Number(environment('UNREAD_AFTER_MINUTES')),
        now: Date.now,
        remainingMs: () => context.getRemainingTimeInMillis(),
        log: logger,
      },
      event ?? {},
    );
    if (result.from === undefined && result.done) {
      faultCounter(metrics)('UnreadLanded', result.counts.unread);
      logger.info('landing swept', { ...result.counts });
    }
    return result;
  }),
);
