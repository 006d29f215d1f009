import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { S3Store } from '../endpoints/s3-types';
import { DuckDBWarehouse } from './duckdb-warehouse';
import { GRANT_TABLES } from './grants';
import { type Lake, lakeOf, NO_LAKE } from './lake';
import { quoteText } from './sql-tokens';
import { Staging } from './staging';
import { defaultMemory } from './warehouse-limits';
import type { Warehouse } from './warehouse-types';

export { CopyError } from './copy-error';
export { DialectError } from './dialect';
export { type RunOptions, type SqlParameter, StatementError, type Warehouse } from './warehouse-types';

export interface WarehouseOptions {
  readonly dataDir: string;
  /** Buckets that COPY and UNLOAD reach; absent: none. */
  readonly s3?: S3Store;
  readonly memory?: string;
  readonly threads?: number;
  readonly readOnly?: boolean;
  readonly maxQuerySeconds?: number;
}

/** An engine in a process of its own asks for the lake by messages, and ends where a statement cannot be stopped. */
export type EngineOptions = Omit<WarehouseOptions, 's3'> & { readonly lake: Lake; readonly onStuck?: () => void };

/** A process that was killed leaves its engine for a moment, which ends as soon as it notices. */
const HELD_MS = 5000;
export const warehouseFile = (dataDir: string): string => join(dataDir, 'warehouse.duckdb');

/** Opens the warehouse of a data folder in this process. @throws Error for people when another process holds the file. */
export function openWarehouse({ s3, ...options }: WarehouseOptions): Promise<Warehouse> {
  return openEngine({ ...options, lake: s3 ? lakeOf(s3) : NO_LAKE });
}

export async function openEngine(options: EngineOptions): Promise<Warehouse> {
  const dataDir = resolve(options.dataDir);
  const { readOnly = false, lake, maxQuerySeconds, onStuck } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const instance = await openInstance(dataDir, options);
  const staging = new Staging(join(dataDir, 'warehouse.files'));
  if (!readOnly) staging.begin();
  const own = await instance.connect();
  await setUp(own, staging.root, readOnly);
  return new DuckDBWarehouse({ instance, own, lake, staging, maxQuerySeconds, onStuck });
}

async function openInstance(dataDir: string, options: EngineOptions): Promise<DuckDBInstance> {
  const settings: Record<string, string> = {
    threads: String(options.threads ?? availableParallelism()),
    memory_limit: options.memory ?? defaultMemory(),
    temp_directory: join(dataDir, 'warehouse.tmp'),
    // Redshift's answers: 7 / 2 is 3, and NULL sorts as the greatest value.
    integer_division: 'true',
    default_null_order: 'nulls_last_on_asc_first_on_desc',
    // Tables have no order; keeping one would cost a load a quarter of its time.
    preserve_insertion_order: 'false',
    // A load commits in two or three transactions; folding the log into the file once, when it is long, is cheaper than after each.
    checkpoint_threshold: '256MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.readOnly
      ? { access_mode: 'READ_ONLY' }
      : { storage_compatibility_version: 'latest', disabled_compression_methods: 'fsst,dictionary,zstd' }),
  };
  const file = warehouseFile(dataDir);
  for (const giveUpAt = Date.now() + HELD_MS; ; await sleep(50)) {
    try {
      return await DuckDBInstance.create(file, settings);
    } catch (error) {
      if (!/Could not set lock|Conflicting lock|being used by another process/i.test((error as Error).message))
        throw error;
      if (Date.now() > giveUpAt)
        throw new Error(
          `${file} is held by another process: a carelake that serves this folder. Query it through its port, or stop it.`,
        );
    }
  }
}

async function setUp(own: DuckDBConnection, reach: string, readOnly: boolean): Promise<void> {
  for (const sql of readOnly ? [] : [...GRANT_TABLES, 'CREATE SCHEMA IF NOT EXISTS public']) await own.run(sql);
  // Statements open no file but those that a COPY was given, and cannot undo it.
  for (const sql of [
    "SET GLOBAL TimeZone = 'UTC'",
    `SET GLOBAL allowed_directories = [${quoteText(reach)}]`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
  ])
    await own.run(sql);
}

/** Opens a folder's warehouse for reading while nobody serves it. @throws Error when the folder has none or a process holds it. */
export async function openReadOnly(dataDir: string): Promise<Pick<Warehouse, 'query' | 'close'>> {
  if (!existsSync(warehouseFile(dataDir)))
    throw new Error(`${dataDir} has no warehouse yet: start the platform on it once`);
  return openWarehouse({ dataDir, readOnly: true });
}
