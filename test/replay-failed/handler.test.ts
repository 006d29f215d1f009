import type { Context } from 'aws-lambda';
import { parquetReadObjects } from 'hyparquet';
import type { ReplayState } from '../../lambdas/replay-failed';
import { envelope } from '../core/samples';
import { FakeS3 } from '../ingest-file/fake-s3';
import { CANARY, context, ENV, event } from '../ingest-stream/run';

/** A record that holds this ends the process, which a test can only see begin. */
const KILLS = 'Kills';
const killed = jest.fn();
jest.mock('../../core/records/conform', () => {
  const actual = jest.requireActual<typeof import('../../core/records/conform')>('../../core/records/conform');
  return {
    ...actual,
    conform: (...args: Parameters<typeof actual.conform>) => {
      if (Buffer.from(args[0]).includes('Kills')) killed();
      return actual.conform(...args);
    },
  };
});

Object.assign(process.env, ENV, { FAILED_BUCKET: 'failed', POWERTOOLS_SERVICE_NAME: 'replay-failed' });

let s3: FakeS3;
let handler: (state: Partial<ReplayState>, context: Context) => Promise<ReplayState>;
const printed: string[] = [];
const PREFIX = 'aws/lambda/m/shardId-000000000000/2026/01/02/2026-01-02T08.00.0';

beforeAll(async () => {
  ({ handler } = (await import('../../lambdas/replay-failed')) as { handler: typeof handler });
});
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  printed.length = 0;
  for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const)
    jest
      .spyOn(console, method)
      .mockImplementation((...args: unknown[]) => void printed.push(args.map(String).join(' ')));
});
afterEach(() => jest.restoreAllMocks());

/** An invocation record, as Lambda writes it into a bucket. */
const giveUp = (n: number, from: number, values: unknown[]): unknown =>
  s3.put(
    'failed',
    `${PREFIX}${n}-x`,
    JSON.stringify({
      requestContext: { requestId: 'r', condition: 'RecordAgeExceeded', approximateInvokeCount: 99 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      version: '1.0',
      timestamp: '2026-01-02T08:00:00.000Z',
      KinesisBatchInfo: { shardId: 'shardId-000000000000', batchSize: values.length },
      payload: JSON.stringify(event(values, { from })),
    }),
  );
const clinic = (name = CANARY) => envelope('clinic', { clinic_name: name });
const lake = (): string[] => ['bronze', 'silver', 'quarantine'].flatMap((zone) => s3.keys(`${zone}/`));
const metrics = (): Record<string, unknown>[] =>
  printed.filter((l) => l.includes('_aws')).map((l) => JSON.parse(l) as Record<string, unknown>);
const STEM = 'arrival=2026-01-02T08/shardId-000000000000';
const TAKEN_IN = [
  `bronze/stream=events/${STEM}/1-2-c1.parquet`,
  `bronze/stream=events/${STEM}/3-3-c1.parquet`,
  `silver/clinic/v2/${STEM}-1-2.parquet`,
  `silver/clinic/v2/${STEM}-3-3.parquet`,
];

describe('a replay', () => {
  beforeEach(() => {
    giveUp(1, 1, [clinic(), clinic()]);
    giveUp(2, 3, [clinic()]);
  });

  it('writes what ingest-stream would have written, removes the objects and counts the records', async () => {
    expect(await handler({}, context)).toEqual({
      after: `${PREFIX}2-x`,
      objects: 2,
      records: 3,
      unreadable: 0,
      done: true,
    });
    expect(lake()).toEqual(TAKEN_IN);
    expect(s3.keys('failed/')).toEqual([]);
    expect(metrics()).toMatchObject([{ Received: 3, Accepted: 3, Quarantined: 0, service: 'replay-failed' }]);
    expect(printed.join('\n')).not.toContain(CANARY);
  });

  it('whose time is over is gone on with by the next invocation', async () => {
    const left = [900_000, 900_000, 30_000];
    const short = { ...context, getRemainingTimeInMillis: () => left.shift() ?? 900_000 } as Context;
    const first = await handler({}, short);
    expect(first).toEqual({ after: `${PREFIX}1-x`, objects: 1, records: 2, unreadable: 0, done: false });
    expect(await handler(first, context)).toMatchObject({ objects: 2, records: 3, done: true });
    expect(lake()).toEqual(TAKEN_IN);
  });

  it('that a store stops takes nothing away that is not written, and does it once the store is back', async () => {
    s3.failNextPutOf = '3-3';
    await expect(handler({}, context)).rejects.toThrow();
    expect(s3.keys('failed/')).toEqual([`failed/${PREFIX}2-x`]);
    expect(await handler({}, context)).toMatchObject({ objects: 1, records: 1, done: true });
    expect(lake()).toEqual(TAKEN_IN);
  });

  it('of what was taken in already changes nothing: the answer of the last one was lost', async () => {
    await handler({}, context);
    giveUp(1, 1, [clinic(), clinic()]);
    const REOPENED = 'control/loads/_reopened.json';
    const lake = () => new Map([...s3.objects].filter(([key]) => !key.startsWith('failed/') && key !== REOPENED));
    const before = lake();
    expect(await handler({}, context)).toMatchObject({ objects: 1, records: 2, done: true });
    expect(lake()).toEqual(before);
    // The hour of the records is said to be open again, before anything of it is written.
    expect(JSON.parse(s3.objects.get(REOPENED)!.body.toString())).toMatchObject({
      hour: expect.stringMatching(/T\d\d$/),
    });
  });
});

describe('an object that holds no batch', () => {
  it.each([
    ['no JSON', `{"payload": "${CANARY}`],
    ['metadata alone, as a queue gets it', JSON.stringify({ KinesisBatchInfo: { batchSize: 3 } })],
    ['no event', JSON.stringify({ payload: JSON.stringify({ Records: [{ kinesis: { data: CANARY } }] }) })],
    ['an empty event', JSON.stringify({ payload: '{"Records":[]}' })],
  ])('%s: stays, is counted, and holds up nothing', async (_, body) => {
    s3.put('failed', `${PREFIX}0-x`, body);
    giveUp(1, 1, [clinic()]);
    expect(await handler({}, context)).toMatchObject({ objects: 1, unreadable: 1, done: true });
    expect(s3.keys('failed/')).toEqual([`failed/${PREFIX}0-x`]);
    expect(printed.join('\n')).toContain('REPLAY-UNREADABLE');
    expect(printed.join('\n')).not.toContain(CANARY);
  });
});

it('an object that ends the process is left at the third attempt, and holds up nothing behind it', async () => {
  giveUp(1, 1, [clinic(), clinic(KILLS)]);
  giveUp(2, 3, [clinic()]);
  /** What is in the stores when the process ends. */
  const dies = async (): Promise<string[]> => {
    let left = new Map<string, unknown>();
    killed.mockImplementationOnce(() => void (left = new Map(s3.objects)));
    await handler({}, context);
    s3.objects.clear();
    for (const [key, value] of left) s3.objects.set(key, value as never);
    return s3.keys('control/attempts/replay/').map((key) => key.slice(-'-1.json'.length));
  };
  expect(await dies()).toEqual(['-1.json']);
  expect(await dies()).toEqual(['-1.json', '-2.json']);
  killed.mockClear();
  expect(await handler({}, context)).toMatchObject({ objects: 1, records: 1, unreadable: 1, done: true });
  expect(killed).not.toHaveBeenCalled();
  expect(s3.keys('failed/')).toEqual([`failed/${PREFIX}1-x`]);
  expect(lake()).toEqual(TAKEN_IN.filter((key) => key.includes('3-3')));
  expect(printed.join('\n')).toContain('REPLAY-KILLED');
  // After the mend its marks are removed, as the runbook says, and it is taken in.
  for (const key of s3.keys('control/attempts/replay/')) s3.objects.delete(key);
  expect(await handler({}, context)).toMatchObject({ objects: 1, records: 2, unreadable: 0, done: true });
  expect(s3.keys('control/attempts/')).toEqual([]);
});

it('a range of which a part was written already repeats positions under another name, and adds none', async () => {
  giveUp(1, 1, [clinic(), clinic()]);
  await handler({}, context);
  giveUp(2, 1, [clinic(), clinic(), clinic()]);
  expect(await handler({}, context)).toMatchObject({ objects: 1, records: 3, done: true });
  const silver = s3.keys('silver/');
  expect(silver.map((key) => key.slice(-'1-2.parquet'.length))).toEqual(['1-2.parquet', '1-3.parquet']);
  const rows = await Promise.all(
    silver.map((key) => parquetReadObjects({ file: Uint8Array.from(s3.body(key)).buffer })),
  );
  const [part, whole] = rows.map((r) =>
    r.map(({ record_source, record_position }) => [record_source, record_position]),
  );
  expect(whole!.map(([, position]) => position)).toEqual(['1', '2', '3']);
  expect(whole!.slice(0, 2)).toEqual(part);
});

it('with nothing given up asks for no secret and is done', async () => {
  expect(await handler({}, context)).toEqual({ after: '', objects: 0, records: 0, unreadable: 0, done: true });
  expect(s3.keys('control/')).toEqual([]);
});
