import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { S3Store } from '../endpoints/s3-types';
import { CopyError } from './copy';
import { DialectError, parametersOf, translate } from './dialect';
import { GRANT_TABLES } from './grants';
import { TableLocks } from './locks';
import type { Plan } from './plan';
import { findRefusal } from './privileges';
import { Session } from './session';
import { engineError, type QueryResult } from './values';

export { DialectError } from './dialect';
export { CopyError } from './copy';

export interface SqlParameter {
  readonly name: string;
  readonly value: string;
}

export interface RunOptions {
  readonly parameters?: readonly SqlParameter[];
  /** False commits every statement by itself; a failure then leaves the others. Default true. */
  readonly transaction?: boolean;
  /** Database role whose grants hold; absent: the owner, who may do everything. */
  readonly role?: string;
  readonly signal?: AbortSignal;
  /** Called when a statement (0-based) has begun and when it has ended. */
  readonly onStatement?: (index: number, event: { readonly result?: QueryResult; readonly error?: Error }) => void;
}

/** A statement failed; its transaction is gone. */
export class StatementError extends Error {
  constructor(
    readonly index: number,
    message: string,
  ) {
    super(message);
    this.name = 'StatementError';
  }
}

/** The warehouse behind Redshift's dialect. */
export interface Warehouse {
  /** Runs statements on a session of their own, in one transaction unless told otherwise. @throws StatementError. */
  run(sqls: readonly string[], options?: RunOptions): Promise<QueryResult[]>;
  /** One statement of the dialect. */
  query(sql: string, parameters?: readonly SqlParameter[]): Promise<QueryResult>;
  /** One statement of the local engine, past the dialect: for measurements and checks in-process only. */
  queryEngine(sql: string): Promise<QueryResult>;
  /** True while a statement runs or waits. */
  readonly busy: boolean;
  /** Folds the write-ahead log into the file. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}

export interface WarehouseOptions {
  readonly dataDir: string;
  /** Buckets that COPY and UNLOAD reach; absent: none. */
  readonly s3?: S3Store;
  readonly memory?: string;
  readonly threads?: number;
  readonly readOnly?: boolean;
  /** Data folder whose buckets COPY reads, where it is not the warehouse's own. */
  readonly lakeDir?: string;
}

const GIB = 1024 ** 3;
export const warehouseFile = (dataDir: string): string => join(dataDir, 'warehouse.duckdb');

/** Opens the warehouse of a data folder. @throws Error for people when another process holds the file. */
export async function openWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  const dataDir = resolve(options.dataDir);
  const { readOnly = false } = options;
  const lakeDir = resolve(options.lakeDir ?? dataDir);
  const draftFolder = join(lakeDir, 's3-state', 'drafts');
  for (const folder of [draftFolder, join(lakeDir, 's3')]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const settings: Record<string, string> = {
    threads: String(options.threads ?? availableParallelism()),
    memory_limit: options.memory ?? `${Math.floor(Math.min(5 * GIB, totalmem() / 2) / 1024 ** 2)}MiB`,
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
    ...(readOnly
      ? { access_mode: 'READ_ONLY' }
      : { storage_compatibility_version: 'latest', disabled_compression_methods: 'fsst,dictionary,zstd' }),
  };
  const instance = await DuckDBInstance.create(warehouseFile(dataDir), settings).catch((error: Error) => {
    if (/lock/i.test(error.message))
      throw new Error(
        `${warehouseFile(dataDir)} is held by another process: a carelake that serves this folder. Ask it through its port, or stop it.`,
      );
    throw error;
  });
  const setup = await instance.connect();
  for (const sql of readOnly ? [] : [...GRANT_TABLES, 'CREATE SCHEMA IF NOT EXISTS public']) await setup.run(sql);
  // Statements reach no file but the buckets', and cannot undo it.
  for (const sql of [
    "SET GLOBAL TimeZone = 'UTC'",
    `SET GLOBAL allowed_directories = [${[join(lakeDir, 's3'), draftFolder].map((f) => `'${f.replaceAll("'", "''")}/'`).join(', ')}]`,
    'SET GLOBAL enable_external_access = false',
    'SET GLOBAL lock_configuration = true',
  ])
    await setup.run(sql);
  return new DuckDBWarehouse(instance, setup, options.s3, draftFolder);
}

/** Opens a folder's warehouse for reading while nobody serves it. @throws Error when the folder has none or a process holds it. */
export async function openReadOnly(dataDir: string): Promise<Pick<Warehouse, 'query' | 'close'>> {
  if (!existsSync(warehouseFile(dataDir)))
    throw new Error(`${dataDir} holds no warehouse yet: start the platform on it once`);
  return openWarehouse({ dataDir, readOnly: true });
}

class DuckDBWarehouse implements Warehouse {
  private readonly locks = new TableLocks();
  private readonly active = new Set<AbortController>();
  private readonly settled = new Set<Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly instance: DuckDBInstance,
    private readonly own: DuckDBConnection,
    private readonly s3: S3Store | undefined,
    private readonly draftFolder: string,
  ) {}

  get busy(): boolean {
    return this.active.size > 0;
  }

  async query(sql: string, parameters: readonly SqlParameter[] = []): Promise<QueryResult> {
    const [result] = await this.run([sql], { parameters });
    return result as QueryResult;
  }

  async queryEngine(sql: string): Promise<QueryResult> {
    const connection = await this.instance.connect();
    const session = new Session(connection, this.s3, this.locks, this.draftFolder);
    try {
      return await session.run({ kind: 'query', sql }, {});
    } finally {
      session.close();
    }
  }

  run(sqls: readonly string[], options: RunOptions = {}): Promise<QueryResult[]> {
    const work = this.attempt(sqls, options);
    const settled = work.catch(() => undefined).finally(() => this.settled.delete(settled));
    this.settled.add(settled);
    return work;
  }

  async checkpoint(): Promise<void> {
    await this.own.run('CHECKPOINT');
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const controller of this.active) controller.abort(new Error('the platform is stopping'));
    await Promise.all(this.settled);
    this.own.closeSync();
    this.instance.closeSync();
  }

  private async attempt(sqls: readonly string[], options: RunOptions): Promise<QueryResult[]> {
    if (this.closed) throw new StatementError(0, 'the warehouse is closed');
    const parameters = Object.fromEntries((options.parameters ?? []).map((p) => [p.name, p.value]));
    const plans = sqls.map((sql, i) => prepare(sql, i, parameters, sqls.length > 1 && options.transaction !== false));
    const controller = new AbortController();
    this.active.add(controller);
    const connection = await this.instance.connect();
    let again: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      connection.interrupt();
      // The engine forgets an interrupt that comes while a statement is only being prepared.
      again ??= setInterval(() => connection.interrupt(), 50);
    };
    controller.signal.addEventListener('abort', interrupt);
    const cancel = (): void => controller.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', cancel);
    const session = new Session(connection, this.s3, this.locks, this.draftFolder, controller.signal);
    try {
      await connection.run("SET search_path = 'public'");
      if (options.role !== undefined) {
        const refusal = await findRefusal(connection, options.role, plans, sqls);
        if (refusal) throw this.failed(refusal.index, new DialectError(refusal.message), options);
      }
      return options.transaction === false
        ? await this.separately(session, connection, plans, parameters, options)
        : await this.together(session, connection, plans, parameters, options, controller.signal);
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      controller.signal.removeEventListener('abort', interrupt);
      clearInterval(again);
      this.active.delete(controller);
      session.close();
    }
  }

  private async together(
    session: Session,
    connection: DuckDBConnection,
    plans: Plan[],
    parameters: Record<string, string>,
    options: RunOptions,
    signal: AbortSignal,
  ): Promise<QueryResult[]> {
    const results: QueryResult[] = [];
    let at = 0;
    let begun = false;
    try {
      for (const plan of plans) {
        signal.throwIfAborted();
        // A lock that comes first is waited for before the snapshot is taken; that is why loads begin with it.
        if (!begun && plan.kind !== 'lock') {
          await connection.run('BEGIN TRANSACTION');
          begun = true;
        }
        options.onStatement?.(at, {});
        const result = await session.run(plan, parameters);
        options.onStatement?.(at, { result });
        results.push(result);
        at++;
      }
      signal.throwIfAborted();
      if (begun) await connection.run('COMMIT');
      return results;
    } catch (error) {
      if (begun) await connection.run('ROLLBACK').catch(() => undefined);
      throw this.failed(Math.min(at, plans.length - 1), error, options);
    }
  }

  private async separately(
    session: Session,
    connection: DuckDBConnection,
    plans: Plan[],
    parameters: Record<string, string>,
    options: RunOptions,
  ): Promise<QueryResult[]> {
    const results: QueryResult[] = [];
    let failure: StatementError | undefined;
    for (const [i, plan] of plans.entries()) {
      try {
        options.onStatement?.(i, {});
        await connection.run('BEGIN TRANSACTION');
        const result = await session.run(plan, parameters);
        await connection.run('COMMIT');
        options.onStatement?.(i, { result });
        results.push(result);
      } catch (error) {
        await connection.run('ROLLBACK').catch(() => undefined);
        failure ??= this.failed(i, error, options);
      }
    }
    if (failure) throw failure;
    return results;
  }

  private failed(index: number, error: unknown, options: RunOptions): StatementError {
    const known = error instanceof CopyError || error instanceof DialectError || error instanceof StatementError;
    const message = known ? `ERROR: ${error.message}` : engineError(error).message;
    const failure = new StatementError(index, message);
    options.onStatement?.(index, { error: failure });
    return failure;
  }
}

/** Translates before anything runs, so that a statement outside the dialect changes nothing. */
function prepare(sql: string, index: number, parameters: Record<string, string>, inBatch: boolean): Plan {
  try {
    const plan = translate(sql);
    if (inBatch && plan.kind === 'write' && plan.verb === 'TRUNCATE')
      throw new DialectError('TRUNCATE commits the transaction it is in; run it alone, or use DELETE');
    for (const name of parametersOf(sql))
      if (!(name in parameters)) throw new DialectError(`the parameter :${name} has no value`);
    return plan;
  } catch (error) {
    throw new StatementError(index, `ERROR: ${error instanceof Error ? error.message : String(error)}`);
  }
}
