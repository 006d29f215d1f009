import { createHash } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { assemblyOf } from '../infra/assemblies';
import { exampleCsv } from '../example-clinic';
import { boot, changed, cleanUp, newFolder, patients, stop, until, withoutGrant } from './laptop';

jest.setTimeout(180_000);
let whole: string;
beforeAll(() => {
  whole = assemblyOf('local');
});
afterAll(cleanUp);

const FILE = exampleCsv([{}, '']);

test('grants that a template lacks are refused as in the account, by name, and nothing is lost', async () => {
  const lacking = changed(whole, 'Pipeline', (r) => {
    withoutGrant(r, 'IngestStreamRolePolicy', 's3:PutObject', /Silver/);
    withoutGrant(r, 'IngestFileRolePolicy', 'secretsmanager:GetSecretValue', /Secret/);
  });
  const dataDir = newFolder();
  const poor = await boot(lacking, dataDir);
  const { landing, silver, bronze, quarantine } = poor.names.buckets as Record<string, string>;
  poor.platform.endpoints.kinesis.putRecords(poor.names.stream, patients(30));
  await poor.as().s3.send(new PutObjectCommand({ Bucket: landing, Key: 'example-clinic-csv/a.csv', Body: FILE }));

  const denied = (fn: string) => () => {
    const found = poor.log(fn).map((line) => (line.failure as { denied?: string } | undefined)?.denied);
    return found.find((action) => action !== undefined);
  };
  expect(await until('refusal of ingest-stream', denied('IngestStreamFunction'))).toBe('s3:PutObject');
  expect(await until('refusal of ingest-file', denied('IngestFileFunction'))).toBe('secretsmanager:GetSecretValue');
  const count = (l: typeof poor, bucket: string) => l.platform.endpoints.s3.list(bucket, {}).objects.length;
  expect(count(poor, silver!)).toBe(0);
  // Bronze was written before the refusal: the record is kept from its first moment.
  expect(count(poor, bronze!)).toBeGreaterThan(0);
  expect(poor.platform.status().behind).toEqual({ [Object.keys(poor.platform.status().behind)[0]!]: 30 });
  await stop(poor.platform);

  const mended = await boot(whole, dataDir);
  await mended.platform.idle({ quietMs: 700 });
  const patientsKnown = async () =>
    Number((await mended.platform.endpoints.warehouse.query('SELECT count(*) FROM core.patient_log')).rows[0]![0]);
  // The stream goes on by itself where it was refused; a file's execution too, unless it had used up its retries.
  if ((await patientsKnown()) < 31) {
    const Key = 'example-clinic-csv/a.csv';
    const etag = createHash('md5').update(FILE).digest('hex');
    const again = { bucket: landing, key: Key, etag, size: Buffer.byteLength(FILE) };
    expect(await mended.platform.execute('IngestFileMachine', again)).toMatchObject({ status: 'SUCCEEDED' });
    await mended.platform.idle({ quietMs: 700 });
  }
  expect(await patientsKnown()).toBe(31);
  expect(count(mended, quarantine!)).toBe(0);
});

test('records that were refused for too long are kept whole where the mapping gives them up', async () => {
  const lacking = changed(whole, 'Pipeline', (r) => {
    withoutGrant(r, 'IngestStreamRolePolicy', 's3:PutObject', /Silver/);
    const mapping = Object.values(r).find(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')!;
    mapping.Properties.MaximumRetryAttempts = 0;
  });
  const { platform, names } = await boot(lacking, newFolder());
  const sent = patients(5);
  platform.endpoints.kinesis.putRecords(names.stream, sent);
  await platform.idle({ quietMs: 700 });
  const { s3 } = platform.endpoints;
  const bucket = names.buckets.failed!;
  const kept = await Promise.all(
    s3.list(bucket, {}).objects.map(async ({ key }) => JSON.parse((await s3.get(bucket, key)).toString())),
  );
  const records = kept.flatMap(({ payload }) =>
    (JSON.parse(payload) as { Records: { kinesis: { data: string } }[] }).Records.map((r) =>
      Buffer.from(r.kinesis.data, 'base64').toString(),
    ),
  );
  expect(records.sort()).toEqual(sent.map((r) => r.data.toString()).sort());
});

test('a load whose COPY may not read silver fails with a code, and nothing is counted as loaded', async () => {
  const lacking = changed(whole, 'Warehouse', (r) => withoutGrant(r, 'CopyRolePolicy', 's3:GetObject', /Silver/));
  const dataDir = newFolder();
  const poor = await boot(lacking, dataDir);
  poor.platform.endpoints.kinesis.putRecords(poor.names.stream, patients(5));
  const failure = await until(
    'refusal of COPY',
    () => poor.log('LoadFunction').find((line) => line.failure !== undefined)?.failure,
  );
  expect(failure).toBe('COPY_UNREADABLE');
  await stop(poor.platform);
  const mended = await boot(whole, dataDir);
  expect((await mended.platform.endpoints.warehouse.query('SELECT count(*) FROM ops.loaded_object')).rows).toEqual([
    [0],
  ]);
  await mended.platform.idle({ quietMs: 700 });
  await mended.platform.execute('LoadMachine', { window: 'open' });
  expect((await mended.platform.endpoints.warehouse.query('SELECT count(*) FROM core.patient_log')).rows).toEqual([
    [5],
  ]);
});
