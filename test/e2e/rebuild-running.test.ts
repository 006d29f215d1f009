import { accountPlace, rebuildRunning, servedPlace } from '../../cli/commands/rebuild-running';
import { Progress } from '../../cli/output';
import { generate } from '../../synthetic';
import { assemblyOf } from '../infra/assemblies';
import { boot, cleanUp, type Laptop, newFolder } from '../privilege/laptop';
import { contentsOf, textOf } from './laptop';

jest.setTimeout(300_000);
const records = [...generate({ patients: 60, events: 900, seed: 11 })].map(({ partitionKey, data }) => ({
  partitionKey,
  data: Buffer.from(data),
}));

let laptop: Laptop;
let undisturbed: Record<string, string[]>;
const ask = async (sql: string): Promise<unknown[][]> =>
  textOf((await laptop.platform.endpoints.warehouse.query(sql)).rows);
const receipts = (): number =>
  laptop.platform.endpoints.s3.list(laptop.names.buckets.control!, { prefix: '_ledger/', maxKeys: 10_000 }).objects
    .length;
/** The way of the command, by the endpoints of a platform that runs, with the roles that its templates give. */
const rebuild = (): Promise<number> => {
  const { url, endpoints } = laptop.platform;
  const at = servedPlace({ url, credentials: endpoints.callers.user }, laptop.names, laptop.dataDir);
  return rebuildRunning(at, new Progress(true));
};

beforeAll(async () => {
  laptop = await boot(assemblyOf('local'), newFolder());
  for (let at = 0; at < records.length; at += 300) {
    laptop.platform.endpoints.kinesis.putRecords(laptop.names.stream, records.slice(at, at + 300));
    await laptop.platform.idle({ quietMs: 500 });
  }
  undisturbed = await contentsOf(ask);
  expect(Number((await ask('SELECT count(*) FROM core.appointment'))[0]![0])).toBeGreaterThan(100);
});
afterAll(cleanUp);

test('a warehouse that agrees comes out of a rebuild as it was, by loads of its own', async () => {
  const before = receipts();
  const loads = await ask('SELECT count(*) FROM ops.load_ledger');
  expect(Number(loads[0]![0])).toBeGreaterThan(1);
  expect(await rebuild()).toBe(before);
  expect(await contentsOf(ask)).toEqual(undisturbed);
  expect(await laptop.platform.invoke('DailyCheckCheckTablesFunction', {})).toMatchObject({
    asleep: false,
    violations: 0,
  });
});

test.each([
  ['rows are gone', ['DELETE FROM core.appointment', "DELETE FROM core.dim_patient_history WHERE event_id IS NOT NULL"]],
  ['rows were changed, the member "not known" among them', ["UPDATE core.dim_clinic_history SET clinic_name = 'other'"]],
  ['a table was dropped, with the views on it', ['DROP TABLE core.appointment CASCADE']],
  ['views were dropped', ['DROP VIEW gold_phi.no_show_rate', 'DROP VIEW gold_phi.obt_appointment']],
  ['the ledger is gone, and everything would be loaded twice', ['DELETE FROM ops.loaded_object', 'DELETE FROM ops.load_ledger', 'DELETE FROM ops.load_count']],
])('after any loss it is whole again: %s', async (_, losses) => {
  for (const loss of losses) await laptop.platform.endpoints.warehouse.queryEngine(loss);
  await rebuild();
  expect(await contentsOf(ask)).toEqual(undisturbed);
  // The grants came with what was made again.
  expect(await laptop.platform.invoke('DailyCheckCheckTablesFunction', {})).toMatchObject({ violations: 0 });
}); // prettier-ignore

test('a load that holds the lease is not disturbed: nothing is removed, and the command says so', async () => {
  const before = receipts();
  await ask(`UPDATE ops.load_lease SET load_id = '${'a'.repeat(32)}'`);
  await expect(rebuild()).rejects.toThrow('the rebuild ended as FAILED: REBUILD-BUSY');
  expect(receipts()).toBe(before);
  await ask('UPDATE ops.load_lease SET load_id = NULL');
  expect(await contentsOf(ask)).toEqual(undisturbed);
});

test('a load that takes the lease in between has the emptying undone', async () => {
  const { warehouse } = laptop.platform.endpoints;
  const held = `UPDATE ops.load_lease SET load_id = '${'b'.repeat(32)}'`;
  const { readSql } = await import('../../core/warehouse/sql-files');
  const [guard] = readSql('sql', 'rebuild').get('guard')!.statements;
  const empty = readSql('sql', 'generated').get('rebuild')!.statements;
  await ask(held);
  await expect(warehouse.run([...empty, guard!])).rejects.toThrow(/lease_is_ours/);
  await ask('UPDATE ops.load_lease SET load_id = NULL');
  expect(await contentsOf(ask)).toEqual(undisturbed);
});

test('a rebuild whose command ended after the emptying is finished by the next full load', async () => {
  await laptop.platform.execute('RebuildMachine', {});
  expect([receipts(), await ask('SELECT count(*) FROM core.appointment')]).toEqual([0, [[0]]]);
  await laptop.platform.execute('LoadMachine', { window: 'full' });
  await laptop.platform.idle({ quietMs: 500 });
  expect(await contentsOf(ask)).toEqual(undisturbed);
});

test('an environment that is not there, or cannot be asked, is told with the next step', async () => {
  const before = { ...process.env };
  const { url, endpoints } = laptop.platform;
  const { accessKeyId, secretAccessKey } = endpoints.callers.user;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_CLOUDFORMATION: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  try {
    await expect(accountPlace('dev', 'us-east-1')).rejects.toThrow('the stacks of this environment have no rebuild');
    process.env.AWS_SECRET_ACCESS_KEY = 'another';
    await expect(accountPlace('dev', 'us-east-1')).rejects.toThrow('the account could not be queried');
    await expect(accountPlace('nowhere', 'us-east-1')).rejects.toThrow('no environment is named nowhere');
  } finally {
    process.env = before;
  }
});
