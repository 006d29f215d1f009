import type { StreamBatch } from './ingest';
import type { BronzeRecord } from './lake/parquet';

/** What is read of an event in which Lambda hands records of a stream to a function. */
export interface StreamEvent {
  readonly Records?: readonly {
    readonly eventID: string;
    readonly eventSourceARN: string;
    readonly kinesis: {
      readonly sequenceNumber: string;
      readonly partitionKey: string;
      readonly approximateArrivalTimestamp: number;
      readonly data: string;
    };
  }[];
}

/** What is read of an event in which Lambda hands records of Kafka topics (Amazon MSK) to a function, by topic and partition. */
export interface KafkaEvent {
  readonly records: Readonly<
    Record<
      string,
      readonly {
        readonly topic: string;
        readonly partition: number;
        readonly offset: number;
        /** ms since 1970. */
        readonly timestamp: number;
        readonly key?: string;
        readonly value?: string;
      }[]
    >
  >;
}

/** A batch of an event, and what its mapping is told where it is to send the batch again. */
export interface EventBatch extends StreamBatch {
  readonly failures: readonly ItemIdentifier[];
}

/**
 * What `batchItemFailures` holds. Of Kinesis the first record's sequence number is enough: the mapping goes back to it. Of Kafka each record is
 * named by topic-partition, as the event names it, and offset, since Lambda sends again "just those specific items"; one that the event does not hold
 * makes it send the whole event again (Lambda's guide, "Configuring error handling controls for Kafka event sources").
 */
export type ItemIdentifier = string | { readonly partition: string; readonly offset: number };

type EventRecord = NonNullable<StreamEvent['Records']>[number];

/** Microseconds of a time in seconds with a fraction of milliseconds; the product alone would carry a rounding error. */
const microsOf = (seconds: number) => Math.round(seconds * 1000) * 1000;

function bronzeRecord({ kinesis }: EventRecord): BronzeRecord {
  return {
    sequence: kinesis.sequenceNumber,
    partitionKey: kinesis.partitionKey,
    arrivedAt: microsOf(kinesis.approximateArrivalTimestamp),
    data: Buffer.from(kinesis.data, 'base64'),
  };
}

/** Digits of an offset, so that names and positions sort as their numbers do. */
const OFFSET_DIGITS = 20;

/** Of Kafka, a partition is what a shard is, and an offset what a sequence number is. Names in silver lack the topic: a function reads one. */
function kafkaBatches({ records }: KafkaEvent): EventBatch[] {
  return Object.entries(records)
    .filter(([, run]) => run.length > 0)
    .map(([partition, run]) => ({
      stream: run[0].topic,
      shardId: `partition-${run[0].partition}`,
      records: run.map(({ offset, key, timestamp, value }) => ({
        sequence: String(offset).padStart(OFFSET_DIGITS, '0'),
        partitionKey: key ?? '',
        arrivedAt: timestamp * 1000,
        data: Buffer.from(value ?? '', 'base64'),
      })),
      failures: run.map(({ offset }) => ({ partition, offset })),
    }));
}

/** The records of an event by stream and shard (topic and partition), in their order. A mapping of Kinesis sends one shard at a time. */
export function batchesOf(event: StreamEvent | KafkaEvent): EventBatch[] {
  if ('records' in event) return kafkaBatches(event);
  const batches = new Map<string, EventBatch & { records: BronzeRecord[] }>();
  for (const record of event.Records ?? []) {
    const stream = record.eventSourceARN.slice(record.eventSourceARN.lastIndexOf('/') + 1);
    const shardId = record.eventID.slice(0, record.eventID.indexOf(':'));
    const id = `${stream}/${shardId}`;
    let batch = batches.get(id);
    if (!batch) batches.set(id, (batch = { stream, shardId, records: [], failures: [record.kinesis.sequenceNumber] }));
    batch.records.push(bronzeRecord(record));
  }
  return [...batches.values()];
}

/** Where Lambda writes what a mapping gives up; the prefix is its own. */
export const GIVEN_UP_PREFIX = 'aws/lambda/';

/**
 * Batches of an object that Lambda wrote for records it gave up: metadata and, in a bucket, the event itself as JSON text.
 * @returns undefined where it is something else; a parser's message would quote a record
 */
export function givenUpBatches(text: string): StreamBatch[] | undefined {
  try {
    const { payload } = JSON.parse(text) as { payload?: unknown };
    const event = (typeof payload === 'string' ? JSON.parse(payload) : payload) as StreamEvent;
    const batches = batchesOf(event);
    const whole = ({ sequence, arrivedAt }: BronzeRecord) => typeof sequence === 'string' && Number.isFinite(arrivedAt);
    return batches.length > 0 && batches.every((batch) => batch.records.every(whole)) ? batches : undefined;
  } catch {
    return undefined;
  }
}
