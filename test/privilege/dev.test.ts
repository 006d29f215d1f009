import {
  DescribeExecutionCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { writeRun } from '../../cli/folder';
import { load } from '../../cli/commands/load';
import { assemblyOf } from '../infra/assemblies';
import { type Clock, RealClock } from '@carelake/laptop/clock';
import { boot, cleanUp, type Laptop, newFolder, patients } from './laptop';

jest.setTimeout(180_000);

/** A minute of dev's batching window and its polls passes in seconds. */
const FAST = 30;
function fastClock(): Clock {
  const real = new RealClock();
  const begin = Date.now();
  return { now: () => begin + (Date.now() - begin) * FAST, sleep: (ms, signal) => real.sleep(ms / FAST, signal) };
}

let laptop: Laptop;
let client: SFNClient;
const asked = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new SFNClient({ endpoint: laptop.platform.url, region: laptop.names.region, credentials, maxAttempts: 1 });

beforeAll(async () => {
  laptop = await boot(assemblyOf('dev'), newFolder(), { clock: fastClock() });
  client = asked(laptop.platform.endpoints.callers.user);
});
afterAll(async () => {
  client?.destroy();
  await cleanUp();
});

const loaded = async (): Promise<number> =>
  Number((await laptop.platform.endpoints.warehouse.query('SELECT count(*) FROM core.patient_log')).rows[0]![0]);

test("dev's templates boot; records wait in silver for the schedule, and a load that is started takes them", async () => {
  const { platform, names } = laptop;
  expect(platform.notRun.map((n) => n.type)).toEqual(expect.arrayContaining(['Custom::CarelakeUsageLimit']));
  platform.endpoints.kinesis.putRecords(names.stream, patients(20));
  await platform.idle({ quietMs: 500 });
  expect(platform.endpoints.s3.list(names.buckets.silver!, {}).objects.length).toBeGreaterThan(0);
  expect(await loaded()).toBe(0);

  const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
  expect(stateMachines.map((m) => m.stateMachineArn)).toContain(names.loadMachine);
  const start = { stateMachineArn: names.loadMachine, name: 'now', input: '{"window":"open"}' };
  const { executionArn } = await client.send(new StartExecutionCommand(start));
  let state = await client.send(new DescribeExecutionCommand({ executionArn }));
  expect(state).toMatchObject({ status: 'RUNNING', stateMachineArn: names.loadMachine, name: 'now' });
  while (state.status === 'RUNNING') state = await client.send(new DescribeExecutionCommand({ executionArn }));
  expect(state.status).toBe('SUCCEEDED');
  expect(state.stopDate!.getTime()).toBeGreaterThanOrEqual(state.startDate!.getTime());
  expect(await loaded()).toBe(20);
  await expect(client.send(new StartExecutionCommand(start))).rejects.toThrow('Execution Already Exists');
});

test('the endpoint refuses what is not there, what it cannot read and whom the template does not let', async () => {
  const { names } = laptop;
  const start = (more: object) =>
    client.send(new StartExecutionCommand({ stateMachineArn: names.loadMachine, ...more }));
  await expect(start({ stateMachineArn: `${names.loadMachine}x` })).rejects.toMatchObject({
    name: 'StateMachineDoesNotExist',
  });
  await expect(start({ input: '{' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
  await expect(start({ name: 'a b' })).rejects.toMatchObject({ name: 'InvalidName' });
  const gone = { executionArn: `${names.loadMachine.replace(':stateMachine:', ':execution:')}:never` };
  await expect(client.send(new DescribeExecutionCommand(gone))).rejects.toMatchObject({
    name: 'ExecutionDoesNotExist',
  });
  const role = asked(laptop.platform.endpoints.callers.registerRole(laptop.roleArn('LoadRole')));
  await expect(role.send(new StartExecutionCommand({ stateMachineArn: names.loadMachine }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  role.destroy();
});

test('`carelake load` does the same from another terminal', async () => {
  const { platform, names, dataDir } = laptop;
  const source = { kind: 'synthetic', patients: 1, events: 1, seed: 1 } as const;
  writeRun(dataDir, { source, env: 'dev', sent: 0, status: 'complete', names });
  const said = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    platform.endpoints.kinesis.putRecords(names.stream, patients(5, 50));
    await platform.idle({ quietMs: 500 });
    expect(await load({ data: dataDir, json: true })).toBe(0);
    expect(said.mock.calls.map(([text]) => String(text)).join('')).toContain('{"read":5}');
    said.mockClear();
    expect(await load({ data: dataDir, full: true })).toBe(0);
    expect(said.mock.calls.map(([text]) => String(text)).join('')).toContain('Nothing was pending.');
  } finally {
    said.mockRestore();
  }
  expect(await loaded()).toBe(25);
});
