import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { synthesize, readTemplates } from '../../ops/assembly';
import { CheckSuite } from '../../scripts/checks';
import { Cdk, outcome } from './cdk';
import { describeStacks } from './cloudformation';
import { ACCOUNT, NODE24, REGION, startEmulator, type Emulator } from './emulator';
import { appointmentEvents } from './events';
import { blocksOf, scriptOf } from './guide';
import { startRedshiftEndpoint } from './redshift-endpoint';
import { compareWiring } from './wiring';

const suite = new CheckSuite('deploy');
const folder = mkdtempSync(join(tmpdir(), 'carelake-deploy-'));
const assemblies = new Map<string, string>();

/** The assembly of an environment, synthesized once for all checks. */
function assemblyOf(environment: string): string {
  const known = assemblies.get(environment) ?? synthesize(environment, join(folder, `assembly-${environment}`));
  assemblies.set(environment, known);
  return known;
}

const stackNames = (assembly: string): string[] => readTemplates(assembly).map(({ stack }) => stack);
const stackIds = (assembly: string): string[] =>
  readTemplates(assembly)
    .map(({ id }) => id)
    .sort();

/** Bootstraps a fresh emulator, hands it to `use`, and stops it whatever happens. */
async function withEmulator(name: string, use: (emulator: Emulator, cdk: Cdk) => Promise<void>): Promise<void> {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const endpoint = await startRedshiftEndpoint(join(home, 'endpoint'));
  const emulator = await startEmulator(home, endpoint.url);
  const cdk = new Cdk(emulator.env, join(home, 'cdk.log'));
  try {
    await suite.check(
      `${name}: cdk bootstrap`,
      async () => void (await cdk.must(['bootstrap', `aws://${ACCOUNT}/${REGION}`])),
    );
    await use(emulator, cdk);
  } finally {
    await emulator.stop();
    await endpoint.stop();
  }
}

const deployAll = (cdk: Cdk, assembly: string): Promise<string> =>
  cdk.must(['deploy', '--all', '--require-approval', 'never'], assembly);

async function expectDeployed(emulator: Emulator, names: string[]): Promise<void> {
  const stacks = await describeStacks(emulator.url);
  const status = Object.fromEntries(stacks.map((stack) => [stack.name, stack.status]));
  for (const name of names)
    assert.match(status[name] ?? 'absent', /^(CREATE|UPDATE)_COMPLETE$/, `${name} is ${status[name]}`);
}

async function outputsOf(emulator: Emulator): Promise<Record<string, string>> {
  return Object.assign({}, ...(await describeStacks(emulator.url)).map((stack) => stack.outputs)) as Record<
    string,
    string
  >;
}

function output(outputs: Record<string, string>, pattern: RegExp): string {
  const found = Object.entries(outputs).filter(([key]) => pattern.test(key));
  assert.equal(
    found.length,
    1,
    `one stack output like ${pattern}, found ${found.map(([key]) => key).join(', ') || 'none'} of ${Object.keys(outputs).join(', ')}`,
  );
  return found[0]![1];
}

async function listKeys(s3: S3Client, bucket: string): Promise<string[]> {
  const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return (page.Contents ?? []).map((object) => object.Key!);
}

/** Records put to the deployed stream must become silver objects through the deployed function, on its own Node version. */
async function recordsReachSilver(emulator: Emulator): Promise<void> {
  const settings = {
    endpoint: emulator.url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const kinesis = new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() });
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const outputs = await outputsOf(emulator);
  const records = appointmentEvents(25);
  const put = await kinesis.send(
    new PutRecordsCommand({ StreamName: output(outputs, /stream.*name/i), Records: records }),
  );
  assert.equal(put.FailedRecordCount ?? 0, 0);
  const bucket = output(outputs, /silver.*bucket/i);
  const deadline = Date.now() + 120_000;
  let keys: string[] = [];
  while (keys.length === 0 && Date.now() < deadline) {
    await new Promise((done) => setTimeout(done, 500));
    keys = (await listKeys(s3, bucket)).filter((key) => key.startsWith('appointment/v1/'));
  }
  assert.notEqual(keys.length, 0, `no silver object within 120 s; see ${join(folder)}`);
  const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: keys[0] }));
  const bytes = Buffer.from(await object.Body!.transformToByteArray());
  assert.equal(bytes.subarray(0, 4).toString(), 'PAR1');
  assert.deepEqual(nodeVersionsRunning(), ['node24'], 'functions run on Node 24');
}

/** Which node binaries run the emulator's function workers; their command line names the wrapper that it wrote. */
function nodeVersionsRunning(): string[] {
  const versions = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = spawnSync('cat', [`/proc/${pid}/cmdline`]).stdout.toString();
      if (!command.includes('_worker') && !command.includes('wrapper')) continue;
      const binary = readlinkSync(`/proc/${pid}/exe`);
      if (/node$/.test(binary)) versions.add(binary.startsWith(realpathSync(NODE24)) ? 'node24' : binary);
    } catch {
      // the process ended meanwhile
    }
  }
  return [...versions];
}

async function devEnvironment(): Promise<void> {
  const assembly = assemblyOf('dev');
  const names = stackNames(assembly);
  await withEmulator('dev', async (emulator, cdk) => {
    await suite.check('dev: a first deploy that fails in its third stack succeeds on retry', async () => {
      emulator.breakStack(names[2]);
      const broken = await cdk.run(['deploy', '--all', '--require-approval', 'never'], assembly);
      assert.notEqual(broken.code, 0, 'the broken deploy must fail');
      emulator.breakStack(undefined);
      await deployAll(cdk, assembly);
      await expectDeployed(emulator, names);
    });
    await suite.check('dev: a second deploy changes nothing', async () => {
      assert.deepEqual(outcome(await deployAll(cdk, assembly)), { changed: [], unchanged: stackIds(assembly) });
    });
    await suite.check('dev: records become silver objects through the deployed functions', () =>
      recordsReachSilver(emulator),
    );
    await suite.check('dev: one changed property deploys only its stack', async () => {
      const changed = synthesize('dev', join(folder, 'assembly-dev-changed'), 'npx tsx test/deploy/changed-app.ts');
      const result = outcome(await deployAll(cdk, changed));
      assert.equal(result.changed.length, 1, `changed: ${result.changed.join(', ')}`);
      assert.equal(result.unchanged.length, names.length - 1);
    });
    await suite.check('dev: destroy removes every stack', async () => {
      await cdk.must(['destroy', '--all', '--force'], assembly);
      const left = (await describeStacks(emulator.url)).filter(
        ({ name, status }) => names.includes(name) && status !== 'DELETE_COMPLETE',
      );
      assert.deepEqual(left, []);
    });
    reportRecorded(emulator);
  });
}

/** What stands as a record only, with no behaviour behind it, is said: a green run proves nothing about these. */
function reportRecorded(emulator: Emulator): void {
  const types = new Set(
    emulator
      .trace()
      .filter((resource) => !resource.native && resource.type.startsWith('AWS::'))
      .map((resource) => resource.type),
  );
  console.log(`        recorded only, not proven here: ${[...types].sort().join(', ')}`);
}

async function prodEnvironment(): Promise<void> {
  const assembly = assemblyOf('prod');
  await withEmulator('prod', async (emulator, cdk) => {
    await suite.check('prod: every stack deploys', async () => {
      await deployAll(cdk, assembly);
      await expectDeployed(emulator, stackNames(assembly));
    });
    await suite.check('prod: a second deploy changes nothing', async () => {
      assert.deepEqual(outcome(await deployAll(cdk, assembly)), { changed: [], unchanged: stackIds(assembly) });
    });
  });
}

async function localEnvironment(): Promise<void> {
  const assembly = assemblyOf('local');
  await withEmulator('local', async (emulator, cdk) => {
    await suite.check('local: every stack deploys', async () => {
      await deployAll(cdk, assembly);
      await expectDeployed(emulator, stackNames(assembly));
    });
    await suite.check('local: the laptop uses the wiring that CloudFormation resolves', () =>
      compareWiring(assembly, emulator.trace()),
    );
  });
}

/** The guide's own commands, as written, in one shell, in a folder of links so that what they write stays out of the tree. */
async function guide(): Promise<void> {
  const home = join(folder, 'guide');
  const work = join(home, 'work');
  mkdirSync(work, { recursive: true });
  for (const entry of readdirSync('.').filter((name) => !['cdk.out', 'reports', '.carelake', '.git'].includes(name)))
    symlinkSync(resolve(entry), join(work, entry));
  const endpoint = await startRedshiftEndpoint(join(home, 'endpoint'));
  const emulator = await startEmulator(home, endpoint.url);
  try {
    await suite.check('guide: its commands run as written, from bootstrap to tear-down', async () => {
      const script = join(home, 'guide.sh');
      writeFileSync(script, scriptOf(blocksOf('docs/deploy.md')));
      const env = {
        ...process.env,
        ...emulator.env,
        ENV: 'dev',
        ACCOUNT,
        PATH: `${resolve('.venv/deploy/bin')}:${process.env.PATH}`,
      };
      const code = await new Promise<number>((done) => {
        const child = spawn('bash', [script], {
          cwd: work,
          env,
          stdio: ['ignore', openSync(join(home, 'guide.log'), 'a'), openSync(join(home, 'guide.log'), 'a')],
        });
        child.once('close', (status) => done(status ?? 1));
      });
      const log = readFileSync(join(home, 'guide.log'), 'utf8');
      assert.equal(code, 0, log.slice(-3000));
      assert.match(log, /== end of the guide/);
    });
  } finally {
    await emulator.stop();
    await endpoint.stop();
  }
}

async function main(): Promise<void> {
  console.log(`deployment checks; logs in ${folder}`);
  await suite.check(
    'cfn-lint finds nothing in any environment',
    () => {
      for (const environment of ['local', 'dev', 'prod']) {
        const assembly = assemblyOf(environment);
        const templates = readdirSync(assembly)
          .filter((file) => file.endsWith('.template.json'))
          .map((file) => join(assembly, file));
        // W3005 is about DependsOn that a reference already implies; CDK writes those on purpose.
        const run = spawnSync('.venv/deploy/bin/cfn-lint', ['-i', 'W3005', '--', ...templates], { encoding: 'utf8' });
        assert.equal(run.status, 0, `${environment}: ${run.stdout}${run.stderr}`);
      }
    },
    { stopOnFailure: false },
  );
  await suite.check(
    "preflight's answers fit the service models",
    () => {
      const run = spawnSync('.venv/deploy/bin/python', ['test/preflight/validate_answers.py'], { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stdout + run.stderr);
    },
    { stopOnFailure: false },
  );
  await suite.check(
    'the bootstrap policies are what the templates and the handlers say',
    () => {
      const run = spawnSync('npx', ['tsx', 'ops/bootstrap/main.ts', '--check'], { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stdout + run.stderr);
    },
    { stopOnFailure: false },
  );
  for (const environment of [devEnvironment, prodEnvironment, localEnvironment, guide]) {
    await environment().catch(() => console.log('        the rest of this environment is left out'));
  }
}

void main()
  .catch((error: unknown) => console.error(error))
  .finally(() => process.exit(suite.finish()));
