import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketFolder, withEngine } from '../../../cli/lake-files';
import { CheckSuite } from '../../../scripts/checks';
import { type Cli, must, newFolder, serve } from '../../e2e/laptop';
import { columnsOf, differences } from './tables';
import { Tap } from './tap';

/** The endpoints, used by programs that others wrote. Run by `npm run test:outside`, which says where they lie: `python=PATH spark=JAVA_HOME …`. */
const tools = Object.fromEntries(process.argv.slice(2).map((argument) => /^([^=]+)=(.*)$/s.exec(argument)!.slice(1)));
const suite = new CheckSuite('outside-clients');
const folder = mkdtempSync(join(tmpdir(), 'carelake-outside-'));
const dataDir = newFolder('outside');
const ENTITIES = ['appointment', 'clinic', 'patient', 'provider'];
const PREFIX = 'scratch/outside';

/** What `carelake env` prints, as a shell takes it. */
let variables: Record<string, string>;

async function readVariables(): Promise<Record<string, string>> {
  const input = await must(['env', '--data', dataDir]);
  const shell = execFileSync('bash', ['-ec', 'eval "$(cat)"; env -0'], { input, env: { PATH: process.env.PATH } });
  const pairs = shell.toString().split('\0').filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => /^([^=]+)=(.*)$/s.exec(pair)!.slice(1)));
}

/** Runs a program with nothing in its environment but those variables, and what it needs to run at all. */
function run(program: string, args: string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}) {
  const env = { ...variables, HOME: folder, ...options.env };
  return new Promise<string>((done, failed) => {
    const child = execFile(program, args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      error
        ? failed(new Error(`${program} failed: ${error.code}\n${stdout.slice(-2000)}\n${stderr.slice(-6000)}`))
        : done(stdout),
    );
    child.stdin!.end(options.input ?? '');
  });
}

const program = (name: string) => join(__dirname, name);
const lastLine = (stdout: string) => stdout.trimEnd().split('\n').at(-1)!;

type Rows = Record<string, unknown>[];

async function sql(statement: string): Promise<Rows> {
  const printed = await must(['sql', '--json', '--data', dataDir, statement]);
  const { columns, rows } = JSON.parse(printed) as { columns: string[]; rows: unknown[][] };
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
}

/** Asks until there are as many rows as there should be. */
async function rowsOf(statement: string, count: number): Promise<Rows> {
  for (let i = 0; ; i++) {
    const rows = await sql(statement);
    if (rows.length === count || i === 30) return rows;
    await sleep(500);
  }
}

/** Objects of a bucket as they lie on disk, as a function of the local engine. */
const files = (bucket: string, path: string, names = '*.parquet') =>
  `read_parquet('${bucketFolder(dataDir, variables[`CARELAKE_${bucket}_BUCKET`]!)}/${path}/**/${names}', hive_partitioning = true, hive_types_autocast = false)`;

const check = (name: string, body: () => Promise<void> | void) => suite.check(name, body, { stopOnFailure: false });

/** Through a tap of its own, so that the forms seen are those of this client. */
async function tapped(use: (tap: Tap) => Promise<void>): Promise<void> {
  const tap = await Tap.to(variables.AWS_ENDPOINT_URL!);
  try {
    await use(tap);
  } finally {
    tap.close();
  }
}

const CLINICS = 300;
const BROKEN = 17;
const clinic = (number: number) => ({
  event_id: `kpl-${number}`,
  entity: 'clinic',
  schema_version: 1,
  op: number === BROKEN ? 'replace' : 'upsert',
  source_system: 'kpl',
  effective_at: '2024-05-02T09:00:00-03:00',
  recorded_at: '2024-05-02T09:00:00-03:00',
  payload: { clinic_id: `KPL-${number}`, clinic_name: `SANTA LÚCIA “北” ${number}`, timezone: 'America/Sao_Paulo' },
});

async function kpl(): Promise<void> {
  const clinics = Array.from({ length: CLINICS }, (_, number) => clinic(number));
  let put: { members: number; bytes: number; sequence: string };
  await suite.check('kpl: a record aggregated by aws_kinesis_agg is put by boto3', async () => {
    const input = clinics.map((event) => JSON.stringify(event)).join('\n');
    put = JSON.parse(lastLine(await run(tools.python!, [program('kpl.py')], { input }))) as typeof put;
    assert.equal(put.members, CLINICS);
    assert(put.bytes > 50_000);
  });
  await check('kpl: each event in it is a row of the warehouse, with its letters', async () => {
    const good = clinics.filter((_, number) => number !== BROKEN);
    const rows = await rowsOf(
      `SELECT clinic_id, clinic_name, timezone FROM core.dim_clinic WHERE source_system = 'kpl'`,
      good.length,
    );
    const byId = (a: { clinic_id?: unknown }, b: { clinic_id?: unknown }) =>
      String(a.clinic_id) < String(b.clinic_id) ? -1 : 1;
    assert.deepEqual(rows.sort(byId), good.map(({ payload }) => payload).sort(byId));
  });
  await check('kpl: the broken event alone is quarantined, by its place in the record', async () => {
    const [rejected, ...others] = await withEngine((ask) =>
      ask(
        `SELECT record_position, rule_ids FROM ${files('QUARANTINE', '')} WHERE starts_with(record_position, $sequence)`,
        {
          sequence: put.sequence,
        },
      ),
    );
    assert.deepEqual([rejected, others], [{ record_position: `${put.sequence}/${BROKEN}`, rule_ids: 'ENV-OP' }, []]);
  });
  await check('kpl: the record itself is kept as one, and counted as many', async () => {
    const rows = await withEngine((ask) =>
      ask(`SELECT members, octet_length(data) AS bytes FROM ${files('BRONZE', '')} WHERE record_position = $sequence`, {
        sequence: put.sequence,
      }),
    );
    assert.deepEqual(
      rows.map((row) => [Number(row.members), Number(row.bytes)]),
      [[CLINICS, put.bytes]],
    );
  });
}

interface SparkSaw {
  rows: Record<string, number>;
  keys: number;
  readAgain: number;
  large: string;
  refused: Record<'list' | 'read' | 'write', string | null>;
}

/** What the warehouse says it read of silver, and of how many appointments. */
async function counted(): Promise<{ rows: Record<string, number>; keys: number }> {
  const read = await sql('SELECT entity, "read" AS n FROM ops.conservation');
  const [row] = await sql('SELECT count(DISTINCT appointment_key) AS n FROM core.appointment_log');
  return { rows: Object.fromEntries(read.map((one) => [String(one.entity), Number(one.n)])), keys: Number(row!.n) };
}

async function spark(tap: Tap): Promise<void> {
  const asked = {
    silver: variables.CARELAKE_SILVER_BUCKET,
    gold: variables.CARELAKE_GOLD_BUCKET,
    prefix: `${PREFIX}/spark`,
    entities: ENTITIES,
    jars: tools['spark-jars']!.replaceAll(':', ','),
    folder,
  };
  let saw: SparkSaw;
  await suite.check('s3a: Spark reads and writes by the credentials of carelake env', async () => {
    const env = {
      JAVA_HOME: tools.spark,
      PYSPARK_PYTHON: tools.python,
      SPARK_LOCAL_IP: '127.0.0.1',
      AWS_ENDPOINT_URL: tap.url,
    };
    saw = JSON.parse(
      lastLine(await run(tools.python!, [program('s3a.py'), JSON.stringify(asked)], { env })),
    ) as SparkSaw;
  });
  await check('s3a: silver holds as many rows and appointments as the warehouse has read', async () =>
    assert.deepEqual({ rows: saw.rows, keys: saw.keys }, await counted()),
  );
  await check('s3a: the folder written back holds the same rows, and none of those overwritten', async () => {
    const [silver, back] = [files('SILVER', 'appointment/v1'), files('GOLD', `${PREFIX}/spark/appointment`)];
    assert.equal(saw.readAgain, saw.rows.appointment);
    assert.equal(await differences(await columnsOf(silver), silver, back), 0);
  });
  const gold = bucketFolder(dataDir, variables.CARELAKE_GOLD_BUCKET!);
  await check('s3a: an object in parts keeps its bytes', () => {
    const bytes = readFileSync(join(gold, PREFIX, 'spark/large.bin'));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), saw.large);
  });
  await check('s3a: bodies came in signed pieces, in parts, as copies', () => {
    for (const form of ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'CreateMultipartUpload', 'CopyObject', 'DeleteObjects'])
      assert((tap.forms[form] ?? 0) > 0, `no ${form} among ${JSON.stringify(tap.forms)}`);
  });
  await check('s3a: a wrong secret lists, reads and writes nothing', () => {
    for (const [what, message] of Object.entries(saw.refused))
      assert.match(message ?? 'allowed', /AccessDenied|403/, what);
    assert.match(saw.refused.list!, /SignatureDoesNotMatch/);
    assert(!existsSync(join(gold, PREFIX, 'spark/forged.bin')));
  });
}

/** Columns of an appointment in silver, of every type that it has, and how Trino declares them. */
const COLUMNS = {
  appointment_key: 'varchar',
  appointment_id: 'varchar',
  status_code: 'varchar',
  op: 'varchar',
  effective_at: 'timestamp(6)',
  scheduled_start_at: 'timestamp(6)',
  planned_duration_min: 'integer',
};

async function trino(tap: Tap): Promise<void> {
  const names = Object.keys(COLUMNS).join(', ');
  const place = (bucket: string, path: string) =>
    `WITH (format = 'PARQUET', external_location = 's3://${variables[`CARELAKE_${bucket}_BUCKET`]}/${path}')`;
  const declared = Object.entries(COLUMNS).map((column) => column.join(' '));
  const table = (name: string) => `CREATE TABLE ${name} (${declared.join(', ')}) ${place('SILVER', 'appointment/v1')}`;
  const statements = {
    schema: 'CREATE SCHEMA lake.default',
    declare: table('lake.default.appointment'),
    count: 'SELECT count(*), count(DISTINCT appointment_key) FROM lake.default.appointment',
    copy: `CREATE TABLE lake.default.copied ${place('GOLD', `${PREFIX}/trino/appointment`)} AS SELECT ${names} FROM lake.default.appointment`,
    large: `CREATE TABLE lake.default.large ${place('GOLD', `${PREFIX}/trino/large`)} AS SELECT CAST(uuid() AS varchar) AS id, b FROM unnest(sequence(1, 700)) AS t (a) CROSS JOIN unnest(sequence(1, 1000)) AS u (b)`,
    sum: 'SELECT count(DISTINCT id), sum(b) FROM lake.default.large',
    forgedRead: 'SELECT count(*) FROM forged.default.appointment',
    forgedWrite: `CREATE TABLE forged.default.stolen ${place('GOLD', `${PREFIX}/trino/forged`)} AS SELECT 1 AS a`,
  };
  const saw = {} as Record<keyof typeof statements, string>;
  let puts: string[] = [];
  await suite.check('trino: its statements run by the credentials of carelake env', async () => {
    const args = [
      '-Xmx2g',
      '--add-modules=jdk.incubator.vector',
      '-cp',
      tools['trino-jars']!,
      program('Trino.java'),
      variables.CARELAKE_GOLD_BUCKET!,
      `${PREFIX}/java.bin`,
      ...Object.values(statements),
    ];
    const stdout = await run(join(tools.trino!, 'bin/java'), args, { env: { AWS_ENDPOINT_URL: tap.url } });
    const lines = stdout.split('\n').filter((line) => /^(rows|error|put) /.test(line));
    Object.keys(statements).forEach((name, i) => (saw[name as keyof typeof statements] = lines[i] ?? 'nothing'));
    puts = lines.slice(Object.keys(statements).length);
  });
  await check('trino: silver holds as many rows and appointments as the warehouse has read', async () => {
    const { rows, keys } = await counted();
    assert.equal(saw.count, `rows [[${rows.appointment}, ${keys}]]`, JSON.stringify(saw));
  });
  await check('trino: the table written back holds the same rows', async () =>
    assert.equal(
      await differences(names, files('SILVER', 'appointment/v1'), files('GOLD', `${PREFIX}/trino/appointment`, '*')),
      0,
    ),
  );
  await check('trino: a table of several parts is read back as it was written', () => {
    assert.equal(saw.sum, `rows [[700000, ${(700 * 1000 * 1001) / 2}]]`, saw.large);
    assert((tap.forms.CreateMultipartUpload ?? 0) > 0, JSON.stringify(tap.forms));
  });
  await check('trino: a wrong secret reads and writes nothing', () => {
    for (const line of [saw.forgedRead, saw.forgedWrite]) assert.match(line, /^error .*(403|SignatureDoesNotMatch)/);
    assert(!existsSync(join(bucketFolder(dataDir, variables.CARELAKE_GOLD_BUCKET!), PREFIX, 'trino/forged')));
  });
  await check('java: the SDK as it comes puts in signed pieces with a trailer, and gets the same bytes', () => {
    assert.equal(puts[0], 'put 3000000');
    const form = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
    assert((tap.forms[form] ?? 0) > 0, `no ${form} among ${JSON.stringify(tap.forms)}`);
  });
  await check('java: a wrong secret puts nothing', () => {
    assert.match(puts[1] ?? 'nothing', /^error .*403/);
    assert(!existsSync(join(bucketFolder(dataDir, variables.CARELAKE_GOLD_BUCKET!), PREFIX, 'java.bin.forged')));
  });
}

async function main(): Promise<number> {
  let serving: Cli | undefined;
  try {
    await suite.check('a laptop serves', async () => {
      ({ process: serving } = await serve(['--data', dataDir, '--patients', '200', '--events', '4000']));
      variables = await readVariables();
    });
    await kpl();
    // What one of them cannot do says nothing of the other.
    for (const client of [spark, trino]) await tapped(client).catch(() => undefined);
  } catch {
    // The check that failed is in the report already.
  } finally {
    await serving?.kill();
  }
  return suite.finish();
}

void main().then((code) => (process.exitCode = code));
