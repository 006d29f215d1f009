import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { SafeError, environment, showError } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { migrate, type Migrated } from './apply';
import { emptyForRebuild, type Rebuilt } from './rebuild';
import { respond } from './respond';
import type { Runner } from './runner';

const logger = makeLogger();
const data = new RedshiftDataClient({});
const s3 = new S3Client({});

/** Called by hand: `{"op":"migrate"}`; by the rebuild's state machine: `{"op":"rebuild"}`. */
export interface DirectEvent {
  op: 'migrate' | 'rebuild';
}

function runner(runId: string, context: Context): Runner {
  return {
    data,
    workgroup: environment('REDSHIFT_WORKGROUP'),
    database: environment('REDSHIFT_DATABASE'),
    secretArn: environment('ADMIN_SECRET_ARN'),
    runId,
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    remainingMs: () => context.getRemainingTimeInMillis?.() ?? Infinity,
    log: logger,
  };
}

async function byHand({ op }: DirectEvent, r: Runner): Promise<Migrated | Rebuilt> {
  const sqlDir = sqlFolder(__dirname);
  if (op !== 'rebuild') return migrate(r, sqlDir, undefined);
  const done = await emptyForRebuild({ runner: r, s3, controlBucket: environment('CONTROL_BUCKET'), sqlDir });
  logger.info('rebuild', { ...done });
  return done;
}

/**
 * Custom resource that brings the warehouse to the SQL of its release, whenever the hash of that SQL changes. Deleting it leaves the
 * warehouse as it is. Every way out answers CloudFormation, which else would wait for an hour.
 */
export const handler = guarded<CloudFormationCustomResourceEvent | DirectEvent, Migrated | Rebuilt | undefined>(
  logger,
  async (event, context) => {
    if ('op' in event) return byHand(event, runner(context.awsRequestId, context));
    try {
      if (event.RequestType !== 'Delete') {
        const hash = String(event.ResourceProperties['SqlHash'] ?? '');
        if (!hash) throw new SafeError('MIGRATION-EVENT', 'the property SqlHash is missing');
        const done = await migrate(runner(event.RequestId, context), sqlFolder(__dirname), hash);
        logger.info('migrated', { ...done });
      }
      await respond(event, 'SUCCESS');
    } catch (error) {
      logger.error('migration failed', { failure: showError(error), request: event.RequestType });
      await respond(
        event,
        'FAILED',
        error instanceof SafeError ? error.message : `${showError(error).name} while migrating`,
      );
    }
    return undefined;
  },
);
