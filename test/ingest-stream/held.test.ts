import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { parquetReadObjects } from 'hyparquet';
import { ENTITIES } from '../../contracts';
import { envelope, SECRET } from '../core/samples';
import { FakeAws } from './fake-aws';
import { CANARY, context, ENV, event } from './run';

/** Records that hold one of these make the code throw, or end the process, which a test can only see begin. */
const [THROWS, KILLS] = ['Throws', 'Kills'];
const killed = jest.fn();
jest.mock('../../core/records/conform', () => {
  const actual = jest.requireActual<typeof import('../../core/records/conform')>('../../core/records/conform');
  return {
    ...actual,
    conform: (...args: Parameters<typeof actual.conform>) => {
      const text = Buffer.from(args[0]).toString('latin1');
      if (text.includes('Throws')) throw new TypeError(`cannot read Zq7Canary of ${text}`);
      if (text.includes('Kills')) killed();
      return actual.conform(...args);
    },
  };
});
/** A row of this clinic cannot be written, whichever object it stands in. */
const UNWRITABLE = 'Unwritable';
let release = 'one';
jest.mock('../../core/lake/parquet', () => {
  const actual = jest.requireActual<typeof import('../../core/lake/parquet')>('../../core/lake/parquet');
  return {
    ...actual,
    writeSilver: (...args: Parameters<typeof actual.writeSilver>) => {
      if (args[1].some((row) => row.includes('Unwritable'))) throw new RangeError('Zq7Canary');
      return Buffer.concat([actual.writeSilver(...args), Buffer.from(release === 'one' ? '' : release)]);
    },
  };
});

const aws = new FakeAws();
const printed: string[] = [];
let handler: (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

beforeAll(async () => {
  Object.assign(process.env, ENV, { AWS_ENDPOINT_URL: await aws.start() });
  for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const)
    jest
      .spyOn(console, method)
      .mockImplementation((...args: unknown[]) => void printed.push(args.map(String).join(' ')));
  await freshProcess();
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.objects.clear();
  aws.calls.length = 0;
  aws.fault = () => undefined;
  aws.loses = () => false;
  aws.secret = SECRET;
  printed.length = 0;
  release = 'one';
  killed.mockReset();
});

/** The function as a new process has it. */
async function freshProcess(): Promise<void> {
  jest.resetModules();
  ({ handler } = (await import('../../lambdas/ingest-stream')) as { handler: typeof handler });
}

const STEM = 'arrival=2026-01-02T08/shardId-000000000000-1';
const quarantined = async (last: number) => {
  const body = aws.objects.get(`quarantine/${STEM}-${last}.parquet`)!.body;
  const rows = await parquetReadObjects({ file: new Uint8Array(body).buffer });
  return rows.map((r) => [r.record_position, r.bronze_row, r.rule_ids, r.pointers]);
};
const metricsOf = (): Record<string, unknown>[] =>
  printed
    .filter((l) => l.includes('_aws'))
    .map((l) => JSON.parse(l) as Record<string, unknown>)
    // The sum over all kinds of faults is told beside each.
    .filter((m) => m.service !== 'platform');

describe('a record at which the code throws', () => {
  it('is quarantined in that invocation, with everything around it accepted', async () => {
    const batch = event([envelope('clinic'), envelope('clinic', { clinic_name: THROWS }), envelope('patient')]);
    expect(await handler(batch, context)).toEqual({ batchItemFailures: [] });
    expect(await quarantined(3)).toEqual([['2', 1n, 'SYS-THROWN', '#']]);
    expect(aws.keys('silver')).toEqual([
      `clinic/v2/${STEM}-3.parquet`,
      `patient/v${ENTITIES.patient.version}/${STEM}-3.parquet`,
    ]);
    expect(metricsOf()).toMatchObject([{ Received: 3, Accepted: 2, Quarantined: 1 }]);
  });

  it('only when its row is written, is found among its group', async () => {
    const batch = event([envelope('clinic'), envelope('clinic', { clinic_name: UNWRITABLE }), envelope('clinic')]);
    expect(await handler(batch, context)).toEqual({ batchItemFailures: [] });
    expect(await quarantined(3)).toEqual([['2', 1n, 'SYS-THROWN', '#']]);
    const body = aws.objects.get(`silver/clinic/v2/${STEM}-3.parquet`)!.body;
    const rows = await parquetReadObjects({ file: new Uint8Array(body).buffer });
    expect(rows.map((r) => r.record_position)).toEqual(['1', '3']);
  });

  it('tells where the code threw, and nothing of what it read', async () => {
    await handler(event([envelope('clinic', { clinic_name: `${THROWS} ${CANARY}` })]), context);
    const told = printed.find((line) => line.includes('SYS-THROWN'))!;
    expect(told).toContain('TypeError');
    expect(told).toMatch(/at .*held\.test\.ts/);
    expect(printed.join('\n')).not.toContain(CANARY);
  });
});

describe('a record that ends the process', () => {
  const deadly = event([envelope('clinic', { clinic_name: KILLS })]);
  const MARK = 'attempts/events/shardId-000000000000/1';
  beforeEach(freshProcess);

  /** An invocation whose process ends at the record: what is in the stores at that moment is all that is left. */
  async function dies(): Promise<string[]> {
    let left: string[] | undefined;
    const objects = new Map(aws.objects);
    killed.mockImplementation(() => {
      left = aws.keys('control').filter((key) => key.startsWith('attempts/'));
      for (const [key, value] of aws.objects) objects.set(key, value);
      throw new Error('stands for the end of the process');
    });
    await handler(deadly, context);
    aws.objects.clear();
    for (const [key, value] of objects) aws.objects.set(key, value);
    await freshProcess();
    return left!;
  }

  it('alone in its batch, is quarantined unread by the third attempt', async () => {
    expect(await dies()).toEqual([`${MARK}-1.json`]);
    expect(await dies()).toEqual([`${MARK}-1.json`, `${MARK}-2.json`]);
    killed.mockReset();
    expect(await handler(deadly, context)).toEqual({ batchItemFailures: [] });
    expect(killed).not.toHaveBeenCalled();
    expect(await quarantined(1)).toEqual([['1', 0n, 'SYS-KILLED', '#']]);
    expect(aws.keys('bronze')).toHaveLength(1);
    expect(aws.keys('silver')).toEqual([]);
  });

  it('marks name where it stands and hold nothing', async () => {
    await dies();
    expect(aws.objects.get(`control/${MARK}-1.json`)!.body.toString()).toBe('{}');
  });

  it('that is survived after all is accepted, and leaves no mark', async () => {
    await dies();
    killed.mockReset();
    expect(await handler(deadly, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('control').filter((key) => key.startsWith('attempts/'))).toEqual([]);
    expect(aws.keys('silver')).toEqual([`clinic/v2/${STEM}-1.parquet`]);
  });

  it('is looked for in batches of one record only: others cost no mark', async () => {
    await handler(event([envelope('clinic'), envelope('clinic')]), context);
    expect(aws.calls.filter((call) => call.includes('control/attempts'))).toEqual([]);
    aws.calls.length = 0;
    await handler(event([envelope('clinic')]), context);
    expect(aws.calls.filter((call) => call.includes('control/attempts'))).toEqual([
      `PUT control/${MARK}-1.json`,
      `DELETE control/${MARK}-1.json`,
    ]);
  });
});

describe('a record that a healthy store would take', () => {
  const one = event([envelope('clinic')]);

  it.each(['PUT bronze/', 'PUT silver/', 'DELETE control/attempts/'])(
    'is never quarantined, however often the store refuses %s',
    async (call) => {
      aws.fault = (seen) =>
        seen.startsWith(call) || (call.startsWith('DELETE') && seen.startsWith('PUT bronze/'))
          ? { status: 503, code: 'SlowDown' }
          : undefined;
      for (let attempt = 0; attempt < 5; attempt++) {
        expect(await handler(one, context)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
        expect(metricsOf()).toHaveLength(attempt + 1);
        expect(metricsOf()[attempt]).toMatchObject({ BatchesNotWritten: 1 });
      }
      aws.fault = () => undefined;
      expect(await handler(one, context)).toEqual({ batchItemFailures: [] });
      expect(aws.keys('quarantine')).toEqual([]);
      expect(aws.keys('silver')).toEqual([`clinic/v2/${STEM}-1.parquet`]);
    },
  );

  describe.each(['within one process', 'each in a process of its own'])(
    'whose mark is stored and the answer lost, twice, %s',
    (how) => {
      // The store refuses to take the marks back as well, where one process can still remember them.
      const removable = how !== 'within one process';
      // The client tries again by itself, as it does by default.
      beforeAll(() => void (process.env.AWS_MAX_ATTEMPTS = '3'));
      afterAll(() => void (process.env.AWS_MAX_ATTEMPTS = '1'));

      it('is held, not counted as one that ended the process, and accepted by the next attempt', async () => {
        await freshProcess();
        aws.loses = (call) => call.startsWith('PUT control/attempts/');
        aws.fault = (call) =>
          !removable && call.startsWith('DELETE control/attempts/') ? { status: 503, code: 'SlowDown' } : undefined;
        for (let attempt = 0; attempt < 2; attempt++) {
          const answer = await handler(one, context);
          if (removable || attempt === 0) expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
          expect(aws.keys('quarantine')).toEqual([]);
          if (removable) await freshProcess();
        }
        aws.loses = () => false;
        aws.fault = () => undefined;
        expect(await handler(one, context)).toEqual({ batchItemFailures: [] });
        expect(aws.keys('quarantine')).toEqual([]);
        expect(aws.keys('silver')).toEqual([`clinic/v2/${STEM}-1.parquet`]);
        expect(aws.keys('control').filter((key) => key.startsWith('attempts/'))).toEqual([]);
      });
    },
  );

  it('whose mark the store refuses is held once, then taken in without one', async () => {
    await freshProcess();
    aws.fault = (call) => (call.includes(' control/attempts/') ? { status: 503, code: 'SlowDown' } : undefined);
    expect(await handler(one, context)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect(metricsOf()).toMatchObject([{ BatchesNotWritten: 1 }]);
    expect(await handler(one, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('quarantine')).toEqual([]);
    expect(aws.keys('silver')).toEqual([`clinic/v2/${STEM}-1.parquet`]);
  });

  it('whose mark has no answer in time is not counted either, though it is stored later', async () => {
    await freshProcess();
    aws.hangs = (call) => call.startsWith('PUT control/attempts/');
    const short = { ...context, getRemainingTimeInMillis: () => 5300 } as Context;
    expect(await handler(one, short)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    aws.hangs = () => false;
    for (const n of [1, 2])
      aws.objects.set(`control/attempts/events/shardId-000000000000/1-${n}.json`, {
        body: Buffer.from('{}'),
        checksum: null,
      });
    expect(await handler(one, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('quarantine')).toEqual([]);
    expect(aws.keys('control').filter((key) => key.startsWith('attempts/'))).toEqual([]);
  });

  it('is asked for again when the store hangs, before the time is over', async () => {
    aws.hangs = (call) => call.startsWith('PUT bronze/');
    const short = { ...context, getRemainingTimeInMillis: () => 5300 } as Context;
    expect(await handler(one, short)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect(printed.join('\n')).toContain('LAKE-SLOW');
    expect(metricsOf()).toMatchObject([{ BatchesNotWritten: 1 }]);
    aws.hangs = () => false;
    expect(await handler(one, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('quarantine')).toEqual([]);
  });

  it('counts as not written when the key secret is out of reach, which throws', async () => {
    await freshProcess();
    aws.fault = (call) => (call.startsWith('secretsmanager') ? { status: 500, code: 'InternalError' } : undefined);
    await expect(handler(one, context)).rejects.toThrow();
    expect(metricsOf()).toMatchObject([{ BatchesNotWritten: 1 }]);
  });
});

describe('a deployment between two attempts', () => {
  const batch = event([envelope('clinic'), envelope('patient')]);

  it('whose code writes other bytes goes on under a name of its own, and again under the same', async () => {
    aws.fault = (call) => (call.startsWith('PUT silver/patient') ? { status: 503, code: 'SlowDown' } : undefined);
    expect(await handler(batch, context)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    const first = aws.objects.get(`silver/clinic/v2/${STEM}-2.parquet`)!.body;
    aws.fault = () => undefined;
    release = 'two';
    await freshProcess();
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await handler(batch, context)).toEqual({ batchItemFailures: [] });
      expect(aws.keys('silver')).toEqual([
        `clinic/v2/${STEM}-2-c1-r2.parquet`,
        `clinic/v2/${STEM}-2.parquet`,
        `patient/v${ENTITIES.patient.version}/${STEM}-2.parquet`,
      ]);
    }
    expect(aws.objects.get(`silver/clinic/v2/${STEM}-2.parquet`)!.body).toEqual(first);
    release = 'three';
    expect(await handler(batch, context)).toEqual({ batchItemFailures: [] });
    expect(aws.keys('silver')).toContain(`patient/v${ENTITIES.patient.version}/${STEM}-2-c1-r2.parquet`);
    expect(aws.keys('silver')).toContain(`clinic/v2/${STEM}-2-c1-r3.parquet`);
  });
});
