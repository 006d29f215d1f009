import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { readLoadSql, type LoadSql } from '../../core/load/load-sql';
import { sqlFolder } from '../../core/warehouse/sql-files';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, makeMetrics } from '../shared/metrics';
import { check } from './check';
import type { LoadContext, LoadEvent, LoadReply } from './context';
import { finish } from './finish';
import { start } from './start';

const logger = makeLogger();
const metrics = makeMetrics();
const s3 = new S3Client({});
const data = new RedshiftDataClient({});
let sql: LoadSql | undefined;

function context(): LoadContext {
  sql ??= readLoadSql(sqlFolder(__dirname));
  return {
    s3,
    data,
    sql,
    silverBucket: environment('SILVER_BUCKET'),
    controlBucket: environment('CONTROL_BUCKET'),
    quarantineBucket: environment('QUARANTINE_BUCKET'),
    workgroup: environment('REDSHIFT_WORKGROUP'),
    database: environment('REDSHIFT_DATABASE'),
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    log: logger,
    fault: faultCounter(metrics),
  };
}

/**
 * One step of a load: `start` submits a transaction, `check` asks what became of it and says what follows, `finish` writes the receipts.
 * Every call may be repeated, and several executions may carry the same load at once.
 */
export const handler = guarded<LoadEvent, LoadReply>(logger, async (event) => {
  if (event.op === 'start') return start(context(), event);
  if (event.op === 'check') return check(context(), event);
  const finished = await finish(context(), event);
  if (!finished.first) return finished;
  metrics.addMetric('LoadedObjects', MetricUnit.Count, finished.objects);
  metrics.addMetric('LoadedRows', MetricUnit.Count, finished.rows);
  metrics.publishStoredMetrics();
  return finished;
});
