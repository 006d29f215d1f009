import { startOf } from '@carelake/laptop/lock';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { bootPlatform, type BootOptions, type Platform } from '@carelake/laptop/runtime';
import { scratch } from './fixtures';
import { smallPlatform, type SmallOptions } from './small-platform';

const { dir, clean } = scratch();
const booted = new Set<Platform>();
let folders = 0;
const folder = (): string => join(dir, `data${folders++}`);

async function boot(dataDir: string, options: SmallOptions = {}, more: Partial<BootOptions> = {}): Promise<Platform> {
  const platform = await bootPlatform({ assemblyDir: smallPlatform(dir, options), dataDir, port: 0, ...more });
  booted.add(platform);
  return platform;
}
async function stop(platform: Platform): Promise<void> {
  booted.delete(platform);
  await platform.stop();
}

/** Text of every object of a bucket, by key. */
async function objects({ endpoints }: Platform, bucket: string, prefix = ''): Promise<Record<string, string>> {
  const { objects: found } = endpoints.s3.list(bucket, { prefix, maxKeys: 1000 });
  return Object.fromEntries(
    await Promise.all(found.map(async ({ key }) => [key, (await endpoints.s3.get(bucket, key)).toString()] as const)),
  );
}
const SILVER = 'carelake-test-store-silver';
const CONTROL = 'carelake-test-store-control';
const QUARANTINE = 'carelake-test-store-quarantine';
const STREAM = 'carelake-test-store-Events';

const put = (platform: Platform, ...values: string[]) =>
  platform.endpoints.kinesis.putRecords(
    STREAM,
    values.map((value) => ({ partitionKey: value, data: Buffer.from(value) })),
  );

/** Lines of all silver objects, sorted. */
const silver = async (platform: Platform): Promise<string[]> =>
  Object.values(await objects(platform, SILVER))
    .flatMap((text) => text.split('\n'))
    .sort();

afterAll(async () => {
  await Promise.all([...booted].map((p) => p.stop()));
  clean();
});

describe('a booted platform', () => {
  test('carries records from a client over stream, function, bucket, rule and state machine to a result', async () => {
    const dataDir = folder();
    const platform = await boot(dataDir);
    expect(platform.outputs.Flow).toMatchObject({ StreamName: STREAM });
    expect(platform.notRun.map((n) => `${n.type} ${n.logicalId}`)).toEqual([
      'AWS::SNS::Topic Alarms',
      'AWS::Events::Rule GivenUp',
    ]);
    const client = new KinesisClient({
      region: 'us-east-1',
      endpoint: platform.url,
      credentials: platform.endpoints.callers.user,
    });
    const values = Array.from({ length: 120 }, (_, i) => `value ${i}`);
    const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) }));
    expect(await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }))).toMatchObject({
      FailedRecordCount: 0,
    });
    client.destroy();
    await platform.idle({ quietMs: 300 });

    expect(platform.status()).toEqual({
      behind: { Mapping: 0 },
      executions: [],
      invocations: 0,
      refused: 0,
      events: 0,
      warehouseBusy: false,
    });
    expect(await silver(platform)).toEqual([...values].sort());
    const written = Object.keys(await objects(platform, SILVER));
    const counts = await objects(platform, CONTROL, 'counts/');
    expect(Object.keys(counts).sort()).toEqual(written.map((key) => `counts/${key}`).sort());
    expect(Object.values(counts).reduce((sum, n) => sum + Number(n), 0)).toBe(120);

    // Every role did what it may; the grants that nothing used are told.
    const used = platform.roles.used().map((g) => `${g.role} ${g.action}`);
    expect(used).toEqual(
      expect.arrayContaining([
        'Flow/ingestRole s3:PutObject',
        'Flow/ingestRole kinesis:GetRecords',
        'Flow/MachineRole lambda:InvokeFunction',
        'Flow/StartRole states:StartExecution',
      ]),
    );
    const unused = platform.roles.granted().filter((g) => !used.includes(`${g.role} ${g.action}`));
    expect(unused).toEqual([expect.objectContaining({ role: 'Flow/ingestRole', action: 's3:ListBucket' })]);

    expect(JSON.parse(readFileSync(join(dataDir, 'endpoint.json'), 'utf8'))).toEqual({
      port: platform.port,
      pid: process.pid,
      start: startOf(process.pid),
      url: platform.url,
      page: platform.page,
    });
    expect(readdirSync(join(dataDir, 'logs'))).toEqual(
      expect.arrayContaining(['carelake-test-flow-ingest.log', 'carelake-test-flow-count.log']),
    );
    await stop(platform);
    expect(existsSync(join(dataDir, 'endpoint.json'))).toBe(false);
  });

  test('a poison record and a deadly one end in the on-failure bucket, and everything around them arrives', async () => {
    const platform = await boot(folder());
    put(platform, 'a', 'b', 'poison', 'c', 'deadly', 'd', 'e', 'f');
    await platform.idle({ quietMs: 300 });
    expect([...new Set(await silver(platform))]).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    const given = Object.values(await objects(platform, QUARANTINE, 'aws/lambda/')).map((text) => JSON.parse(text));
    const data = given.map((g) =>
      JSON.parse(g.payload).Records.map((r: { kinesis: { data: string } }) =>
        Buffer.from(r.kinesis.data, 'base64').toString(),
      ),
    );
    expect(data.flat().sort()).toEqual(['deadly', 'poison']);
    expect(given.map((g) => g.requestContext.condition)).toEqual(['RetryAttemptsExhausted', 'RetryAttemptsExhausted']);
    await stop(platform);
  });

  test('a second start serves what is there: nothing is read, migrated or delivered again', async () => {
    const dataDir = folder();
    const first = await boot(dataDir);
    put(first, 'a', 'b');
    await first.idle({ quietMs: 300 });
    const before = [await objects(first, SILVER), first.endpoints.secrets.list().map((s) => s.secretString)];
    await stop(first);
    const log = join(dataDir, 'logs', 'carelake-test-flow-migrate.log');
    const migrated = readFileSync(log, 'utf8');

    const second = await boot(dataDir);
    await second.idle({ quietMs: 100 });
    expect([await objects(second, SILVER), second.endpoints.secrets.list().map((s) => s.secretString)]).toEqual(before);
    expect(readFileSync(log, 'utf8')).toBe(migrated);
    expect(
      readFileSync(join(dataDir, 'executions', 'ended.ndjson'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(Object.keys(before[0]!).length);
    put(second, 'c');
    await second.idle({ quietMs: 300 });
    expect(await silver(second)).toEqual(['a', 'b', 'c']);
    await stop(second);
  });

  test('a migration that fails stops the boot with its reason and leaves the folder free', async () => {
    const dataDir = folder();
    await expect(boot(dataDir, { sqlHash: 'broken' })).rejects.toThrow(/Migrations .*FAILED: migration 002 failed/);
    await stop(await boot(dataDir, { sqlHash: 'mended' }));
  });

  test('a folder that a living process serves is refused; a lock of a dead one is taken over', async () => {
    const dataDir = folder();
    const platform = await boot(dataDir);
    await expect(boot(dataDir)).rejects.toThrow(`${dataDir} is served by process ${process.pid}`);
    await stop(platform);
    writeFileSync(join(dataDir, 'lock'), '999999 1');
    await stop(await boot(dataDir));
  });

  test('a role without a grant is refused at the endpoint, as in the account', async () => {
    const platform = await boot(folder(), { without: 'silver' });
    put(platform, 'a');
    await platform.idle({ quietMs: 300 });
    expect(await objects(platform, SILVER)).toEqual({});
    expect(Object.keys(await objects(platform, QUARANTINE))).toHaveLength(1);
    expect(readFileSync(join(dir, `data${folders - 1}`, 'logs', 'carelake-test-flow-ingest.log'), 'utf8')).toMatch(
      /AccessDenied/,
    );
    await stop(platform);
  });

  test('a mapping whose role may not read the stream is refused at boot', async () => {
    await expect(boot(folder(), { without: 'stream' })).rejects.toThrow(
      /not authorized to perform kinesis:DescribeStream/,
    );
  });

  test('what the laptop does not run is refused at boot, by name', async () => {
    await expect(boot(folder(), { machineStates: { P: { Type: 'Parallel', End: true } } })).rejects.toThrow(
      /state machine Machine, state "P".*Parallel/,
    );
    await expect(boot(folder(), { mapping: { TumblingWindowInSeconds: 5 } })).rejects.toThrow(
      /Mapping .*TumblingWindowInSeconds/,
    );
  });

  test('a given key secret is used, and another one on an old folder is refused', async () => {
    const dataDir = folder();
    const file = join(dir, 'key.json');
    writeFileSync(file, '{"key_version":1,"secret":"0123456789abcdef"}');
    const platform = await boot(dataDir, {}, { keySecretFile: file });
    expect(platform.endpoints.secrets.list()[0]!.secretString).toBe('{"key_version":1,"secret":"0123456789abcdef"}');
    await stop(platform);
    writeFileSync(file, '{"key_version":1,"secret":"another secret"}');
    await expect(boot(dataDir, {}, { keySecretFile: file })).rejects.toThrow(/made with another key secret/);
  });

  test('functions and state machines can be called by name', async () => {
    const platform = await boot(folder());
    await platform.endpoints.s3.put(CONTROL, 'other', 'x');
    await platform.endpoints.s3.put(SILVER, 'batch/mine', 'one\ntwo');
    expect(await platform.invoke('count', { key: 'batch/mine' })).toEqual({ lines: 2 });
    expect(await platform.execute('Machine', { key: 'batch/mine' })).toEqual({
      status: 'SUCCEEDED',
      output: { kept: true },
    });
    expect(await platform.execute('Machine', { key: 'batch/none' })).toMatchObject({
      status: 'FAILED',
      // Its role may not list the bucket, so that S3 does not tell it that there is nothing.
      error: 'AccessDenied',
    });
    await stop(platform);
  });
});

describe('killed with -9 in mid-stream', () => {
  test('and started again on the same folder, it ends with every record once in each place', async () => {
    const dataDir = folder();
    const assemblyDir = smallPlatform(dir);
    for (const enough of [400, 300]) await killAfter(assemblyDir, dataDir, enough);
    const platform = await boot(dataDir);
    await platform.idle({ quietMs: 500 });
    const stored = platform.endpoints.kinesis.describe(STREAM)!.shards.flatMap(({ shardId }) => {
      const records: string[] = [];
      for (let from = 0, end = platform.endpoints.kinesis.end(STREAM, shardId); from < end;) {
        const read = platform.endpoints.kinesis.read(STREAM, shardId, from, 10_000);
        records.push(...read.records.map((r) => `${r.sequenceNumber} ${r.data.toString()}`));
        from = read.next;
      }
      return records;
    });
    expect(stored.length).toBeGreaterThanOrEqual(700);
    // Batches may come twice; no record is missing, and every object that was written has been counted.
    const lines = await silver(platform);
    expect([...new Set(lines)].sort()).toEqual([...new Set(stored.map((s) => s.replace(/^\d+ /, '')))].sort());
    const keys = Object.keys(await objects(platform, SILVER)).map((key) => `counts/${key}`);
    expect(Object.keys(await objects(platform, CONTROL, 'counts/')).sort()).toEqual(keys.sort());
    expect(await objects(platform, QUARANTINE)).toEqual({});
    await stop(platform);
  });

  function killAfter(assemblyDir: string, dataDir: string, enough: number): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'boot-child.ts'), assemblyDir, dataDir], {
      cwd: process.cwd(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.stdout.on('data', (text: Buffer) => {
      if (Number(text.toString().trim().split('\n').at(-1)) >= enough) child.kill('SIGKILL');
    });
    return new Promise((resolve, reject) => {
      child.on('exit', (_code, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(errors))));
    });
  }
});
