import { PutObjectCommand } from '@aws-sdk/client-s3';
import { writeRun } from '../../cli/folder';
import { backfill, type BackfillOptions } from '../../cli/commands/backfill';
import { countIngest } from '../../cli/conservation';
import { zonesOf } from '../../cli/laptop';
import { assemblyOf } from '../infra/assemblies';
import { boot, changed, cleanUp, type Laptop, newFolder, patients, until } from '../privilege/laptop';
import { exampleCsv } from '../example-clinic';
import { contentsOf, textOf } from './laptop';

jest.setTimeout(240_000);

const CSV = exampleCsv([{}, { Number: '2', Day: '30.02.2026' }]);

let laptop: Laptop;
let printed: string[] = [];
const quiet = (): Promise<void> => laptop.platform.idle({ quietMs: 500 });
const tables = (): Promise<Record<string, string[]>> =>
  contentsOf(async (sql) => textOf((await laptop.platform.endpoints.warehouse.query(sql)).rows));
const upload = (Key: string, Body: string): Promise<unknown> =>
  laptop.as().s3.send(new PutObjectCommand({ Bucket: laptop.names.buckets.landing, Key, Body }));
/** Every object of a zone, by name and checksum. */
const zone = (name: string): string[] => {
  const { s3 } = laptop.platform.endpoints;
  return s3
    .list(laptop.names.buckets[name]!, { maxKeys: 100_000 })
    .objects.map((o) => `${o.key} ${o.size} ${JSON.stringify(o.checksums)}`)
    .sort();
};
const unreadMetrics = (): unknown[] =>
  laptop
    .log('LandingSweepLanding')
    .filter((line) => 'UnreadLanded' in line)
    .map((line) => line['UnreadLanded']);

/** `carelake backfill` as the command line runs it. @returns its exit code and what it printed */
async function run(more: Partial<BackfillOptions> = {}): Promise<{ code: number; result: Record<string, number> }> {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  printed = [];
  const options = {
    from: day(Date.now() - 86_400_000),
    to: day(Date.now()),
    json: true,
    data: laptop.dataDir,
    ...more,
  };
  const code = await backfill(options);
  return { code, result: JSON.parse(printed.join('')) as Record<string, number> };
}

beforeAll(async () => {
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => (printed.push(String(text)), true));
  // Whatever S3 tells of landed objects is lost.
  const deaf = changed(assemblyOf('local'), 'Pipeline', (resources) => {
    const [, rule] = Object.entries(resources).find(
      ([id]) => id.startsWith('TriggersFileLanded') && !id.includes('Role'),
    )!;
    rule.Properties['State'] = 'DISABLED';
  });
  const dataDir = newFolder();
  laptop = await boot(deaf, dataDir);
  const source = { kind: 'synthetic' as const, patients: 1, events: 1, seed: 1 };
  writeRun(dataDir, { source, env: 'local', sent: 1, status: 'complete', names: laptop.names });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await cleanUp();
});

test('a landed object whose notification was lost is found by the sweep, read and loaded; the metric counts it', async () => {
  const { platform } = laptop;
  await upload('example-clinic-csv/a.csv', CSV);
  await upload('nobody/b.csv', 'a,b\n1,2\n');
  platform.endpoints.kinesis.putRecords(laptop.names.stream, [
    ...patients(20),
    { partitionKey: 'bad', data: Buffer.from('{"event_id":') },
  ]);
  await quiet();
  expect(zone('control').filter((k) => k.startsWith('files/read/'))).toEqual([]);

  // Too young to be missed.
  expect(await platform.execute('LandingSweepMachine', {})).toMatchObject({ status: 'SUCCEEDED' });
  await quiet();
  expect(unreadMetrics()).toEqual([]);
  const sweep = { unread_after_minutes: 0 };
  expect(await platform.execute('LandingSweepMachine', sweep)).toMatchObject({
    status: 'SUCCEEDED',
    output: { done: true, counts: { unread: 2, started: 2 } },
  });
  await quiet();
  // One was read, the other refused: both are answered.
  expect(zone('control').filter((k) => k.startsWith('files/read/'))).toHaveLength(2);
  await platform.execute('LandingSweepMachine', sweep);
  await quiet();
  expect(unreadMetrics()).toEqual([2]);
  const { ingest: counted } = await countIngest(zonesOf(laptop.dataDir, laptop.names));
  expect(counted).toMatchObject({ received: 21 + 2 + 1, accepted: 20 + 1, quarantined: 1 + 1 + 1 });
  expect((await tables())['core.fact_appointment']).toHaveLength(1);
});

test('a backfill leaves every table and object as it is; objects that were deleted from silver come back the same', async () => {
  const { s3 } = laptop.platform.endpoints;
  const before = { tables: await tables(), silver: zone('silver'), quarantine: zone('quarantine') };
  expect(before.silver.length).toBeGreaterThanOrEqual(4);

  expect(await run()).toEqual({
    code: 0,
    result: {
      files: 2,
      batches: expect.any(Number),
      records: 21,
      written: 0,
      kept: 0,
      killed: 0,
      archived: 0,
      restoring: 0,
      restore_hours: 0,
    },
  });
  await quiet();
  expect({ tables: await tables(), silver: zone('silver'), quarantine: zone('quarantine') }).toEqual(before);

  const { silver, quarantine } = laptop.names.buckets as Record<string, string>;
  for (const bucket of [silver!, quarantine!])
    for (const { key } of s3.list(bucket, { maxKeys: 100_000 }).objects) s3.delete(bucket, key);
  const fromStream = [...before.silver, ...before.quarantine].filter((k) => k.includes('/shardId-'));
  expect(await run()).toMatchObject({ code: 0, result: { files: 2, records: 21, written: fromStream.length } });
  await quiet();
  expect({ tables: await tables(), silver: zone('silver'), quarantine: zone('quarantine') }).toEqual(before);
});

test('what was deleted from silver before it was loaded is loaded by the backfill', async () => {
  const { platform, names } = laptop;
  const { s3, kinesis } = platform.endpoints;
  const held = { ...names.buckets } as Record<string, string>;
  const known = new Set(s3.list(held['silver']!, { maxKeys: 100_000 }).objects.map((o) => o.key));
  // Deleted as soon as it is stored, before the load that it starts has looked.
  const end = s3.onCreated((o) => {
    if (o.bucket === held['silver'] && !known.has(o.key)) s3.delete(o.bucket, o.key);
  });
  kinesis.putRecords(names.stream, patients(5, 100));
  await until('a batch in bronze', () =>
    zone('bronze').length > 0 && platform.status().invocations === 0 ? true : undefined,
  );
  await quiet();
  end();
  const count = async (): Promise<number> => (await tables())['core.dim_patient']!.length;
  const before = await count();
  expect(await run()).toMatchObject({ code: 0 });
  await quiet();
  expect(await count()).toBe(before + 5);
});
