import type { ColumnInfo } from '../engines/values';
import { EndpointError } from './errors';
import { type Input, integer, seal, text, unseal } from './json';
import { autoCommitted, type DataContext, find, waitOf } from './redshift-context';
import { hasEnded, type Statement, type SubStatement } from './statements';

const PAGE_ROWS = 1000;
/** A page of a result holds about this many bytes of values. */
const PAGE_BYTES = 1024 * 1024;

const nanos = (from: number | undefined, to: number | undefined): number =>
  from === undefined || to === undefined ? -1 : Math.round((to - from) * 1e6);

export async function describeStatement(c: DataContext, input: Input): Promise<Input> {
  const { statement: s, at } = find(c, input, 'DescribeStatement');
  await c.store.wait(s, waitOf(input));
  const part = at === undefined ? undefined : s.subs[at];
  const sub = part ?? (s.isBatch ? undefined : s.subs[0]);
  const ended = hasEnded(s) ? s.updatedAt : undefined;
  return {
    Id: input.Id,
    Status: part ? part.status : s.status,
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

export function getStatementResult(c: DataContext, input: Input): Input {
  const { statement: s, at } = find(c, input, 'GetStatementResult');
  const index = at ?? s.subs.length - 1;
  const sub = s.subs[index];
  const done = s.status === 'FINISHED' || (autoCommitted(s) && sub?.status === 'FINISHED');
  if (!done)
    throw new EndpointError('ResourceNotFoundException', `Query is not in a completed state: ${s.status}`, 400, {
      ResourceId: String(input.Id),
    });
  const result = c.store.result(s.id, index);
  if (!sub?.hasResult)
    throw new EndpointError(
      'ResourceNotFoundException',
      'Query does not have result. Please check query status with DescribeStatement.',
      400,
      { ResourceId: String(input.Id) },
    );
  if (!result)
    throw new EndpointError(
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

export function listStatements(c: DataContext, input: Input): Input {
  c.call.allow('redshift-data:ListStatements', '*');
  const status = text(input, 'Status') ?? 'ALL';
  const prefix = text(input, 'StatementName');
  const token = text(input, 'NextToken');
  const from = token === undefined ? 0 : Number(unseal(token, 'ValidationException'));
  const limit = integer(input, 'MaxResults', 100, 0, 100) || 100;
  const all = c.store
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
