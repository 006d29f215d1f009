import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../clock';
import type { ColumnInfo } from '../engines/values';
import { type QueryResult, type SqlParameter, StatementError, type Warehouse } from '../engines/warehouse';
import { DoorError, unknownOperation } from './errors';
import { checkLength, type Input, integer, items, readInput, required, seal, text, unseal } from './json';
import { describeTable, listDatabases, listSchemas, listTables } from './redshift-catalog';
import { hasEnded, type Statement, StatementBook, type Status, type SubStatement } from './statements';
import type { Caller, DoorCall, DoorReply } from './types';

const MAX_SQL_BYTES = 100 * 1024;
const MAX_STATEMENTS = 40;
const MAX_ACTIVE = 500;
const PAGE_ROWS = 1000;
/** A page of a result holds about this many bytes of values. */
const PAGE_BYTES = 1024 * 1024;

export interface DataDoorOptions {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly dataDir: string;
  readonly region: string;
  readonly account: string;
  readonly database?: string;
  readonly workgroups?: readonly string[];
  /** Database role of a caller, who may name the secret of a database user; undefined is the owner. */
  readonly roleOf: (caller: Caller, secretArn?: string) => string | undefined;
}
/** What the operations share. */
export interface DataContext extends DataDoorOptions {
  readonly databaseName: string;
  readonly book: StatementBook;
  readonly cancels: Map<string, AbortController>;
  readonly call: DoorCall;
}

/** The Redshift Data door and the end of its statements. */
export function redshiftDataDoor(options: DataDoorOptions) {
  const book = new StatementBook(join(options.dataDir, 'redshift-data', 'statements.jsonl'), options.clock);
  const cancels = new Map<string, AbortController>();
  const databaseName = options.database ?? 'carelake';
  return {
    door: async (call: DoorCall, name: string): Promise<DoorReply> => {
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (!operation) throw unknownOperation('Redshift Data', name);
      const output = await operation({ ...options, databaseName, book, cancels, call }, await readInput(call));
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
    },
    close: async (): Promise<void> => {
      for (const cancel of cancels.values()) cancel.abort(new Error('the platform is stopping'));
      await Promise.all(
        book
          .all()
          .filter((s) => !hasEnded(s))
          .map((s) => book.wait(s, 10_000)),
      );
    },
  };
}

const invalid = (message: string): DoorError => new DoorError('ValidationException', message);

/** Workgroup and database of a request: both must be the template's. */
export function target(c: DataContext, input: Input, action: string): { workgroup: string; database: string } {
  if (input.ClusterIdentifier !== undefined)
    throw invalid('the platform has a workgroup, no cluster: use WorkgroupName');
  const named = text(input, 'WorkgroupName');
  if (named === undefined) throw invalid('Either ClusterIdentifier or WorkgroupName must be provided.');
  const workgroup = named.replace(/^arn:.*workgroup\//, '');
  const arn = `arn:aws:redshift-serverless:${c.region}:${c.account}:workgroup/${workgroup}`;
  c.call.allow(`redshift-data:${action}`, arn);
  // How the caller comes into the database: as the user of a secret, or by credentials made for its own identity.
  const secretArn = text(input, 'SecretArn');
  if (secretArn === undefined) c.call.allow('redshift-serverless:GetCredentials', arn);
  else c.call.allow('secretsmanager:GetSecretValue', secretArn);
  if (c.workgroups !== undefined && !c.workgroups.includes(workgroup))
    throw invalid(
      `Redshift endpoint doesn't exist in this region: there is no workgroup ${workgroup}; there is ${c.workgroups.join(', ') || 'none'}`,
    );
  const database = text(input, 'Database') ?? c.databaseName;
  if (database !== c.databaseName)
    throw invalid(`FATAL: database "${database}" does not exist; there is ${c.databaseName}`);
  return { workgroup, database };
}

function submit(c: DataContext, input: Input, action: string, sqls: readonly string[], isBatch: boolean): Statement {
  const place = target(c, input, action);
  for (const unsupported of ['SessionId', 'SessionKeepAliveSeconds'])
    if (input[unsupported] !== undefined && input[unsupported] !== 0)
      throw invalid(`${unsupported}: the laptop keeps no sessions; every call has its own`);
  if (text(input, 'ResultFormat') === 'CSV') throw invalid('ResultFormat: the laptop answers in JSON only');
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
  const known = clientToken === undefined ? undefined : c.book.byToken(c.call.caller.arn, clientToken);
  if (known) {
    if (JSON.stringify([known.sqls, known.parameters]) !== JSON.stringify([sqls, parameters]))
      throw invalid('ClientToken was used for another request');
    return known;
  }
  if (c.book.underWay >= MAX_ACTIVE)
    throw new DoorError(
      'ActiveStatementsExceededException',
      `Active statements exceeded the allowed quota (${MAX_ACTIVE}).`,
    );
  const now = c.clock.now();
  const statement: Statement = {
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
  };
  c.book.add(statement);
  void perform(c, statement, text(input, 'SecretArn'));
  return statement;
}

function parametersOf(input: Input): SqlParameter[] {
  return items(input, 'Parameters', 1, 1000).map((p) => {
    const name = required(p, 'name');
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw invalid('a parameter name has letters, digits and _ only');
    return { name, value: checkLength(required(p, 'value'), 'parameters.value', 1, 65_535) };
  });
}

/** Runs a statement; every outcome ends in the book. */
async function perform(c: DataContext, statement: Statement, secretArn?: string): Promise<void> {
  const { book, clock, warehouse } = c;
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
    const failed = statement.subs[error instanceof StatementError ? error.index : 0];
    if (failed) Object.assign(failed, { status: statement.status, error: statement.error });
    for (const sub of statement.subs) if (!hasEnded(sub)) sub.status = 'ABORTED';
    if (!autoCommitted(statement)) book.dropResults(statement.id);
  } finally {
    c.cancels.delete(statement.id);
    book.save(statement);
  }
}

const autoCommitted = (s: Statement): boolean => s.autoCommit && s.status === 'FAILED';

function keep(c: DataContext, statement: Statement, i: number, result: QueryResult): void {
  const hasResult = /^\s*(?:--[^\n]*\n|\/\*[\s\S]*?\*\/|\s)*(?:SELECT|WITH|EXPLAIN)\b/i.test(statement.sqls[i] ?? '');
  const sub = statement.subs[i] as SubStatement;
  sub.hasResult = hasResult;
  sub.rows = hasResult ? result.rows.length : result.rowsChanged;
  sub.bytes = hasResult
    ? result.rows.reduce((sum, row) => sum + row.reduce<number>((s, v) => s + String(v).length, 0), 0)
    : 0;
  if (hasResult) c.book.keepResult(statement.id, i, result);
}

/** Milliseconds a call may hold its answer back. */
function waitOf(input: Input): number {
  return integer(input, 'WaitTimeSeconds', 0, 0, 30) * 1000;
}

async function submitted(c: DataContext, input: Input, statement: Statement): Promise<Input> {
  const ms = waitOf(input);
  await c.book.wait(statement, ms);
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
    throw new DoorError('SerializationException', 'Sqls holds something that is no string');
  return submitted(c, input, submit(c, input, 'BatchExecuteStatement', sqls as string[], true));
}

/** A statement by id; `id:2` names the second of a batch. Others' statements are as good as absent. */
function find(c: DataContext, input: Input, action: string): { statement: Statement; at?: number } {
  const id = required(input, 'Id');
  const match = /^([0-9a-f-]{36})(?::(\d+))?$/.exec(id);
  if (!match) throw invalid('id must satisfy regex pattern: ^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\\d+)?$');
  const statement = c.book.get(match[1] ?? '');
  c.call.allow(
    `redshift-data:${action}`,
    `arn:aws:redshift-serverless:${c.region}:${c.account}:workgroup/${statement?.workgroup ?? '*'}`,
    { 'redshift-data:statement-owner-iam-userid': statement?.callerArn ?? '' },
  );
  const at = match[2] === undefined ? undefined : Number(match[2]) - 1;
  if (!statement || (at !== undefined && !statement.subs[at]))
    throw new DoorError('ResourceNotFoundException', 'Query does not exist.', 400, { ResourceId: id });
  return { statement, at };
}

const nanos = (from: number | undefined, to: number | undefined): number =>
  from === undefined || to === undefined ? -1 : Math.round((to - from) * 1e6);

async function describeStatement(c: DataContext, input: Input): Promise<Input> {
  const { statement: s, at } = find(c, input, 'DescribeStatement');
  await c.book.wait(s, waitOf(input));
  const part = at === undefined ? undefined : s.subs[at];
  const sub = part ?? (s.isBatch ? undefined : s.subs[0]);
  const ended = hasEnded(s) ? s.updatedAt : undefined;
  return {
    Id: input.Id,
    Status: part ? visible(part.status) : s.status,
    CreatedAt: s.createdAt / 1000,
    UpdatedAt: s.updatedAt / 1000,
    Duration: sub ? nanos(sub.startedAt, sub.endedAt) : nanos(s.createdAt, ended),
    Database: s.database,
    WorkgroupName: s.workgroup,
    HasResultSet: part ? (part.hasResult ?? false) : s.subs.some((one) => one.hasResult) && s.status === 'FINISHED',
    ResultRows: sub?.rows ?? -1,
    ResultSize: sub?.bytes ?? -1,
    RedshiftPid: 1,
    RedshiftQueryId: -1,
    ResultFormat: 'JSON',
    ...((part ? part.error : s.error) ? { Error: part ? part.error : s.error } : {}),
    ...(s.isBatch && at === undefined
      ? { SubStatements: s.subs.map((one, i) => subOutput(s, one, i)) }
      : { QueryString: s.sqls[at ?? 0] }),
    ...(s.parameters.length > 0 ? { QueryParameters: s.parameters } : {}),
  };
}

/** The last statement of a batch that was never begun. */
const visible = (status: Status): Status => status;

const subOutput = (s: Statement, sub: SubStatement, i: number): Input => ({
  Id: `${s.id}:${i + 1}`,
  Status: sub.status,
  CreatedAt: (sub.startedAt ?? s.createdAt) / 1000,
  UpdatedAt: (sub.endedAt ?? s.updatedAt) / 1000,
  Duration: nanos(sub.startedAt, sub.endedAt),
  QueryString: s.sqls[i],
  HasResultSet: sub.hasResult ?? false,
  ResultRows: sub.rows ?? -1,
  ResultSize: sub.bytes ?? -1,
  RedshiftQueryId: -1,
  ...(sub.error ? { Error: sub.error } : {}),
});

function field(value: unknown, column: ColumnInfo): Input {
  if (value === null || value === undefined) return { isNull: true };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (column.type.startsWith('int') && typeof value === 'number') return { longValue: value };
  if (column.type.startsWith('float') && typeof value === 'number') return { doubleValue: value };
  return { stringValue: String(value) };
}

/** JSON numbers lose integers beyond 2^53 in JavaScript; what the service sends as a long stays one, digit by digit. */
const columnOutput = (c: ColumnInfo): Input => ({
  name: c.name,
  label: c.name,
  typeName: c.type,
  precision: c.precision,
  scale: c.scale,
  length: 0,
  nullable: 1,
  isCaseSensitive: c.type === 'varchar',
  isCurrency: false,
  isSigned: /^(int|float|numeric)/.test(c.type),
  schemaName: '',
  tableName: '',
});

function getStatementResult(c: DataContext, input: Input): Input {
  const { statement: s, at } = find(c, input, 'GetStatementResult');
  const index = at ?? s.subs.length - 1;
  const sub = s.subs[index];
  const done = s.status === 'FINISHED' || (autoCommitted(s) && sub?.status === 'FINISHED');
  if (!done)
    throw new DoorError('ResourceNotFoundException', `Query is not in a completed state: ${s.status}`, 400, {
      ResourceId: String(input.Id),
    });
  const result = c.book.result(s.id, index);
  if (!sub?.hasResult)
    throw new DoorError(
      'ResourceNotFoundException',
      'Query does not have result. Please check query status with DescribeStatement.',
      400,
      { ResourceId: String(input.Id) },
    );
  if (!result)
    throw new DoorError(
      'ResourceNotFoundException',
      'Query result has expired: results do not outlive a restart. Run the statement again.',
      400,
      { ResourceId: String(input.Id) },
    );
  const token = text(input, 'NextToken');
  const from = token === undefined ? 0 : Number(unseal(token, 'ValidationException'));
  let to = from;
  for (let bytes = 0; to < result.rows.length && to - from < PAGE_ROWS && bytes < PAGE_BYTES; to++)
    bytes += (result.rows[to] as unknown[]).reduce<number>((sum, v) => sum + String(v).length, 0);
  return {
    ColumnMetadata: result.columns.map(columnOutput),
    Records: result.rows.slice(from, to).map((row) => row.map((v, i) => field(v, result.columns[i] as ColumnInfo))),
    TotalNumRows: result.rows.length,
    ...(to < result.rows.length ? { NextToken: seal(to) } : {}),
  };
}

function listStatements(c: DataContext, input: Input): Input {
  c.call.allow('redshift-data:ListStatements', '*');
  const status = text(input, 'Status') ?? 'ALL';
  const prefix = text(input, 'StatementName');
  const token = text(input, 'NextToken');
  const from = token === undefined ? 0 : Number(unseal(token, 'ValidationException'));
  const limit = integer(input, 'MaxResults', 100, 0, 100) || 100;
  const all = c.book
    .all()
    .filter(
      (s) => (status === 'ALL' || s.status === status) && (prefix === undefined || (s.name ?? '').startsWith(prefix)),
    );
  const page = all.slice(from, from + limit).map((s) => ({
    Id: s.id,
    Status: s.status,
    StatementName: s.name,
    CreatedAt: s.createdAt / 1000,
    UpdatedAt: s.updatedAt / 1000,
    IsBatchStatement: s.isBatch,
    ...(s.isBatch ? { QueryStrings: s.sqls } : { QueryString: s.sqls[0] }),
    ...(s.parameters.length > 0 ? { QueryParameters: s.parameters } : {}),
  }));
  return { Statements: page, ...(from + limit < all.length ? { NextToken: seal(from + limit) } : {}) };
}

async function cancelStatement(c: DataContext, input: Input): Promise<Input> {
  const { statement } = find(c, input, 'CancelStatement');
  if (hasEnded(statement))
    throw invalid(`Could not cancel a query that is already in ${statement.status} state with ID: ${statement.id}`);
  c.cancels.get(statement.id)?.abort(new Error("Query cancelled on user's request"));
  await c.book.wait(statement, 10_000);
  return { Status: statement.status === 'ABORTED' };
}

const OPERATIONS: Readonly<Record<string, (c: DataContext, input: Input) => Input | Promise<Input>>> = {
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
