import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { KinesisClient, PutRecordCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { AnswersDocument } from '../../cli/answers';
import type { Names } from '../../cli/folder';
import { QUERIES } from '../../cli/page';
import { queryDataApi } from '../../cli/sql';
import { createCallers } from '@carelake/laptop/endpoints/credentials';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { PLACE } from '@carelake/laptop/runtime';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { generate } from '../../synthetic';
import {
  type Cli,
  cli,
  endpointOf,
  goldViews,
  must,
  newFolder,
  type Query,
  readSoFar,
  rowsOf,
  runOf,
  serve,
  tablesOf,
  untilRead,
} from './laptop';

const NETWORK = { patients: 400, events: 6000, seed: 5 };
const SIZE = ['--patients', `${NETWORK.patients}`, '--events', `${NETWORK.events}`, '--seed', `${NETWORK.seed}`];

/** The whole of it on one folder, step after step: each test builds on what the ones before it left. */
describe('the synthetic network, from the generator to the answers', () => {
  const dataDir = newFolder('network');
  const at = ['--data', dataDir];
  const expected = generate(NETWORK).expected();
  let serving: Cli;
  let document: AnswersDocument;
  let names: Names;
  let clients: { kinesis: KinesisClient; s3: S3Client; redshift: RedshiftDataClient };

  beforeAll(async () => {
    ({ process: serving, document } = await serve([...SIZE, ...at]));
    names = runOf(dataDir).names!;
    const variables = JSON.parse(await must(['env', '--json', ...at])) as Record<string, string>;
    // Plain clients, configured by nothing but what `carelake env` prints.
    const common = {
      endpoint: variables.AWS_ENDPOINT_URL,
      region: variables.AWS_REGION,
      credentials: { accessKeyId: variables.AWS_ACCESS_KEY_ID!, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY! },
    };
    clients = {
      kinesis: new KinesisClient(common),
      s3: new S3Client(common),
      redshift: new RedshiftDataClient(common),
    };
  });

  afterAll(async () => {
    for (const client of Object.values(clients ?? {})) client.destroy();
    if (serving && serving.child.exitCode === null) await serving.kill();
  });

  const sql = (statement: string) => queryDataApi(clients.redshift, names, statement);

  const rowsNow: Query = async (statement) => (await sql(statement)).rows;

  it('answers what the generator worked out, to the last count', () => {
    expect(document.ingest).toEqual({ ...expected.ingest, unmapped: 0, held: 0 });
    expect(document.load).toEqual(expected.load);
    expect(document.run).toMatchObject({
      ingest: { ...expected.ingest, unmapped: 0, held: 0 },
      load: expected.load,
      rejected: expected.quarantinedByRule,
      held_snapshots: [],
    });
    expect(document.answers).toEqual(expected.answers);
    expect(serving.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('has as many members as the network', async () => {
    const count = async (query: string) => Number((await sql(query)).rows[0]![0]);
    expect(
      await count(`SELECT count(*) FROM core.dim_patient WHERE NOT is_inferred AND patient_key <> '${'0'.repeat(32)}'`),
    ).toBe(expected.rows.patients);
    expect(await count(`SELECT count(*) FROM core.dim_patient WHERE is_inferred`)).toBe(expected.rows.inferredPatients);
    expect(await count(`SELECT count(*) FROM core.dim_provider WHERE provider_key <> '${'0'.repeat(32)}'`)).toBe(
      expected.rows.providers,
    );
    expect(await count(`SELECT count(*) FROM core.fact_appointment`)).toBe(expected.rows.appointments);
    expect(await count(`SELECT count(*) FROM gold_phi.obt_appointment`)).toBe(expected.rows.appointments);
  });

  it('quarantines each planted defect under its rule, once, without a value', async () => {
    const { total, byRule, records } = JSON.parse(
      await must(['quarantine', 'list', '--json', '--limit', '10000', ...at]),
    ) as {
      total: number;
      byRule: { rule: string; n: number }[];
      records: Record<string, string>[];
    };
    expect(total).toBe(expected.ingest.quarantined);
    expect(Object.fromEntries(byRule.map(({ rule, n }) => [rule, n]))).toEqual(expected.quarantinedByRule);
    expect(JSON.stringify(records)).not.toMatch(/M.ller|no show|éé|2024-02-30|1712067300|north ehr|defect-/);
  });

  it('shows the bytes of a rejected record only on demand', async () => {
    const { records } = JSON.parse(await must(['quarantine', 'list', '--json', '--rule', 'DQ-APT-05', ...at])) as {
      records: { quarantine_id: string }[];
    };
    const id = records[0]!.quarantine_id;
    expect(await must(['quarantine', 'show', id, ...at])).not.toContain('no show');
    const shown = JSON.parse(await must(['quarantine', 'show', id, '--json', '--phi-ok', ...at])) as {
      data: string;
      pointers: string;
    };
    expect(shown.pointers).toBe('/payload/status_code');
    expect(JSON.parse(shown.data)).toMatchObject({ payload: { status_code: 'no show' } });
  });

  it('refuses a second start on the folder and a start on its port, and says what to do', async () => {
    const second = await cli(['start', '--once', ...SIZE, ...at]);
    expect(second).toMatchObject({ code: 3, stdout: '' });
    expect(second.stderr).toContain('already being served');
    expect(second.stderr).toContain(dataDir);
    expect(second.stderr).toContain('next:');
    const port = `${endpointOf(dataDir).port}`;
    const taken = await cli(['start', '--once', ...SIZE, '--data', newFolder('port'), '--port', port]);
    expect(taken).toMatchObject({ code: 3, stdout: '' });
    expect(taken.stderr).toContain(`127.0.0.1:${port}`);
    expect(taken.stderr).toContain('--port 0');
  });

  it('takes an event from a plain SDK client into the one big table', async () => {
    const event = {
      event_id: 'sdk-1',
      entity: 'appointment',
      schema_version: 1,
      op: 'upsert',
      source_system: 'north-ehr',
      effective_at: '2024-12-01T09:00:00-05:00',
      recorded_at: '2024-12-01T09:00:00-05:00',
      payload: {
        appointment_id: 'SDK-1',
        patient_id: 'P0000001',
        clinic_id: 'CLINIC-001',
        status_code: 'booked',
        scheduled_start_at: '2025-01-07T10:30:00-05:00',
      },
    };
    const before = document.load.read;
    const data = Buffer.from(JSON.stringify(event));
    await clients.kinesis.send(new PutRecordCommand({ StreamName: names.stream, PartitionKey: 'sdk-1', Data: data }));
    await untilRead(rowsNow, before + 1);
    const { columns, rows } = await sql(
      `SELECT scheduled_hour, status_code FROM gold_phi.obt_appointment WHERE appointment_id = 'SDK-1'`,
    );
    expect(columns).toEqual(['scheduled_hour', 'status_code']);
    expect(rows).toEqual([[10, 'booked']]);
    // Taken back, so that the tables are those of the network again.
    const gone = {
      ...event,
      event_id: 'sdk-2',
      op: 'delete',
      recorded_at: '2024-12-02T09:00:00-05:00',
      payload: { appointment_id: 'SDK-1' },
    };
    await clients.kinesis.send(
      new PutRecordCommand({
        StreamName: names.stream,
        PartitionKey: 'sdk-1',
        Data: Buffer.from(JSON.stringify(gone)),
      }),
    );
    await untilRead(rowsNow, before + 2);
    expect((await sql(`SELECT count(*) FROM gold_phi.obt_appointment WHERE appointment_id = 'SDK-1'`)).rows).toEqual([
      [0],
    ]);
  });

  it('holds every role to its grants, at the endpoints and in the database', async () => {
    const assembly = readAssembly(join(dataDir, 'cdk.out'));
    const resources = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks))).resources();
    const roleOf = (id: string) =>
      String(resources.find((r) => r.type === 'AWS::IAM::Role' && r.logicalId.startsWith(id))!.attributes.Arn);
    const as = (id: string) => ({
      endpoint: endpointOf(dataDir).url,
      region: 'us-east-1',
      credentials: createCallers(PLACE.account, endpointOf(dataDir).credentials).registerRole(roleOf(id)),
    });
    const s3 = new S3Client(as('SelectLoadRole'));
    const Bucket = names.buckets.silver!;
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBeGreaterThan(0);
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))).rejects.toThrow(
      expect.objectContaining({ name: 'AccessDenied', message: expect.stringContaining('s3:PutObject') }),
    );
    const redshift = new RedshiftDataClient(as('LoadRole'));
    expect((await queryDataApi(redshift, names, 'SELECT count(*) FROM core.appointment')).rows).toHaveLength(1);
    await expect(queryDataApi(redshift, names, 'DROP TABLE core.appointment')).rejects.toMatchObject({
      details: { lines: [expect.stringMatching(/permission denied/)] },
    });
    s3.destroy();
    redshift.destroy();
  });

  it('lists and copies objects for a plain S3 client', async () => {
    const bucket = names.buckets.bronze!;
    const listed = await clients.s3.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 3 }));
    expect(listed.Contents!.length).toBeGreaterThan(0);
    const key = listed.Contents![0]!.Key!;
    await clients.s3.send(
      new CopyObjectCommand({
        Bucket: names.buckets.gold!,
        Key: 'scratch/copy.parquet',
        CopySource: `${bucket}/${encodeURIComponent(key)}`,
      }),
    );
    const [original, copy] = await Promise.all(
      [
        { Bucket: bucket, Key: key },
        { Bucket: names.buckets.gold!, Key: 'scratch/copy.parquet' },
      ].map(async (place) =>
        Buffer.from(await (await clients.s3.send(new GetObjectCommand(place))).Body!.transformToByteArray()),
      ),
    );
    expect(copy).toEqual(original);
    await clients.s3.send(new PutObjectCommand({ Bucket: names.buckets.gold!, Key: 'scratch/note.txt', Body: 'ok' }));
  });

  it('answers the Redshift Data API with types and names, and refuses what is outside the dialect', async () => {
    const { columns, rows } = await sql(
      `SELECT CAST(7 AS bigint) / 2 AS half, 'x' AS letter, CAST(null AS varchar(4)) AS nothing, 1.5::double precision AS fraction`,
    );
    expect(columns).toEqual(['half', 'letter', 'nothing', 'fraction']);
    expect(rows).toEqual([[3, 'x', null, 1.5]]);
    expect((await sql('SELECT count(*), upper(entity), 1 + 1 FROM ops.conservation GROUP BY entity')).columns).toEqual([
      'count',
      'upper',
      '?column?',
    ]);
    const shown = (await sql('SHOW TABLES FROM SCHEMA gold_phi')).rows;
    expect(shown.map((row) => `${row[1]}.${row[2]} ${row[3]}`)).toEqual(goldViews().map((view) => `${view} VIEW`));
    await expect(sql('SELECT 1 / 0')).rejects.toMatchObject({ details: { lines: ['ERROR: Divide by zero'] } });
    for (const statement of [
      `COPY core.patient_log FROM '/etc/passwd'`,
      "ATTACH '/tmp/x.db'",
      'selec 1',
      'PRAGMA database_list',
      `SELECT * FROM read_csv('/etc/passwd')`,
    ]) {
      const refused = await cli(['sql', '--json', statement, ...at]);
      expect([statement, refused.code, refused.stdout]).toEqual([statement, 1, '']);
      expect(refused.stderr).toContain('refused');
      expect(refused.stderr).toContain('next:');
    }
  });

  it('runs several statements as one session and one transaction', async () => {
    const asked = await must(['sql', '--json', 'create temp table t as select 1 as a; select sum(a) from t', ...at]);
    expect(asked).toBe('{"columns":[],"rows":[]}\n{"columns":["sum"],"rows":[[1]]}\n');
    const { stderr } = await cli(['sql', "create table ops.gone (a varchar(1)); insert into ops.gone values ('ab')", ...at]); // prettier-ignore
    expect(stderr).toMatch(/Value too long for character type[^]*statement 2 of 2; none of their changes were kept/);
    expect((await cli(['sql', 'select 1 from ops.gone', ...at])).code).toBe(1);
  });

  it('answers every query that the page offers, and the page opens by the printed address', async () => {
    for (const [title, query] of Object.entries(QUERIES))
      expect([title, (await sql(query)).rows.length > 0]).toEqual([title, true]);
    expect(Object.keys(QUERIES)).toHaveLength(10);
    const { page, url } = endpointOf(dataDir);
    const headers = { accept: 'text/html' };
    const opened = await fetch(page, { headers, redirect: 'manual' });
    const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
    const text = await (await fetch(url, { headers: { ...headers, cookie } })).text();
    expect(text).toMatch(/What this is[^]*Queries to copy[^]*No-show rate by clinic[^]*Under way/);
  });

  it('is changed by nothing when everything is sent again', async () => {
    const lines = [...generate(NETWORK)]
      .map((record) => Buffer.from(record.data))
      .filter((data) => !data.includes(0x0a));
    const file = join(dataDir, '..', 'again.ndjson');
    writeFileSync(file, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
    const before = await sql('SELECT coalesce(sum("read"), 0), coalesce(sum(duplicate), 0) FROM ops.conservation');
    const read = Number(before.rows[0]![0]);
    expect(JSON.parse(await must(['push', file, '--json', ...at]))).toEqual({
      sent: NETWORK.events,
      refused: [],
      accepted: expected.ingest.accepted,
      rejected: expected.ingest.quarantined,
      byRule: expected.quarantinedByRule,
      unmapped: {},
      waiting: 0,
    });
    await untilRead(rowsNow, read + expected.ingest.accepted);
    const after = await sql('SELECT sum("read"), sum(duplicate) FROM ops.conservation');
    expect(Number(after.rows[0]![1])).toBe(Number(before.rows[0]![1]) + expected.ingest.accepted);
    const answers = JSON.parse(
      await must([
        'sql',
        '--json',
        'SELECT kpi, by_dimension, group_key, numerator, denominator, n, value FROM gold_phi.no_show_rate ORDER BY 2, 3',
        ...at,
      ]),
    ) as { columns: string[]; rows: unknown[][] };
    expect(answers.columns).toEqual(['kpi', 'by_dimension', 'group_key', 'numerator', 'denominator', 'n', 'value']);
    const rowOf = (a: AnswersDocument['answers'][number]) => [a.kpi, a.by, a.key, a.numerator, a.denominator, a.n, a.value]; // prettier-ignore
    expect([...answers.rows].sort()).toEqual(document.answers.map(rowOf).sort());
  });

  it('replays a mended record from quarantine', async () => {
    const { records } = JSON.parse(await must(['quarantine', 'list', '--json', '--rule', 'FLD-LENGTH', ...at])) as {
      records: { quarantine_id: string }[];
    };
    const id = records[0]!.quarantine_id;
    const { data } = JSON.parse(await must(['quarantine', 'show', id, '--json', '--phi-ok', ...at])) as {
      data: string;
    };
    const file = join(dataDir, '..', 'mended.json');
    writeFileSync(file, data.replace('é'.repeat(33), 'CLINIC-001'));
    const before = await readSoFar(rowsNow);
    expect(JSON.parse(await must(['quarantine', 'replay', id, '--with', file, '--json', ...at]))).toEqual({
      stream: 1,
      landing: 0,
    });
    await untilRead(rowsNow, before + 1);
    const found = await sql(
      `SELECT clinic_id FROM gold_phi.obt_appointment WHERE appointment_id = '${(JSON.parse(data) as { payload: { appointment_id: string } }).payload.appointment_id}'`,
    );
    expect(found.rows).toEqual([['CLINIC-001']]);
    const listed = async (...more: string[]) =>
      (
        JSON.parse(await must(['quarantine', 'list', '--json', '--rule', 'FLD-LENGTH', ...more, ...at])) as {
          records: { quarantine_id: string; state: string }[];
        }
      ).records.find((record) => record.quarantine_id === id)?.state;
    expect([await listed(), await listed('--all')]).toEqual([undefined, 'mended']);
  });

  it('tells by rule what a push of bad records came to, and ends with a code of its own', async () => {
    const file = join(dataDir, '..', 'bad.ndjson');
    writeFileSync(file, '{"op":"merge"}\nno json\n');
    const pushed = await cli(['push', file, ...at]);
    expect(pushed.code).toBe(4);
    expect(pushed.stdout).toMatch(
      /2 records sent: 0 accepted, 2 rejected\.\n[\s\S]*DQ-FMT-02 +1 +The record is well-formed JSON/,
    );
    const { records } = JSON.parse(
      await must(['quarantine', 'list', '--json', '--since', '10m', '--rule', 'DQ-FMT-02', ...at]),
    ) as {
      records: { quarantine_id: string }[];
    };
    expect(JSON.parse(await must(['quarantine', 'discard', records[0]!.quarantine_id, '--json', ...at]))).toEqual({
      discarded: 1,
    });
    // A document of many lines is one event, not one for each of its lines.
    writeFileSync(file, JSON.stringify({ op: 'merge' }, null, 2));
    expect(JSON.parse((await cli(['push', file, '--json', ...at])).stdout)).toMatchObject({ sent: 1, rejected: 1 });
  });

  it('takes a file while it serves, and tells what became of its rows', async () => {
    const args = ['ingest', '--profile', 'examples/visits.json', 'examples/visits.csv', '--json', ...at];
    expect((await cli(args)).stderr).toContain(`--phi-ok`);
    const before = await readSoFar(rowsNow);
    const told = JSON.parse(await must([...args, '--phi-ok'])) as object;
    expect(told).toMatchObject({ landed: true, received: 5, accepted: 4, quarantined: 1 });
    await untilRead(rowsNow, before + 8);
    expect(JSON.parse(await must([...args, '--phi-ok']))).toMatchObject({ landed: false, received: 5 });
  });

  it('refuses what the protocols refuse: an empty batch, a record above the limit, an unknown stream', async () => {
    const put = (input: ConstructorParameters<typeof PutRecordsCommand>[0]) =>
      clients.kinesis.send(new PutRecordsCommand(input));
    await expect(put({ StreamName: names.stream, Records: [] })).rejects.toMatchObject({
      name: expect.stringMatching(/Validation|InvalidArgument/),
    });
    await expect(
      put({ StreamName: 'nobody', Records: [{ PartitionKey: 'a', Data: Buffer.from('x') }] }),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const long = join(dataDir, '..', 'long.ndjson');
    writeFileSync(long, `{"a":"${'x'.repeat(2_000_000)}"}\n`);
    const refused = await cli(['push', long, ...at]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ENV-SIZE');
    expect(refused.stderr).toContain('line 1 (2,000,008 bytes)');
  });

  it('stops on Ctrl-C, answers queries on the folder, and serves the same again', async () => {
    expect((await serving.interrupt()).code).toBe(0);
    const asked = JSON.parse(
      await must(['sql', '--json', 'SELECT count(*) AS n FROM core.fact_appointment', ...at]),
    ) as unknown;
    expect(asked).toEqual({ columns: ['n'], rows: [[expected.rows.appointments + 5]] });
    const tables = await tablesOf(dataDir);
    const again = JSON.parse(await must(['start', '--once', '--json', ...at])) as AnswersDocument;
    expect(again.run).toEqual({
      ingest: { received: 0, accepted: 0, quarantined: 0, unmapped: 0, held: 0 },
      load: { read: 0, applied: 0, superseded: 0, duplicate: 0, withdrawn: 0 },
      rejected: {},
      unmapped: {},
      warnings: {},
      held_snapshots: [],
    });
    expect(again.ingest.received).toBe(again.ingest.accepted + again.ingest.quarantined);
    expect(await tablesOf(dataDir)).toEqual(tables);
    expect(await rowsOf(dataDir, 'SELECT count(*) FROM ops.load_lease WHERE load_id IS NOT NULL')).toEqual([[0]]);
  });

  it('is refused another source, and wiped when asked', async () => {
    const other = await cli(['start', '--once', '--patients', '401', '--events', '6000', ...at]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain(`carelake wipe --data ${dataDir}`);
    expect((await cli(['wipe', ...at])).code).toBe(2);
    expect(JSON.parse(await must(['wipe', '--yes', '--json', ...at]))).toEqual({ wiped: dataDir });
    expect((await cli(['sql', 'SELECT 1', ...at])).code).toBe(2);
  });
});
