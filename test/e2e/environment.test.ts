import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf } from '../../cli/environment';
import { queryServed } from '../../cli/sql';
import { type Cli, cli, contentsOf, endpointOf, must, newFolder, ROOT, runOf, serve, type Query } from './laptop';

jest.setTimeout(300_000);

/**
 * The commands with `--env`: they know an environment by the outputs of its stacks alone, and reach it by the settings of any AWS client. Here
 * those settings point at a laptop, whose stacks answer as in an account.
 */
const dataDir = newFolder('environment');
const elsewhere = mkdtempSync(join(tmpdir(), 'carelake-elsewhere-'));
const settings = { ...process.env };
let served: Cli;

const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
/** A command that is given no folder. */
const inEnvironment = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await cli([...args, '--env', 'local', '--json'], { cwd: elsewhere });
  if (code !== 0) throw new Error(`carelake ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const visits = (): Promise<unknown[][]> =>
  query(`SELECT count(*) FROM core.appointment WHERE source_system = 'example-desk'`);

beforeAll(async () => {
  ({ process: served } = await serve(['--data', dataDir, '--patients', '20', '--events', '200']));
  Object.assign(process.env, environmentOf(endpointOf(dataDir), runOf(dataDir).names!));
});
afterAll(async () => {
  await served.interrupt();
  for (const name of Object.keys(process.env)) if (!(name in settings)) delete process.env[name];
  Object.assign(process.env, settings);
});

test('a file is landed, read, withdrawn, and stands again', async () => {
  const profile = join(ROOT, 'examples/visits.json');
  const ingest = () => inEnvironment('ingest', join(ROOT, 'examples/visits.csv'), '--profile', profile);
  const landed = await ingest();
  expect(landed).toMatchObject({ landed: true, received: 5, accepted: 4, quarantined: 1 });
  expect(await ingest()).toEqual({ ...landed, landed: false });
  await must(['load', '--data', dataDir]);
  expect(await visits()).toEqual([[4]]);
  const object = String(landed.landing_object);
  expect(await inEnvironment('withdraw', object)).toMatchObject({ state: 'withdrawn' });
  expect(await visits()).toEqual([[0]]);
  const again = await cli(['ingest', join(ROOT, 'examples/visits.csv'), '--profile', profile, '--env', 'local'], {
    cwd: elsewhere,
  });
  expect([again.code, again.stderr]).toEqual([
    1,
    expect.stringMatching(/next: {2}to reinstate it: carelake withdraw [0-9a-f]{16} --env local --undo\n$/),
  ]);
  expect(await inEnvironment('withdraw', object, '--undo')).toMatchObject({ state: 'standing' });
  expect(await visits()).toEqual([[4]]);
});

test('what arrived is started again, and the warehouse is made again: to the same tables', async () => {
  const before = await contentsOf(query);
  const day = new Date().toISOString().slice(0, 10);
  expect(await inEnvironment('backfill', '--from', day, '--to', day)).toMatchObject({
    files: 1,
    records: 200,
    written: 0,
  });
  expect(await inEnvironment('replay-failed')).toEqual({ replayed: 0, left: 0 });
  expect(Number((await inEnvironment('rebuild', '--yes')).objects)).toBeGreaterThan(3);
  expect(await contentsOf(query)).toEqual(before);
});

test.each([
  [['withdraw', 'x'], 'withdrawals'],
  [['rebuild', '--yes'], 'rebuild'],
  [['replay-failed'], 'replay'],
  [['ingest', join(ROOT, 'examples/visits.csv'), '--profile', join(ROOT, 'examples/visits.json')], 'landing'],
])('an environment that is not deployed is told with the next step: %s', async (command, lacks) => {
  const { code, stderr } = await cli([...command, '--env', 'dev'], { cwd: elsewhere });
  expect([code, stderr]).toEqual([
    2,
    `carelake: the stacks of this environment have no ${lacks}\n  where: environment dev, region us-east-1\n  next:  deploy the environment first (docs/deploy.md)\n`,
  ]);
});
