import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import type { StreamBatch } from '../../core/ingest';
import type { BronzeRecord } from '../../core/lake/parquet';

/** Microseconds of a time in seconds with a fraction of milliseconds; the product alone would carry a rounding error. */
const microsOf = (seconds: number) => Math.round(seconds * 1000) * 1000;

function bronzeRecord({ kinesis }: KinesisStreamRecord): BronzeRecord {
  return {
    sequence: kinesis.sequenceNumber,
    partitionKey: kinesis.partitionKey,
    arrivedAt: microsOf(kinesis.approximateArrivalTimestamp),
    data: Buffer.from(kinesis.data, 'base64'),
  };
}

/** The records of an event by stream and shard, in their order. An event-source mapping sends one shard at a time. */
export function batchesOf(event: KinesisStreamEvent): StreamBatch[] {
  const batches = new Map<string, StreamBatch & { records: BronzeRecord[] }>();
  for (const record of event.Records ?? []) {
    const stream = record.eventSourceARN.slice(record.eventSourceARN.lastIndexOf('/') + 1);
    const shardId = record.eventID.slice(0, record.eventID.indexOf(':'));
    const id = `${stream}/${shardId}`;
    let batch = batches.get(id);
    if (!batch) batches.set(id, (batch = { stream, shardId, records: [] }));
    batch.records.push(bronzeRecord(record));
  }
  return [...batches.values()];
}
