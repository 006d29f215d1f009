import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
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

/** Runs one statement through the Data API of a serving laptop, as any client would, and reads all its pages. */
export async function queryServed(served: Served, names: Names, sql: string): Promise<QueryResult> {
  const { redshift } = clientsFor(served, names.region);
  try {
    return await queryDataApi(redshift, names, sql);
  } finally {
    redshift.destroy();
  }
}

/** @throws CliError with the engine's own words when the statement fails. */
export async function queryDataApi(client: RedshiftDataClient, names: Names, sql: string): Promise<QueryResult> {
  const { Id } = await client.send(
    new ExecuteStatementCommand({ WorkgroupName: names.workgroup, Database: names.database, Sql: sql }),
  );
  for (let pause = 5; ; pause = Math.min(pause * 2, 500)) {
    const state = await client.send(new DescribeStatementCommand({ Id }));
    if (state.Status === 'FAILED' || state.Status === 'ABORTED') throw refused(state.Error ?? state.Status);
    if (state.Status === 'FINISHED') return state.HasResultSet ? readPages(client, Id!) : { columns: [], rows: [] };
    await sleep(pause);
  }
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

/** The engine's refusal as the user sees it. */
export function refused(message: string): CliError {
  return new CliError('the statement was refused', {
    lines: message.split('\n').slice(0, 8),
    where: 'the statement you gave',
    next: 'carelake sql "select table_schema, table_name from information_schema.tables order by 1, 2"',
    exitCode: EXIT.failed,
  });
}
