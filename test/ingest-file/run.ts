import './environment';
import type { Context } from 'aws-lambda';
import { parquetReadObjects } from 'hyparquet';
import type { IngestFileEvent, IngestFileResult } from '../../lambdas/ingest-file/event';
import { handler } from '../../lambdas/ingest-file';
import type { FakeS3 } from './fake-s3';

export { BUCKETS } from './environment';

/** Lambda's context with so much time left at each asking. */
export function context(remaining: () => number = () => 900_000): Context {
  return {
    getRemainingTimeInMillis: remaining,
    functionName: 'ingest-file',
    awsRequestId: 'r',
    memoryLimitInMB: '1769',
    invokedFunctionArn: 'arn',
  } as unknown as Context;
}

/** The state machine's loop: calls again with the answer until the file is done. */
export async function ingest(
  event: IngestFileEvent,
  remaining?: () => number,
): Promise<{ result: IngestFileResult; invocations: number }> {
  let next = event;
  for (let invocations = 1; ; invocations++) {
    const result = (await handler(next, context(remaining))) as IngestFileResult;
    if (result.done) return { result, invocations };
    // What a state machine passes on is JSON.
    next = JSON.parse(JSON.stringify(result)) as IngestFileEvent;
  }
}

export type ParquetRow = Record<string, string | number | bigint | Date | null>;

/** Rows of all Parquet objects under a path, in the order of their names. */
export async function rowsUnder(s3: FakeS3, prefix: string): Promise<ParquetRow[]> {
  const rows: ParquetRow[] = [];
  for (const key of s3.keys(prefix).filter((k) => k.endsWith('.parquet'))) {
    const body = s3.body(key);
    rows.push(...((await parquetReadObjects({ file: Uint8Array.from(body).buffer })) as ParquetRow[]));
  }
  return rows;
}
