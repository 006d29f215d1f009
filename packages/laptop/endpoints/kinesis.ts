import type { Clock } from '../clock';
import { EndpointError, unknownOperation } from './errors';
import { checkLength, type Input, integer, items, readInput, required, seal, text, unseal } from './json';
import type { KinesisStore, PutRecord, ShardSummary, StartPosition, StreamSummary } from './kinesis-store';
import type { ShardLimits } from './shard-limits';
import type { EndpointCall, EndpointReply } from './types';

const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_RECORDS = 500;
const ITERATOR_LIFE_MS = 300_000;
const TOKEN_LIFE_MS = 300_000;

interface Context {
  readonly store: KinesisStore;
  readonly clock: Clock;
  readonly call: EndpointCall;
  readonly arnPrefix: string;
  readonly throttle?: Throttle;
}

/** Refuses what the shards of an account would not take, and counts it. */
export interface Throttle {
  readonly limits: ShardLimits;
  refused(stream: string): void;
}
type Operation = (c: Context, input: Input) => Input | Promise<Input>;

/** The Kinesis endpoint: JSON 1.1 over either HTTP. */
export function kinesisEndpoint(
  store: KinesisStore,
  clock: Clock,
  region: string,
  account: string,
  throttle?: Throttle,
) {
  return async (call: EndpointCall, name: string): Promise<EndpointReply> => {
    const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!operation) throw unknownOperation('Kinesis', name);
    const context = { store, clock, call, throttle, arnPrefix: `arn:aws:kinesis:${region}:${account}:stream/` };
    const output = await operation(context, await readInput(call));
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
  };
}

/** The stream that a request names by name or arn; the caller must be allowed the action on it. */
function streamOf({ store, call, arnPrefix }: Context, input: Input, action: string): StreamSummary {
  const arn = text(input, 'StreamARN');
  const name =
    text(input, 'StreamName') ?? (arn?.startsWith(arnPrefix) ? arn.slice(arnPrefix.length) : arn?.split('/')[1]);
  if (name === undefined) throw new EndpointError('InvalidArgumentException', 'Must provide StreamName or StreamARN');
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name))
    throw new EndpointError('ValidationException', 'a stream name has 1 to 128 characters of a-z A-Z 0-9 _ . -');
  call.allow(`kinesis:${action}`, arnPrefix + name);
  const stream = store.describe(name);
  if (!stream)
    throw new EndpointError(
      'ResourceNotFoundException',
      `Stream ${name} under account ${arnPrefix.split(':')[4]} not found.`,
    );
  return stream;
}

/** Checks one record against the service's limits; messages name its place, never its content. */
function recordOf(input: Input, at: string): PutRecord {
  const partitionKey = checkLength(required(input, 'PartitionKey'), `${at}partitionKey`, 1, 256);
  const encoded = required(input, 'Data');
  const data = Buffer.from(encoded, 'base64');
  if (data.length > MAX_RECORD_BYTES)
    throw new EndpointError(
      'ValidationException',
      `1 validation error detected: Value at '${at}data' failed to satisfy constraint: Member must have length less than or equal to ${MAX_RECORD_BYTES}`,
    );
  const explicitHashKey = text(input, 'ExplicitHashKey');
  if (
    explicitHashKey !== undefined &&
    (!/^(0|[1-9]\d{0,38})$/.test(explicitHashKey) || BigInt(explicitHashKey) >= 1n << 128n)
  )
    throw new EndpointError('InvalidArgumentException', `${at}explicitHashKey is not a decimal number below 2^128`);
  return { partitionKey, data, explicitHashKey };
}

async function putRecords(c: Context, input: Input): Promise<Input> {
  const stream = streamOf(c, input, 'PutRecords');
  const records = items(input, 'Records', 1, MAX_RECORDS).map((r, i) => recordOf(r, `records.${i + 1}.member.`));
  if (records.reduce((sum, r) => sum + r.data.length + Buffer.byteLength(r.partitionKey), 0) > MAX_REQUEST_BYTES)
    throw new EndpointError('InvalidArgumentException', 'Records size exceeds 10 MB limit');
  const taken = records.map((r) => takes(c, stream.name, r));
  const put = c.store.putRecords(
    stream.name,
    records.filter((_, i) => taken[i]),
  );
  await c.store.synced(stream.name);
  let next = 0;
  const Records = taken.map((ok) => {
    if (!ok) return THROTTLED;
    const { shardId, sequenceNumber } = put[next++]!;
    return { ShardId: shardId, SequenceNumber: sequenceNumber };
  });
  return { FailedRecordCount: records.length - put.length, Records };
}

const THROTTLED: Input = {
  ErrorCode: 'ProvisionedThroughputExceededException',
  ErrorMessage: 'Rate exceeded for a shard of the stream',
};

/** Whether the record's shard takes it now; without limits a shard takes what the disk takes. */
function takes({ store, throttle }: Context, stream: string, record: PutRecord): boolean {
  if (!throttle || throttle.limits.takes(`${stream}/${store.shardOf(stream, record)}`, record)) return true;
  throttle.refused(stream);
  return false;
}

async function putRecord(c: Context, input: Input): Promise<Input> {
  const stream = streamOf(c, input, 'PutRecord');
  const record = recordOf(input, '');
  if (!takes(c, stream.name, record))
    throw new EndpointError('ProvisionedThroughputExceededException', String(THROTTLED.ErrorMessage));
  const [put] = c.store.putRecords(stream.name, [record]);
  await c.store.synced(stream.name);
  return { ShardId: put?.shardId, SequenceNumber: put?.sequenceNumber };
}

const shardOutput = (s: ShardSummary): Input => ({
  ShardId: s.shardId,
  HashKeyRange: { StartingHashKey: s.startingHashKey, EndingHashKey: s.endingHashKey },
  SequenceNumberRange: { StartingSequenceNumber: s.startingSequenceNumber },
});
const common = (s: StreamSummary): Input => ({
  StreamName: s.name,
  StreamARN: s.arn,
  StreamStatus: 'ACTIVE',
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  RetentionPeriodHours: s.retentionHours,
  StreamCreationTimestamp: s.createdAt / 1000,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
});

function describeStream(c: Context, input: Input): Input {
  const stream = streamOf(c, input, 'DescribeStream');
  const after = text(input, 'ExclusiveStartShardId') ?? '';
  const limit = integer(input, 'Limit', 100, 1, 10_000);
  const rest = stream.shards.filter((s) => s.shardId > after);
  return {
    StreamDescription: {
      ...common(stream),
      Shards: rest.slice(0, limit).map(shardOutput),
      HasMoreShards: rest.length > limit,
    },
  };
}

function describeStreamSummary(c: Context, input: Input): Input {
  const stream = streamOf(c, input, 'DescribeStreamSummary');
  return { StreamDescriptionSummary: { ...common(stream), OpenShardCount: stream.shards.length, ConsumerCount: 0 } };
}

function listShards(c: Context, input: Input): Input {
  const token = text(input, 'NextToken');
  if (
    token !== undefined &&
    (input.StreamName !== undefined || input.StreamARN !== undefined || input.ExclusiveStartShardId !== undefined)
  )
    throw new EndpointError('InvalidArgumentException', 'NextToken and StreamName cannot be provided together.');
  const page =
    token === undefined
      ? undefined
      : unseal<{ stream: string; after: string; made: number }>(token, 'InvalidArgumentException');
  if (page && page.made + TOKEN_LIFE_MS < c.clock.now())
    throw new EndpointError('ExpiredNextTokenException', 'NextToken has expired');
  const stream = streamOf(c, page ? { StreamName: page.stream } : input, 'ListShards');
  const limit = integer(input, 'MaxResults', 1000, 1, 10_000);
  const filter = input.ShardFilter as { Type?: string; ShardId?: string } | undefined;
  const after =
    page?.after ??
    text(input, 'ExclusiveStartShardId') ??
    (filter?.Type === 'AFTER_SHARD_ID' ? filter.ShardId : undefined) ??
    '';
  const rest = stream.shards.filter((s) => s.shardId > after);
  const shards = rest.slice(0, limit);
  const more =
    rest.length > limit
      ? { NextToken: seal({ stream: stream.name, after: shards.at(-1)?.shardId, made: c.clock.now() }) }
      : {};
  return { Shards: shards.map(shardOutput), ...more };
}

function listStreams(c: Context, input: Input): Input {
  c.call.allow('kinesis:ListStreams', '*');
  const limit = integer(input, 'Limit', 100, 1, 10_000);
  const token = text(input, 'NextToken');
  const after =
    (token === undefined
      ? text(input, 'ExclusiveStartStreamName')
      : unseal<string>(token, 'InvalidArgumentException')) ?? '';
  const rest = c.store.list().filter((name) => name > after);
  const names = rest.slice(0, limit);
  const summaries = names.flatMap((name) => {
    const s = c.store.describe(name);
    return s
      ? [
          {
            StreamName: name,
            StreamARN: s.arn,
            StreamStatus: 'ACTIVE',
            StreamModeDetails: { StreamMode: 'PROVISIONED' },
            StreamCreationTimestamp: s.createdAt / 1000,
          },
        ]
      : [];
  });
  const more = rest.length > limit ? { NextToken: seal(names.at(-1)) } : {};
  return { StreamNames: names, HasMoreStreams: rest.length > limit, StreamSummaries: summaries, ...more };
}

interface Iterator {
  readonly stream: string;
  readonly shardId: string;
  readonly from: number;
  readonly made: number;
}

function positionOf(input: Input): StartPosition {
  const type = required(input, 'ShardIteratorType');
  switch (type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      return { type };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const sequenceNumber = text(input, 'StartingSequenceNumber');
      if (sequenceNumber === undefined)
        throw new EndpointError('InvalidArgumentException', `Must specify StartingSequenceNumber with ${type}`);
      return { type, sequenceNumber };
    }
    case 'AT_TIMESTAMP':
      if (typeof input.Timestamp !== 'number')
        throw new EndpointError('InvalidArgumentException', 'Must specify Timestamp with AT_TIMESTAMP');
      return { type, timestamp: input.Timestamp * 1000 };
    default:
      throw new EndpointError(
        'ValidationException',
        'ShardIteratorType is not one of AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, TRIM_HORIZON, LATEST, AT_TIMESTAMP',
      );
  }
}

function getShardIterator(c: Context, input: Input): Input {
  const stream = streamOf(c, input, 'GetShardIterator');
  const shardId = required(input, 'ShardId');
  const from = c.store.locate(stream.name, shardId, positionOf(input));
  return { ShardIterator: seal({ stream: stream.name, shardId, from, made: c.clock.now() } satisfies Iterator) };
}

function getRecords(c: Context, input: Input): Input {
  const iterator = unseal<Iterator>(required(input, 'ShardIterator'), 'InvalidArgumentException');
  if (typeof iterator?.stream !== 'string' || !Number.isInteger(iterator.from))
    throw new EndpointError('InvalidArgumentException', 'Invalid ShardIterator.');
  const stream = streamOf(c, { StreamName: iterator.stream }, 'GetRecords');
  if (iterator.made + ITERATOR_LIFE_MS < c.clock.now())
    throw new EndpointError('ExpiredIteratorException', 'Iterator expired. It lives for five minutes.');
  const limit = integer(input, 'Limit', 10_000, 1, 10_000);
  const { records, next } = c.store.read(stream.name, iterator.shardId, iterator.from, limit);
  return {
    Records: records.map((r) => ({
      SequenceNumber: r.sequenceNumber,
      ApproximateArrivalTimestamp: r.arrivedAt / 1000,
      Data: r.data.toString('base64'),
      PartitionKey: r.partitionKey,
      EncryptionType: 'NONE',
    })),
    NextShardIterator: seal({ ...iterator, from: next, made: c.clock.now() } satisfies Iterator),
    MillisBehindLatest: Math.round(c.store.millisBehindLatest(stream.name, iterator.shardId, next)),
  };
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  PutRecord: putRecord,
  PutRecords: putRecords,
  DescribeStream: describeStream,
  DescribeStreamSummary: describeStreamSummary,
  ListShards: listShards,
  ListStreams: listStreams,
  GetShardIterator: getShardIterator,
  GetRecords: getRecords,
};
