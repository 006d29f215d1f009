import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { SafeError, environment, showError } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { migrate, type Migrated } from './apply';
import { respond } from './respond';
import type { Runner } from './runner';

const logger = makeLogger();
const data = new RedshiftDataClient({});

/** Called by hand: `{"op":"migrate"}`. */
export interface DirectEvent {
  op: 'migrate';
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

/**
 * Custom resource that brings the warehouse to the SQL of its release, whenever the hash of that SQL changes. Deleting it leaves the
 * warehouse as it is. Every way out answers CloudFormation, which else would wait for an hour.
 */
export const handler = guarded<CloudFormationCustomResourceEvent | DirectEvent, Migrated | undefined>(
  logger,
  async (event, context) => {
    if ('op' in event) return migrate(runner(context.awsRequestId, context), sqlFolder(__dirname), undefined);
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
