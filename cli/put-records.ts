import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutRecord } from './records';

/** Limits of one PutRecords call: 500 records, 5 MiB with partition keys. */
const MAX_RECORDS = 500;
const MAX_BYTES = 5 * 1024 * 1024;
const MAX_ATTEMPTS = 10;

/** Where the stream keeps a record that it took. */
export interface SentRecord {
  readonly shardId: string;
  readonly sequence: string;
}

/**
 * Sends records by PutRecords, a few calls at a time. A call may take some records and refuse others; only the refused
 * are sent again, after a pause that grows. `onSent` hears how many records from the front of the input are surely in
 * the stream, so that whoever restarts from there sends nothing too few (and perhaps some twice).
 * @throws the last refusal when records are still refused after ten attempts.
 */
export async function putRecords(
  client: KinesisClient,
  streamName: string,
  records: Iterable<OutRecord> | AsyncIterable<OutRecord>,
  options: {
    concurrency?: number;
    onSent?: (sent: number) => void;
    onTaken?: ((record: SentRecord) => void) | undefined;
  } = {},
): Promise<number> {
  const concurrency = options.concurrency ?? 4;
  let sent = 0;
  let flight: Promise<void>[] = [];
  let inFlight = 0;
  const settle = async () => {
    await Promise.all(flight);
    sent += inFlight;
    flight = [];
    inFlight = 0;
    options.onSent?.(sent);
  };
  for await (const batch of batches(records)) {
    flight.push(putBatch(client, streamName, batch, options.onTaken));
    inFlight += batch.length;
    if (flight.length >= concurrency) await settle();
  }
  await settle();
  return sent;
}

async function* batches(records: Iterable<OutRecord> | AsyncIterable<OutRecord>): AsyncGenerator<OutRecord[]> {
  let batch: OutRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    const size = record.data.length + record.partitionKey.length;
    if (batch.length === MAX_RECORDS || (batch.length > 0 && bytes + size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function putBatch(
  client: KinesisClient,
  streamName: string,
  batch: OutRecord[],
  onTaken: (record: SentRecord) => void = () => undefined,
): Promise<void> {
  let waiting = batch;
  for (let attempt = 1; ; attempt++) {
    const reply = await client.send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: waiting.map((record) => ({ PartitionKey: record.partitionKey, Data: record.data })),
      }),
    );
    const results = reply.Records ?? [];
    for (const { ShardId: shardId, SequenceNumber: sequence } of results)
      if (shardId !== undefined && sequence !== undefined) onTaken({ shardId, sequence });
    const refused = waiting.filter((_, i) => results[i]?.SequenceNumber === undefined);
    if (refused.length === 0) return;
    if (attempt === MAX_ATTEMPTS) {
      const reason = results.find((result) => result.ErrorCode !== undefined);
      throw new Error(
        `the stream refused ${refused.length} records ${MAX_ATTEMPTS} times: ${reason?.ErrorCode ?? 'no answer'}`,
      );
    }
    waiting = refused;
    await sleep(Math.min(50 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2));
  }
}
