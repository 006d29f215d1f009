import type { KinesisStreamEvent } from 'aws-lambda';
import { parquetReadObjects } from 'hyparquet';
import { ENTITIES } from '../../contracts';
import { batchesOf } from '../../core/stream-event';
import { envelope, SECRET } from '../core/samples';
import { FakeAws } from './fake-aws';
import { CANARY, context, ENV, event } from './run';

const mockLoaded: string[] = [];
jest.mock('../../core/files/fhir/stream', (): object => {
  mockLoaded.push('fhir');
  return jest.requireActual('../../core/files/fhir/stream');
});

const aws = new FakeAws();
const printed: string[] = [];
let handler: (typeof import('../../lambdas/ingest-stream'))['handler'];

const rows = async (name: string, utf8 = true) => {
  const body = aws.objects.get(name)?.body;
  if (!body) throw new Error(`no object ${name}, only ${[...aws.objects.keys()].join(', ')}`);
  return parquetReadObjects({ file: new Uint8Array(body).buffer, utf8 });
};

beforeAll(async () => {
  Object.assign(process.env, ENV, { AWS_ENDPOINT_URL: await aws.start() });
  for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const)
    jest
      .spyOn(console, method)
      .mockImplementation((...args: unknown[]) => void printed.push(args.map(String).join(' ')));
  ({ handler } = (await import('../../lambdas/ingest-stream')) as { handler: typeof handler });
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.objects.clear();
  aws.calls.length = 0;
  aws.fault = () => undefined;
  aws.secret = SECRET;
  printed.length = 0;
});

const MIXED = [
  envelope('appointment', { appointment_id: `${CANARY}-1` }),
  envelope('patient', { last_name: CANARY }),
  `{"broken": "${CANARY}`,
  envelope('patient', { last_name: `${CANARY}\u0000` }),
  envelope('appointment', { status_code: CANARY, patient_id: CANARY }),
  envelope('provider', { provider_id: undefined, npi: '1234567890' }),
  Buffer.from([0xff, 0xfe]),
  'x'.repeat(2_000_000),
  envelope('clinic'),
];
const STEM = 'arrival=2026-01-02T08/shardId-000000000000-1-9.parquet';

describe('a batch', () => {
  it('goes to bronze as it came, then to silver by entity and to quarantine by rule', async () => {
    expect(await handler(event(MIXED), context)).toEqual({ batchItemFailures: [] });
    const bronzeKey = 'stream=events/arrival=2026-01-02T08/shardId-000000000000/1-9-c1.parquet';
    expect(aws.keys('bronze')).toEqual([bronzeKey]);
    expect(aws.keys('silver')).toEqual([
      `appointment/v2/${STEM}`,
      `clinic/v2/${STEM}`,
      `patient/v${ENTITIES.patient.version}/${STEM}`,
    ]);
    expect(aws.keys('quarantine')).toEqual([STEM]);
    const bronze = await rows(`bronze/${bronzeKey}`, false);
    expect(bronze.map((r) => Buffer.from(r.data as Uint8Array).toString('base64'))).toEqual(
      event(MIXED).Records.map((r) => r.kinesis.data),
    );
    expect((bronze[0].arrived_at as Date).toISOString()).toBe('2026-01-02T08:59:59.987Z');
    const quarantine = await rows(`quarantine/${STEM}`);
    expect(quarantine.map((r) => [r.record_position, r.bronze_row, r.entity ?? null, r.rule_ids, r.pointers])).toEqual([
      ['3', 2n, null, 'DQ-FMT-02', '#'],
      ['4', 3n, 'patient', 'DQ-FMT-01', '/payload/last_name'],
      ['5', 4n, 'appointment', 'DQ-APT-05', '/payload/status_code'],
      ['6', 5n, 'provider', 'DQ-ID-03', '/payload/npi'],
      ['7', 6n, null, 'DQ-FMT-01', '#'],
      ['8', 7n, null, 'ENV-SIZE', '#'],
    ]);
    expect(new Set(quarantine.map((r) => r.bronze_object))).toEqual(new Set([`bronze/${bronzeKey}`]));
    const [appointment] = await rows(`silver/appointment/v2/${STEM}`);
    expect(appointment).toMatchObject({
      appointment_id: `${CANARY}-1`,
      record_source: 'events/shardId-000000000000',
      record_position: '1',
    });
  });

  it('counts what it received, accepted and quarantined', async () => {
    await handler(event(MIXED), context);
    const metrics = printed.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => '_aws' in line);
    expect(metrics).toHaveLength(1);
    expect(metrics[0]).toMatchObject({
      Received: 9,
      Accepted: 3,
      Quarantined: 6,
      service: 'ingest-stream',
      _aws: { CloudWatchMetrics: [{ Namespace: 'Carelake' }] },
    });
  });

  it('sent twice changes nothing', async () => {
    await handler(event(MIXED), context);
    const before = new Map([...aws.objects].map(([k, v]) => [k, v.body.toString('base64')]));
    expect(await handler(event(MIXED), context)).toEqual({ batchItemFailures: [] });
    expect(new Map([...aws.objects].map(([k, v]) => [k, v.body.toString('base64')]))).toEqual(before);
  });

  it('without records writes nothing', async () => {
    expect(await handler(event([]), context)).toEqual({ batchItemFailures: [] });
    expect([...aws.objects.keys()].filter((k) => !k.startsWith('control/'))).toEqual([]);
    expect(printed.filter((l) => l.includes('_aws'))).toEqual([]);
  });

  it('of nothing but bad records is acknowledged', async () => {
    expect(await handler(event(['{', '']), context)).toEqual({ batchItemFailures: [] });
    expect([aws.keys('silver'), aws.keys('quarantine')]).toEqual([
      [],
      ['arrival=2026-01-02T08/shardId-000000000000-1-2.parquet'],
    ]);
  });
});

describe('a failing store', () => {
  it('has the batch asked for again from its first record on, after bronze failed nothing else is written', async () => {
    aws.fault = (call) => (call.startsWith('PUT bronze/') ? { status: 503, code: 'SlowDown' } : undefined);
    expect(await handler(event(MIXED), context)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect([aws.keys('silver'), aws.keys('quarantine')]).toEqual([[], []]);
    const metrics = printed.filter((l) => l.includes('_aws')).map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(metrics).toMatchObject([
      { BatchesNotWritten: 1, service: 'ingest-stream', _aws: { CloudWatchMetrics: [{ Namespace: 'Carelake' }] } },
      { Faults: 1, service: 'platform' },
    ]);
    expect(metrics[0]).not.toHaveProperty('Received');
  });

  it('in the middle leaves what the retry completes', async () => {
    aws.fault = (call) => (call.startsWith('PUT silver/patient') ? { status: 503, code: 'SlowDown' } : undefined);
    expect(await handler(event(MIXED), context)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    aws.fault = () => undefined;
    expect(await handler(event(MIXED), context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('silver')).toHaveLength(3);
  });

  it('of one shard does not hold the other', async () => {
    const both = {
      Records: [
        ...event([envelope('clinic')]).Records,
        ...event([envelope('clinic')], { shard: 'shardId-000000000001', from: 50 }).Records,
      ],
    };
    aws.fault = (call) => (call.includes('shardId-000000000001') ? { status: 500, code: 'InternalError' } : undefined);
    expect(await handler(both, context)).toEqual({ batchItemFailures: [{ itemIdentifier: '50' }] });
    expect(aws.keys('silver')).toEqual(['clinic/v2/arrival=2026-01-02T08/shardId-000000000000-1-1.parquet']);
  });
});

describe('an event of Amazon MSK', () => {
  const partition = (number: number, from: number, values: unknown[]) =>
    values.map((value, i) => ({
      topic: 'visits',
      partition: number,
      offset: from + i,
      timestamp: 1_767_344_399_987,
      value: Buffer.from(JSON.stringify(value)).toString('base64'),
    }));
  const kafka = {
    eventSource: 'aws:kafka',
    records: {
      'visits-0': partition(0, 40, [envelope('clinic'), envelope('patient')]),
      'visits-1': partition(1, 7, [envelope('clinic'), { ...envelope('patient'), op: 'replace' }, envelope('clinic')]),
    },
  };
  const zeros = (offset: number) => String(offset).padStart(20, '0');
  const first = `arrival=2026-01-02T08/partition-0-${zeros(40)}-${zeros(41)}.parquet`;
  const second = `arrival=2026-01-02T08/partition-1-${zeros(7)}-${zeros(9)}.parquet`;

  it('is taken in as one of Kinesis, a partition as a shard', async () => {
    expect(await handler(kafka, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('bronze')).toEqual([
      `stream=visits/arrival=2026-01-02T08/partition-0/${zeros(40)}-${zeros(41)}-c1.parquet`,
      `stream=visits/arrival=2026-01-02T08/partition-1/${zeros(7)}-${zeros(9)}-c1.parquet`,
    ]);
    expect(aws.keys('silver')).toEqual([
      `clinic/v2/${first}`,
      `clinic/v2/${second}`,
      `patient/v${ENTITIES.patient.version}/${first}`,
    ]);
    expect(aws.keys('quarantine')).toEqual([second]);
  });

  it('of which a store takes one partition alone has each record of the other asked for, by its offset', async () => {
    aws.fault = (call) => (call.includes('partition-1') ? { status: 503, code: 'SlowDown' } : undefined);
    expect(await handler(kafka, context)).toEqual({
      batchItemFailures: [7, 8, 9].map((offset) => ({ itemIdentifier: { partition: 'visits-1', offset } })),
    });
    expect(aws.keys('silver')).toEqual([`clinic/v2/${first}`, `patient/v${ENTITIES.patient.version}/${first}`]);
    const metrics = printed.filter((l) => l.includes('_aws')).map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(metrics).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ Received: 2, Accepted: 2 }),
        expect.objectContaining({ BatchesNotWritten: 1 }),
      ]),
    );
    aws.fault = () => undefined;
    const again = { records: { 'visits-1': kafka.records['visits-1'] } };
    expect(await handler(again, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('silver')).toEqual([
      `clinic/v2/${first}`,
      `clinic/v2/${second}`,
      `patient/v${ENTITIES.patient.version}/${first}`,
    ]);
  });
});

describe('logs and errors', () => {
  it('never hold a value of a record, whatever fails', async () => {
    for (const fault of [undefined, 'PUT bronze/', 'PUT silver/', 'PUT quarantine/']) {
      aws.objects.clear();
      aws.fault = (call) => (fault && call.startsWith(fault) ? { status: 500, code: 'InternalError' } : undefined);
      await handler(event(MIXED), context);
    }
    expect(printed.length).toBeGreaterThanOrEqual(4);
    expect(printed.join('\n')).not.toContain(CANARY);
    expect(printed.join('\n')).toContain('"status": 500');
  });

  it('tell a missing environment variable by its name', async () => {
    delete process.env.SILVER_BUCKET;
    try {
      const failed = await handler(event(MIXED), context).catch((e: unknown) => e as Error);
      expect(failed).toMatchObject({
        name: 'SafeError',
        message: 'CONFIG: environment variable SILVER_BUCKET is not set',
      });
      expect((failed as Error).stack).toBe('SafeError: CONFIG: environment variable SILVER_BUCKET is not set');
    } finally {
      process.env.SILVER_BUCKET = 'silver';
    }
  });

  it('tell of a foreign fault no more than its kind', async () => {
    const failed = await handler(
      { Records: [{ kinesis: null, eventID: CANARY, eventSourceARN: CANARY }] } as unknown as KinesisStreamEvent,
      context,
    ).catch((e: unknown) => e as Error);
    expect(failed).toMatchObject({ name: 'SafeError', code: 'FAULT', detail: 'TypeError' });
    expect(printed.join('\n')).not.toContain(CANARY);
  });
});

describe('reading an event', () => {
  it('keeps the order of the records and gives exact microseconds', () => {
    const [batch] = batchesOf(event(['a', 'b', 'c'], { from: 7 }));
    expect(batch).toMatchObject({ stream: 'events', shardId: 'shardId-000000000000' });
    expect(batch.records.map((r) => [r.sequence, r.arrivedAt, Buffer.from(r.data).toString()])).toEqual([
      ['7', 1_767_344_399_987_000, 'a'],
      ['8', 1_767_344_399_987_000, 'b'],
      ['9', 1_767_344_399_987_000, 'c'],
    ]);
  });
});

describe('FHIR among envelopes', () => {
  it('is read by the profile that the environment names, entry by entry', async () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { resource: { resourceType: 'Patient', id: '1', name: [{ family: CANARY }] } },
        { resource: { resourceType: 'Flag', id: '2' } },
        { resource: { resourceType: CANARY } },
      ],
    };
    // Envelopes, good and bad, pay nothing for it.
    await handler(event(MIXED), context);
    expect(mockLoaded).toEqual([]);
    aws.objects.clear();
    expect(await handler(event([envelope('clinic'), bundle]), context)).toEqual({ batchItemFailures: [] });
    expect(mockLoaded).toEqual(['fhir']);
    const stem = 'arrival=2026-01-02T08/shardId-000000000000-1-2.parquet';
    expect(
      (await rows(`silver/patient/v${ENTITIES.patient.version}/${stem}`)).map((r) => [
        r.source_system,
        r.record_position,
      ]),
    ).toEqual([['fhir-r4', '2/0']]);
    expect((await rows(`quarantine/${stem}`)).map((r) => [r.record_position, r.rule_ids, r.profile])).toEqual([
      ['2/2', 'FIL-FHR-03', 'fhir-r4'],
    ]);
    const [{ parts, members }] = (await rows(aws.keys('bronze').map((key) => `bronze/${key}`)[0]!)).slice(1);
    expect([parts, members]).toEqual(['0 1=Flag 2', 3]);
    expect(printed.join()).not.toContain(CANARY);
    expect(printed.join()).toMatch(/"unmapped": ?1/);
  });
});
