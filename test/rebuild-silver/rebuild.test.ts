import type { S3Client } from '@aws-sdk/client-s3';
import { planBatch, planUnread, type IngestPlan, type StreamBatch } from '../../core/ingest';
import { rebuildSilver, type RebuildContext } from '../../lambdas/rebuild-silver/rebuild';
import { envelope, keys } from '../core/samples';
import { FakeS3 } from '../ingest-file/fake-s3';

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

const ARRIVED = Date.UTC(2026, 0, 2, 8) * 1000;
let s3: FakeS3;

const batch = (sequence: string, names: string[]): StreamBatch => ({
  stream: 'events',
  shardId: 'shardId-000000000000',
  records: names.map((clinic_name, i) => ({
    sequence: String(Number(sequence) + i),
    partitionKey: 'k',
    arrivedAt: ARRIVED,
    data: Buffer.from(JSON.stringify(envelope('clinic', { clinic_name }))),
  })),
});
const store = (plan: IngestPlan): void => {
  s3.put('bronze', plan.bronze.key, Buffer.from(plan.bronze.body));
  for (const o of plan.silver) s3.put('silver', o.key, Buffer.from(o.body));
  if (plan.quarantine) s3.put('quarantine', plan.quarantine.key, Buffer.from(plan.quarantine.body));
};

function context(): RebuildContext {
  s3.install();
  const client = {
    send: (command: { input: { Delimiter?: string } }) =>
      command.input.Delimiter ? { CommonPrefixes: [{ Prefix: 'stream=events/' }] } : s3['send'](command),
  } as unknown as S3Client;
  return {
    s3: client,
    keys,
    bronze: 'bronze',
    silver: 'silver',
    quarantine: 'quarantine',
    now: Date.now,
    remainingMs: () => 900_000,
  };
}
const run = () => rebuildSilver(context(), { from: '2026-01-02', to: '2026-01-02', id: 'b' });

beforeEach(() => (s3 = new FakeS3()));
afterEach(() => jest.restoreAllMocks());

test('a record that was quarantined since it ended the process is not read again, and holds up no other', async () => {
  store(planUnread(batch('1', ['Kills']), 'bronze'));
  store(planBatch(batch('2', ['a', 'b']), keys, 'bronze'));
  store(planBatch(batch('4', ['c']), keys, 'bronze'));
  const silver = s3.keys('silver/');
  for (const key of silver) s3.objects.delete(key);
  const before = new Map(s3.objects);
  expect(await run()).toMatchObject({
    rebuilt: true,
    bronze: { objects: 3, records: 4, written: 2, present: 0, kept: 0, killed: 1 },
  });
  expect(killed).not.toHaveBeenCalled();
  expect(s3.keys('silver/')).toEqual(silver);
  for (const [key, value] of before) expect(s3.objects.get(key)).toBe(value);
});

test('an object of silver that another release wrote otherwise stays, and is counted', async () => {
  const plan = planBatch(batch('1', ['a']), keys, 'bronze');
  store(plan);
  const key = plan.silver[0]!.key;
  s3.put('silver', key, 'other bytes');
  expect(await run()).toMatchObject({ bronze: { written: 0, present: 0, kept: 1, killed: 0 } });
  expect(s3.body(`silver/${key}`).toString()).toBe('other bytes');
});
