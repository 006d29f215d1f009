import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { assemblyOf } from '../infra/assemblies';
import { boot, changed, cleanUp, type Laptop, newFolder, patients } from './laptop';

jest.setTimeout(180_000);
let laptop: Laptop;

/** An analyst as an account would add one: a role of IAM that stands for the reader of the warehouse. */
const ANALYST = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
    Tags: [{ Key: 'RedshiftDbRoles', Value: 'reader' }],
    Policies: [
      {
        PolicyName: 'asks',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['redshift-data:ExecuteStatement', 'redshift-serverless:GetCredentials'],
              Resource: '*',
            },
            {
              Effect: 'Allow',
              Action: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
              Resource: '*',
              Condition: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
            },
          ],
        },
      },
    ],
  },
};

beforeAll(async () => {
  const assembly = changed(assemblyOf('local'), 'Pipeline', (r) => {
    r.Analyst = structuredClone(ANALYST);
  });
  laptop = await boot(assembly, newFolder());
});
afterAll(cleanUp);

/** Runs a statement to its end. @returns rows or the engine's error. */
async function ask(
  data: RedshiftDataClient,
  Sql: string,
  more: object = {},
): Promise<{ rows?: unknown[][]; error?: string; id: string }> {
  const { Id } = await data.send(
    new ExecuteStatementCommand({
      WorkgroupName: laptop.names.workgroup,
      Database: laptop.names.database,
      Sql,
      ...more,
    }),
  );
  for (;;) {
    const { Status, Error: error, HasResultSet } = await data.send(new DescribeStatementCommand({ Id }));
    if (Status === 'FAILED' || Status === 'ABORTED') return { error, id: Id! };
    if (Status !== 'FINISHED') continue;
    if (!HasResultSet) return { rows: [], id: Id! };
    const { Records = [] } = await data.send(new GetStatementResultCommand({ Id }));
    return { rows: Records.map((r) => r.map((f) => f.stringValue ?? f.longValue ?? null)), id: Id! };
  }
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'allowed',
    (error: Error) => `${error.name}: ${/not authorized to perform: ?(\S+)/.exec(error.message)?.[1]}`,
  );

test("each endpoint refuses what the caller's role is not granted, in its protocol's words", async () => {
  const { names } = laptop;
  const { silver: Bucket, landing } = names.buckets as Record<string, string>;
  const ingest = laptop.as('IngestStreamRole');
  const load = laptop.as('LoadRole');
  const object = { Bucket, Key: 'patient/v1/arrival=2026-01-01T00/x.parquet' };
  expect(await refusal(ingest.s3.send(new PutObjectCommand({ ...object, Body: 'x' })))).toBe('allowed');
  expect(await refusal(load.s3.send(new PutObjectCommand({ ...object, Body: 'x' })))).toBe(
    'AccessDenied: s3:PutObject',
  );
  expect(await refusal(ingest.s3.send(new GetObjectCommand({ Bucket: landing, Key: 'a' })))).toBe(
    'AccessDenied: s3:GetObject',
  );
  expect(await refusal(ingest.s3.send(new ListObjectsV2Command({ Bucket })))).toBe('AccessDenied: s3:ListBucket');
  // Whoever may not list is not told that there is nothing; a HEAD has no words.
  await expect(ingest.s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
  laptop.platform.endpoints.s3.delete(Bucket!, object.Key);

  const Records = [{ PartitionKey: 'a', Data: Buffer.from('{}') }];
  expect(await refusal(ingest.kinesis.send(new PutRecordsCommand({ StreamName: names.stream, Records })))).toBe(
    'AccessDeniedException: kinesis:PutRecords',
  );
  const admin = laptop.platform.resources.find((r) => r.logicalId.startsWith('AdminSecret'))!.ref;
  expect(await refusal(load.secrets.send(new GetSecretValueCommand({ SecretId: admin })))).toBe(
    'AccessDeniedException: secretsmanager:GetSecretValue',
  );
  expect(await refusal(ask(ingest.data, 'SELECT 1'))).toBe('AccessDeniedException: redshift-data:ExecuteStatement');
  // Nobody but the migrations comes in as the administrator, and they come in no other way.
  expect(await refusal(ask(load.data, 'SELECT 1', { SecretArn: admin }))).toBe(
    'AccessDeniedException: secretsmanager:GetSecretValue',
  );
  const migrate = laptop.as('MigrateRole');
  expect(await refusal(ask(migrate.data, 'SELECT 1'))).toBe(
    'AccessDeniedException: redshift-serverless:GetCredentials',
  );
  expect((await ask(migrate.data, 'SELECT count(*) FROM core.patient_log', { SecretArn: admin })).rows).toEqual([[0]]);
});

test('a statement belongs to its caller', async () => {
  const { id } = await ask(laptop.as('Analyst').data, 'SELECT 1');
  expect(await refusal(laptop.as('LoadRole').data.send(new GetStatementResultCommand({ Id: id })))).toBe(
    'AccessDeniedException: redshift-data:GetStatementResult',
  );
});

test('a reader asks for the counts, and can neither write, nor drop, nor see a person or the records of the load', async () => {
  const { data } = laptop.as('Analyst');
  expect((await ask(data, 'SELECT entity FROM ops.conservation')).error).toBeUndefined();
  const refused: [string, RegExp][] = [
    ["SELECT n FROM gold_phi.no_show_rate WHERE by_dimension = 'all'", /permission denied for schema gold_phi/],
    ['SELECT count(*) FROM gold_phi.obt_appointment', /permission denied for schema gold_phi/],
    ["INSERT INTO core.appointment (appointment_key) VALUES ('1')", /permission denied for schema core/],
    ['DELETE FROM core.appointment', /permission denied for schema core/],
    ['UPDATE core.appointment SET clinic_id = NULL', /permission denied/],
    ['TRUNCATE core.appointment', /permission denied/],
    ['DROP TABLE core.appointment', /permission denied|must be owner/],
    ['DROP VIEW gold_phi.obt_appointment', /permission denied|must be owner/],
    ['DROP VIEW gold_phi.no_show_rate', /permission denied|must be owner/],
    ['ALTER TABLE core.appointment ADD COLUMN x integer', /permission denied|must be owner/],
    ['CREATE TABLE gold_phi.mine (a integer)', /permission denied for schema gold_phi/],
    ['SELECT count(*) FROM ops.load_ledger', /permission denied for relation ops\.load_ledger \(SELECT\)/],
    ['SELECT count(*) FROM ops.loaded_object', /permission denied for relation ops\.loaded_object/],
    ['LOCK TABLE ops.load_lock', /permission denied for relation ops\.load_lock/],
    ['SELECT count(*) FROM core.dim_patient', /permission denied for schema core/],
    [
      'WITH p AS (SELECT patient_key FROM core.patient_log) SELECT count(*) FROM p',
      /permission denied for schema core/,
    ],
    ['CREATE TEMP TABLE mine AS SELECT "patient_key" FROM "core"."patient_log"', /permission denied for schema core/],
    ['SELECT c.entity FROM ops.conservation c CROSS JOIN core.patient_log p', /permission denied for schema core/],
    ["SELECT * FROM query_table('core.patient_log')", /ERROR/],
    ["SELECT * FROM query('SELECT 1 FROM core.patient_log')", /ERROR/],
    ['SELECT role FROM local_security.role_grant', /ERROR/],
    ['GRANT SELECT ON core.patient_log TO ROLE reader', /must be owner/],
    ['CREATE ROLE other', /must be owner|permission denied/],
  ];
  for (const [sql, why] of refused)
    expect([sql, (await ask(data, sql)).error]).toEqual([sql, expect.stringMatching(why)]);
  // A temporary table is no way around: it is there only when the statements run.
  const batch = ['CREATE TEMP TABLE mine (k varchar(32))', 'INSERT INTO mine SELECT patient_key FROM core.patient_log'];
  await expect(laptop.platform.endpoints.warehouse.run(batch, { role: 'reader' })).rejects.toThrow(
    /permission denied for schema core/,
  );
  const { rows } = await laptop.platform.endpoints.warehouse.query('SELECT count(*) FROM gold_phi.obt_appointment');
  expect(rows).toEqual([[0]]);
});

test('a loader that lost one grant fails with a code, and loads everything once it has it again', async () => {
  const { platform, names } = laptop;
  const user = laptop.as().data;
  expect((await ask(user, 'REVOKE INSERT ON core.dim_patient_history FROM ROLE loader')).error).toBeUndefined();
  platform.endpoints.kinesis.putRecords(names.stream, patients(20));
  await platform.idle({ quietMs: 700 });
  const count = async () => (await ask(user, 'SELECT count(*) FROM core.patient_log')).rows![0]![0];
  expect(await count()).toBe(0);
  expect(laptop.log('LoadFunction')).toContainEqual(
    expect.objectContaining({ level: 'ERROR', message: 'load failed', failure: 'DENIED' }),
  );
  // The engine's words, which could quote, stay out of the log.
  expect(JSON.stringify(laptop.log('LoadFunction'))).not.toContain('permission denied');
  expect(await platform.execute('LoadMachine', { window: 'open' })).toMatchObject({
    status: 'FAILED',
    error: 'Carelake.LoadFailed',
  });

  expect((await ask(user, 'GRANT INSERT ON core.dim_patient_history TO ROLE loader')).error).toBeUndefined();
  // A right that came with all tables of its schema can be taken away alone as well.
  expect((await ask(user, 'REVOKE UPDATE ON ops.load_lease FROM ROLE loader')).error).toBeUndefined();
  expect(await platform.execute('LoadMachine', { window: 'open' })).toMatchObject({ status: 'FAILED' });
  expect((await ask(user, 'GRANT UPDATE ON ops.load_lease TO ROLE loader')).error).toBeUndefined();
  expect(await platform.execute('LoadMachine', { window: 'open' })).toMatchObject({ status: 'SUCCEEDED' });
  expect(await count()).toBe(20);
});
