import { createHash } from 'node:crypto';

/** One record of a shard. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Approximate arrival, in milliseconds since 1970. */
  readonly arrivedAt: number;
}

/** A record with its text in the event, made once and reused by every retry and split. */
export interface Item {
  readonly record: StreamRecord;
  /** Ordinal of the record after it in its shard. */
  readonly next: number;
  readonly text: string;
}

/** What the texts of one shard's records have in common. */
export interface EventSource {
  readonly shardId: string;
  readonly streamArn: string;
  readonly roleArn: string;
  readonly region: string;
}

/** Bytes of the event around its records; Lambda counts them too. */
const ENVELOPE_BYTES = '{"Records":[]}'.length;

/** A record as Lambda shows it to a function. */
export function toItem(record: StreamRecord, next: number, from: EventSource): Item {
  const { data } = record;
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  const text =
    `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":${JSON.stringify(record.partitionKey)},"sequenceNumber":"${record.sequenceNumber}",` +
    `"data":"${base64}","approximateArrivalTimestamp":${record.arrivedAt / 1000}},"eventSource":"aws:kinesis","eventVersion":"1.0",` +
    `"eventID":"${from.shardId}:${record.sequenceNumber}","eventName":"aws:kinesis:record","invokeIdentityArn":"${from.roleArn}",` +
    `"awsRegion":"${from.region}","eventSourceARN":"${from.streamArn}"}`;
  return { record, next, text };
}

/** The event of a batch, as JSON text. */
export const eventText = (items: readonly Item[]): string => `{"Records":[${items.map((i) => i.text).join(',')}]}`;

/** Bytes that a record adds to an event. */
export const bytesOf = (item: Item): number => Buffer.byteLength(item.text) + 1;

/** Room for records in one event of at most `maxBytes`. */
export const room = (maxBytes: number): number => maxBytes - ENVELOPE_BYTES;

/** What a reply says of a batch: everything done, everything failed, or done up to (not including) an index. */
export type Verdict = { kind: 'done' } | { kind: 'failed' } | { kind: 'partial'; firstFailed: number };

/**
 * Reads a reply under `ReportBatchItemFailures`: the lowest failed sequence number decides; an identifier that is missing, empty or not of
 * this batch fails the whole batch.
 */
export function verdictOf(reply: string, items: readonly Item[]): Verdict {
  const failures = (JSON.parse(reply) as { batchItemFailures?: unknown } | null)?.batchItemFailures;
  if (failures === undefined || failures === null) return { kind: 'done' };
  if (!Array.isArray(failures)) return { kind: 'failed' };
  if (!failures.length) return { kind: 'done' };
  const at = new Map(items.map((item, i) => [item.record.sequenceNumber, i]));
  let lowest = items.length;
  for (const failure of failures as ({ itemIdentifier?: unknown } | null)[]) {
    const index = typeof failure?.itemIdentifier === 'string' ? at.get(failure.itemIdentifier) : undefined;
    if (index === undefined) return { kind: 'failed' };
    lowest = Math.min(lowest, index);
  }
  return lowest === 0 ? { kind: 'failed' } : { kind: 'partial', firstFailed: lowest };
}

/** Why records were given up. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** An invocation record for an on-failure bucket. */
export interface FailureObject {
  readonly key: string;
  readonly body: string;
}

/**
 * The object that Lambda writes for records it gives up, event included, under Lambda's name for it. Its last part is derived from the
 * records, so that giving them up again after a crash is seen to be the same.
 */
export function failureObject(
  items: readonly Item[],
  why: {
    condition: Condition;
    invocations: number;
    functionError: boolean;
    functionArn: string;
    mappingId: string;
    now: number;
  } & EventSource,
): FailureObject {
  const first = items[0]!.record;
  const last = items.at(-1)!.record;
  const at = new Date(why.now).toISOString();
  const hash = createHash('sha256')
    .update(`${why.shardId}/${first.sequenceNumber}/${last.sequenceNumber}`)
    .digest('hex');
  const id = hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  const body = JSON.stringify({
    requestContext: {
      requestId: id,
      functionArn: why.functionArn,
      condition: why.condition,
      approximateInvokeCount: why.invocations,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      ...(why.functionError ? { functionError: 'Unhandled' } : {}),
    },
    version: '1.0',
    timestamp: at,
    KinesisBatchInfo: {
      shardId: why.shardId,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: last.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivedAt).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrivedAt).toISOString(),
      batchSize: items.length,
      streamArn: why.streamArn,
    },
    payload: eventText(items),
  });
  const [date, time] = at.slice(0, 19).split('T') as [string, string];
  const key = `aws/lambda/${why.mappingId}/${why.shardId}/${date.replaceAll('-', '/')}/${date}T${time.replaceAll(':', '.')}-${id}`;
  return { key, body };
}
