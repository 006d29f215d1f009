import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folder in which the S3 endpoint keeps the objects of a bucket as plain files. */
export function bucketFolder(dataDir: string, bucket: string): string {
  return join(dataDir, 's3', bucket);
}

/** Files under a folder whose names end so. */
export function* filesUnder(folder: string, suffix: string): Generator<string> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path, suffix);
    else if (entry.name.endsWith(suffix)) yield path;
  }
}

/** Asks the local engine itself, in its own SQL. */
export type Query = (sql: string, values?: Record<string, DuckDBValue>) => Promise<Record<string, DuckDBValue>[]>;

/** Runs queries over Parquet files in an engine of its own, so that it also works while the warehouse is served. */
export async function withEngine<T>(use: (query: Query) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    return await use(async (sql, values) => (await connection.runAndReadAll(sql, values)).getRowObjects());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
