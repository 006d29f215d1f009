import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, EXIT } from './errors';

/** The folder that holds cdk.json: the root of the project. */
export const PROJECT = dirname(__dirname);

/** All that a synthesis reads. Whoever adds a room that the app or its functions import adds it here. */
export const INPUTS = [
  'bin',
  'config',
  'contracts',
  'core',
  'guard',
  'lambdas',
  'lib',
  'profiles',
  'sql',
  'cdk.json',
  'package-lock.json',
  'tsconfig.json',
];
/** Assemblies of earlier sources that are kept, for those who go back and forth between branches. */
const KEPT = 4;

/** Where the assembly stands, and whether it had to be made. */
export interface Synthesized {
  assemblyDir: string;
  made: boolean;
}

/**
 * Runs the very command that `cdk synth` runs (the `app` of cdk.json, with the same protocol) and leaves the assembly in
 * the data folder. Nothing here knows what the app is made of. What was synthesized from the same sources is taken again.
 */
export async function synthesize(dataDir: string, env: string): Promise<Synthesized> {
  const cache = join(PROJECT, 'build', 'assemblies');
  const cached = join(cache, `${env}-${fingerprint(env)}`);
  const made = !existsSync(join(cached, 'manifest.json'));
  if (made) {
    const fresh = `${cached}.${process.pid}`;
    mkdirSync(cache, { recursive: true });
    try {
      await runApp(fresh, env);
      forgetOld(cache, env);
      if (!existsSync(cached)) renameSync(fresh, cached);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  const assemblyDir = join(dataDir, 'cdk.out');
  rmSync(assemblyDir, { recursive: true, force: true });
  cpSync(cached, assemblyDir, { recursive: true });
  return { assemblyDir, made };
}

async function runApp(outdir: string, env: string): Promise<void> {
  const cdk = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as {
    app: string;
    context?: Record<string, unknown>;
  };
  const child = spawn(cdk.app, {
    cwd: PROJECT,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ ...cdk.context, env }) },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-8000)));
  const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  if (code === 0 && existsSync(join(outdir, 'manifest.json'))) return;
  throw new CliError('the templates could not be synthesized', {
    where: `${cdk.app} (cdk.json), environment ${env}`,
    lines: said.trim().split('\n').slice(-15),
    next: `npx cdk synth -c env=${env}`,
    exitCode: EXIT.failed,
  });
}

/** A hash of the content of everything that a synthesis for `purpose` reads: files and folders, relative to the project. */
export function fingerprint(purpose: string, inputs = INPUTS): string {
  const hash = createHash('sha256').update(`${purpose}\n${process.version}\n`);
  for (const input of inputs) addTo(hash, input);
  return hash.digest('hex').slice(0, 16);
}

function addTo(hash: Hash, path: string): void {
  const full = join(PROJECT, path);
  if (!existsSync(full)) return;
  if (statSync(full).isDirectory()) {
    for (const name of readdirSync(full).sort()) addTo(hash, join(path, name));
    return;
  }
  hash.update(`${path}\n`).update(readFileSync(full)).update('\n');
}

function forgetOld(cache: string, env: string): void {
  const old = readdirSync(cache)
    .filter((name) => name.startsWith(`${env}-`) && !name.includes('.'))
    .map((name) => ({ name, at: statSync(join(cache, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)
    .slice(KEPT);
  for (const { name } of old) rmSync(join(cache, name), { recursive: true, force: true });
}

/** SHA-256 of a file, as hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
