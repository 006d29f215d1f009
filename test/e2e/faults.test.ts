import { PutObjectCommand } from '@aws-sdk/client-s3';
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskPolicy } from '@carelake/laptop/disk';
import { checkGivenUp, countIngest } from '../../cli/conservation';
import { zonesOf } from '../../cli/laptop';
import { readLanded, resumeLoads, unreadFiles } from '../../cli/resume';
import { assemblyOf } from '../infra/assemblies';
import { boot, cleanUp, type Laptop, newFolder, patients, stop, until } from '../privilege/laptop';
import { exampleCsv } from '../example-clinic';
import { contentsOf, keySecretFile, textOf } from './laptop';

jest.setTimeout(240_000);

const secret = keySecretFile();
const start = (dataDir: string, more: Parameters<typeof boot>[2] = {}): Promise<Laptop> =>
  boot(assemblyOf('local'), dataDir, { keySecretFile: secret, ...more });
const quiet = (laptop: Laptop): Promise<void> => laptop.platform.idle({ quietMs: 700 });
const ask = (laptop: Laptop) => async (sql: string) =>
  textOf((await laptop.platform.endpoints.warehouse.query(sql)).rows);
const tables = (laptop: Laptop): Promise<Record<string, string[]>> => contentsOf(ask(laptop));
const rowsOf = (laptop: Laptop) => async (sql: string) => {
  const { columns, rows } = await laptop.platform.endpoints.warehouse.query(sql);
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [columns[i]!.name, cell])));
};
const put = (laptop: Laptop, records: ReturnType<typeof patients>): unknown =>
  laptop.platform.endpoints.kinesis.putRecords(laptop.names.stream, records);
const land = (laptop: Laptop, Key: string, Body: string): Promise<unknown> =>
  laptop.as().s3.send(new PutObjectCommand({ Bucket: laptop.names.buckets.landing, Key, Body }));
const counts = async (laptop: Laptop) => (await countIngest(zonesOf(laptop.dataDir, laptop.names))).ingest;

const csv = (first: number, rows: number): string =>
  exampleCsv(Array.from({ length: rows }, (_, i) => ({ Number: String(first + i), Patient: `P-${first + i}` })));

afterEach(() => jest.restoreAllMocks());
afterAll(() => cleanUp());

test('a key that is put thirty times in a row loses none of the 150 rows', async () => {
  const laptop = await start(newFolder());
  for (let i = 0; i < 30; i++) await land(laptop, 'example-clinic-csv/daily.csv', csv(i * 5, 5));
  await quiet(laptop);
  expect(await counts(laptop)).toEqual({ received: 150, accepted: 150, quarantined: 0, unmapped: 0, held: 0 });
  expect((await tables(laptop))['core.fact_appointment']).toHaveLength(150);
  await stop(laptop.platform);
});

test('a file that is gone before it is read is told at once, and not tried again for hours', async () => {
  const laptop = await start(newFolder());
  const { s3 } = laptop.platform.endpoints;
  const { landing } = laptop.names.buckets;
  const { versionId } = await s3.put(landing!, 'example-clinic-csv/gone.csv', csv(0, 5));
  s3.delete(landing!, 'example-clinic-csv/gone.csv', versionId);
  await quiet(laptop);
  const ended = readFileSync(join(laptop.dataDir, 'executions', 'ended.ndjson'), 'utf8')
    .trim()
    .split('\n');
  expect(ended.map((line) => JSON.parse(line) as object)).toMatchObject([{ status: 'FAILED', error: 'LastingError' }]);
  await stop(laptop.platform);
  expect(() => checkGivenUp(laptop.dataDir, zonesOf(laptop.dataDir, laptop.names).failed, 0, false)).toThrow(
    '1 files could not be ingested',
  );
});

test('a file whose reading failed is read by the next start', async () => {
  // The endpoint tells where it failed.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const dataDir = newFolder();
  let failing = false;
  const beforeDisk: DiskPolicy['before'] = (operation, path) => {
    if (failing && operation === 'write' && (path.includes('/drafts/') || /executions\/.*draft$/.test(path)))
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const first = await start(dataDir, { beforeDisk });
  await land(first, 'example-clinic-csv/a.csv', csv(0, 5));
  await until('the execution of the file', () => first.platform.status().executions[0]);
  failing = true;
  await until('its end', () => (first.platform.status().executions.length === 0 ? true : undefined));
  failing = false;
  await stop(first.platform);
  expect(await counts(first)).toMatchObject({ received: 0 });
  const second = await start(dataDir);
  await quiet(second);
  expect(unreadFiles(second.platform, second.names, dataDir)).toBe(1);
  expect(await readLanded(second.platform, second.names, dataDir)).toBe(1);
  expect(unreadFiles(second.platform, second.names, dataDir)).toBe(0);
  expect(await counts(second)).toMatchObject({ received: 5, accepted: 5 });
  expect((await tables(second))['core.fact_appointment']).toHaveLength(5);
  await stop(second.platform);
});

test('a file is read whose notification the state machine refused, in the same run', async () => {
  let refusing = true;
  const beforeDisk: DiskPolicy['before'] = (_operation, path) => {
    if (refusing && path.includes('/executions/')) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  };
  const laptop = await start(newFolder(), { beforeDisk });
  await land(laptop, 'example-clinic-csv/a.csv', csv(0, 5));
  await until('a refusal', () => laptop.platform.status().refused || undefined);
  refusing = false;
  await quiet(laptop);
  expect(await counts(laptop)).toMatchObject({ received: 5, accepted: 5 });
  expect((await tables(laptop))['core.fact_appointment']).toHaveLength(5);
  await stop(laptop.platform);
});

test('records that come after the stream lost its end are all read, and the start says what was lost', async () => {
  const dataDir = newFolder();
  const first = await start(dataDir);
  put(first, patients(2000));
  await quiet(first);
  const before = await tables(first);
  await stop(first.platform);
  for (const shard of readdirSync(join(dataDir, 'kinesis', first.names.stream)).filter((f) => !f.endsWith('.json'))) {
    const folder = join(dataDir, 'kinesis', first.names.stream, shard);
    const path = join(folder, readdirSync(folder).sort().at(-1)!);
    truncateSync(path, Math.floor(statSync(path).size / 2));
  }
  const told: string[] = [];
  const second = await start(dataDir, { onNotice: (line) => told.push(line) });
  expect(told[0]).toMatch(/has lost its end: .* numbers from \d+ to \d+/);
  put(second, patients(1000, 2000));
  await quiet(second);
  expect(await counts(second)).toMatchObject({ received: 3000, accepted: 3000 });
  const whole = await start(newFolder());
  put(whole, patients(2000));
  await quiet(whole);
  expect(await tables(whole)).toEqual(before);
  put(whole, patients(1000, 2000));
  await quiet(whole);
  expect(await tables(second)).toEqual(await tables(whole));
  await stop(second.platform);
  await stop(whole.platform);
});

test.each([20, 60, 150])(
  'a disk that is full from its %ith write on is told, nothing is taken in any more, and with room the tables are the same',
  async (writes) => {
    let room = Infinity;
    const beforeDisk: DiskPolicy['before'] = () => {
      if (--room < 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    const dataDir = newFolder();
    const told: string[] = [];
    const full = await start(dataDir, { beforeDisk, onNotice: (line) => told.push(line) });
    room = writes;
    const sent = patients(3000);
    let acknowledged = 0;
    for (; acknowledged < 3000; acknowledged += 100) {
      try {
        put(full, sent.slice(acknowledged, acknowledged + 100));
      } catch (error) {
        expect((error as Error).message).toMatch(/disk full: .*free some space/);
        break;
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    await expect(quiet(full)).rejects.toThrow(/disk full: /);
    expect(told.filter((line) => line.includes('disk full'))).toHaveLength(1);
    await expect(land(full, 'a', 'x')).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
    await stop(full.platform);
    const again = await start(dataDir);
    put(again, sent.slice(acknowledged));
    await quiet(again);
    await resumeLoads(again.platform, again.names, rowsOf(again));
    await quiet(again);
    const whole = await start(newFolder());
    put(whole, sent);
    await quiet(whole);
    expect(await tables(again)).toEqual(await tables(whole));
    await stop(again.platform);
    await stop(whole.platform);
  },
);

test('a clock that jumps by hours while records come in, and between two processes, ends in the same tables', async () => {
  let skew = 7_200_000;
  const wall = (): number => Date.now() + skew;
  const dataDir = newFolder();
  let laptop = await start(dataDir, { wall });
  put(laptop, patients(300));
  await until('records read', () => (laptop.platform.status().executions.length > 0 ? true : undefined));
  skew = -7_200_000;
  await stop(laptop.platform);
  laptop = await start(dataDir, { wall });
  put(laptop, patients(300, 300));
  skew = 36_000_000;
  await quiet(laptop);
  await stop(laptop.platform);
  laptop = await start(dataDir, { wall });
  put(laptop, patients(300, 600));
  await quiet(laptop);
  await resumeLoads(laptop.platform, laptop.names, rowsOf(laptop));
  await quiet(laptop);
  const whole = await start(newFolder());
  put(whole, patients(900));
  await quiet(whole);
  expect(await tables(laptop)).toEqual(await tables(whole));
  await stop(laptop.platform);
  await stop(whole.platform);
});
