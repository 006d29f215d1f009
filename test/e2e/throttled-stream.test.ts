import { loadConfig } from '../../config';
import { checkIngest } from '../../cli/conservation';
import { bundledCode } from '../../lib/app';
import { generate } from '../../synthetic';
import { cleanUp as removeAssemblies, synthesized } from '../infra/apps';
import { keySecretFile, newFolder } from './laptop';
import { VirtualPlatform } from './virtual';

jest.setTimeout(300_000);
const MINUTE = 60_000;
/** Records of a minute, and how many of them one invocation takes: a tenth. */
const PER_MINUTE = 20;
const BATCH = PER_MINUTE / 10;
const THROTTLED_MINUTES = 60;
const secret = keySecretFile();
const records = [...generate({ patients: 100, events: 1100, seed: 7 })]
  .slice(0, PER_MINUTE * THROTTLED_MINUTES)
  .map(({ partitionKey, data }) => ({ partitionKey, data: Buffer.from(data) }));

let assembly: string;
beforeAll(() => {
  const local = loadConfig('local');
  const config = {
    ...local,
    stream: { mode: 'provisioned' as const, shards: 1, retentionHours: 24 },
    ingest: { ...local.ingest, batchSize: BATCH },
    // One load at the end: what comes into the tables is compared, and not when.
    load: { ...local.load, trigger: { kind: 'cron' as const, expression: '0 0 1 1 ? 2199', timezone: 'UTC' } },
  };
  assembly = synthesized(config, bundledCode());
});
afterAll(async () => {
  await VirtualPlatform.stopAll();
  removeAssemblies();
});

const stateOf = (p: VirtualPlatform): string | undefined =>
  p.platform.alarms().find((a) => a.name.includes('StreamAge'))?.state;

/** Sends the records minute by minute. @param before what happens at the beginning of a minute */
async function anHour(p: VirtualPlatform, before: () => void = () => undefined): Promise<void> {
  for (let minute = 0; minute < THROTTLED_MINUTES; minute++) {
    const from = minute * PER_MINUTE;
    const some = records.slice(from, from + PER_MINUTE);
    if (some.length) p.platform.endpoints.kinesis.putRecords(p.names.stream, some);
    before();
    await p.pass(MINUTE, 10_000);
  }
}

async function tablesAtLast(p: VirtualPlatform): Promise<Record<string, string[]>> {
  await p.until('the stream to be read', () => p.behind() === 0);
  let over = false;
  void p.platform.execute('LoadMachine', { window: 'full' }).then(() => (over = true));
  await p.until('the load', () => over);
  const counts = await p.counts();
  checkIngest(counts, p.dataDir);
  expect(counts).toMatchObject({ received: records.length, unmapped: 0, held: 0 });
  return p.tables();
}

test('a consumer that is throttled to a tenth for an hour raises its age alarm, catches up when it is released, and loses nothing', async () => {
  const calm = await VirtualPlatform.boot(assembly, newFolder('calm'), { keySecretFile: secret });
  await anHour(calm);
  expect(calm.behind()).toBe(0);
  expect(stateOf(calm)).not.toBe('ALARM');
  const undisturbed = await tablesAtLast(calm);
  await calm.stop();
  expect(undisturbed['core.appointment']!.length).toBeGreaterThan(50);

  const p = await VirtualPlatform.boot(assembly, newFolder('throttled'), { keySecretFile: secret });
  const release = (): void => p.platform.reserve('IngestStreamFunction', undefined);
  // Closed by the first batch of a minute that has come to bronze: one invocation, a tenth of the records.
  const end = p.platform.endpoints.s3.onCreated((o) => {
    if (o.bucket === p.names.buckets.bronze) p.platform.reserve('IngestStreamFunction', 0);
  });
  await anHour(p, release);
  const behind = p.behind();
  expect(behind).toBeGreaterThan(records.length * 0.8);
  expect(behind).toBeLessThan(records.length * 0.95);
  expect(stateOf(p)).toBe('ALARM');

  end();
  release();
  const from = p.clock.now();
  await p.until('the stream to be read', () => p.behind() === 0);
  expect(p.clock.now() - from).toBeLessThan(10 * MINUTE);
  // Nothing comes any more: the alarm ends when the old ages are out of what it looks at.
  await p.pass(40 * MINUTE, MINUTE);
  expect(stateOf(p)).toBe('OK');
  expect(await tablesAtLast(p)).toEqual(undisturbed);
  await p.stop();
});
