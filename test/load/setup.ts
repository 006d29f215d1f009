import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ENTITIES, type EntityName } from '../../contracts';
import { readLoadSql } from '../../core/load/load-sql';
import type { LoadContext } from '../../lambdas/load/context';
import type { SelectContext } from '../../lambdas/select-load/select';
import { FakeData, type Outcome, type Submitted } from './fake-data';
import { FakeS3 } from './fake-s3';

export const SQL_DIR = join(__dirname, '..', '..', 'sql');
export const HOUR = '2026-01-02T09';
export const silverName = (entity: EntityName, n: number, hour = HOUR): string =>
  `${entity}/v${ENTITIES[entity].version}/arrival=${hour}/shardId-000000000000-${String(n).padStart(4, '0')}-${String(n + 1).padStart(4, '0')}.parquet`;
/** Any Parquet file of so many rows; the scripted warehouse never reads it. */
export const parquet = (rows: number): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({ columnData: [{ name: 'x', data: Array.from({ length: rows }, (_, i) => i), type: 'INT32' }] }),
  );

export interface Logged {
  level: string;
  message: string;
  extra: Record<string, unknown>;
}

/** A lake in memory, a scripted warehouse, and all that select-load and load work with. */
export function setup(
  decide: (s: Pick<Submitted, 'sqls' | 'parameters' | 'name'>) => Outcome = () => ({ status: 'FINISHED' }),
) {
  const s3 = new FakeS3();
  const data = new FakeData(decide);
  const log: Logged[] = [];
  const write = (level: string) => (message: string, extra: Record<string, unknown>) =>
    void log.push({ level, message, extra });
  const slept: number[] = [];
  const faults: [string, number][] = [];
  const context: LoadContext & SelectContext = {
    s3: s3.client,
    data: data.client,
    sql: readLoadSql(SQL_DIR),
    sqlDir: SQL_DIR,
    silverBucket: 'silver',
    controlBucket: 'control',
    quarantineBucket: 'quarantine',
    workgroup: 'workgroup',
    database: 'carelake',
    caps: { objects: 2000, bytes: 1e9 },
    windowHours: 48,
    settleAfterHours: 96,
    now: () => s3.now,
    remainingMs: () => 300_000,
    sleep: async (ms) => void slept.push(ms),
    fault: (fault, count) => void faults.push([fault, count]),
    log: { info: write('INFO'), warn: write('WARN'), error: write('ERROR') },
  };
  s3.put('control', '_key/fingerprint.json', '{"fingerprint":"fedcba9876543210","key_version":1}');
  return { s3, data, log, slept, faults, context };
}
