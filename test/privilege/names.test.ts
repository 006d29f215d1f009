import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeExecutionCommand, ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { keyId } from '../../core/lake/names';
import { writeRun } from '../../cli/folder';
import { assemblyOf } from '../infra/assemblies';
import { must } from '../e2e/laptop';
import { boot, cleanUp, type Laptop, newFolder } from './laptop';

/** Names as partners give them: of a person, in folder, file and extension. */
const CANARY = /canary|mueller/i;
const HEADER =
  'PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show';
const ROW = '1,1,F,2016-04-29T18:38:08Z,2016-04-29T00:00:00Z,62,CENTRO,0,1,0,0,0,0,No';
const FILES: Record<string, string> = {
  'kaggle-no-show/Canary Mueller_1980.csv': `${HEADER}\n${ROW}\n`,
  'kaggle-no-show/canary-wrong-head.csv': 'a,b\n1,2\n',
  'kaggle-no-show/canary/bad-rows.csv': `${HEADER}\n${ROW.replace('2016-04-29T00', 'never')}\n`,
  'kaggle-no-show/canary.xlsx': 'PK',
  'canary-mueller/1980.csv': `${HEADER}\n${ROW}\n`,
  'Canary Mueller/1980.csv': `${HEADER}\n${ROW}\n`,
  'canary-mueller.csv': `${HEADER}\n${ROW}\n`,
  'kaggle-no-show/canary-folder/': '',
};
const GONE = 'kaggle-no-show/canary-gone.csv';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await boot(assemblyOf('local'), newFolder());
  const { s3 } = laptop.as();
  const Bucket = laptop.names.buckets.landing;
  for (const [Key, Body] of Object.entries(FILES)) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const gone = { bucket: Bucket, key: GONE, etag: 'none' };
  await expect(laptop.platform.invoke('IngestFile', gone)).rejects.toThrow(
    `LANDING-CHANGED: landing object ${keyId(GONE)}`,
  );
  await laptop.platform.idle({ quietMs: 500 });
  const source = { kind: 'synthetic', patients: 1, events: 1, seed: 1 } as const;
  writeRun(laptop.dataDir, { source, env: 'local', sent: 0, status: 'complete', names: laptop.names });
});
afterAll(cleanUp);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((e) =>
    e.isFile() ? [join(e.parentPath, e.name)] : [],
  );

test('the files were read: what is told of them is told by an id', () => {
  const said = laptop.log('IngestFile');
  const told = said.flatMap(({ message, object }) =>
    object === undefined ? [] : [`${message as string} ${object as string}`],
  );
  expect(told).toEqual(
    expect.arrayContaining([
      `file read ${keyId('kaggle-no-show/Canary Mueller_1980.csv')}`,
      `file refused ${keyId('kaggle-no-show/canary-wrong-head.csv')}`,
      `file refused ${keyId('canary-mueller/1980.csv')}`,
      `file refused ${keyId('canary-mueller.csv')}`,
    ]),
  );
});

test('no log holds a name: functions, platform, metrics, errors', () => {
  const logs = filesIn(join(laptop.dataDir, 'logs'));
  expect(logs.length).toBeGreaterThan(3);
  for (const log of logs) expect(CANARY.exec(readFileSync(log, 'utf8'))).toBeNull();
  expect(CANARY.exec(logs.join())).toBeNull();
});

test('no execution shows one: names, ends, errors', async () => {
  const ended = join(laptop.dataDir, 'executions', 'ended.ndjson');
  expect(existsSync(ended)).toBe(true);
  const lines = readFileSync(ended, 'utf8');
  expect(CANARY.exec(lines)).toBeNull();
  const { url, endpoints } = laptop.platform;
  const client = new SFNClient({ endpoint: url, region: laptop.names.region, credentials: endpoints.callers.user });
  const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
  for (const line of lines.split('\n').filter(Boolean)) {
    const { machine, name } = JSON.parse(line) as { machine: string; name: string };
    const arn = stateMachines
      .find((m) => m.name === machine)!
      .stateMachineArn!.replace(':stateMachine:', ':execution:');
    const shown = await client.send(new DescribeExecutionCommand({ executionArn: `${arn}:${name}` }));
    expect(CANARY.exec(JSON.stringify(shown))).toBeNull();
  }
  client.destroy();
});

test('no object outside landing is named after one', async () => {
  const { s3 } = laptop.as();
  for (const [zone, Bucket] of Object.entries(laptop.names.buckets)) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    const named = Contents.filter(({ Key }) => CANARY.test(Key!));
    expect([zone, named.length > 0]).toEqual([zone, zone === 'landing']);
  }
});

test('the listing of quarantine shows ids; the name is shown with the record, to whom asks for it', async () => {
  const at = ['--data', laptop.dataDir];
  const listed = await must(['quarantine', 'list', '--limit', '100', ...at]);
  const json = await must(['quarantine', 'list', '--json', '--limit', '100', ...at]);
  expect(CANARY.exec(listed + json)).toBeNull();
  const { records } = JSON.parse(json) as { records: { quarantine_id: string; record_source: string }[] };
  const bad = records.find((r) => r.record_source === `landing object ${keyId('kaggle-no-show/canary/bad-rows.csv')}`)!;
  expect(listed).toContain(bad.quarantine_id);
  const shown = ['quarantine', 'show', bad.quarantine_id, ...at];
  expect(CANARY.exec(await must(shown))).toBeNull();
  expect(await must([...shown, '--phi-ok'])).toContain('kaggle-no-show/canary/bad-rows.csv');
});
