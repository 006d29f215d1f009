import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CdkRun {
  code: number;
  output: string;
}

/** The stock CDK command line of node_modules, against whatever endpoint `env` names. Its output goes to `log`, whole. */
export class Cdk {
  constructor(
    private readonly env: Record<string, string>,
    private readonly log: string,
  ) {}

  run(args: string[], app?: string): Promise<CdkRun> {
    const full = [...args, ...(app ? ['--app', app] : []), '--no-notices', '--no-version-reporting', '--ci'];
    appendFileSync(this.log, `\n$ cdk ${full.join(' ')}\n`);
    return new Promise((done) => {
      const child = spawn(join('node_modules', '.bin', 'cdk'), full, {
        env: { ...process.env, ...this.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      const take = (chunk: Buffer): void => {
        output += chunk.toString();
        appendFileSync(this.log, chunk);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      // A custom resource that never answers keeps the deployment waiting for an hour: ten minutes are plenty here.
      const hard = setTimeout(() => child.kill('SIGKILL'), 600_000);
      child.once('close', (code) => {
        clearTimeout(hard);
        done({ code: code ?? 1, output });
      });
    });
  }

  /** Runs and throws with the tail of the output unless the command succeeded. */
  async must(args: string[], app?: string): Promise<string> {
    const { code, output } = await this.run(args, app);
    if (code !== 0) throw new Error(`cdk ${args.join(' ')} ended with ${code}:\n${output.slice(-3000)}`);
    return output;
  }
}

/** Stacks that a `cdk deploy` output reports as created or updated, and those it left alone. */
export function outcome(output: string): { changed: string[]; unchanged: string[] } {
  const changed = new Set<string>();
  const unchanged = new Set<string>();
  for (const line of output.replace(/\u001b\[[0-9;]*m/g, '').split('\n')) {
    const mark = /^\s*✅\s+(\S+)(?:\s+\(carelake-[^)]*\))?(\s+\(no changes\))?/u.exec(line);
    if (mark) (mark[2] ? unchanged : changed).add(mark[1]!);
  }
  return { changed: [...changed].sort(), unchanged: [...unchanged].sort() };
}
