import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type Field,
} from '@aws-sdk/client-redshift-data';
import { holderOf } from '../../core/load/statements';
import type { LoadContext } from './context';

/** Longest wait for an answer of one row, milliseconds; the warehouse is awake when it is asked. */
const PATIENCE_MS = 20_000;
const POLL_MS = 250;
const ENDED = ['FINISHED', 'FAILED', 'ABORTED'];

/** Which load holds the lease, or undefined when none does or the warehouse does not say. */
export async function holder(c: LoadContext): Promise<string | undefined> {
  const [sql] = holderOf(c.sql).sqls;
  const asked = await c.data.send(
    new ExecuteStatementCommand({
      WorkgroupName: c.workgroup,
      Database: c.database,
      Sql: sql,
      StatementName: 'lease-holder',
    }),
  );
  let status = asked.Status as string | undefined;
  for (let waited = 0; !ENDED.includes(status ?? '') && waited <= PATIENCE_MS; waited += POLL_MS) {
    status = (await c.data.send(new DescribeStatementCommand({ Id: asked.Id }))).Status;
    if (!ENDED.includes(status ?? '')) await c.sleep(POLL_MS);
  }
  if (status !== 'FINISHED') return undefined;
  const [row] = await rowsOf(c, asked.Id!);
  const id = row?.[0]?.stringValue;
  return id && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
}

/** All rows of a result. */
export async function rowsOf(c: LoadContext, id: string): Promise<Field[][]> {
  const rows: Field[][] = [];
  let token: string | undefined;
  do {
    const page = await c.data.send(new GetStatementResultCommand({ Id: id, NextToken: token }));
    rows.push(...(page.Records ?? []));
    token = page.NextToken;
  } while (token);
  return rows;
}
