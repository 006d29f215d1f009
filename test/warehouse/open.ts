import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { openWarehouse, type RunOptions, type Warehouse } from '@carelake/laptop/engines/warehouse';

/** A warehouse on a folder of its own. */
export interface Opened {
  readonly dataDir: string;
  readonly s3: S3Store;
  readonly warehouse: Warehouse;
  /** Rows of one statement. */
  rows(sql: string): Promise<unknown[][]>;
  /** Runs a batch; rows of its last statement. */
  batch(sqls: string[], options?: RunOptions): Promise<unknown[][]>;
  close(): Promise<void>;
}

export async function open(dataDir = mkdtempSync(join(tmpdir(), 'carelake-warehouse-'))): Promise<Opened> {
  const s3 = await openS3Store(dataDir, new RealClock());
  const warehouse = await openWarehouse({ dataDir, s3, memory: '512MB', threads: 2 });
  return {
    dataDir,
    s3,
    warehouse,
    rows: async (sql) => (await warehouse.query(sql)).rows,
    batch: async (sqls, options) => (await warehouse.run(sqls, options)).at(-1)?.rows ?? [],
    close: async () => {
      await warehouse.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Parquet of a query, by an engine without data. */
export async function parquetOf(select: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-parquet-'));
  const instance = await DuckDBInstance.create(':memory:', { integer_division: 'true' });
  try {
    const connection = await instance.connect();
    await connection.run(`COPY (${select}) TO '${folder}/made.parquet' (FORMAT parquet)`);
    return readFileSync(join(folder, 'made.parquet'));
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}

/** The message that work ends with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the work was expected to fail');
}
