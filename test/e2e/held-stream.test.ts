import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Plugin } from 'esbuild';
import { parquetReadObjects } from 'hyparquet';
import { VirtualClock } from '@carelake/laptop/clock';
import { readCredentials } from '@carelake/laptop/endpoints/credentials';
import { checkIngest } from '../../cli/conservation';
import { replayFailed, type ReplayOptions } from '../../cli/commands/replay-failed';
import { writeRun } from '../../cli/folder';
import { loadConfig } from '../../config';
import { bundledCode } from '../../lib/app';
import { generate } from '../../synthetic';
import { cleanUp as removeAssemblies, synthesized } from '../infra/apps';
import { keySecretFile, newFolder, ROOT } from './laptop';
import { BEGINNING, VirtualPlatform } from './virtual';

jest.setTimeout(300_000);
const HOUR = 3_600_000;
/** Records are held so long before they are given up: shorter than any environment's, so that a test outlives it. */
const AGE_SECONDS = 2 * 3600;
const secret = keySecretFile();
const NETWORK = { patients: 40, events: 420, seed: 7 };
const records = [...generate(NETWORK)].map(({ partitionKey, data }) => ({ partitionKey, data: Buffer.from(data) }));
/** The alarm on batches that no store takes, by its construct. */
const NOT_WRITTEN = 'BatchesNotWritten';
const FIRST = records.slice(0, 200);
const SECOND = records.slice(200);

let assembly: string;
let undisturbed: Awaited<ReturnType<VirtualPlatform['tables']>>;
let accepted: number;

beforeAll(async () => {
  const local = loadConfig('local');
  const config = { ...local, ingest: { ...local.ingest, maxRecordAgeSeconds: AGE_SECONDS } };
  assembly = synthesized(config, bundledCode());
  const quiet = await begun(assembly);
  await pushed(quiet, SECOND);
  await quiet.settled();
  undisturbed = await quiet.tables();
  ({ accepted } = await quiet.counts());
  await quiet.pass(60_000);
  expect(quiet.everRaised).toEqual([]);
  await quiet.stop();
  expect(undisturbed['core.appointment']!.length).toBeGreaterThan(20);
});
afterAll(async () => {
  await VirtualPlatform.stopAll();
  removeAssemblies();
});

/** A platform that has taken in the first records. */
async function begun(assemblyDir: string): Promise<VirtualPlatform> {
  const platform = await VirtualPlatform.boot(assemblyDir, newFolder('held'), { keySecretFile: secret });
  await pushed(platform, FIRST);
  await platform.settled();
  return platform;
}

const pushed = (platform: VirtualPlatform, more: typeof records): Promise<void> => {
  platform.platform.endpoints.kinesis.putRecords(platform.names.stream, more);
  return platform.pass(10_000);
};

/** Nothing is lost and nothing doubled: every record is in one place, and every table is as if nothing had happened. */
async function whole(platform: VirtualPlatform, quarantinedMore = 0): Promise<void> {
  await platform.settled();
  const counts = await platform.counts();
  checkIngest(counts, platform.dataDir);
  expect(counts).toMatchObject({ received: records.length + quarantinedMore, accepted, unmapped: 0, held: 0 });
  expect(await platform.tables()).toEqual(undisturbed);
}

const bronzeRefuses = (platform: VirtualPlatform): void =>
  platform.refusing(
    ({ action, resource }) => action === 's3:PutObject' && resource.includes(platform.names.buckets.bronze!),
  );
const nothingRefuses = (platform: VirtualPlatform): void => platform.refusing(() => false);

/** The command line asks in real time how the execution stands, which waits on virtual time. */
async function replayed(platform: VirtualPlatform, options: ReplayOptions): Promise<number> {
  let ended: number | Error | undefined;
  void replayFailed(options).then(
    (code) => (ended = code),
    (error: Error) => (ended = error),
  );
  while (ended === undefined) {
    await platform.pass(2000);
    await sleep(20);
  }
  if (ended instanceof Error) throw ended;
  return ended;
}

const failedOf = (platform: VirtualPlatform): string[] => platform.objects('failed');
const notWritten = (platform: VirtualPlatform): number =>
  platform.metric('IngestStreamFunction', 'BatchesNotWritten').reduce((sum, n) => sum + n, 0);

/** Rule ids of what was quarantined since a name was not there yet. */
async function rulesIn(platform: VirtualPlatform, keys: string[]): Promise<string[]> {
  const bucket = platform.names.buckets.quarantine!;
  const rows = await Promise.all(
    keys.map(async (key) => {
      const body = await platform.platform.endpoints.s3.get(bucket, key);
      return parquetReadObjects({ file: new Uint8Array(body).buffer });
    }),
  );
  return rows.flat().map((row) => String(row.rule_ids));
}

/** A copy of the assembly with another ingest-stream. */
async function released(change: { plugin?: Plugin; banner?: string }): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'carelake-release-'));
  cpSync(assembly, copy, { recursive: true });
  const platform = JSON.parse(readFileSync(join(copy, 'Pipeline.template.json'), 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: { Code?: { S3Key: string } } }>;
  };
  const fn = Object.entries(platform.Resources).find(
    ([id, r]) => r.Type === 'AWS::Lambda::Function' && id.startsWith('IngestStreamFunction'),
  )![1];
  const asset = join(copy, `asset.${fn.Properties.Code!.S3Key.replace(/\.zip$/, '')}`);
  const built = await build({
    absWorkingDir: ROOT,
    entryPoints: ['lambdas/ingest-stream/index.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    plugins: change.plugin ? [change.plugin] : [],
    banner: { js: change.banner ?? '' },
  });
  writeFileSync(join(asset, 'index.js'), built.outputFiles[0]!.contents);
  return copy;
}

/** A release with other contracts and another writer: one version more, and other bytes for the same rows. */
const nextRelease: Plugin = {
  name: 'next-release',
  setup: (build) => {
    const changes: [RegExp, string, string][] = [
      [/contracts\/index\.ts$/, 'CONTRACTS_VERSION = 1', 'CONTRACTS_VERSION = 2'],
      [/core\/lake\/parquet\.ts$/, `created_by: 'carelake'`, `created_by: 'carelake, next'`],
    ];
    for (const [filter, from, to] of changes)
      build.onLoad({ filter }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
        return { contents: text.replace(from, to), loader: 'ts' };
      });
  },
};

const DEADLY = 'Deadly record';
/** Ends the process where the code reads the record, as memory or time would. */
const dies = `{ const parse = JSON.parse; JSON.parse = (text, ...more) => {
  if (typeof text === 'string' && text.startsWith('{"event_id":"${DEADLY}')) process.kill(process.pid, 'SIGKILL');
  return parse(text, ...more); }; }`;

test('bronze refuses writes for an hour, then heals: the stream waits and goes on', async () => {
  const platform = await begun(assembly);
  bronzeRefuses(platform);
  await pushed(platform, SECOND);
  const silver = platform.objects('silver').length;
  await platform.pass(HOUR, 30_000);
  expect(platform.behind()).toBe(SECOND.length);
  expect([failedOf(platform), platform.objects('silver').length]).toEqual([[], silver]);
  expect(notWritten(platform)).toBeGreaterThan(60);
  expect(platform.everRaised).toContain(NOT_WRITTEN);
  nothingRefuses(platform);
  await platform.until('the stream read', () => platform.behind() === 0);
  await whole(platform);
  await platform.stop();
});

test('a record that kills the process is quarantined, with everything around it taken in', async () => {
  const platform = await begun(await released({ banner: dies }));
  const before = platform.objects('quarantine');
  const deadly = { partitionKey: SECOND[0]!.partitionKey, data: Buffer.from(`{"event_id":"${DEADLY}"}`) };
  await pushed(platform, [...SECOND.slice(0, 110), deadly, ...SECOND.slice(110)]);
  await platform.until('the stream read', () => platform.behind() === 0);
  await whole(platform, 1);
  const rules = await rulesIn(
    platform,
    platform.objects('quarantine').filter((key) => !before.includes(key)),
  );
  expect(rules.filter((rule) => rule.startsWith('SYS-'))).toEqual(['SYS-KILLED']);
  await platform.pass(60_000);
  expect(platform.everRaised).toContain('IngestErrors');
  expect(failedOf(platform)).toEqual([]);
  await platform.stop();
});

test('a deployment between two attempts: the next release goes on under names of its own', async () => {
  const before = await begun(assembly);
  before.refusing(
    ({ action, resource }) =>
      action === 's3:PutObject' && resource.includes(`${before.names.buckets.silver}/appointment/`),
  );
  await pushed(before, SECOND);
  await before.pass(120_000);
  expect(before.behind()).toBeGreaterThan(0);
  expect(before.everRaised).toContain(NOT_WRITTEN);
  const clock = new VirtualClock(before.clock.now());
  await before.stop();

  const next = await released({ plugin: nextRelease });
  const platform = await VirtualPlatform.boot(next, before.dataDir, { keySecretFile: secret, clock });
  await platform.until('the stream read', () => platform.behind() === 0);
  expect(platform.objects('silver').filter((key) => key.endsWith('-c2-r2.parquet')).length).toBeGreaterThan(0);
  expect(platform.objects('bronze').filter((key) => key.endsWith('-c2.parquet')).length).toBeGreaterThan(0);
  await whole(platform);
  expect(failedOf(platform)).toEqual([]);
  await platform.stop();
});

test('bronze refuses until the records are too old: they are given up, held, and replayed exactly once', async () => {
  const platform = await begun(assembly);
  const { dataDir, names } = platform;
  bronzeRefuses(platform);
  await pushed(platform, SECOND);
  await platform.until('the stream given up', () => platform.behind() === 0, 3 * HOUR, 30_000);
  expect(platform.clock.now()).toBeGreaterThan(BEGINNING + AGE_SECONDS * 1000);
  const given = failedOf(platform);
  expect(given.length).toBeGreaterThan(0);
  expect(await platform.counts()).toMatchObject({ received: records.length, held: SECOND.length });
  expect(notWritten(platform)).toBeGreaterThan(100);
  expect(platform.everRaised).toContain(NOT_WRITTEN);

  const bodies = await Promise.all(given.map((key) => platform.platform.endpoints.s3.get(names.buckets.failed!, key)));

  // The store is not healed yet: the replay fails and takes nothing away.
  writeRun(dataDir, { source: { kind: 'synthetic', ...NETWORK }, env: 'local', sent: 0, status: 'complete', names });
  const said = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await expect(replayed(platform, { data: dataDir, json: true })).rejects.toThrow('the replay ended as FAILED');
  expect(failedOf(platform)).toEqual(given);

  nothingRefuses(platform);
  expect(await replayed(platform, { data: dataDir, json: true })).toBe(0);
  expect(failedOf(platform)).toEqual([]);
  await whole(platform);

  // Given up twice, as Lambda may deliver, and replayed as in an account, by the names among the stacks' outputs.
  const objects = ['bronze', 'silver', 'quarantine'].map((zone) => platform.objects(zone));
  for (const [i, key] of given.entries())
    await platform.platform.endpoints.s3.put(names.buckets.failed!, key, bodies[i]!, {});
  const user = readCredentials(dataDir)!;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: platform.platform.url,
    AWS_ACCESS_KEY_ID: user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  });
  expect(await replayed(platform, { env: 'local', region: names.region, json: true })).toBe(0);
  expect(said.mock.calls.map(([text]) => JSON.parse(String(text)) as unknown)).toEqual([
    { replayed: given.length, left: 0 },
    { replayed: given.length, left: 0 },
  ]);
  said.mockRestore();
  expect(['bronze', 'silver', 'quarantine'].map((zone) => platform.objects(zone))).toEqual(objects);
  expect(failedOf(platform)).toEqual([]);
  await platform.stop();
});
