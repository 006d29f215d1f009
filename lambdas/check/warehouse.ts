import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  GetStatementResultCommand,
  type DescribeStatementCommandOutput,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { batchesOf, countOf, type Check, type CheckSql } from '../../core/check/checks';
import { classify, classifyCall } from '../../core/load/classify';
import { transaction } from '../../core/warehouse/sql';
import { SafeError, showError } from '../shared/errors';
import type { Log } from '../shared/log';

/** What the warehouse is asked with. */
export interface WarehouseContext {
  readonly data: RedshiftDataClient;
  readonly workgroup: string;
  readonly database: string;
  readonly sql: CheckSql;
  readonly log: Log;
  sleep(ms: number): Promise<void>;
  /** Milliseconds until the function's time ends. */
  remainingMs(): number;
}

/** What a check found: a number of rows, or that it cannot be asked. */
export interface Answer {
  readonly check: string;
  readonly violations: number | 'unanswered';
}

const POLL_MS = 500;
/** Between two looks while a load is under way. */
const BUSY_MS = 15_000;
/** Left for the lake and the report. */
const RESERVE_MS = 60_000;

type Outcome = { counts: number[] } | { failedAt: number } | 'later';

/**
 * Asks every check how many rows it has.
 * @throws SafeError when loads or the warehouse leave no moment for it
 */
export async function askWarehouse(c: WarehouseContext): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const checks of batchesOf(c.sql)) answers.push(...(await askBatch(c, checks)));
  return answers;
}

/**
 * Asks as many as one call of the Data API takes, in one transaction with the question whether a load is between two of its transactions at
 * that moment, when not all of them hold; then again later.
 */
async function askBatch(c: WarehouseContext, checks: readonly Check[]): Promise<Answer[]> {
  let open = checks;
  const unanswered: Answer[] = [];
  for (;;) {
    const outcome = await askOnce(c, open);
    if (outcome !== 'later' && 'counts' in outcome) {
      const [holders, ...counts] = outcome.counts;
      if (holders === 0) return [...unanswered, ...open.map(({ name }, i) => ({ check: name, violations: counts[i] }))];
      c.log.info('a load is under way', { wait_ms: BUSY_MS });
    } else if (outcome !== 'later') {
      // Asked without it, the others answer all the same.
      const failed = open[outcome.failedAt - 1];
      if (!failed) throw new SafeError('CHECK-REFUSED', 'the warehouse does not say whether a load is under way');
      unanswered.push({ check: failed.name, violations: 'unanswered' });
      open = open.filter((check) => check !== failed);
      continue;
    }
    if (c.remainingMs() < RESERVE_MS + BUSY_MS)
      throw new SafeError('CHECK-BUSY', 'loads were under way, or the warehouse was unavailable, the whole time');
    await c.sleep(BUSY_MS);
  }
}

async function askOnce(c: WarehouseContext, checks: readonly Check[]): Promise<Outcome> {
  const { sqls } = transaction('checks', [c.sql.holder, ...checks.map(({ sql }) => sql)].map(countOf));
  try {
    const { Id } = await c.data.send(
      new BatchExecuteStatementCommand({
        WorkgroupName: c.workgroup,
        Database: c.database,
        Sqls: [...sqls],
        StatementName: 'daily-check',
      }),
    );
    return await outcomeOf(c, await ended(c, Id!));
  } catch (error) {
    if (classifyCall(error) !== 'later') throw error;
    c.log.warn('not asked', { failure: showError(error) });
    return 'later';
  }
}

async function ended(c: WarehouseContext, Id: string): Promise<DescribeStatementCommandOutput> {
  for (;;) {
    const found = await c.data.send(new DescribeStatementCommand({ Id }));
    if (['FINISHED', 'FAILED', 'ABORTED'].includes(found.Status ?? '')) return found;
    if (c.remainingMs() < RESERVE_MS)
      throw new SafeError('CHECK-SLOW', `the checks are still running (Data API statement ${Id})`);
    await c.sleep(POLL_MS);
  }
}

/** An engine's text is turned into a code and goes no further. */
async function outcomeOf(c: WarehouseContext, found: DescribeStatementCommandOutput): Promise<Outcome> {
  const subs = found.SubStatements ?? [];
  if (found.Status === 'FINISHED') return { counts: await Promise.all(subs.map(({ Id }) => countIn(c, Id!))) };
  const failedAt = subs.findIndex((s) => s.Status === 'FAILED' || s.Status === 'ABORTED');
  const text = `${subs[failedAt]?.Error ?? ''}\n${found.Error ?? ''}`;
  const status = found.Status === 'ABORTED' ? 'ABORTED' : 'FAILED';
  const failure = classify({ status, text, role: { kind: 'other' } });
  c.log.warn('checks not answered', { statement: failedAt, failure, statement_id: found.Id });
  return failedAt < 0 || ['CONFLICT', 'UNAVAILABLE'].includes(failure) ? 'later' : { failedAt };
}

async function countIn(c: WarehouseContext, Id: string): Promise<number> {
  const { Records } = await c.data.send(new GetStatementResultCommand({ Id }));
  const field = Records?.[0]?.[0];
  const count = Number(field?.longValue ?? field?.stringValue);
  if (!Number.isInteger(count)) throw new SafeError('CHECK-ANSWER', `statement ${Id} did not answer with a number`);
  return count;
}
