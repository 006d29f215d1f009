import { VirtualClock } from '@carelake/laptop/clock';
import type { FailureObject } from '@carelake/laptop/engines/batches';
import { EventSourceMapping, type MappingSpec } from '@carelake/laptop/engines/event-source-mapping';
import { FunctionError, FunctionPool, MAX_PAYLOAD_BYTES } from '@carelake/laptop/engines/worker';
import { dataOf, functionSpec, MemoryShard, scratch, sequencesOf, settle, until } from './fixtures';

const SPEC: MappingSpec = {
  id: '11111111-2222-3333-4444-555555555555',
  name: 'mapping',
  functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
  roleArn: 'arn:aws:iam::000000000000:role/fn',
  region: 'us-east-1',
  batchSize: 100,
  windowSeconds: 0,
  parallelization: 1,
  reportItemFailures: true,
  bisect: false,
  maxRetries: -1,
  maxAgeSeconds: -1,
  startingPosition: 'TRIM_HORIZON',
};

const poison = (event: string): string => {
  if (dataOf(event).some((d) => d.includes('poison'))) throw new FunctionError('Error', 'cannot');
  return 'null';
};

describe('event-source mapping', () => {
  let folder: ReturnType<typeof scratch>;
  let clock: VirtualClock;
  let shard: MemoryShard;
  let open: EventSourceMapping[];

  beforeEach(() => {
    folder = scratch();
    clock = new VirtualClock();
    shard = new MemoryShard();
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((m) => m.stop()));
    folder.clean();
  });

  function start(more: Partial<MappingSpec>, answer: (event: string) => string | Promise<string> = () => 'null') {
    const batches: string[][] = [];
    const times: number[] = [];
    const given: FailureObject[] = [];
    const lines: string[] = [];
    const mapping = new EventSourceMapping(
      { ...SPEC, ...more },
      {
        shards: [shard],
        clock,
        dir: folder.dir,
        invoke: async (event) => {
          batches.push(dataOf(event));
          times.push(clock.now());
          return answer(event);
        },
        giveUp: async (object) => void given.push(object),
        log: (line) => void lines.push(line),
      },
    );
    open.push(mapping);
    mapping.start();
    return { mapping, batches, times, given, lines };
  }

  test('a batch is full at BatchSize; what is left goes without waiting when there is no window', async () => {
    shard.put(clock.now(), 'a', 'b', 'c', 'd', 'e');
    const { batches, mapping } = start({ batchSize: 2 });
    await settle();
    expect(batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(mapping.behind()).toBe(0);
  });

  test('the window gathers records from the first one on', async () => {
    const { batches, times } = start({ windowSeconds: 5 });
    const from = clock.now();
    shard.put(clock.now(), 'a');
    await settle();
    await clock.advance(3000);
    shard.put(clock.now(), 'b');
    await settle();
    expect(batches).toEqual([]);
    await clock.advance(2000);
    await settle();
    expect(batches).toEqual([['a', 'b']]);
    expect(times[0]! - from).toBe(5000);
  });

  test('an event never exceeds 6 MB, and the record has the form that Lambda gives it', async () => {
    const events: string[] = [];
    shard.put(1_767_225_600_123, ...Array.from({ length: 10 }, (_, i) => `${i}:${'x'.repeat(1_000_000)}`));
    start({ batchSize: 10_000 }, (event) => (events.push(event), 'null'));
    await settle();
    expect(events.map((e) => dataOf(e).length)).toEqual([4, 4, 2]);
    for (const event of events) expect(Buffer.byteLength(event)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    const record = JSON.parse(events[0]!).Records[0];
    expect({ ...record, kinesis: { ...record.kinesis, data: '' } }).toEqual({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: '0',
        sequenceNumber: '1000',
        data: '',
        approximateArrivalTimestamp: 1767225600.123,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: 'shardId-000000000000:1000',
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: SPEC.roleArn,
      awsRegion: 'us-east-1',
      eventSourceARN: SPEC.streamArn,
    });
  });

  test('partial failure: the lowest failed sequence number is the checkpoint', async () => {
    shard.put(clock.now(), 'a', 'b', 'c', 'd', 'e');
    let failing = true;
    const { batches, mapping } = start({}, (event) => {
      const sequences = sequencesOf(event);
      if (!failing) return 'null';
      const failed = ['1003', '1002'].filter((s) => sequences.includes(s));
      return JSON.stringify({ batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) });
    });
    await settle();
    // a and b are settled; c, the lowest that failed, is tried again with everything after it.
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd', 'e'],
      ['c', 'd', 'e'],
    ]);
    expect(mapping.behind()).toBe(3);
    failing = false;
    await until(clock, () => mapping.behind() === 0);
    expect(batches.at(-1)).toEqual(['c', 'd', 'e']);
  });

  test.each([
    ['a missing identifier', { batchItemFailures: [{}] }],
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['an identifier that is none', { batchItemFailures: [{ itemIdentifier: null }] }],
    ['a record of another batch', { batchItemFailures: [{ itemIdentifier: '77' }] }],
    ['no list', { batchItemFailures: 'all' }],
  ])('%s fails the whole batch', async (_name, reply) => {
    shard.put(clock.now(), 'a', 'b');
    const { mapping } = start({}, () => JSON.stringify(reply));
    await settle();
    expect(mapping.behind()).toBe(2);
  });

  test.each([['null'], ['{}'], ['{"batchItemFailures":null}'], ['{"batchItemFailures":[]}']])(
    'the reply %s means success',
    async (reply) => {
      shard.put(clock.now(), 'a', 'b');
      const { mapping } = start({}, () => reply);
      await settle();
      expect(mapping.behind()).toBe(0);
    },
  );

  test('without ReportBatchItemFailures the reply does not matter', async () => {
    shard.put(clock.now(), 'a');
    const { mapping } = start({ reportItemFailures: false }, () => '{"batchItemFailures":[{"itemIdentifier":"1000"}]}');
    await settle();
    expect(mapping.behind()).toBe(0);
  });

  test('bisect isolates a poison record; splits do not count as retries; only that record is given up', async () => {
    shard.put(clock.now(), 'a', 'b', 'poison', 'd', 'e', 'f', 'g', 'h');
    const { batches, given, mapping } = start({ bisect: true, maxRetries: 2 }, poison);
    await until(clock, () => mapping.behind() === 0);
    expect(batches).toEqual([
      ['a', 'b', 'poison', 'd', 'e', 'f', 'g', 'h'],
      ['a', 'b', 'poison', 'd'],
      ['a', 'b'],
      ['poison', 'd'],
      ['poison'],
      ['poison'],
      ['poison'],
      ['d'],
      ['e', 'f', 'g', 'h'],
    ]);
    expect(given).toHaveLength(1);
    expect(dataOf(JSON.parse(given[0]!.body).payload)).toEqual(['poison']);
  });

  test('the object of records given up is the invocation record that Lambda documents', async () => {
    const arrived = clock.now();
    shard.put(arrived, 'poison:1', 'b');
    const { given, mapping } = start({ maxRetries: 1 }, poison);
    await until(clock, () => mapping.behind() === 0);
    const { key, body } = given[0]!;
    const at = new Date(clock.now()).toISOString();
    expect(key).toMatch(
      /^aws\/lambda\/11111111-2222-3333-4444-555555555555\/shardId-000000000000\/2026\/01\/01\/2026-01-01T00\.00\.0\d-[0-9a-f-]{36}$/,
    );
    expect(JSON.parse(body)).toEqual({
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: SPEC.functionArn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/^2026-01-01T00:00:0\d.\d{3}Z$/),
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: '1000',
        endSequenceNumber: '1001',
        approximateArrivalOfFirstRecord: new Date(arrived).toISOString(),
        approximateArrivalOfLastRecord: new Date(arrived).toISOString(),
        batchSize: 2,
        streamArn: SPEC.streamArn,
      },
      payload: expect.any(String),
    });
    expect(at > new Date(arrived).toISOString()).toBe(true);
  });

  test('retries back off on the clock, doubling, and later records wait behind them', async () => {
    shard.put(clock.now(), 'poison');
    const { times, batches, mapping } = start({ maxRetries: 4, batchSize: 1 }, poison);
    shard.put(clock.now(), 'after');
    await until(clock, () => mapping.behind() === 0, 500);
    expect(times.slice(1, 5).map((t, i) => (t - times[i]!) / 1000)).toEqual([1, 2, 4, 8]);
    expect(batches.slice(0, 5).flat()).toEqual(Array(5).fill('poison'));
    expect(batches.slice(5)).toEqual([['after']]);
  });

  test('records above MaximumRecordAge are given up, even with retries for ever, and younger ones live', async () => {
    shard.put(clock.now(), 'poison');
    const { given, batches, mapping } = start({ maxAgeSeconds: 60, maxRetries: -1 }, poison);
    await until(clock, () => mapping.behind() === 0);
    expect(JSON.parse(given[0]!.body).requestContext.condition).toBe('RecordAgeExceeded');
    const now = clock.now();
    shard.put(now - 61_000, 'old');
    shard.put(now, 'young');
    await until(clock, () => mapping.behind() === 0);
    expect(batches.at(-1)).toEqual(['young']);
    expect(given).toHaveLength(2);
  });

  test('nothing is lost or skipped when the mapping is stopped while a batch fails', async () => {
    shard.put(clock.now(), 'a', 'b');
    let down = true;
    const answer = (): string => {
      if (down) throw new FunctionError('Error', 'down');
      return 'null';
    };
    const first = start({ maxRetries: 1 }, answer);
    await settle();
    await first.mapping.stop();
    down = false;
    const second = start({ maxRetries: 1 }, answer);
    await until(clock, () => second.mapping.behind() === 0);
    expect(second.batches).toEqual([['a', 'b']]);
    expect([...first.given, ...second.given]).toEqual([]);
  });

  test('a mapping goes on at its checkpoint', async () => {
    shard.put(clock.now(), 'a', 'b');
    const first = start({});
    await settle();
    await first.mapping.stop();
    shard.put(clock.now(), 'c');
    const second = start({});
    await settle();
    expect(second.batches).toEqual([['c']]);
  });

  test('LATEST begins after what is there, and stays there over a restart', async () => {
    shard.put(clock.now(), 'before');
    const first = start({ startingPosition: 'LATEST' });
    await settle();
    await first.mapping.stop();
    shard.put(clock.now(), 'between');
    const second = start({ startingPosition: 'LATEST' });
    await settle();
    expect([...first.batches, ...second.batches]).toEqual([['between']]);
  });

  test('ParallelizationFactor: keys run side by side, each in its order, and one failing key holds up only its lane', async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    for (let n = 0; n < 3; n++) shard.put(clock.now(), ...keys.map((k) => `${k}:${n}`));
    let open = 0;
    let most = 0;
    let down = true;
    const { batches, mapping } = start({ parallelization: 4, batchSize: 2 }, async (event) => {
      most = Math.max(most, ++open);
      await settle();
      open--;
      if (down && dataOf(event).some((d) => d.startsWith('k0:'))) throw new FunctionError('Error', 'down');
      return 'null';
    });
    await until(clock, () => new Set(batches.flat()).size > 24, 10);
    expect(most).toBeGreaterThan(1);
    expect(mapping.behind()).toBeGreaterThan(0);
    down = false;
    await until(clock, () => mapping.behind() === 0, 100);
    for (const key of keys) {
      const seen = batches.flat().filter((d) => d.startsWith(`${key}:`));
      expect([...new Set(seen)]).toEqual([`${key}:0`, `${key}:1`, `${key}:2`]);
    }
  });

  test('with a real function: the process validates, and the checkpoint follows its reply', async () => {
    const source = `export const handler = async (event: any) => ({
      batchItemFailures: event.Records.filter((r: any) => Buffer.from(r.kinesis.data, 'base64').toString() === 'poison')
        .map((r: any) => ({ itemIdentifier: r.kinesis.sequenceNumber })),
    });`;
    const pool = new FunctionPool(functionSpec(folder.dir, source));
    shard.put(clock.now(), 'a', 'poison', 'c');
    const { batches, given, mapping } = start({ bisect: true, maxRetries: 0 }, (event) => pool.invoke(event));
    const deadline = Date.now() + 15_000;
    while (mapping.behind() > 0 && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
    pool.stop();
    expect(batches).toEqual([['a', 'poison', 'c'], ['poison', 'c'], ['poison'], ['c']]);
    expect(JSON.parse(given[0]!.body)).toMatchObject({
      responseContext: { statusCode: 200 },
      KinesisBatchInfo: { batchSize: 1, startSequenceNumber: '1001' },
    });
    expect(JSON.parse(given[0]!.body).responseContext.functionError).toBeUndefined();
  });
});
