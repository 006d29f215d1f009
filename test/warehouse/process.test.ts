import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { engineProgram } from '@carelake/laptop/engines/engine-program';
import { openReadOnly, type Warehouse } from '@carelake/laptop/engines/warehouse';
import { startWarehouse } from '@carelake/laptop/engines/warehouse-process';
import { failure, parquetOf } from './open';
import { enginePids } from './processes';

/** What the engine may have resident beside a limit of 256 MB. */
const RESIDENT = '0.9 GiB';
const ENDLESS = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r';

const dataDir = mkdtempSync(join(tmpdir(), 'carelake-engine-'));
let s3: S3Store;
let warehouse: Warehouse;
const start = (options = {}): Promise<Warehouse> =>
  startWarehouse({ dataDir, s3, memory: '256MB', threads: 2, ...options });
beforeAll(async () => {
  s3 = await openS3Store(dataDir, new RealClock());
  s3.createBucket('lake');
  warehouse = await start();
  await warehouse.run(['CREATE SCHEMA s', 'CREATE TABLE s.t (a integer)', 'INSERT INTO s.t VALUES (1), (2)']);
});
afterAll(async () => {
  await warehouse.close();
  rmSync(dataDir, { recursive: true, force: true });
});
const sum = async (): Promise<unknown> => (await warehouse.query('SELECT sum(a) FROM s.t')).rows[0]?.[0];
const ended = (at: Warehouse, sql: string): Promise<string> => failure(at.query(sql));

test('answers as the engine in this process does: rows, kinds of values, events of statements, places of errors', async () => {
  const events: unknown[] = [];
  const results = await warehouse.run(
    ['SELECT 1 AS n', "SELECT 9007199254740993::bigint AS b, NULL AS x, true AS y, 'é' AS z, 1.5::decimal(4,2) AS d"],
    { onStatement: (at, { result }) => events.push([at, result?.rows]) },
  );
  expect(results[1]?.rows).toEqual([[9007199254740993n, null, true, 'é', '1.50']]);
  expect(results[1]?.columns.map((c) => c.type)).toEqual(['int8', 'int4', 'bool', 'varchar', 'numeric']);
  expect(events).toEqual([
    [0, undefined],
    [0, [[1]]],
    [1, undefined],
    [1, results[1]?.rows],
  ]);
  const many = await warehouse.query(
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 12345) SELECT n FROM r ORDER BY n',
  );
  expect(many.rows).toEqual(Array.from({ length: 12345 }, (_, i) => [i + 1]));
  await expect(warehouse.run(['SELECT 1', 'SELECT 2', 'SELECT absent'])).rejects.toMatchObject({
    name: 'StatementError',
    index: 2,
  });
  expect(warehouse.busy).toBe(false);
});

test('COPY and UNLOAD reach the lake through the platform, and say what it says', async () => {
  await s3.put('lake', 'in/1.parquet', await parquetOf('SELECT 7::integer AS a'));
  await warehouse.run([
    'CREATE TABLE s.copied (a integer)',
    "COPY s.copied FROM 's3://lake/in/' IAM_ROLE default FORMAT AS PARQUET",
    "UNLOAD ('SELECT a + 1 AS a FROM s.copied') TO 's3://lake/out/' IAM_ROLE default FORMAT AS PARQUET",
    "COPY s.copied FROM 's3://lake/out/' IAM_ROLE default FORMAT AS PARQUET",
  ]);
  expect((await warehouse.query('SELECT a FROM s.copied ORDER BY a')).rows).toEqual([[7], [8]]);
  expect(await ended(warehouse, "COPY s.copied FROM 's3://none/x' IAM_ROLE default FORMAT AS PARQUET")).toBe(
    'ERROR: The S3 bucket none does not exist',
  );
});

test.each([
  "SELECT repeat('x', 100000000) FROM s.t a, s.t b, s.t c, s.t d, s.t e",
  "SELECT length(repeat(repeat('x', 1000000), 2000))",
])(
  '%s goes over the limit of memory: it is told in a sentence, and the next statement runs on what was committed',
  async (sql) => {
    await warehouse.query('INSERT INTO s.t VALUES (10)');
    const open = warehouse.run(['INSERT INTO s.t VALUES (1000)', ENDLESS]);
    const messages = await Promise.all([ended(warehouse, sql), failure(open)]);
    for (const message of messages)
      expect(message).toBe(
        `ERROR: out of memory: the warehouse's process exceeded its limit of ${RESIDENT} while this statement ran; it was stopped and is available again for the next one`,
      );
    expect(Number(await sum()) % 1000).toBeGreaterThan(0);
    expect(Number(await sum())).toBeLessThan(1000);
  },
);

test('a process that is killed is started again; whoever waited is told', async () => {
  const waiting = ended(warehouse, ENDLESS);
  await warehouse.query('SELECT 1');
  for (const pid of enginePids()) process.kill(pid, 'SIGKILL');
  expect(await waiting).toBe(
    "ERROR: connection lost: the warehouse's process ended while this statement ran; it is available again for the next one",
  );
  expect(await sum()).toEqual(expect.anything());
});

test('whoever cannot keep an answer stops what answers, and the next statement runs', async () => {
  const full = new Error('no room');
  const refusing = warehouse.run(['INSERT INTO s.t VALUES (5000)', 'SELECT 1'], {
    onStatement: () => {
      throw full;
    },
  });
  await expect(refusing).rejects.toBe(full);
  expect(Number(await sum())).toBeLessThan(5000);
});

test('a statement runs no longer than the workgroup allows, waiting for a lock not counted', async () => {
  await warehouse.close();
  warehouse = await start({ maxQuerySeconds: 0.3 });
  const first = warehouse.run(['LOCK TABLE s.t', ENDLESS]);
  const second = warehouse.run(['LOCK TABLE s.t', 'SELECT count(*) > 0 FROM s.t']);
  expect(await failure(first)).toBe('ERROR: Query cancelled: it ran longer than the 0.3 s of max_query_execution_time');
  expect((await second)[1]?.rows).toEqual([[true]]);
});

test('statements that never end leave room for others, and closing ends them', async () => {
  await warehouse.close();
  warehouse = await start();
  const endless = Array.from({ length: 12 }, () => ended(warehouse, ENDLESS));
  await warehouse.query('SELECT 1');
  await warehouse.close();
  expect(enginePids()).toEqual([]);
  for (const message of await Promise.all(endless)) expect(message).toMatch(/stopping|cancelled/);
  expect(await ended(warehouse, 'SELECT 1')).toBe('the warehouse is closed');
});

test('an engine ends with the platform that was killed, and leaves the file to the next one', async () => {
  const script = `
    const { startWarehouse } = require(process.env.WAREHOUSE);
    startWarehouse({ dataDir: process.env.DIR, memory: '256MB' }).then(async (w) => {
      w.query(process.env.ENDLESS).catch(() => undefined);
      await w.query('INSERT INTO s.t VALUES (3)');
      process.kill(process.pid, 'SIGKILL');
    });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
    env: {
      ...process.env,
      WAREHOUSE: require.resolve('@carelake/laptop/engines/warehouse-process'),
      DIR: dataDir,
      ENDLESS,
    },
  });
  expect(await new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))).toBe('SIGKILL');
  const reader = await openReadOnly(dataDir);
  expect((await reader.query('SELECT count(*) FROM s.t WHERE a = 3')).rows).toEqual([[1]]);
  await reader.close();
  warehouse = await start();
});

test('its program is made once, and leaves those of earlier sources to the platforms that run them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-program-'));
  writeFileSync(join(folder, 'warehouse-host-earlier.cjs'), '');
  const [program, again] = await Promise.all([engineProgram(folder), engineProgram(folder)]);
  expect(again).toBe(program);
  expect(readdirSync(folder).map((name) => join(folder, name)).sort()).toEqual([program, join(folder, 'warehouse-host-earlier.cjs')].sort()); // prettier-ignore
  rmSync(folder, { recursive: true });
});
