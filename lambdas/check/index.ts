import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCheckSql } from '../../core/check/checks';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultIfFails, makeMetrics, publishChecked } from '../shared/metrics';
import { check, type CheckReport } from './check';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const data = new RedshiftDataClient({});

/** Looks once a day whether warehouse, silver and receipts agree. */
export const handler = guarded<unknown, CheckReport>(
  logger,
  faultIfFails(async (_event, context) => {
    const report = await check({
      s3,
      silverBucket: environment('SILVER_BUCKET'),
      controlBucket: environment('CONTROL_BUCKET'),
      data,
      workgroup: environment('REDSHIFT_WORKGROUP'),
      database: environment('REDSHIFT_DATABASE'),
      sql: readCheckSql(sqlFolder(__dirname)),
      log: logger,
      now: Date.now,
      sleep,
      remainingMs: () => context.getRemainingTimeInMillis(),
    });
    publishChecked(metrics, report.violations);
    logger.info('checked', { ...report });
    return report;
  }),
);
