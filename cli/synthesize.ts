import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, EXIT } from './errors';

/** The folder that holds cdk.json: the root of the project. */
export const PROJECT = dirname(__dirname);

/**
 * Runs the very command that `cdk synth` runs (the `app` of cdk.json, with the same protocol) and leaves the assembly in
 * the data folder. Nothing here knows what the app is made of.
 */
export async function synthesize(dataDir: string, env: string): Promise<string> {
  const cdk = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as {
    app: string;
    context?: Record<string, unknown>;
  };
  const outdir = join(dataDir, 'cdk.out');
  rmSync(outdir, { recursive: true, force: true });
  const child = spawn(cdk.app, {
    cwd: PROJECT,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...cdk.context, env }),
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-8000)));
  const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  if (code !== 0 || !existsSync(join(outdir, 'manifest.json'))) {
    throw new CliError('the templates could not be synthesized', {
      where: `${cdk.app} (cdk.json), environment ${env}`,
      lines: said.trim().split('\n').slice(-15),
      next: `npx cdk synth -c env=${env}`,
      exitCode: EXIT.failed,
    });
  }
  return outdir;
}

/** SHA-256 of a file, as hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const { createReadStream } = await import('node:fs');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
