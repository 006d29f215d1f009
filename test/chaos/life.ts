import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '../../cli/errors';
import { type Names, readRun, type Served, servedBy } from '../../cli/folder';
import type { StartOptions } from '../../cli/source';
import { childrenOf } from '../warehouse/processes';
import type { Birth, Trouble } from './serving';

const SERVING = join(__dirname, 'serving.ts');
/** A start, or an end, that takes longer hangs. */
const HANGS_MS = 240_000;

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly stderr: string;
}

/** One serving process, from its start to its end. */
export class Life {
  private readonly child: ChildProcess;
  private stdout = '';
  private stderr = '';
  private over?: End;
  private readonly ended: Promise<End>;

  constructor(
    private readonly dataDir: string,
    options: StartOptions,
    skewMs: number,
  ) {
    const birth: Birth = { options, skewMs };
    this.child = fork(SERVING, [JSON.stringify(birth)], {
      execArgv: ['--import', pathToFileURL(require.resolve('tsx')).href],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
    });
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((done) =>
      this.child.on('close', (code, signal) => {
        // Ctrl-C before it listens for it ends it as any program.
        this.over = { code: signal === 'SIGINT' ? EXIT.interrupted : code, stderr: this.stderr };
        done(this.over);
      }),
    );
  }

  /** What it said until now. */
  get said(): string {
    return this.stderr;
  }

  get isOver(): boolean {
    return this.over !== undefined;
  }

  /** How to reach it once it takes requests; undefined when it ended before. */
  serves(): Promise<(Served & { names: Names }) | undefined> {
    return this.until('endpoint', () => {
      const served = servedBy(this.dataDir);
      const names = served?.pid === this.child.pid ? readRun(this.dataDir)?.names : undefined;
      return served && names && { ...served, names };
    });
  }

  /** Resolves once it has answered, to whether it did. */
  async answers(): Promise<boolean> {
    return (await this.until('answers', () => (this.stdout.includes('\n') ? true : undefined))) === true;
  }

  suffer(trouble: Trouble): void {
    if (this.child.connected) this.child.send(trouble, () => undefined);
  }

  /** Processes that it started: of the warehouse, or of functions. */
  helpers(of: 'warehouse-host' | 'worker-host'): number[] {
    return childrenOf(this.child.pid!, of);
  }

  /** Ends it as a power cut would, and waits until whatever it had started is gone too. */
  async kill(): Promise<End> {
    const helpers = [...this.helpers('warehouse-host'), ...this.helpers('worker-host')];
    this.child.kill('SIGKILL');
    const end = await this.end();
    // Bounded, since where nobody collects them the dead still have a number.
    for (let i = 0; i < 100 && helpers.some(lives); i++) await sleep(20);
    return end;
  }

  /** Ends it as a user does. */
  interrupt(): Promise<End> {
    this.child.kill('SIGINT');
    return this.end();
  }

  /** @throws Error when it does not end */
  async end(): Promise<End> {
    const hangs = sleep(HANGS_MS, undefined, { ref: false });
    const end = await Promise.race([this.ended, hangs]);
    if (end) return end;
    this.child.kill('SIGKILL');
    throw new Error(`a process hangs:\n${this.stderr.slice(-3000)}`);
  }

  private async until<T>(what: string, probe: () => T | undefined): Promise<T | undefined> {
    for (const from = performance.now(); !this.over; await sleep(25)) {
      const found = probe();
      if (found !== undefined) return found;
      if (performance.now() - from < HANGS_MS) continue;
      await this.kill();
      throw new Error(`no ${what}, and no end, after ${HANGS_MS / 1000} s:\n${this.stderr.slice(-3000)}`);
    }
    return undefined;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends a process at once, if it still runs. */
export function killHard(pid: number | undefined): void {
  if (pid !== undefined && lives(pid)) process.kill(pid, 'SIGKILL');
}
