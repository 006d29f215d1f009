import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type DescribeStatementCommandOutput,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { sha256Hex } from '../../core/records/hash';
import { classify, classifyCall } from '../../core/load/classify';
import { jitterMs } from '../../core/load/decide';
import { transaction } from '../../core/warehouse/sql';
import { SafeError, showError } from '../shared/errors';
import type { Log } from '../shared/log';

const TRIES = 8;
/** Most steps end in milliseconds: the first question comes soon, later ones at this pace. */
const POLL_MS = 500;
const FIRST_POLL_MS = 20;
/** A role that a first deployment has just created is refused until it is known everywhere: for seconds, seldom for a minute. */
const NEW_ROLE_MS = 60_000;
const NEW_ROLE_PAUSE_MS = 5000;
/** Left for the answer to CloudFormation when a statement takes too long. */
const RESERVE_MS = 20_000;

/** What statements are run with. */
export interface Runner {
  readonly data: RedshiftDataClient;
  readonly workgroup: string;
  readonly database: string;
  /** Secret of the administrator, whom only migrations act as. */
  readonly secretArn: string;
  /** Names this run: a repeated call with the same id takes up the statements that the first one left running. */
  readonly runId: string;
  sleep(ms: number): Promise<void>;
  remainingMs(): number;
  readonly log: Log;
}

/** One unit of work: statements that are committed together. */
export interface Work {
  /** File and place, as it may be shown. */
  readonly name: string;
  readonly sqls: readonly string[];
  readonly values?: Readonly<Record<string, string>>;
  /** What is done already is no failure (a role that exists, a column of the size that it shall have: neither has an IF NOT EXISTS). */
  readonly mayExist?: boolean;
  /** Only reads: asked again each time, where work is resumed if it is still running. */
  readonly isQuestion?: boolean;
  /** The first call of a run: a refusal may mean that the role is not known everywhere yet. Later ones mean what they say. */
  readonly isFirst?: boolean;
}

/**
 * Runs one transaction to its end, again from its start after a conflict.
 * @returns the statement's id, for results
 * @throws SafeError that names file, place and kind of the failure, never SQL or an engine's text
 */
export async function run(r: Runner, work: Work): Promise<string> {
  const bound = transaction(work.name, work.sqls, work.values);
  for (let attempt = 0; ; attempt++) {
    if (attempt > 0) await r.sleep(jitterMs(sha256Hex(work.name), attempt));
    const id = await submit(r, work, bound, attempt);
    const ended = id === undefined ? undefined : await outcome(r, work.name, id);
    if (ended?.Status === 'FINISHED') return id!;
    const failure = ended ? failureOf(ended) : { code: 'UNAVAILABLE', at: 0, exists: false };
    if (work.mayExist && failure.exists) return id!;
    r.log.warn('migration step failed', {
      work: work.name,
      attempt,
      statement: failure.at,
      failure: failure.code,
      statement_id: id,
    });
    if (attempt + 1 < TRIES && ['CONFLICT', 'UNAVAILABLE'].includes(failure.code)) continue;
    throw new SafeError(
      'MIGRATION-FAILED',
      `${work.name}, statement ${failure.at + 1} of ${work.sqls.length}: ${failure.code} (Data API statement ${id ?? 'none'})`,
    );
  }
}

async function submit(
  r: Runner,
  work: Work,
  bound: ReturnType<typeof transaction>,
  attempt: number,
): Promise<string | undefined> {
  for (let waited = 0; ; waited += NEW_ROLE_PAUSE_MS) {
    try {
      return await submitOnce(r, work, bound, attempt);
    } catch (error) {
      const maybeNew = work.isFirst && waited < NEW_ROLE_MS && (error as Error).name === 'AccessDeniedException';
      if (!maybeNew) throw refusal(work.name, error);
      r.log.warn('first call denied: the role may be new', { work: work.name, waited_ms: waited });
      await r.sleep(NEW_ROLE_PAUSE_MS);
    }
  }
}

const refusal = (name: string, error: unknown): SafeError =>
  new SafeError('MIGRATION-FAILED', `${name}: the Data API refused the call (${showError(error).name})`);

async function submitOnce(
  r: Runner,
  { name, isQuestion }: Work,
  bound: ReturnType<typeof transaction>,
  attempt: number,
): Promise<string | undefined> {
  const where = {
    WorkgroupName: r.workgroup,
    Database: r.database,
    SecretArn: r.secretArn,
    StatementName: `migrate-${name}`,
  };
  const token = isQuestion ? undefined : sha256Hex(`${r.runId}/${name}/${attempt}`);
  const parameters = bound.parameters.length ? [...bound.parameters] : undefined;
  try {
    const submitted =
      bound.sqls.length === 1
        ? await r.data.send(
            new ExecuteStatementCommand({ ...where, Sql: bound.sqls[0], Parameters: parameters, ClientToken: token }),
          )
        : await r.data.send(
            new BatchExecuteStatementCommand({
              ...where,
              Sqls: [...bound.sqls],
              Parameters: parameters,
              ClientToken: token,
            }),
          );
    return submitted.Id;
  } catch (error) {
    const why = classifyCall(error);
    r.log.warn('migration step not submitted', { work: name, why, failure: showError(error) });
    if (why === 'later') return undefined;
    throw error;
  }
}

async function outcome(r: Runner, name: string, id: string): Promise<DescribeStatementCommandOutput> {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(2 * pause, POLL_MS)) {
    if (r.remainingMs() < RESERVE_MS)
      throw new SafeError(
        'MIGRATION-SLOW',
        `${name} is still running (Data API statement ${id}); deploy again when it has ended`,
      );
    try {
      const found = await r.data.send(new DescribeStatementCommand({ Id: id }));
      if (['FINISHED', 'FAILED', 'ABORTED'].includes(found.Status ?? '')) return found;
    } catch (error) {
      if (classifyCall(error) !== 'later') throw error;
    }
    await r.sleep(pause);
  }
}

/** What a failure may be told by: a code and the place of the statement. */
function failureOf(ended: DescribeStatementCommandOutput): { code: string; at: number; exists: boolean } {
  const at = (ended.SubStatements ?? []).findIndex((s) => s.Status === 'FAILED' || s.Status === 'ABORTED');
  const text = `${ended.SubStatements?.[at]?.Error ?? ''}\n${ended.Error ?? ''}`;
  const status = ended.Status === 'ABORTED' ? 'ABORTED' : 'FAILED';
  return {
    code: classify({ status, text, role: { kind: 'other' } }),
    at: Math.max(0, at),
    exists: /already exists|target column size should be different/i.test(text),
  };
}

/** Runs one question and returns its rows as texts. */
export async function ask(r: Runner, work: Work): Promise<string[][]> {
  const id = await run(r, { ...work, isQuestion: true });
  const rows: string[][] = [];
  let token: string | undefined;
  do {
    const page = await r.data.send(new GetStatementResultCommand({ Id: id, NextToken: token }));
    for (const row of page.Records ?? [])
      rows.push(row.map((f) => f.stringValue ?? String(f.longValue ?? f.doubleValue ?? f.booleanValue ?? '')));
    token = page.NextToken;
  } while (token);
  return rows;
}
