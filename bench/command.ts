import { spawn } from 'node:child_process';

/** Seconds that a command took, and what it printed. @throws with the end of what it said when it fails. */
export async function run(command: string, args: string[], cwd: string): Promise<{ seconds: number; stdout: string }> {
  const started = Date.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`);
  return { seconds: (Date.now() - started) / 1000, stdout };
}
