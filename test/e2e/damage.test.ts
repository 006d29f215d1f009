import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { bootPlatform, type Platform } from '@carelake/laptop/runtime';
import { scratch } from '../laptop/fixtures';
import { smallPlatform } from '../laptop/small-platform';
import { cli, must, newFolder, type Outcome, ROOT, tablesOf } from './laptop';

/** What a power failure, a full disk or a hand leaves of a file. */
const DAMAGE: Record<string, (path: string) => void> = {
  empty: (path) => truncateSync(path, 0),
  garbage: (path) => writeFileSync(path, Buffer.alloc(Math.max(64, statSync(path).size), 'garbage\0')),
  torn: (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
};
const WAYS = Object.keys(DAMAGE);

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

describe('every kind of file in a folder', () => {
  const { dir, clean } = scratch();
  const pristine = join(dir, 'pristine');
  const SILVER = 'carelake-test-store-silver';
  const boot = (dataDir: string): Promise<Platform> =>
    bootPlatform({ assemblyDir: smallPlatform(dir, { machineStates: WAITING }), dataDir, port: 0 });
  /** Executions that are under way for as long as the test lasts, so that their journals lie in the folder. */
  const WAITING = { Debounce: { Type: 'Wait', Seconds: 3600, Next: 'End' }, End: { Type: 'Succeed' } };
  const silver = async ({ endpoints }: Platform): Promise<string[]> => {
    const { objects } = endpoints.s3.list(SILVER, { maxKeys: 1000 });
    const texts = await Promise.all(objects.map(async ({ key }) => (await endpoints.s3.get(SILVER, key)).toString()));
    return [...new Set(texts.flatMap((text) => text.split('\n')))].sort();
  };
  const values = Array.from({ length: 20 }, (_, i) => `value ${i}`);
  /** One file of each kind: names that differ in digits or hashes alone are of one kind. */
  let kinds: [kind: string, file: string][] = [];

  beforeAll(async () => {
    const platform = await boot(pristine);
    platform.endpoints.kinesis.putRecords(
      'carelake-test-store-Events',
      values.map((value) => ({ partitionKey: value, data: Buffer.from(value) })),
    );
    while ((await silver(platform)).length < values.length || platform.status().executions.length === 0)
      await sleep(20);
    while (Object.values(platform.status().behind).some((n) => n > 0)) await sleep(20);
    const credentials = platform.endpoints.callers.user;
    const s3 = new S3Client({ endpoint: platform.url, region: 'us-east-1', credentials, forcePathStyle: true });
    const target = { Bucket: SILVER, Key: 'upload' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part' }));
    s3.destroy();
    // What a kill would leave behind.
    const left = ['endpoint.json', 'lock'].map((name) => [name, readFileSync(join(pristine, name))] as const);
    await platform.stop();
    for (const [name, content] of left)
      writeFileSync(join(pristine, name), content.toString().replaceAll(String(process.pid), '999999999'));
    const byKind = new Map<string, string>();
    for (const path of filesIn(pristine)) {
      const file = relative(pristine, path);
      byKind.set(file.replace(/[0-9a-f]{8,}|\d+/g, '#'), file);
    }
    kinds = [...byKind];
  });
  afterAll(clean);

  /** What a start may lose with a file that is data and no state: `carelake check` compares data. */
  const DATA = /^(kinesis\/.*\.log|kinesis\/.*\.seg|s3\/)/;

  test('is in the folder that the test damages', () => {
    expect(kinds.map(([kind]) => kind)).toEqual(
      expect.arrayContaining([
        'credentials.json',
        'endpoint.json',
        'lock',
        'warehouse.duckdb',
        'esm/Mapping/shardId-#-#of#.json',
        'executions/#.json',
        'custom-resources/carelake-test-flow-Migrations.json',
        'secrets/#.json',
        'kinesis/carelake-test-store-Events/stream.json',
        's#-state/uploads/#/upload.json',
        's#-state/uploads/#/#.json',
      ]),
    );
  });

  test.each(WAYS)('%s: a start repairs it, or names it with a way on; and it ends', async (way) => {
    const outcomes: Record<string, string> = {};
    for (const [kind, file] of kinds) {
      const dataDir = join(dir, 'damaged');
      rmSync(dataDir, { recursive: true, force: true });
      cpSync(pristine, dataDir, { recursive: true, preserveTimestamps: true });
      DAMAGE[way]!(join(dataDir, file));
      let platform: Platform | undefined;
      try {
        platform = await boot(dataDir);
        outcomes[kind] =
          DATA.test(file) || (await silver(platform)).join() === [...values].sort().join() ? 'fine' : 'lost';
      } catch (error) {
        const { message } = error as Error;
        outcomes[kind] = message.includes(join(dataDir, file)) && /To continue: \S/.test(message) ? 'named' : message;
      } finally {
        await platform?.stop();
      }
    }
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'fine' && outcome !== 'named')).toEqual([]);
    expect(Object.values(outcomes)).toEqual(expect.arrayContaining(['fine', 'named']));
  });
});

describe('a whole start on a damaged folder', () => {
  const SIZE = ['--patients', '20', '--events', '200'];
  const pristine = newFolder('damage');
  let tables: Record<string, string[]>;
  const start = (dataDir: string): Promise<Outcome> => cli(['start', '--once', '--json', ...SIZE, '--data', dataDir]);
  const copy = (): string => {
    const dataDir = join(mkdtempSync(join(tmpdir(), 'carelake-damaged-')), 'data');
    cpSync(pristine, dataDir, { recursive: true, preserveTimestamps: true });
    return dataDir;
  };
  const firstIn = (dataDir: string, folder: string): string => [...filesIn(join(dataDir, folder))].sort()[0]!;
  const spoil = (path: string): void => writeFileSync(path, '{"torn": "CANARY-');

  beforeAll(async () => {
    await must(['start', '--once', '--json', ...SIZE, '--data', pristine]);
    tables = await tablesOf(pristine);
  });

  /** The file, and the words of its mend. */
  const named: [what: string, file: (dataDir: string) => string, damage: (path: string) => void, next: RegExp][] = [
    ['progress of the start', (d) => join(d, 'run.json'), spoil, /remove this file/],
    ['credentials', (d) => join(d, 'credentials.json'), spoil, /remove this file/],
    ['checkpoint', (d) => firstIn(d, 'esm'), DAMAGE.empty!, /remove this file/],
    ['custom resource', (d) => firstIn(d, 'custom-resources'), DAMAGE.torn!, /remove this file/],
    ['secret', (d) => firstIn(d, 'secrets'), spoil, /copy/],
    ['warehouse header', (d) => join(d, 'warehouse.duckdb'), DAMAGE.garbage!, /carelake.* rebuild/],
    ['warehouse deleted', (d) => join(d, 'warehouse.duckdb'), (path) => rmSync(path), /carelake.* rebuild/],
  ];

  test.each(named)(
    '%s: named, with its mend, without a stack or a value; the process ends',
    async (_, file, damage, next) => {
      const dataDir = copy();
      const path = file(dataDir);
      damage(path);
      const { code, stdout, stderr } = await start(dataDir);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(path);
      expect(stderr).toMatch(next);
      expect(stderr).not.toMatch(/CANARY|\n\s+at /);
    },
  );

  test('where the mend is to remove the file, that mends it: the same tables', async () => {
    const dataDir = copy();
    for (const [, file, , next] of named) if (String(next).includes('remove')) rmSync(file(dataDir));
    expect((await start(dataDir)).code).toBe(0);
    expect(await tablesOf(dataDir)).toEqual(tables);
  });

  test('a reader that has seen enough ends no command, and makes no noise', () => {
    const ask = `node cli/carelake.js sql --json "select * from core.dim_date a, (select 1 as n union select 2) b" --data ${pristine}`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${ask} | head -c 20; echo " \${PIPESTATUS[0]}"`], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^\{"columns":\["[a-z_]* 0\n$/), '']);
  });

  test('a table that is gone is told with the way to have it again; the warehouse is left as it is', async () => {
    const dataDir = copy();
    await must(['sql', 'drop table core.appointment cascade', '--data', dataDir]);
    const { code, stdout, stderr } = await start(dataDir);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/carelake.* rebuild/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('an endpoint.json whose pid is another process by now, or that is damaged, stops nobody', async () => {
    for (const content of [
      JSON.stringify({ port: 1, pid: 1, start: '1', url: 'http://127.0.0.1:1', page: 'x' }),
      JSON.stringify({ port: 1, pid: 1, url: 'x' }),
      '',
    ]) {
      const dataDir = copy();
      writeFileSync(join(dataDir, 'endpoint.json'), content);
      expect((await cli(['sql', '--json', 'select 1 as one', '--data', dataDir])).stdout).toBe(
        '{"columns":["one"],"rows":[[1]]}\n',
      );
      expect((await start(dataDir)).code).toBe(0);
    }
  });
});
