import { rmSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { report } from '../../cli/commands/backfill';
import { environmentOf } from '../../cli/environment';
import { readRun, writeRun, type RunState } from '../../cli/folder';
import { typedAs } from '../../cli/hints';
import { bucketFolder, filesUnder } from '../../cli/lake-files';
import { DEFAULT_NETWORK } from '../../synthetic';
import { commandFor, follow, place, serveBy, stopAll, typed } from './hints';
import { cli, endpointOf, type Outcome, ROOT, runOf } from './laptop';

jest.setTimeout(300_000);

/** A folder that is served, with a space in its path; what hints to it must name. */
const dataDir = join(place, 'served data');
const at = ['--data', dataDir];
const today = new Date().toISOString().slice(0, 10);
const visits = join(ROOT, 'examples/visits.csv');
const profile = join(ROOT, 'examples/visits.json');
let holder: Server | undefined;
let served: Awaited<ReturnType<typeof serveBy>>;

const ask = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await cli([...args, ...at]);
  return stdout + stderr;
};
const ok = async (run: Promise<Outcome>): Promise<string> => {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(`${code}: ${stderr}${stdout}`);
  return stdout;
};
/** Runs with the settings of a client of the folder, which stands for an account. */
async function inAccount<T>(run: () => Promise<T>): Promise<T> {
  const settings = environmentOf(endpointOf(dataDir), runOf(dataDir).names!);
  const before = { ...process.env };
  Object.assign(process.env, settings);
  try {
    return await run();
  } finally {
    for (const name of Object.keys(settings)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

beforeAll(async () => {
  // The usual port is held by somebody, this suite or another: a start without a port of its own is told so.
  await new Promise<void>((done) => {
    holder = createServer().once('error', () => done()).listen({ port: 4600, host: '127.0.0.1' }, done); // prettier-ignore
  });
});
afterAll(async () => {
  holder?.close();
  await stopAll();
  rmSync(place, { recursive: true, force: true });
});

test('a start is suggested where no data is: it makes the folder that was named', async () => {
  const nothing = join(place, 'nothing yet');
  const hint = await cli(['sql', 'select 1', '--data', nothing]);
  expect(hint.code).toBe(2);
  const start = await serveBy(
    commandFor('cli/folder.ts existingFolder: npm start…', hint.stderr, nothing),
    'endpoints at',
  );
  expect((await start.interrupt()).stderr).toContain('Stopped before the answers');
  expect(readRun(nothing)?.source).toEqual({
    kind: 'synthetic',
    patients: 20000,
    events: 200000,
    seed: DEFAULT_NETWORK.seed,
  });
});

test('and where the first start did not come to its end: it goes on with what the folder is for, in its environment', async () => {
  const begun: RunState = { source: { kind: 'synthetic', patients: 20, events: 200, seed: 5 }, env: 'local', sent: 0, status: 'streaming' };
  const [dev] = [join(place, 'dev data')];
  rmSync(dev, { recursive: true, force: true });
  for (const folder of [dataDir, dev]) {
    (await import('@carelake/laptop/data-folder')).ownFolder(folder);
    writeRun(folder, { ...begun, env: folder === dev ? 'dev' : 'local' });
  }
  const said = await Promise.all([['check'], ['rebuild'], ['sql', 'select 1'], ['quarantine', 'list'], ['push', profile]].map((args) => ask(...args)));
  const ids = ['cli/commands/check.ts check: npm start', 'cli/commands/rebuild.ts rebuild: npm start', 'cli/commands/sql.ts run: npm start', 'cli/quarantine/rejected.ts placeOf: npm start', 'cli/folder.ts servedFolder: npm start'];
  const [command, ...others] = ids.map((id, i) => commandFor(id, said[i]!, dataDir));
  expect(new Set(others)).toEqual(new Set([command]));
  served = await serveBy(command!);
  expect(runOf(dataDir)).toMatchObject({ source: begun.source, status: 'complete', sent: 200 });
  const ofDev = await cli(['check', '--data', dev]);
  const start = await serveBy(commandFor(ids[0]!, ofDev.stderr, dev), 'endpoints at');
  const { stderr } = await start.interrupt();
  expect(stderr).toContain('synthesize the templates of environment dev');
}); // prettier-ignore

test('what a start shows is run as it stands', async () => {
  const { stdout } = served;
  const ids = {
    env: ['cli/commands/start.ts report: carelake env', 'cli/page.ts point any AWS client here: carelake env'],
    push: ['cli/commands/start.ts report: carelake push examples/events.ndjson', 'cli/page.ts push events: carelake push examples/events.ndjson'],
    list: ['cli/commands/start.ts report: carelake quarantine list', 'cli/page.ts see what was rejected: carelake quarantine list', 'cli/findings.ts findingsText: carelake quarantine list'],
  }; // prettier-ignore
  const { url, page } = endpointOf(dataDir);
  const cookie = (await fetch(page, { redirect: 'manual' })).headers.get('set-cookie')!.split(';')[0]!;
  const html = await (await fetch(`${url}/`, { headers: { cookie, accept: 'text/html' } })).text();
  const text = html.replace(/<[^>]*>/g, '\n').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
  for (const [first, second] of Object.values(ids))
    expect(commandFor(second!, text, dataDir)).toBe(commandFor(first!, stdout, dataDir));
  expect(await ok(follow(ids.env, stdout, dataDir))).toContain(`AWS_ENDPOINT_URL=${url}\n`);
  expect(await ok(follow(ids.push, stdout, dataDir))).toMatch(/^\d+ records sent: /);
  expect(await ok(follow(ids.list, stdout, dataDir))).toMatch(/ENV-OBJECT +2 /);
  const rates = await ok(follow(`cli/commands/start.ts report: carelake sql "select * from gold_phi.no_show_rate where by_dimension = 'clinic'"`, stdout, dataDir));
  expect(rates).toContain('CLINIC-001');
  const one = await ok(follow('cli/page.ts run a query: carelake sql "select ..."', text, dataDir, { 'select ...': 'select 41 + 1 as x' }));
  expect(one).toContain('42');
}); // prettier-ignore

test('a client that may not come in is told what prints its settings', async () => {
  const { url } = endpointOf(dataDir);
  const refused = await (await fetch(`${url}/`, { headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' }, method: 'POST', body: '{}' })).text();
  const { message } = JSON.parse(refused) as { message: string };
  const text = await ok(follow('packages/laptop/hint.ts envHint: carelake env --data DIR', message, undefined, { DIR: `'${dataDir}'` }));
  expect(text).toContain(`AWS_ENDPOINT_URL=${url}\n`);
  const closed = await (await fetch(`${url}/`, { headers: { accept: 'text/html' } })).text();
  const printer = commandFor('packages/laptop/endpoints/page.ts CLOSED: npm run --silent carelake -- env', closed);
  expect(await ok(typed(`${printer} --data '${dataDir}'`))).toContain(`AWS_ENDPOINT_URL=${url}\n`);
}); // prettier-ignore

test('a file is taken in with its consent, looked at, and stands again', async () => {
  const taken = await ok(follow("cli/commands/ingest.ts ingestFile: again('--phi-ok')", await ask('ingest', visits, '--profile', profile), dataDir));
  expect(taken).toContain('5 rows read: 4 accepted, 1 rejected.');
  expect(await ok(follow('cli/commands/ingest.ts rowsText: carelake quarantine list', taken, dataDir))).toContain('example-visits');
  const id = /landing object ([0-9a-f]{16})/.exec(taken)![1]!;
  await ok(cli(['withdraw', id, ...at]));
  const withdrawn = await ask('ingest', visits, '--profile', profile, '--phi-ok');
  const stands = await ok(follow('cli/commands/ingest.ts refuseWithdrawn: carelake withdraw …… --undo', withdrawn, dataDir));
  expect(stands).toMatch(/^Object [0-9a-f]{16} is reinstated\.\n$/);
  expect(await ok(follow('cli/commands/withdraw.ts find: carelake quarantine list', await ask('withdraw', 'nothing'), dataDir))).toContain('example-visits');
  const other = join(place, 'visits.csv');
  writeFileSync(other, `${readFileSync(visits, 'utf8')}\n`);
  await ok(cli(['ingest', other, '--profile', profile, '--phi-ok', ...at]));
  const several = await ask('withdraw', 'example-visits/visits.csv');
  const chosen = await ok(follow("cli/commands/withdraw.ts find: again('--object-version', found[0]!.versionId ?? UNVERSIONED)", several, dataDir));
  expect(chosen).toMatch(/^Object [0-9a-f]{16} is withdrawn\.\n$/);
}); // prettier-ignore

test('records are pushed, and looked at', async () => {
  const bad = join(place, 'bad.ndjson');
  writeFileSync(bad, '{}\n');
  const rejected = await ask('push', bad);
  expect(await ok(follow('cli/commands/push.ts pushedText: carelake quarantine list', rejected, dataDir))).toContain('ENV-MISSING');
  const missing = await ask('push', '--no-wait', 'nowhere.ndjson');
  const events = join(ROOT, 'examples/events.ndjson');
  const sent = await ok(follow(["cli/records.ts openInput: withInstead(path, ['FILE.ndjson'])"], missing, dataDir, { 'FILE.ndjson': events }));
  expect(sent).toMatch(/^\d+ records sent\. Accepted records are being loaded/);
  const counted = await ok(follow('cli/schedule.ts loadsText: carelake sql "select * from ops.conservation"', sent, dataDir));
  expect(counted).toContain('superseded');
  expect(commandFor("cli/records.ts openInput: withInstead(path, ['-'])", missing.split('standard input:')[1]!, dataDir)).toMatch(/push --no-wait - --data/);
  const empty = await typed(commandFor("cli/records.ts openInput: withInstead(path, ['-'])", missing.split('standard input:')[1]!, dataDir));
  expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('holds no record')]);
  const folder = await ask('push', place);
  expect(await ok(follow(["cli/records.ts openInput: withInstead(path, ['FILE.ndjson']) (2)"], folder, dataDir, { 'FILE.ndjson': events }))).toMatch(/records sent/);
  const unread = await ask('start', '--input', events);
  expect(await ok(follow('cli/source.ts filesOf: carelake push …', unread, dataDir))).toMatch(/records sent/);
  // An environment that loads by its schedule.
  const run = runOf(dataDir);
  writeRun(dataDir, { ...run, env: 'dev' });
  const slow = await ask('push', events);
  writeRun(dataDir, run);
  expect(await ok(follow('cli/schedule.ts loadsText: carelake load', slow, dataDir))).toMatch(/events loaded|Nothing was pending/);
}); // prettier-ignore

test('quarantine: its hints name records, and do as they say', async () => {
  const list = async (...more: string[]): Promise<{ records: { quarantine_id: string; rule_ids: string; bronze_object: string }[]; total: number }> =>
    JSON.parse(await ok(cli(['quarantine', 'list', '--json', '--limit', '1000', ...more, ...at]))) as never;
  const { records, total } = await list();
  const few = await ask('quarantine', 'list', '--limit', '1');
  expect((await ok(follow("cli/commands/quarantine.ts list: again('--limit', String(rejected.length))", few, dataDir))).split('\n').filter((line) => /^[0-9a-f]{32} /.test(line))).toHaveLength(total);
  const [first, second] = records.filter((r) => !r.bronze_object.includes('landing')).map((r) => r.quarantine_id);
  const shown = await ask('quarantine', 'show', first!);
  expect((await ok(follow("cli/commands/quarantine.ts show: again('--phi-ok')", shown, dataDir))).length).toBeGreaterThan(shown.length / 2);
  const which = await ask('quarantine', 'discard');
  expect(await ok(follow('cli/commands/quarantine.ts chosen: carelake quarantine list', which, dataDir))).toContain(first!);
  expect(await ok(follow('cli/commands/quarantine.ts chosen: carelake quarantine … ID', which.split('then:')[1]!, dataDir, { ID: first! }))).toContain('1 record(s) discarded');
  expect(await ok(follow("cli/commands/quarantine.ts list: again('--all')", await ask('quarantine', 'list'), dataDir))).toContain('discarded');
  const mended = join(place, 'mended.json');
  writeFileSync(mended, readFileSync(join(ROOT, 'examples/events.ndjson'), 'utf8').split('\n')[0]!);
  const two = await ask('quarantine', 'replay', first!, second!, '--with', mended);
  const one = await ok(follow('cli/commands/quarantine.ts replay: carelake quarantine replay ID --with …', two, dataDir, { ID: second! }));
  expect(one).toContain('1 record(s) sent to the stream');
  const absent = await ask('quarantine', 'replay', first!, '--with', 'nowhere.json');
  const again = await ok(follow("cli/commands/quarantine.ts replay: withInstead(mended, ['FILE'])", absent, dataDir, { FILE: `'${mended}'` }));
  expect(await ok(follow('cli/commands/quarantine.ts replay: carelake quarantine list', again, dataDir))).toContain('ENV-');
  expect(await ok(follow('cli/quarantine/rejected.ts oneRejected: carelake quarantine list --all', await ask('quarantine', 'show', 'none'), dataDir))).toContain(first!);
  expect(await ok(follow('cli/quarantine/rules.ts knownRule: carelake quarantine list', await ask('quarantine', 'list', '--rule', 'X'), dataDir))).toContain('ENV-');
}); // prettier-ignore

test('questions: what is there is told', async () => {
  const tables = ['cli/commands/describe.ts tables: carelake tables', 'cli/commands/describe.ts describe: carelake tables', 'cli/sql.ts LIST_OF_TABLES: carelake tables', 'cli/commands/sql.ts statementsOf: carelake tables'];
  const said = await Promise.all([['tables', 'x'], ['describe', 'x'], ['sql', 'select * from core.x'], ['sql', '']].map((args) => ask(...args)));
  const commands = tables.map((id, i) => commandFor(id, said[i]!, dataDir));
  expect(new Set(commands).size).toBe(1);
  expect(await ok(typed(commands[0]!))).toContain('gold_phi.obt_appointment');
  expect(await ok(follow('cli/sql.ts LIST_OF_TABLES: carelake describe TABLE', said[2]!, dataDir, { TABLE: 'core.appointment' }))).toContain('clinic_id');
  expect(await ok(follow('cli/commands/sql.ts statementsOf: carelake sql "select * from …"', said[3]!, dataDir, { '…': 'ops.conservation' }))).toContain('superseded');
  await ok(cli(['sql', 'create table custom.appointment (a integer)', ...at]));
  const named = await ok(follow('cli/commands/describe.ts schemaOf: withInstead(name, [`${first}.${relation}`])', await ask('describe', '--json', 'appointment'), dataDir));
  expect(JSON.parse(named)).toMatchObject({ table: 'core.appointment' });
  const { silver } = runOf(dataDir).names!.buckets;
  const unloaded = await ask('sql', `unload ('select 1 as a') to 's3://${silver}/x' iam_role default format parquet`);
  expect(await ok(follow('cli/sql.ts REFUSED_BY_S3: carelake sql --csv "select …"', unloaded, dataDir, { '…': '1 as a' }))).toBe('a\n1\n');
  expect(await ok(follow('cli/sql.ts REFUSED_BY_S3: carelake ingest FILE --profile PROFILE --phi-ok', unloaded, dataDir, { FILE: visits, PROFILE: profile }))).toContain('landing object');
  const beside = await ask('sql', "select 'a' 'b'");
  expect(beside).toMatch(/two string literals stand side by side\n[\s\S]*next: {2}write 'a' \|\| 'b', or a comma/);
}); // prettier-ignore

test('days are read again, the right way round', async () => {
  const turned = await ask('backfill', '--from', today, '--to', '2020-01-01');
  expect(await ok(follow("cli/commands/backfill.ts backfill: again('--from', options.to, '--to', options.from)", turned, dataDir))).toContain('records of the stream');
  // The laptop's S3 has no archive, and this suite no record that ends a process: the report is made of what one would find.
  let told = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((told += String(text)), true));
  typedAs(['backfill', '--from', today, '--to', today, ...at], { data: dataDir });
  report({ landing: { started: 0, archived: 1, restoring: 1, restore_hours: 5 }, bronze: { killed: 1 } }, { from: today, to: today });
  write.mockRestore();
  typedAs([], {});
  const text = told.replaceAll(/npm run --silent carelake --/g, 'carelake');
  expect(await ok(follow("cli/commands/backfill.ts report: again('--restore')", text, dataDir))).toContain('records of the stream');
  expect(await ok(follow('cli/commands/backfill.ts report: again()', text.split('in 5 hours:')[1]!, dataDir))).toContain('records of the stream');
  expect(await ok(follow('cli/commands/backfill.ts report: carelake quarantine replay --rule SYS-KILLED', text, dataDir))).toContain('0 record(s) sent');
}); // prettier-ignore

test('an environment is kept in what is suggested about it', async () => {
  const there = ['--env', 'local', '--region', 'us-east-1'];
  await inAccount(async () => {
    const unknown = await cli(['backfill', '--from', today, '--to', today, '--region', 'us-east-1', '--env', 'none']);
    const known = commandFor("cli/known-environment.ts knownEnvironment: again('--env', environmentNames()[0]!)", unknown.stderr);
    expect(known).toMatch(/--region us-east-1 --env \w+$/);
    const deployed = await typed(known);
    expect([deployed.code, deployed.stderr]).toEqual([known.endsWith('local') ? 0 : 2, expect.stringMatching(/backfill of|the stacks of this environment have no backfill/)]);
    await ok(cli(['sql', `update ops.load_lease set load_id = '${'a'.repeat(32)}'`, ...at]));
    const asked = await cli(['rebuild', ...there]);
    const consent = commandFor("cli/commands/rebuild.ts consent: again('--yes')", asked.stderr);
    const busy = await typed(consent);
    await ok(cli(['sql', 'update ops.load_lease set load_id = null', ...at]));
    const again = commandFor('cli/commands/rebuild-running.ts rebuildRunning: again()', busy.stderr);
    expect([consent, again]).toEqual(Array(2).fill('carelake rebuild --env local --region us-east-1 --yes'));
    expect(await ok(typed(again))).toMatch(/^Rebuilt: \d+ silver objects loaded/);
    const verify = await cli(['verify', ...there]);
    const [cost] = await Promise.all([follow("cli/commands/verify.ts consented: again('--yes')", verify.stderr, undefined)]);
    expect(cost.stdout).toContain('# Carelake verify, environment local');
    const other = commandFor('ops/verify/report.ts summary: npm start', cost.stdout);
    expect((await (await serveBy(`${other} --data '${join(place, 'nothing yet')}'`, 'endpoints at')).interrupt()).stderr).toContain('Stopped before the answers');
    const dev = await follow('ops/verify/report.ts summary: carelake verify --env dev', await ask('verify'));
    expect([dev.code, dev.stderr]).toEqual([2, expect.stringContaining('the cost was not accepted')]);
  });
}); // prettier-ignore

// Nothing can be read again after it.
test('a record of which the bytes are gone is taken off the list', async () => {
  const { records } = JSON.parse(await ok(cli(['quarantine', 'list', '--json', '--limit', '1000', ...at]))) as { records: { quarantine_id: string; bronze_object: string }[] };
  const third = records.find((r) => r.bronze_object.includes('bronze'))!;
  for (const path of filesUnder(bucketFolder(dataDir, runOf(dataDir).names!.buckets.bronze!), '.parquet')) rmSync(path);
  const gone = await ask('quarantine', 'show', third.quarantine_id, '--phi-ok');
  expect(await ok(follow('cli/quarantine/original.ts gone: carelake quarantine discard …', gone, dataDir))).toContain('1 record(s) discarded');
}); // prettier-ignore

test('a platform of an earlier release is stopped before the rebuild', async () => {
  const run = runOf(dataDir);
  writeRun(dataDir, { ...run, names: { ...run.names!, rebuildMachine: undefined } });
  const hint = commandFor('cli/commands/rebuild-running.ts servedPlace: again()', await ask('rebuild', '--yes', '--json'), dataDir);
  expect((await served.interrupt()).stderr).toContain('Stopping.');
  const { stdout } = await typed(hint);
  expect(JSON.parse(stdout)).toMatchObject({ load: { superseded: expect.any(Number) as number } });
}); // prettier-ignore
