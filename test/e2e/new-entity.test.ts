import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bucketFolder, filesUnder } from '../../cli/lake-files';
import { readRun, servedBy } from '../../cli/folder';
import { contentsOf, newFolder, ROOT } from './laptop';
import { blocksOf, Booted, ProjectCopy } from './new-entity';

/**
 * A pair that only this test knows, a dimension `medical_device` and a fact `device_reading`, is added to a copy of the project by
 * the commands of docs/add-entity.md, and goes the whole way: from PutRecords through a kill, replay and delete to gold, then once
 * more with a version 2.
 */
const PAGE = 'docs/add-entity.md';
const readText = (path: string): string => readFileSync(path, 'utf8');
const CONTRACT = 'contracts/entities/medical_device.ts';
const EXAMPLE = join(ROOT, 'test/fixtures/new-entity');
const events = (version: number): string[] =>
  readText(join(EXAMPLE, `version-${version}`, 'events.ndjson'))
    .trim()
    .split('\n');
const idOf = (line: string): string => (JSON.parse(line) as { event_id: string }).event_id;

const blocks = blocksOf(PAGE);
const copy = new ProjectCopy();
const gold = `SELECT reading_id, CAST(measured_date AS varchar(10)), CAST(pressure_mmhg AS varchar(12)), CAST(patient_birth_date AS varchar(10)),
  clinic_name, device_serial, device_model, device_is_loaned`;
/** By hand from the events, in words of docs/producers.md: the latest knowledge wins, members are taken as of measured_at. */
const NORTH = ['1950-05-05', 'North'] as const;
const READINGS = [
  ['R-1', '2024-01-15', '130.50', ...NORTH, 'D-1', 'Cuff 1b', false], // corrected, and so was the device of that time
  ['R-2', '2024-02-15', '120.01', ...NORTH, 'D-1', 'Cuff 2', true], // 16 kPa, sent twice
  ['R-3', '2024-02-20', '140.00', ...NORTH, 'D-2', 'Cuff 2', true], // before its device was described
  ['R-4', '2024-02-21', '110.00', ...NORTH, 'D-3', null, null], // a device that nobody describes
  ['R-7', '2024-03-05', '125.00', ...NORTH, 'D-5', null, null], // a device that was gone by then
];
const LATER = [
  ['R-8', '2024-06-02', '119.00', ...NORTH, 'D-1', 'Cuff 2', true, '2.0.1'],
  ['R-9', '2024-06-02', '118.00', ...NORTH, 'D-6', 'Cuff 1', false, null], // its device came from a producer of version 1
];

afterAll(async () => {
  if (servedBy(copy.dataDir)) await copy.end('SIGKILL');
  rmSync(copy.root, { recursive: true, force: true });
});

describe('the page Add an entity', () => {
  it('has ten steps or fewer, and a test runs all of its commands', () => {
    expect(readText(join(ROOT, PAGE)).match(/^\*\*\d+\. /gm)!.length).toBeLessThanOrEqual(10);
    expect(Object.keys(blocks)).toEqual(['write', 'generate', 'migration', 'check', 'start', 'push', 'ask', 'field']);
  });

  it('adds two contracts and a file of measures, and derives the rest', async () => {
    await copy.must(blocks.write);
    const written = readdirSync(join(EXAMPLE, 'version-1'), { recursive: true, encoding: 'utf8' });
    expect(written.filter((name) => /\.(ts|sql)$/.test(name)).sort()).toEqual([
      'contracts/entities/device_reading.ts',
      'contracts/entities/medical_device.ts',
      'sql/measures/device_reading.sql',
    ]);
    expect(await copy.must(blocks.generate)).toContain('sql/generated/load/device_reading.sql');
    expect(await copy.must(blocks.migration)).toMatch(/sql\/migrations\/\d+-add-device-reading\.sql/);
  });
});

describe('the added pair', () => {
  const inferred = () =>
    copy.ask('SELECT device_serial FROM core.dim_medical_device WHERE is_inferred ORDER BY device_serial');
  let network = 0;

  it('is checked by the commands of the page, and served', async () => {
    const [, said] = await Promise.all([copy.serve(blocks.start), copy.must(blocks.check)]);
    expect(said).toMatch(/Tests: +\d+ passed/);
    network = await copy.reads();
  });

  it('infers members that readings name before anybody describes them', async () => {
    await copy.push(events(1).filter((line) => /^r-[^7]/.test(idOf(line))).reverse()); // prettier-ignore
    await copy.loaded(network + 8);
    expect(await inferred()).toEqual([['D-1'], ['D-2'], ['D-3'], ['D-4'], ['D-5']]);
  });

  it('goes on after a kill with -9 between silver and warehouse', async () => {
    const silver = join(bucketFolder(copy.dataDir, readRun(copy.dataDir)!.names!.buckets.silver), 'medical_device');
    await copy.push(events(1).filter((line) => !/^r-[^7]/.test(idOf(line))));
    while (filesUnder(silver, '.parquet').next().done) await new Promise((done) => setTimeout(done, 2));
    const before = await copy.reads();
    await copy.end('SIGKILL');
    expect(before).toBeLessThan(network + 8 + 9);
    await copy.serve(blocks.start);
    await copy.loaded(network + 8 + 9);
  });

  it('takes everything once more in another order, and sets the bad record apart', async () => {
    expect(await copy.must(blocks.push)).toContain('/payload/unit_code');
    await copy.loaded(network + 8 + 9 + 17);
    expect(await copy.must(blocks.ask)).toContain('Cuff 1b');
    expect(await copy.ask(`${gold} FROM gold_phi.obt_device_reading ORDER BY reading_id`)).toEqual(READINGS);
    expect(await inferred()).toEqual([['D-3']]);
    const counts = `SELECT entity, "read", applied, superseded, duplicate FROM ops.conservation WHERE entity LIKE '%device%' ORDER BY entity`;
    expect(await copy.ask(counts)).toEqual([['device_reading', 18, 6, 2, 10], ['medical_device', 12, 5, 1, 6]]); // prettier-ignore
  });

  const isLoaned = "name: 'is_loaned', type: 'bool'";
  const refused = ['has other columns', 'now requires is_loaned'].map(
    (m) => `medical_device v1 was published and ${m}`,
  );
  it.each([
    ['narrowed', 'maxBytes: 64, phi', 'maxBytes: 32, phi', refused[0]],
    ['required', isLoaned, `${isLoaned}, required: true`, refused[1]],
    ['removed', /.*is_loaned.*\n/, '', refused[0]],
  ])('whose member is %s is refused by generate', async (_, from, to, message) => {
    const undo = copy.edit(CONTRACT, from, to);
    const { code, out } = await copy.run(blocks.generate);
    undo();
    expect([code, out]).toEqual([1, expect.stringContaining(message)]);
  });

  it('with a changed version is refused by the tests too', async () => {
    const undo = copy.edit(CONTRACT, isLoaned, `${isLoaned}, required: true`);
    const history = "-t 'are what they were when they were published'";
    const { code, out } = await copy.run(`npx jest test/contracts/contracts.test.ts ${history}`);
    undo();
    expect([code, out]).toEqual([1, expect.stringContaining(refused[1])]);
  });
});

describe('a version 2 with one more member', () => {
  const rebuiltDir = newFolder('rebuilt');
  let atOnce: Record<string, string[]>;

  it('is a migration that appends columns, while producers of version 1 go on', async () => {
    await copy.end('SIGINT');
    const said = await copy.must(blocks.field);
    const [migration] = /sql\/migrations\/\S+/.exec(said)!;
    const altered = readText(join(copy.root, migration)).match(/^ALTER .*$/gm);
    expect(altered).toEqual([
      'ALTER TABLE core.medical_device_superseded ADD COLUMN firmware_version varchar(32);',
      'ALTER TABLE core.dim_medical_device_history ADD COLUMN firmware_version varchar(32);',
      'ALTER TABLE core.device_reading ADD COLUMN device_firmware varchar(32);',
    ]);
    await copy.serve(blocks.start);
    const before = await copy.reads();
    await copy.push(events(2).reverse());
    await copy.loaded(before + 4);
    const rows = await copy.ask(`${gold}, device_firmware FROM gold_phi.obt_device_reading ORDER BY reading_id`);
    expect(rows).toEqual([...READINGS.map((row) => [...row, null]), ...LATER]);
    await copy.end('SIGINT');
  });

  it('rebuilds into an empty warehouse from the silver of both versions in one load', async () => {
    const disturbed = await Booted.on(join(copy.dataDir, 'cdk.out'), copy.dataDir);
    await disturbed.platform.idle({ quietMs: 700 });
    for (const [name, check] of copy.checks()) expect([name, await disturbed.query(check)]).toEqual([name, []]);
    const expected = await contentsOf(disturbed.query);
    atOnce = await contentsOf(disturbed.query, 'home-ehr');
    await disturbed.platform.stop();
    cpSync(copy.dataDir, rebuiltDir, { recursive: true });
    for (const name of ['warehouse.duckdb', 'warehouse.duckdb.wal', 'custom-resources'])
      rmSync(join(rebuiltDir, name), { recursive: true, force: true });
    const rebuilt = await Booted.on(join(rebuiltDir, 'cdk.out'), rebuiltDir);
    await rebuilt.platform.idle({ quietMs: 700 });
    await rebuilt.forgetLoads();
    expect(await rebuilt.platform.execute('LoadMachine', { window: 'full' })).toMatchObject({ status: 'SUCCEEDED' });
    const versions = `SELECT schema_version, count(DISTINCT load_id) FROM ops.loaded_object WHERE entity = 'medical_device' GROUP BY 1 ORDER BY 1`;
    expect(await rebuilt.query(versions)).toEqual([[1, 1], [2, 1]]); // prettier-ignore
    expect(await rebuilt.query('SELECT count(*) FROM ops.load_ledger')).toEqual([[1]]);
    expect(await contentsOf(rebuilt.query)).toEqual(expected);
    await rebuilt.platform.stop();
  });

  it('has the same tables where nothing was killed, repeated or out of order', async () => {
    const dataDir = newFolder('undisturbed');
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // The same key secret makes the same keys.
    cpSync(join(copy.dataDir, 'secrets'), join(dataDir, 'secrets'), { recursive: true });
    const undisturbed = await Booted.on(join(copy.dataDir, 'cdk.out'), dataDir);
    await undisturbed.push([...new Map([...events(1), ...events(2)].map((line) => [idOf(line), line])).values()]);
    await undisturbed.platform.idle({ quietMs: 700 });
    const tables = await contentsOf(undisturbed.query, 'home-ehr');
    expect(tables['gold_phi.obt_device_reading']).toHaveLength(7);
    expect(tables).toEqual(atOnce);
    await undisturbed.platform.stop();
  });
});
