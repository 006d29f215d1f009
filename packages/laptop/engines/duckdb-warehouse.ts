import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { CopyError } from './copy-error';
import { DialectError, parametersOf, translate } from './dialect';
import { Interruption } from './interruption';
import type { Lake } from './lake';
import { TableLocks } from './locks';
import type { Plan } from './plan';
import { findRefusal } from './privileges';
import { Session } from './session';
import { StagedFiles, type Staging } from './staging';
import { TableColumns } from './table-columns';
import { engineError, type QueryResult } from './values';
import { type RunOptions, type SqlParameter, StatementError, type Warehouse } from './warehouse-types';

/** What a warehouse works with. */
export interface Parts {
  readonly instance: DuckDBInstance;
  /** The connection that set the engine up. */
  readonly own: DuckDBConnection;
  readonly lake: Lake;
  readonly staging: Staging;
  /** Seconds that one statement may run; absent: as long as it takes. */
  readonly maxQuerySeconds?: number;
  /** A statement goes on although it was interrupted. */
  readonly onStuck?: () => void;
}

/** A temporary table is its session's own. */
const changesTables = (plan: Plan): boolean =>
  plan.kind === 'create-table' ? !plan.temporary : plan.kind === 'alter-table' || plan.kind === 'ddl';

/** The warehouse on an engine in this process. */
export class DuckDBWarehouse implements Warehouse {
  private readonly locks = new TableLocks();
  private readonly columns = new TableColumns();
  private readonly active = new Set<AbortController>();
  private readonly settled = new Set<Promise<unknown>>();
  private closed = false;

  constructor(private readonly parts: Parts) {}

  get busy(): boolean {
    return this.active.size > 0;
  }

  async query(sql: string, parameters: readonly SqlParameter[] = []): Promise<QueryResult> {
    const [result] = await this.run([sql], { parameters });
    return result as QueryResult;
  }

  async queryEngine(sql: string): Promise<QueryResult> {
    const session = this.session(await this.parts.instance.connect(), []);
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
    await this.parts.own.run('CHECKPOINT');
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const controller of this.active) controller.abort(new Error('the platform is stopping'));
    await Promise.all(this.settled);
    this.parts.own.closeSync();
    this.parts.instance.closeSync();
    this.parts.staging.close();
  }

  private session(connection: DuckDBConnection, plans: readonly Plan[], signal?: AbortSignal): Session {
    return new Session(
      connection,
      this.parts.lake,
      this.locks,
      new StagedFiles(this.parts.staging),
      this.columns.session(connection, plans.some(changesTables)),
      signal,
    );
  }

  private async attempt(sqls: readonly string[], options: RunOptions): Promise<QueryResult[]> {
    if (this.closed) throw new StatementError(0, 'the warehouse is closed');
    const parameters = Object.fromEntries((options.parameters ?? []).map((p) => [p.name, p.value]));
    const plans = sqls.map((sql, i) => prepare(sql, i, parameters, sqls.length > 1 && options.transaction !== false));
    const connection = await this.parts.instance.connect();
    const controller = new AbortController();
    this.active.add(controller);
    const interruption = new Interruption(connection, this.parts.onStuck);
    controller.signal.addEventListener('abort', () => interruption.begin());
    const cancel = (): void => controller.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', cancel);
    if (options.signal?.aborted || this.closed) cancel();
    const session = this.session(connection, plans, controller.signal);
    const run = (plan: Plan): Promise<QueryResult> => this.bounded(session, connection, plan, parameters);
    // From here on it is decided, and an interrupt could only make the outcome unknown.
    const commit = async (): Promise<void> => {
      controller.signal.throwIfAborted();
      interruption.end();
      await connection.run('COMMIT');
    };
    try {
      await connection.run("SET search_path = 'public'");
      if (options.role !== undefined) {
        const refusal = await findRefusal(connection, options.role, plans, sqls);
        if (refusal) throw this.failed(refusal.index, new DialectError(refusal.message), options);
      }
      return options.transaction === false
        ? await this.separately(run, connection, plans, options)
        : await this.together(run, commit, connection, plans, options, controller.signal);
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      interruption.end();
      this.active.delete(controller);
      session.close();
    }
  }

  /** One statement, for as long as one may run. Waiting for a lock is not running. */
  private async bounded(
    session: Session,
    connection: DuckDBConnection,
    plan: Plan,
    parameters: Record<string, string>,
  ): Promise<QueryResult> {
    const { maxQuerySeconds: seconds, onStuck } = this.parts;
    if (seconds === undefined || plan.kind === 'lock') return session.run(plan, parameters);
    const interruption = new Interruption(connection, onStuck);
    const timer = setTimeout(() => interruption.begin(), seconds * 1000);
    try {
      return await session.run(plan, parameters);
    } catch (error) {
      if (!interruption.begun) throw error;
      throw new DialectError(`Query cancelled: it ran longer than the ${seconds} s of max_query_execution_time`);
    } finally {
      clearTimeout(timer);
      interruption.end();
    }
  }

  private async together(
    run: (plan: Plan) => Promise<QueryResult>,
    commit: () => Promise<void>,
    connection: DuckDBConnection,
    plans: Plan[],
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
        const result = await run(plan);
        options.onStatement?.(at, { result });
        results.push(result);
        at++;
      }
      if (begun) await commit();
      return results;
    } catch (error) {
      if (begun) await connection.run('ROLLBACK').catch(() => undefined);
      throw this.failed(Math.min(at, plans.length - 1), error, options);
    }
  }

  private async separately(
    run: (plan: Plan) => Promise<QueryResult>,
    connection: DuckDBConnection,
    plans: Plan[],
    options: RunOptions,
  ): Promise<QueryResult[]> {
    const results: QueryResult[] = [];
    let failure: StatementError | undefined;
    for (const [i, plan] of plans.entries()) {
      try {
        options.onStatement?.(i, {});
        await connection.run('BEGIN TRANSACTION');
        const result = await run(plan);
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
