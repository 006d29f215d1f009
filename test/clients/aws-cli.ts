import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AnswersDocument } from '../../cli/answers';
import { environmentOf } from '../../cli/environment';
import { bucketFolder, withEngine } from '../../cli/lake-files';
import { CheckSuite } from '../../scripts/checks';
import { generate } from '../../synthetic';
import { type Cli, endpointOf, must, newFolder, ROOT, runOf, serve } from '../e2e/laptop';

/** The endpoints asked by the AWS CLI as people have it: `v1=PATH v2=PATH`. Run by `npm run test:cli`. */
const tools = process.argv
  .slice(2)
  .map((argument) => argument.split('=') as [string, string])
  .map(([version, path]) => [version, resolve(path)] as [string, string]);
const suite = new CheckSuite('aws-cli');
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'carelake-aws-cli-'));
const dataDir = newFolder('aws-cli');
const eventFile = join(folder, 'event.json');

/** An event with letters beyond ASCII and a line break: any second encoding of its bytes would show. */
const event = (version: string) => ({
  event_id: `aws-cli-${version}`,
  entity: 'clinic',
  schema_version: 1,
  op: 'upsert',
  source_system: 'aws-cli',
  effective_at: '2024-05-02T09:00:00-03:00',
  recorded_at: '2024-05-02T09:00:00-03:00',
  payload: { clinic_id: `CLI-${version}`, clinic_name: 'SANTA LÚCIA “北”', timezone: 'America/Sao_Paulo' },
});

let variables: NodeJS.ProcessEnv;

/** Runs one command of one version, with nothing in its environment but what `carelake env` prints. */
async function aws(path: string, args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, AWS_PAGER: '', ...variables };
  const { stdout } = await run(path, ['--endpoint-url', variables.AWS_ENDPOINT_URL!, ...args], {
    env,
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  return stdout;
}

async function query(path: string, sql: string): Promise<{ Records: Record<string, unknown>[][] }> {
  const place = ['--workgroup-name', variables.CARELAKE_WORKGROUP!, '--database', variables.CARELAKE_DATABASE!];
  const { Id } = JSON.parse(await aws(path, ['redshift-data', 'execute-statement', ...place, '--sql', sql])) as {
    Id: string;
  };
  for (;;) {
    const { Status, Error: error } = JSON.parse(
      await aws(path, ['redshift-data', 'describe-statement', '--id', Id]),
    ) as { Status: string; Error?: string };
    if (Status === 'FINISHED')
      return JSON.parse(await aws(path, ['redshift-data', 'get-statement-result', '--id', Id])) as {
        Records: Record<string, unknown>[][];
      };
    assert(Status !== 'FAILED' && Status !== 'ABORTED', `${sql}: ${error}`);
    await sleep(100);
  }
}

/** The producer line of the documents, run as it is written there. */
async function producerLine(path: string): Promise<void> {
  const pages = ['README.md', 'docs/producers.md'].map((page) => readFileSync(join(ROOT, page), 'utf8'));
  const lines = pages.map((page) => /^aws (kinesis put-record .*event\.json)$/m.exec(page)?.[1]);
  for (const line of lines) {
    assert(line, 'no producer line in the documents');
    const env = { PATH: process.env.PATH, HOME: folder, AWS_PAGER: '', ...variables };
    await run('bash', ['-ec', `"$0" ${line.replace(/ +#.*$/, '')}`, path], { env, cwd: folder });
  }
}

async function checks([version, path]: [string, string]): Promise<void> {
  const check = (name: string, body: () => Promise<void>) =>
    suite.check(`${version}: ${name}`, body, { stopOnFailure: false });
  const bytes = Buffer.from(JSON.stringify(event(version), null, 1), 'utf8');

  await check('kinesis put-record by the line of the documents puts the very bytes of the file', async () => {
    writeFileSync(eventFile, bytes);
    await producerLine(path);
    const bronze = `${bucketFolder(dataDir, runOf(dataDir).names!.buckets.bronze!)}/**/*.parquet`;
    for (let i = 0; i < 100; i++) {
      const rows = await withEngine((ask) =>
        ask(`SELECT data FROM read_parquet($bronze, hive_partitioning = false) WHERE contains(hex(data), $mark)`, {
          bronze,
          mark: Buffer.from(`aws-cli-${version}`).toString('hex').toUpperCase(),
        }),
      );
      if (rows.length === 2) {
        for (const row of rows) assert.deepEqual(Buffer.from((row.data as { bytes: Uint8Array }).bytes), bytes);
        return;
      }
      await sleep(200);
    }
    throw new Error('the records never reached bronze');
  });

  await check('redshift-data finds what it put, with its letters', async () => {
    for (let i = 0; i < 60; i++) {
      const { Records } = await query(
        path,
        `SELECT clinic_name FROM core.dim_clinic WHERE clinic_id = 'CLI-${version}'`,
      );
      if (Records.length === 1) return assert.deepEqual(Records, [[{ stringValue: 'SANTA LÚCIA “北”' }]]);
      await sleep(500);
    }
    throw new Error('the clinic never reached the warehouse');
  });

  await check('redshift-data tells what it refuses', async () => {
    await assert.rejects(query(path, 'selec 1'), /not one of the supported statements/);
  });

  await check('kinesis wait, list-streams and describe-stream-summary know the stream', async () => {
    await aws(path, ['kinesis', 'wait', 'stream-exists', '--stream-name', variables.CARELAKE_STREAM!]);
    const { StreamNames } = JSON.parse(await aws(path, ['kinesis', 'list-streams'])) as { StreamNames: string[] };
    assert(StreamNames.includes(variables.CARELAKE_STREAM!));
    await aws(path, ['kinesis', 'describe-stream-summary', '--stream-name', variables.CARELAKE_STREAM!]);
  });

  await check('s3 ls, cp up, cp down and rm keep the bytes', async () => {
    const target = `s3://${variables.CARELAKE_GOLD_BUCKET}/scratch/${version}`;
    const small = Buffer.from('small\n');
    const large = Buffer.alloc(20_000_000, `${version} large `);
    for (const [name, content] of [
      ['small.txt', small],
      ['large.bin', large],
    ] as const) {
      writeFileSync(join(folder, name), content);
      await aws(path, ['s3', 'cp', name, `${target}/${name}`, '--no-progress']);
      await aws(path, ['s3', 'cp', `${target}/${name}`, `back-${name}`, '--no-progress']);
      assert(readFileSync(join(folder, `back-${name}`)).equals(content), `${name} changed on its way`);
    }
    const listed = await aws(path, ['s3', 'ls', `${target}/`]);
    assert.match(listed, /20000000 large\.bin/);
    await aws(path, ['s3', 'cp', `${target}/small.txt`, `${target}/copy.txt`]);
    await aws(path, ['s3', 'rm', '--recursive', `${target}/`]);
    await assert.rejects(aws(path, ['s3', 'ls', `${target}/`]));
    assert.match(await aws(path, ['s3', 'ls']), new RegExp(variables.CARELAKE_LANDING_BUCKET!));
  });
}

async function main(): Promise<number> {
  let serving: Cli | undefined;
  try {
    await suite.check('a laptop serves', async () => {
      ({ process: serving } = await serve(['--data', dataDir, '--patients', '100', '--events', '1000']));
      variables = environmentOf(endpointOf(dataDir), runOf(dataDir).names!);
    });
    for (const tool of tools) {
      await suite.check(`${tool[0]}: is version ${tool[0].slice(1)}`, async () => {
        const { stdout, stderr } = await run(tool[1], ['--version']);
        assert.match(stdout + stderr, new RegExp(`aws-cli/${tool[0].slice(1)}\\.`));
      });
      await checks(tool);
    }
    await suite.check('the templates of environment dev boot here as well and give the same answers', async () => {
      const network = { patients: 200, events: 2000, seed: 3 };
      const size = Object.entries(network).flatMap(([name, value]) => [`--${name}`, String(value)]);
      const document = JSON.parse(
        await must(['start', '--once', '--json', '--env', 'dev', '--data', newFolder('dev'), ...size]),
      ) as AnswersDocument;
      const { ingest, load, answers } = generate(network).expected();
      assert.deepEqual(
        { ingest: document.ingest, load: document.load, answers: document.answers },
        { ingest: { ...ingest, unmapped: 0, held: 0 }, load, answers },
      );
    });
  } catch {
    // The check that failed is in the report already.
  } finally {
    await serving?.kill();
  }
  return suite.finish();
}

void main().then((code) => (process.exitCode = code));
