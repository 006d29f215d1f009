import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type ShardIteratorType,
} from '@aws-sdk/client-kinesis';
import { createHash } from 'node:crypto';
import { VirtualClock } from '@carelake/laptop/clock';
import { errorOf, openEndpoints, type Opened } from './open';

let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.kinesis.createStream('events', 4, 24);
});
afterAll(() => opened.close());

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
async function readAll(
  client: KinesisClient,
  stream: string,
  shardId: string,
  type: ShardIteratorType = 'TRIM_HORIZON',
  more = {},
) {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: type, ...more }),
  );
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map((r) => ({ ...r, text: Buffer.from(r.Data ?? []).toString('utf8') }));
}

describe.each([
  ['cleartext HTTP/2, the default of the client', () => opened.clients.kinesis],
  ['HTTP/1.1', () => opened.clients.kinesisHttp1],
])('over %s', (name, client) => {
  const stream = `transport-${name.length}`;
  beforeAll(() => opened.endpoints.kinesis.createStream(stream, 2, 24));

  test('records come back byte for byte, in order, each in the shard that its key hashes to', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'Zoë', 'x'.repeat(256)];
    const put = await client().send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: keys.map((PartitionKey, i) => ({ PartitionKey, Data: Buffer.from([i, 0, 255, 10]) })),
      }),
    );
    expect(put.FailedRecordCount).toBe(0);
    const homes = keys.map((key) => {
      const top = createHash('md5').update(key).digest()[0] as number;
      return `shardId-${String(top >> 7).padStart(12, '0')}`;
    });
    expect(put.Records?.map((r) => r.ShardId)).toEqual(homes);
    for (const shard of ['shardId-000000000000', 'shardId-000000000001']) {
      const got = await readAll(client(), stream, shard);
      const mine = keys.flatMap((key, i) => (homes[i] === shard ? [[key, i]] : []));
      expect(got.map((r) => [r.PartitionKey, r.Data?.[0]])).toEqual(mine);
      expect(
        got.every((r) =>
          Buffer.from(r.Data ?? [])
            .subarray(1)
            .equals(Buffer.from([0, 255, 10])),
        ),
      ).toBe(true);
      const sequences = got.map((r) => r.SequenceNumber ?? '');
      expect([...sequences].sort()).toEqual(sequences);
      expect(sequences).toEqual(put.Records?.filter((_, i) => homes[i] === shard).map((r) => r.SequenceNumber));
      expect(got.every((r) => Math.abs((r.ApproximateArrivalTimestamp?.getTime() ?? 0) - Date.now()) < 60_000)).toBe(
        true,
      );
    }
  });

  test('a record of 1 MiB passes', async () => {
    const Data = Buffer.alloc(1024 * 1024, 7);
    const { ShardId, SequenceNumber } = await client().send(
      new PutRecordCommand({ StreamName: stream, PartitionKey: 'big', Data }),
    );
    const [got] = await readAll(client(), stream, ShardId ?? '', 'AT_SEQUENCE_NUMBER', {
      StartingSequenceNumber: SequenceNumber,
    });
    expect(Buffer.from(got?.Data ?? []).equals(Data)).toBe(true);
  });
});

describe('limits, by the service’s error codes and without a word of the data', () => {
  const secret = 'PATIENT-CANARY';
  const put = (Records: { PartitionKey: string; Data: Buffer; ExplicitHashKey?: string }[]) =>
    errorOf(opened.clients.kinesisHttp1.send(new PutRecordsCommand({ StreamName: 'events', Records })));

  test.each([
    [
      '501 records',
      () => put(Array.from({ length: 501 }, () => ({ PartitionKey: secret, Data: bytes(secret) }))),
      'ValidationException',
      /500/,
    ],
    ['no record', () => put([]), 'ValidationException', /records/i],
    [
      'a record over 1 MiB',
      () => put([{ PartitionKey: secret, Data: Buffer.alloc(1024 * 1024 + 1) }]),
      'ValidationException',
      /records\.1\.member\.data.*1048576/,
    ],
    [
      'more than 10 MiB together',
      () => put(Array.from({ length: 11 }, () => ({ PartitionKey: secret, Data: Buffer.alloc(1000 * 1024) }))),
      'InvalidArgumentException',
      /10 MB/,
    ],
    [
      'a partition key of 257 characters',
      () => put([{ PartitionKey: secret + 'x'.repeat(243), Data: bytes('') }]),
      'ValidationException',
      /256/,
    ],
    [
      'an empty partition key',
      () => put([{ PartitionKey: '', Data: bytes(secret) }]),
      'ValidationException',
      /partitionKey/,
    ],
    [
      'a hash key beyond the space',
      () => put([{ PartitionKey: 'k', Data: bytes(secret), ExplicitHashKey: String(2n ** 128n) }]),
      'InvalidArgumentException',
      /2\^128/,
    ],
  ])('%s', async (_, work, name, message) => {
    const error = await work();
    expect(error).toMatchObject({ name, status: 400 });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(secret);
  });

  test('nothing of a refused batch is stored', async () => {
    const before = opened.endpoints.kinesis
      .describe('events')
      ?.shards.map((s) => opened.endpoints.kinesis.end('events', s.shardId));
    await put([
      { PartitionKey: 'ok', Data: bytes('ok') },
      { PartitionKey: 'big', Data: Buffer.alloc(1024 * 1024 + 1) },
    ]);
    expect(
      opened.endpoints.kinesis.describe('events')?.shards.map((s) => opened.endpoints.kinesis.end('events', s.shardId)),
    ).toEqual(before);
  });

  test('an unknown stream, an unknown shard, an operation that is not there', async () => {
    const { kinesis } = opened.clients;
    expect(
      await errorOf(kinesis.send(new PutRecordCommand({ StreamName: 'absent', PartitionKey: 'k', Data: bytes('x') }))),
    ).toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream absent under account 000000000000 not found.',
    });
    expect((await errorOf(readAll(kinesis, 'events', 'shardId-000000000009'))).name).toBe('ResourceNotFoundException');
    const merge = new MergeShardsCommand({ StreamName: 'events', ShardToMerge: 'a', AdjacentShardToMerge: 'b' });
    expect(await errorOf(kinesis.send(merge))).toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('MergeShards'),
    });
  });
});

describe('reading', () => {
  test('positions: at and after a sequence number, latest, at a time', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const own = await openEndpoints({ clock });
    try {
      const { kinesis } = own.clients;
      own.endpoints.kinesis.createStream('s', 1, 24);
      const sequences: string[] = [];
      for (const text of ['one', 'two', 'three']) {
        const [put] = own.endpoints.kinesis.putRecords('s', [{ partitionKey: 'k', data: bytes(text) }]);
        sequences.push(put?.sequenceNumber ?? '');
        await clock.advance(1000);
      }
      const texts = async (type: ShardIteratorType, more = {}) =>
        (await readAll(kinesis, 's', 'shardId-000000000000', type, more)).map((r) => r.text);
      expect(await texts('TRIM_HORIZON')).toEqual(['one', 'two', 'three']);
      expect(await texts('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: sequences[1] })).toEqual(['two', 'three']);
      expect(await texts('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: sequences[1] })).toEqual(['three']);
      expect(await texts('LATEST')).toEqual([]);
      expect(await texts('AT_TIMESTAMP', { Timestamp: new Date(Date.UTC(2026, 0, 1) + 500) })).toEqual([
        'two',
        'three',
      ]);
      expect(await texts('AT_TIMESTAMP', { Timestamp: new Date(0) })).toEqual(['one', 'two', 'three']);
      const bad = errorOf(texts('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: '123' }));
      expect((await bad).name).toBe('InvalidArgumentException');
    } finally {
      await own.close();
    }
  });

  test('an iterator goes on where it stopped, says how far it is behind, and dies after five minutes', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const own = await openEndpoints({ clock });
    try {
      const { kinesis } = own.clients;
      own.endpoints.kinesis.createStream('s', 1, 24);
      own.endpoints.kinesis.putRecords(
        's',
        Array.from({ length: 25 }, (_, i) => ({ partitionKey: 'k', data: bytes(String(i)) })),
      );
      await clock.advance(4000);
      let { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({
          StreamName: 's',
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const got: string[] = [];
      const behind: number[] = [];
      for (let i = 0; i < 3; i++) {
        const page = await kinesis.send(new GetRecordsCommand({ ShardIterator, Limit: 10 }));
        got.push(...(page.Records ?? []).map((r) => Buffer.from(r.Data ?? []).toString()));
        behind.push(page.MillisBehindLatest ?? -1);
        ShardIterator = page.NextShardIterator;
      }
      expect(got).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
      expect(behind).toEqual([4000, 4000, 0]);
      await clock.advance(300_001);
      expect((await errorOf(kinesis.send(new GetRecordsCommand({ ShardIterator })))).name).toBe(
        'ExpiredIteratorException',
      );
      expect((await errorOf(kinesis.send(new GetRecordsCommand({ ShardIterator: 'bm90IG9uZQ==' })))).name).toBe(
        'InvalidArgumentException',
      );
    } finally {
      await own.close();
    }
  });
});

test('streams and shards are described: equal hash ranges that cover the space', async () => {
  const { kinesis } = opened.clients;
  expect((await kinesis.send(new ListStreamsCommand({}))).StreamNames).toContain('events');
  const { StreamDescriptionSummary: summary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName: 'events' }),
  );
  expect(summary).toMatchObject({
    StreamStatus: 'ACTIVE',
    OpenShardCount: 4,
    RetentionPeriodHours: 24,
    StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
  });
  const { StreamDescription: description } = await kinesis.send(
    new DescribeStreamCommand({ StreamARN: summary?.StreamARN, Limit: 3 }),
  );
  expect(description?.HasMoreShards).toBe(true);
  const first = await kinesis.send(new ListShardsCommand({ StreamName: 'events', MaxResults: 3 }));
  const second = await kinesis.send(new ListShardsCommand({ NextToken: first.NextToken }));
  const ranges = [...(first.Shards ?? []), ...(second.Shards ?? [])].map(
    (s) => [BigInt(s.HashKeyRange?.StartingHashKey ?? 0), BigInt(s.HashKeyRange?.EndingHashKey ?? 0)] as const,
  );
  expect(ranges).toHaveLength(4);
  expect(ranges[0]?.[0]).toBe(0n);
  expect(ranges[3]?.[1]).toBe(2n ** 128n - 1n);
  for (let i = 1; i < 4; i++) expect(ranges[i]?.[0]).toBe((ranges[i - 1]?.[1] ?? 0n) + 1n);
  const both = new ListShardsCommand({ StreamName: 'events', NextToken: first.NextToken });
  expect((await errorOf(kinesis.send(both))).name).toBe('InvalidArgumentException');
});

test('many producers at once lose and mix nothing', async () => {
  opened.endpoints.kinesis.createStream('busy', 2, 24);
  const { kinesisHttp1 } = opened.clients;
  await Promise.all(
    Array.from({ length: 20 }, (_, p) =>
      kinesisHttp1.send(
        new PutRecordsCommand({
          StreamName: 'busy',
          Records: Array.from({ length: 100 }, (_, i) => ({ PartitionKey: `p${p}`, Data: bytes(`${p}:${i}`) })),
        }),
      ),
    ),
  );
  const seen = new Map<string, string[]>();
  for (const shard of ['shardId-000000000000', 'shardId-000000000001'])
    for (const r of await readAll(kinesisHttp1, 'busy', shard))
      seen.set(r.PartitionKey ?? '', [...(seen.get(r.PartitionKey ?? '') ?? []), r.text]);
  expect(seen.size).toBe(20);
  for (const [key, texts] of seen) expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `${key.slice(1)}:${i}`));
});
