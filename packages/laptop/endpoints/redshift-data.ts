import { noteFull } from '../disk';
import { warehouseFile } from '../engines/warehouse';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { inBackground } from '../background';
import type { QueryResult } from '../engines/values';
import { hasRows } from '../engines/statement-list';
import { type SqlParameter, StatementError } from '../engines/warehouse';
import { EndpointError, unknownOperation } from './errors';
import { checkLength, type Input, items, readInput, required, text } from './json';
import { describeTable, listDatabases, listSchemas, listTables } from './redshift-catalog';
import {
  autoCommitted,
  type DataContext,
  type DataEndpointOptions,
  find,
  invalid,
  target,
  waitOf,
} from './redshift-context';
import { describeStatement, getStatementResult, listStatements } from './redshift-describe';
import { hasEnded, type Statement, StatementStore, type SubStatement } from './statements';
import type { EndpointCall, EndpointReply } from './types';

const MAX_SQL_BYTES = 100 * 1024;
const MAX_STATEMENTS = 40;
const MAX_ACTIVE = 500;

/** The Redshift Data endpoint and the end of its statements. */
export function redshiftDataEndpoint(options: DataEndpointOptions) {
  const store = new StatementStore(join(options.dataDir, 'redshift-data', 'statements.jsonl'), options.clock);
  const cancels = new Map<string, AbortController>();
  const databaseName = options.database ?? 'carelake';
  return {
    endpoint: async (call: EndpointCall, name: string): Promise<EndpointReply> => {
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (!operation) throw unknownOperation('Redshift Data', name);
      const output = await operation({ ...options, databaseName, store, cancels, call }, await readInput(call));
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
    },
    close: async (): Promise<void> => {
      for (const cancel of cancels.values()) cancel.abort(new Error('the platform is stopping'));
      await Promise.all(
        store
          .all()
          .filter((s) => !hasEnded(s))
          .map((s) => store.wait(s, 10_000)),
      );
    },
  };
}

function submit(c: DataContext, input: Input, action: string, sqls: readonly string[], isBatch: boolean): Statement {
  const place = target(c, input, action);
  for (const unsupported of ['SessionId', 'SessionKeepAliveSeconds'])
    if (input[unsupported] !== undefined && input[unsupported] !== 0)
      throw invalid(`${unsupported}: the laptop does not keep sessions; every call has its own`);
  if (input.WithEvent === true)
    throw invalid('WithEvent: the laptop does not send events about statements; use DescribeStatement');
  if (text(input, 'ResultFormat') === 'CSV') throw invalid('ResultFormat: the laptop answers only in JSON');
  sqls.forEach((sql, i) => {
    if (Buffer.byteLength(sql) > MAX_SQL_BYTES)
      throw invalid(`Query string ${i + 1} is too long: the maximum is 100 KB`);
  });
  const parameters = input.Parameters === undefined ? [] : parametersOf(input);
  for (const { name } of parameters)
    if (!sqls.some((sql) => new RegExp(`:${name}(?![A-Za-z0-9_])`).test(sql)))
      throw invalid(`the parameter ${name} is not used in any SQL statement`);
  const clientToken = text(input, 'ClientToken');
  if (clientToken !== undefined) checkLength(clientToken, 'clientToken', 1, 64);
  const known = clientToken === undefined ? undefined : c.store.byToken(c.call.caller.arn, clientToken);
  if (known) {
    if (JSON.stringify([known.sqls, known.parameters]) !== JSON.stringify([sqls, parameters]))
      throw invalid('ClientToken was used for another request');
    return known;
  }
  if (c.store.underWay >= MAX_ACTIVE)
    throw new EndpointError(
      'ActiveStatementsExceededException',
      `Active statements exceeded the allowed quota (${MAX_ACTIVE}).`,
    );
  const now = c.clock.now();
  const statement = c.store.add({
    id: randomUUID(),
    name: text(input, 'StatementName'),
    sqls,
    isBatch,
    autoCommit: text(input, 'ExecutionMode') === 'AUTO_COMMIT',
    parameters,
    ...place,
    clientToken,
    createdAt: now,
    updatedAt: now,
    callerArn: c.call.caller.arn,
    status: 'SUBMITTED',
    subs: sqls.map(() => ({ status: 'SUBMITTED' })),
  });
  inBackground('a statement', perform(c, statement, text(input, 'SecretArn')));
  return statement;
}

function parametersOf(input: Input): SqlParameter[] {
  return items(input, 'Parameters', 1, 1000).map((p) => {
    const name = required(p, 'name');
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw invalid('a parameter name has only letters, digits and _');
    return { name, value: checkLength(required(p, 'value'), 'parameters.value', 1, 65_535) };
  });
}

/** Runs a statement; every outcome ends in the store. */
async function perform(c: DataContext, statement: Statement, secretArn?: string): Promise<void> {
  const { store, clock, warehouse } = c;
  const cancel = new AbortController();
  c.cancels.set(statement.id, cancel);
  statement.status = 'STARTED';
  const onStatement = (i: number, event: { result?: QueryResult; error?: Error }): void => {
    const sub = statement.subs[i] as SubStatement;
    if (!event.result && !event.error) {
      sub.status = 'STARTED';
      sub.startedAt = clock.now();
      return;
    }
    sub.endedAt = clock.now();
    sub.status = event.error ? 'FAILED' : 'FINISHED';
    sub.error = event.error?.message;
    if (event.result) keep(c, statement, i, event.result);
  };
  try {
    const { parameters, autoCommit } = statement;
    await warehouse.run(statement.sqls, {
      parameters,
      transaction: !autoCommit,
      signal: cancel.signal,
      onStatement,
      role: c.roleOf(c.call.caller, secretArn),
    });
    statement.status = 'FINISHED';
  } catch (error) {
    statement.status = cancel.signal.aborted ? 'ABORTED' : 'FAILED';
    statement.error = error instanceof StatementError ? error.message : 'ERROR: the statement could not be run';
    // The engine writes by itself, and says so in words alone.
    if (/^ERROR: disk full\b/.test(String((error as Error).message))) noteFull(warehouseFile(c.dataDir));
    const failed = statement.subs[error instanceof StatementError ? error.index : 0];
    if (failed) Object.assign(failed, { status: statement.status, error: statement.error });
    for (const sub of statement.subs) if (!hasEnded(sub)) sub.status = 'ABORTED';
    if (!autoCommitted(statement)) store.dropResults(statement.id);
  } finally {
    c.cancels.delete(statement.id);
    store.save(statement);
  }
}

function keep(c: DataContext, statement: Statement, i: number, result: QueryResult): void {
  const hasResult = hasRows(statement.sqls[i] ?? '');
  const sub = statement.subs[i] as SubStatement;
  sub.hasResult = hasResult;
  sub.rows = hasResult ? result.rows.length : result.rowsChanged;
  sub.bytes = hasResult
    ? result.rows.reduce((sum, row) => sum + row.reduce<number>((s, v) => s + String(v).length, 0), 0)
    : 0;
  if (hasResult) c.store.keepResult(statement.id, i, result, sub.bytes);
}

async function submitted(c: DataContext, input: Input, statement: Statement): Promise<Input> {
  const ms = waitOf(input);
  await c.store.wait(statement, ms);
  return {
    Id: statement.id,
    CreatedAt: statement.createdAt / 1000,
    Database: statement.database,
    WorkgroupName: statement.workgroup,
    ...(ms > 0
      ? {
          Status: statement.status,
          HasResultSet: statement.subs.at(-1)?.hasResult ?? false,
          ...(statement.error ? { Error: statement.error } : {}),
        }
      : {}),
  };
}

function executeStatement(c: DataContext, input: Input): Promise<Input> {
  return submitted(
    c,
    input,
    submit(c, input, 'ExecuteStatement', [checkLength(required(input, 'Sql'), 'sql', 1, Infinity)], false),
  );
}

function batchExecuteStatement(c: DataContext, input: Input): Promise<Input> {
  const sqls: unknown[] = items(input, 'Sqls', 1, MAX_STATEMENTS);
  if (!sqls.every((s) => typeof s === 'string'))
    throw new EndpointError('SerializationException', 'Sqls contains something that is not a string');
  return submitted(c, input, submit(c, input, 'BatchExecuteStatement', sqls as string[], true));
}

async function cancelStatement(c: DataContext, input: Input): Promise<Input> {
  const { statement } = find(c, input, 'CancelStatement');
  if (hasEnded(statement))
    throw invalid(`Could not cancel a query that is already in ${statement.status} state with ID: ${statement.id}`);
  c.cancels.get(statement.id)?.abort(new Error("Query cancelled on user's request"));
  await c.store.wait(statement, 10_000);
  return { Status: statement.status === 'ABORTED' };
}

export const OPERATIONS: Readonly<Record<string, (c: DataContext, input: Input) => Input | Promise<Input>>> = {
  ExecuteStatement: executeStatement,
  BatchExecuteStatement: batchExecuteStatement,
  DescribeStatement: describeStatement,
  GetStatementResult: getStatementResult,
  ListStatements: listStatements,
  CancelStatement: cancelStatement,
  ListDatabases: listDatabases,
  ListSchemas: listSchemas,
  ListTables: listTables,
  DescribeTable: describeTable,
};
