import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type DescribeStatementCommandOutput,
  type Field,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientsFor } from './clients';
import { CliError, EXIT } from './errors';
import type { Names, Served } from './folder';

/** A query's answer: names of the columns, and rows as plain values in their order. */
export interface QueryResult {
  columns: string[];
  rows: unknown[][];
}

/** Runs statements through the Data API of a serving laptop, as any client would, and reads all pages: several as one transaction. */
export async function runServed(served: Served, names: Names, sqls: readonly string[]): Promise<QueryResult[]> {
  const { redshift } = clientsFor(served, names.region);
  try {
    return await runDataApi(redshift, names, sqls);
  } finally {
    redshift.destroy();
  }
}

/** The same of one statement. */
export const queryServed = async (served: Served, names: Names, sql: string): Promise<QueryResult> =>
  (await runServed(served, names, [sql]))[0]!;

export const queryDataApi = async (client: RedshiftDataClient, names: Names, sql: string): Promise<QueryResult> =>
  (await runDataApi(client, names, [sql]))[0]!;

/** @throws CliError with the engine's own words when a statement fails. */
async function runDataApi(client: RedshiftDataClient, names: Names, sqls: readonly string[]): Promise<QueryResult[]> {
  const place = { WorkgroupName: names.workgroup, Database: names.database };
  const { Id } =
    sqls.length === 1
      ? await client.send(new ExecuteStatementCommand({ ...place, Sql: sqls[0] }))
      : await client.send(new BatchExecuteStatementCommand({ ...place, Sqls: [...sqls] }));
  for (let pause = 5; ; pause = Math.min(pause * 2, 500)) {
    const state = await client.send(new DescribeStatementCommand({ Id }));
    if (state.Status === 'FAILED' || state.Status === 'ABORTED') throw failed(state, sqls.length);
    if (state.Status === 'FINISHED') return resultsOf(client, state);
    await sleep(pause);
  }
}

function failed({ Error: message, Status, SubStatements = [] }: DescribeStatementCommandOutput, of: number): CliError {
  const index = SubStatements.findIndex((s) => s.Status === 'FAILED');
  return refused(message ?? Status ?? '', index, of);
}

async function resultsOf(client: RedshiftDataClient, state: DescribeStatementCommandOutput): Promise<QueryResult[]> {
  const results: QueryResult[] = [];
  for (const { Id, HasResultSet } of state.SubStatements ?? [state])
    results.push(HasResultSet ? await readPages(client, Id!) : { columns: [], rows: [] });
  return results;
}

async function readPages(client: RedshiftDataClient, id: string): Promise<QueryResult> {
  const result: QueryResult = { columns: [], rows: [] };
  let token: string | undefined;
  do {
    const page = await client.send(new GetStatementResultCommand({ Id: id, NextToken: token }));
    result.columns = (page.ColumnMetadata ?? []).map((column) => column.label ?? column.name ?? '');
    for (const row of page.Records ?? []) result.rows.push(row.map(plain));
    token = page.NextToken;
  } while (token);
  return result;
}

function plain(field: Field): unknown {
  if (field.isNull) return null;
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? field.blobValue ?? null;
}

const REFUSED_BY_S3 =
  'the role of the warehouse may not do this, here or in an account; for the rows of a query: carelake sql --csv "select …"; to take in the rows of a file: carelake ingest FILE --profile PROFILE --phi-ok';
const NAMES_OF_BUCKETS = 'npm start, and in another terminal: carelake env; it prints the names of the buckets';
const LIST_OF_TABLES = 'to list the tables: carelake tables; the columns of one: carelake describe TABLE';

/** What to do about a failure, by the words that it is told in; the nearest that works comes with a refusal itself. */
const NEXT: readonly (readonly [RegExp, string | ((found: RegExpExecArray) => string)])[] = [
  [/; write (.+)$/s, ([, instead]) => `write ${instead} (docs/sql.md)`],
  [/Divide by zero/, 'divide by nullif(…, 0), which gives null instead'],
  [
    /Value too long/,
    'cut it with CAST(x AS varchar(n)), or widen the column: ALTER TABLE t ALTER COLUMN c TYPE varchar(n)',
  ],
  [/Invalid digit/, 'cast to a decimal first: CAST(CAST(x AS decimal(18, 2)) AS integer)'],
  [/disk full|out of disk space/, 'free some space on that disk, then run it again'],
  [/longer than the \d+ s/, 'ask for less: fewer rows, fewer joins, or a LIMIT'],
  [/not authorized to perform: s3:/, REFUSED_BY_S3],
  [/^(ERROR: )?The S3 bucket/, NAMES_OF_BUCKETS],
  [
    /No function matches|Cannot mix values of type/,
    `cast the arguments to what the function takes, such as CAST(x AS timestamp); ${LIST_OF_TABLES}`,
  ],
  [/does not exist|not found in FROM/, LIST_OF_TABLES],
];

/** The engine's refusal as the user sees it. @param index the statement among `of` that failed; below 0 where nobody knows */
export function refused(message: string, index = -1, of = 1): CliError {
  const [pattern, next] = NEXT.find(([words]) => words.test(message)) ?? [
    /^/,
    'docs/sql.md lists the SQL that works both here and in Redshift',
  ];
  return new CliError('the statement was refused', {
    lines: message
      .replace(/; write .+$/s, '')
      .split('\n')
      .slice(0, 8),
    where:
      of > 1 && index >= 0
        ? `statement ${index + 1} of ${of}; none of their changes were kept`
        : 'the statement you gave',
    next: typeof next === 'string' ? next : next(pattern.exec(message)!),
    exitCode: EXIT.failed,
  });
}
