import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { openWarehouse, warehouseFile } from '@carelake/laptop/engines/warehouse';
import { bucketFolder, filesUnder } from '../../cli/lake-files';
import type { Names } from '../../cli/folder';
import { GIVEN_UP_PREFIX } from '../../core/stream-event';
import { commandFor, follow, place, printed, serveBy, stopAll, typed } from './hints';
import { cli, must, type Outcome, ROOT, runOf, serve } from './laptop';

jest.setTimeout(300_000);

const whole = join(place, 'whole data');
const visits = join(ROOT, 'examples/visits.csv');
const profile = join(ROOT, 'examples/visits.json');
const today = new Date().toISOString().slice(0, 10);
let names: Names;
let copies = 0;

beforeAll(async () => {
  const { process: served } = await serve(['--data', whole, '--patients', '20', '--events', '200', '--seed', '5']);
  await must(['ingest', visits, '--profile', profile, '--phi-ok', '--data', whole]);
  await must(['load', '--data', whole]);
  await served.interrupt();
  names = runOf(whole).names!;
});
afterAll(async () => {
  await stopAll();
  rmSync(place, { recursive: true, force: true });
});

/** A copy of the folder that was stopped in order, for one kind of damage. */
function copy(): string {
  const folder = join(place, `copy ${++copies}`);
  const objects = join(whole, 's3');
  cpSync(whole, folder, { recursive: true, preserveTimestamps: true, filter: (path) => path !== objects });
  // What is known of an object holds for its very file: a second name of it, not a copy.
  link(objects, join(folder, 's3'));
  return folder;
}
function link(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [path, other] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) link(path, other);
    else linkSync(path, other);
  }
}
const ok = async (run: Promise<Outcome>): Promise<string> => {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(`${code}: ${stderr}${stdout}`);
  return stdout;
};
const said = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli(args);
  expect(code).not.toBe(0);
  return stderr + stdout;
};
/** Starts on a folder, on any port: what a hint of it keeps. */
const once = (folder: string): Promise<string> => said('start', '--once', '--port', '0', '--data', folder);
async function inWarehouse(folder: string, ...sqls: string[]): Promise<void> {
  const warehouse = await openWarehouse({ dataDir: folder });
  for (const sql of sqls) await warehouse.queryEngine(sql);
  await warehouse.close();
}
/** Deletes the first object of a zone whose key has this beginning, as a client would. */
function deleted(s3: S3Store, zone: string, prefix: string): void {
  const bucket = names.buckets[zone]!;
  const { key } = s3.list(bucket, { prefix }).objects[0]!;
  const { versionId } = s3.listVersions(bucket, {}).versions.find((v) => v.key === key)!;
  s3.delete(bucket, key, versionId);
}
/** What `check` says of each rule that it names. */
const ofRule = (text: string, rule: string): string => {
  const from = text.indexOf(`${rule} `);
  if (from < 0) throw new Error(`${rule} is not told:\n${text}`);
  return /next: .*/.exec(text.slice(from))![0];
};
const AGREE = 'Stream, landing, lake and warehouse agree.\n';

test('what check finds is mended by what it says: by a start, and by what is typed beside it', async () => {
  const folder = copy();
  const s3 = await openS3Store(folder, new RealClock());
  deleted(s3, 'control', 'files/read/');
  deleted(s3, 'control', '_ledger/');
  deleted(s3, 'silver', 'clinic/');
  deleted(s3, 'control', 'ingest/');
  await inWarehouse(folder, `DELETE FROM ops.loaded_object WHERE object = (SELECT max(object) FROM ops.loaded_object WHERE object NOT LIKE 'clinic/%')`,
    `UPDATE ops.loaded_object SET is_withdrawn = true WHERE object = (SELECT min(object) FROM ops.loaded_object WHERE object NOT LIKE 'clinic/%')`,
    `UPDATE ops.load_lease SET load_id = '${'a'.repeat(32)}'`);
  const text = await said('check', '--data', folder);
  const starts = ['LANDING-01', 'FILE-01', 'BRONZE-01', 'LEDGER-01', 'LEDGER-02', 'LEDGER-04', 'RECEIPT-01', 'RECEIPT-02', 'SQL-02'].map((rule) => `CHK-${rule}`);
  const ids = {
    'CHK-LANDING-01': 'cli/check/difference.ts CHK-LANDING-01: npm start', 'CHK-FILE-01': 'cli/check/difference.ts CHK-FILE-01: npm start', 'CHK-BRONZE-01': 'cli/check/difference.ts CHK-BRONZE-01: npm start',
    'CHK-LEDGER-01': 'cli/check/difference.ts CHK-LEDGER-01: npm start', 'CHK-LEDGER-02': 'cli/check/difference.ts CHK-LEDGER-02: npm start', 'CHK-LEDGER-04': 'cli/check/difference.ts CHK-LEDGER-04: npm start',
    'CHK-RECEIPT-01': 'cli/check/difference.ts CHK-RECEIPT-01: npm start', 'CHK-RECEIPT-02': 'cli/check/difference.ts CHK-RECEIPT-02: npm start', 'CHK-SQL-02': 'cli/check/difference.ts CHK-SQL-02: npm start',
  };
  expect(Object.keys(ids)).toEqual(starts);
  const commands = Object.entries(ids).map(([rule, id]) => commandFor(id, ofRule(text, rule), folder));
  expect(new Set(commands).size).toBe(1);
  const served = await serveBy(`${commands[0]!} --port 0`, 'endpoints at');
  const loads = commandFor('cli/check/difference.ts CHK-RECEIPT-02: carelake load --full', ofRule(text, 'CHK-RECEIPT-02'), folder);
  expect(loads).toContain('load');
  for (const [rule, id] of [['CHK-FILE-01', 'cli/check/difference.ts CHK-FILE-01: carelake backfill --from DAY --to DAY'], ['CHK-BRONZE-01', 'cli/check/difference.ts CHK-BRONZE-01: carelake backfill --from DAY --to DAY'], ['CHK-LEDGER-02', 'cli/check/difference.ts CHK-LEDGER-02: carelake backfill --from DAY --to DAY']] as const)
    expect(await ok(follow(id, ofRule(text, rule), folder, { DAY: today }))).toContain('records of the stream');
  expect(await ok(typed(loads))).toMatch(/events loaded|Nothing was pending/);
  await served.interrupt();
  await ok(cli(['rebuild', '--yes', '--data', folder]));
  const rebuilt = await ok(cli(['rebuild', '--yes', '--data', folder]));
  expect(await ok(follow('cli/commands/rebuild.ts rebuild: carelake check', rebuilt, folder))).toBe(AGREE);
}); // prettier-ignore

test('what check finds in the warehouse is mended by a rebuild', async () => {
  const folder = copy();
  await inWarehouse(folder, 'UPDATE ops.loaded_object SET row_count = row_count + 1', 'DROP TABLE core.provider_superseded CASCADE', "UPDATE core.dim_clinic_history SET clinic_name = 'other'", 'DELETE FROM ops.load_count');
  const text = await said('check', '--data', folder);
  const ids = ['cli/check/difference.ts CHK-LEDGER-03: carelake rebuild', 'cli/check/difference.ts CHK-TABLE-01: carelake rebuild', 'cli/check/difference.ts CHK-TABLE-02: carelake rebuild', 'cli/check/difference.ts CHK-TABLE-03: carelake rebuild', 'cli/check/difference.ts CHK-SQL-01: carelake rebuild'];
  const commands = ids.map((id) => commandFor(id, ofRule(text, /CHK-\w+-\d+/.exec(id)![0]), folder));
  expect(new Set(commands).size).toBe(1);
  const { stderr } = await typed(commands[0]!);
  await ok(follow("cli/commands/rebuild.ts consent: again('--yes')", stderr, folder));
  const [path] = filesUnder(bucketFolder(folder, names.buckets.quarantine!), '.parquet');
  renameSync(path!, join(place, 'aside'));
  writeFileSync(path!, 'no Parquet');
  const unreadable = ofRule(await said('check', '--data', folder), 'CHK-OBJECT-03');
  renameSync(join(place, 'aside'), path!);
  const check = 'cli/check/difference.ts CHK-OBJECT-03: carelake check';
  expect(await ok(follow(check, unreadable, folder))).toBe(AGREE);
}); // prettier-ignore

test('a warehouse that is gone, or lacks a view, is made again', async () => {
  const [gone, lacking] = [copy(), copy()];
  truncateSync(warehouseFile(gone), 100);
  await inWarehouse(lacking, 'DROP VIEW ops.conservation');
  for (const [folder, id] of [[gone, 'packages/laptop/engines/lost-warehouse.ts damagedWarehouse: carelake rebuild'], [lacking, 'cli/laptop.ts asker: carelake rebuild']] as const) {
    const { stderr } = await follow(id, await once(folder), folder);
    expect(await ok(typed(printed(stderr)[0]!))).toMatch(/^Rebuilt: [1-9]\d* events loaded/);
  }
}); // prettier-ignore

test('state that cannot be read is removed with its folder, or made anew', async () => {
  const ids = [['kinesis', 'packages/laptop/endpoints/kinesis-store.ts STREAM: carelake wipe'], ['secrets', 'packages/laptop/endpoints/secret-store.ts SECRET: carelake wipe']] as const;
  for (const [state, id] of ids) {
    const folder = copy();
    for (const path of filesUnder(join(folder, state), '.json')) if (state === 'secrets' || path.endsWith('stream.json')) writeFileSync(path, '{');
    const { stderr } = await follow(id, await once(folder), folder);
    expect(await ok(follow('cli/commands/wipe.ts confirm: carelake wipe --yes …', stderr, folder))).toBe(`Removed ${folder}.\n`);
    expect(existsSync(folder)).toBe(false);
  }
  const folder = copy();
  const credentials = join(folder, 'credentials.json');
  writeFileSync(credentials, '{');
  const damaged = await once(folder);
  rmSync(credentials);
  const served = await serveBy(`carelake start --port 0 --data '${folder}'`);
  expect(await ok(follow('packages/laptop/endpoints/credentials.ts readCredentials: carelake env', damaged, folder))).toContain(
    `AWS_ACCESS_KEY_ID=${(JSON.parse(readFileSync(credentials, 'utf8')) as { accessKeyId: string }).accessKeyId}\n`);
  await served.interrupt();
}); // prettier-ignore

test('counts that do not add up: the start, or the question, that is suggested tells them again', async () => {
  const [lost, wrong] = [copy(), copy()];
  // Of the stream: what is gone of a file is found by the receipts of its chunks.
  const path = [...filesUnder(bucketFolder(lost, names.buckets.quarantine!), '.parquet')].find((one) => !one.includes('/file-'));
  renameSync(path!, join(place, 'aside'));
  const text = await once(lost);
  const command = commandFor('cli/conservation.ts checkIngest: npm start -- --once', text, lost);
  expect(command).toContain('--port 0');
  renameSync(join(place, 'aside'), path!);
  expect(await ok(typed(command))).toContain('No-show rate');
  await inWarehouse(wrong, "UPDATE ops.load_count SET events_repeated = events_repeated + 1 WHERE entity = 'patient'");
  expect(await ok(follow('cli/conservation.ts checkLoad: carelake sql "select * from ops.conservation"', await once(wrong), wrong))).toContain('patient');
}); // prettier-ignore

test('batches that were given up during a start are taken in as it says', async () => {
  const folder = copy();
  const s3 = await openS3Store(folder, new RealClock());
  const eventSourceARN = `arn:aws:kinesis:${names.region}:${names.account}:stream/${names.stream}`;
  const kinesis = { sequenceNumber: '49600000000000000000000000000000000000000000000000000001', partitionKey: 'p', approximateArrivalTimestamp: 1, data: 'e30=' };
  const record = { eventID: `shardId-000000000000:${kinesis.sequenceNumber}`, eventSourceARN, kinesis };
  await s3.put(names.buckets.failed!, `${GIVEN_UP_PREFIX}x`, JSON.stringify({ payload: JSON.stringify({ Records: [record] }) }));
  const later = new Date(Date.now() + 3_600_000);
  for (const path of filesUnder(bucketFolder(folder, names.buckets.failed!), '')) utimesSync(path, later, later);
  const text = await once(folder);
  const served = await serveBy(`carelake start --port 0 --data '${folder}'`, 'endpoints at');
  expect(await ok(follow('cli/conservation.ts checkGivenUp: carelake replay-failed', text, folder))).toBe('1 batches ingested, 0 left.\n');
  await served.interrupt();
}); // prettier-ignore

test('a start that is refused says how it starts', async () => {
  const folder = join(place, "a start's data");
  const at = ['--once', '--json', '--port', '0', '--data', folder];
  const few = await said('start', '--patients', '5', '--events', '1', '--seed', '7', ...at);
  const network = await follow("cli/source.ts synthetic: again( '--patients', String(Math.max(1, patients)), '--events', String(minimumEvents(Math.max(1, patients))), )", few, folder);
  expect(JSON.parse(await ok(Promise.resolve(network)))).toMatchObject({ ingest: { held: 0 } });
  expect(runOf(folder).source).toMatchObject({ patients: 5, seed: 7 });
  const mixed = await said('start', '--phi-ok', '--profile', profile, '--input', visits, ...at);
  const wipe = await follow('cli/source.ts mixed: carelake wipe …', mixed, folder);
  expect(await ok(typed(printed(wipe.stderr)[0]!))).toBe(`Removed ${folder}.\n`);
  const consented = commandFor("cli/source.ts filesOf: again('--phi-ok')", await said('start', '--profile', profile, '--input', visits, ...at), folder);
  const unread = await said('start', '--profile', profile, ...at);
  const named = commandFor("cli/source.ts filesOf: withInstead(reader, [reader, '--input', source === undefined ? 'FILE' : 'FOLDER'], ...consent(options))", unread, folder).replace('FILE', visits);
  const bare = await said('start', '--input', visits, ...at);
  const read = commandFor("cli/source.ts filesOf: withInstead('--input', ['--profile', 'NAME', '--input'], ...consent(options))", bare, folder).replace('NAME', profile);
  for (const command of [consented, named, read])
    expect(JSON.parse(await ok(typed(command)))).toMatchObject({ ingest: { received: 5, accepted: 4, quarantined: 1 } });
  const port = createServer();
  await new Promise<void>((done) => void port.listen({ port: 0, host: '127.0.0.1' }, done));
  const taken = (port.address() as { port: number }).port;
  const busy = await said('start', '--once', '--json', '--port', String(taken), '--data', folder);
  expect(JSON.parse(await ok(follow("cli/laptop.ts boot: again('--port', '0')", busy, folder)))).toMatchObject({ ingest: { received: 5 } });
  port.close();
}); // prettier-ignore

test('the port is looked for in vain; the folder is held by another engine, or refused', async () => {
  const folder = copy();
  const holder = await openWarehouse({ dataDir: folder });
  const held = await said('start', '--once', '--json', '--port', '0', '--data', folder);
  await holder.close();
  const wipe = commandFor('cli/laptop.ts boot: carelake wipe …', held, folder);
  expect(JSON.parse(await ok(follow('cli/laptop.ts boot: again()', held, folder)))).toMatchObject({ ingest: { held: 0 } });
  expect(await ok(typed(printed((await typed(wipe)).stderr)[0]!))).toBe(`Removed ${folder}.\n`);
}); // prettier-ignore

test('nobody serves: what a question of a client needs is started', async () => {
  const folder = copy();
  const bucket = await said('sql', "unload ('select 1 as a') to 's3://nowhere/x' iam_role default format parquet", '--data', folder);
  const verify = await said('verify', '--data', folder);
  const ids = ['cli/sql.ts NAMES_OF_BUCKETS: npm start', 'cli/commands/verify.ts verify: npm start'];
  expect(commandFor(ids[0]!, bucket, folder)).toBe(commandFor(ids[1]!, verify, folder));
  const served = await serveBy(`${commandFor(ids[0]!, bucket, folder)} --port 0`);
  expect(await ok(follow('cli/sql.ts NAMES_OF_BUCKETS: carelake env', bucket, folder))).toContain(`CARELAKE_SILVER_BUCKET=${names.buckets.silver}\n`);
  const dev = await follow("cli/commands/verify.ts verify: again('--env', 'dev')", verify, folder);
  expect([dev.code, dev.stderr]).toEqual([2, expect.stringMatching(/environment dev[\s\S]*the cost was not accepted/)]);
  await served.interrupt();
}); // prettier-ignore

test('a folder whose platform does not answer is started again', async () => {
  const folder = copy();
  const other = spawn('sleep', ['300']);
  writeFileSync(join(folder, 'endpoint.json'), JSON.stringify({ port: 1, pid: other.pid, url: 'http://127.0.0.1:1', page: '' }));
  const text = await said('sql', 'select 1', '--data', folder);
  other.kill();
  await new Promise((done) => other.once('close', done));
  const served = await serveBy(`${commandFor('cli/failures.ts asCliError: npm start (2)', text, folder)} --port 0`);
  expect(await ok(typed(`carelake sql --csv --data '${folder}' 'select 1 as a'`))).toBe('a\n1\n');
  await served.interrupt();
}); // prettier-ignore

test('a snapshot that was held back is read again, as it was or by itself, once its profile allows it', async () => {
  const [list, one, two] = ['list.json', 'liste_2024-01-01.csv', 'liste_2024-01-02.csv'].map((name) => join(place, name)) as [string, string, string];
  const taken = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };
  const allow = (percent: number): void => writeFileSync(list, JSON.stringify({
    profile: 'liste', source_system: 'liste', mode: 'snapshot', snapshot: { taken_at: taken }, file: { format: 'csv' },
    entities: [{ entity: 'clinic', effective_at: taken, recorded_at: taken, absent: 'tombstone', brake_percent: percent, fields: { clinic_id: 'id', clinic_name: 'name' } }],
  }));
  allow(10);
  writeFileSync(one, 'id,name\nA,a\nB,b\nC,c\n,d\n');
  writeFileSync(two, 'id,name\nA,a\n');
  const fresh = join(place, 'snapshots');
  const at = ['--port', '0', '--data', fresh];
  const held = await cli(['start', '--once', '--phi-ok', '--profile', list, '--input', one, '--input', two, ...at]);
  expect([held.code, held.stdout]).toEqual([4, expect.stringContaining('A SNAPSHOT WAS HELD BACK')]);
  const network = commandFor('cli/answers.ts answersText: npm start -- --data DIR', held.stdout).replace('DIR', `'${join(place, 'network')}'`);
  expect((await (await serveBy(network, 'endpoints at')).interrupt()).stderr).toContain('Stopped before the answers');
  const again = commandFor('cli/findings.ts readAgain: again()', held.stdout.slice(held.stdout.indexOf('HELD BACK')), fresh);
  expect(again).toContain(`--input '${two}'`);
  allow(100);
  expect(await ok(typed(again))).not.toContain('HELD BACK');
  const { records } = JSON.parse(await must(['quarantine', 'list', '--json', '--data', fresh])) as { records: { quarantine_id: string }[] };
  const served = await serveBy(`carelake start --port 0 --data '${fresh}'`);
  const row = await said('quarantine', 'replay', records[0]!.quarantine_id, '--data', fresh);
  expect(await ok(follow('cli/quarantine/replay.ts waysOf: carelake quarantine discard …', row, fresh))).toContain('1 record(s) discarded');
  await served.interrupt();
}); // prettier-ignore
