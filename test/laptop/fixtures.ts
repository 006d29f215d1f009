import { buildSync } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VirtualClock } from '@carelake/laptop/clock';
import type { Shard } from '@carelake/laptop/engines/event-source-mapping';
import type { StreamRecord } from '@carelake/laptop/engines/batches';
import type { FunctionSpec } from '@carelake/laptop/engines/worker';
import type { Platform } from '@carelake/laptop/runtime';

/** A folder that is removed by `clean`. */
export function scratch(): { dir: string; clean(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'carelake-local-'));
  return { dir, clean: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Bundles source text as a function's `index.js`, as the app bundles its own. @returns the folder. */
export function bundle(dir: string, source: string): string {
  mkdirSync(dir, { recursive: true });
  buildSync({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    outfile: join(dir, 'index.js'),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  return dir;
}

export function functionSpec(dir: string, source: string, more: Partial<FunctionSpec> = {}): FunctionSpec {
  return {
    name: 'fn',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
    codeDir: bundle(join(dir, 'code'), source),
    handler: 'index.handler',
    memoryMb: 256,
    timeoutSeconds: 20,
    environment: {},
    runtimeEnvironment: {},
    logGroup: '/aws/lambda/fn',
    logFile: join(dir, 'logs', 'fn.log'),
    concurrency: 2,
    ...more,
  };
}

/** A shard in memory. */
export class MemoryShard implements Shard {
  readonly id = 'shardId-000000000000';
  readonly records: StreamRecord[] = [];
  private readonly listeners = new Set<() => void>();

  put(at: number, ...values: string[]): void {
    for (const value of values)
      this.records.push({
        sequenceNumber: String(1000 + this.records.length),
        partitionKey: value.split(':')[0]!,
        data: Buffer.from(value),
        arrivedAt: at,
      });
    for (const tell of this.listeners) tell();
  }

  read(from: number, limit: number) {
    const records = this.records.slice(from, from + limit);
    return { records, next: from + records.length };
  }

  end(): number {
    return this.records.length;
  }

  listen() {
    let tell!: () => void;
    const arrived = new Promise<void>((resolve) => (tell = resolve));
    this.listeners.add(tell);
    return { arrived, close: () => void this.listeners.delete(tell) };
  }
}

/** Data of an event's records, as text. */
export const dataOf = (event: string): string[] =>
  (JSON.parse(event) as { Records: { kinesis: { data: string } }[] }).Records.map((r) =>
    Buffer.from(r.kinesis.data, 'base64').toString(),
  );

/** Sequence numbers of an event's records. */
export const sequencesOf = (event: string): string[] =>
  (JSON.parse(event) as { Records: { kinesis: { sequenceNumber: string } }[] }).Records.map(
    (r) => r.kinesis.sequenceNumber,
  );

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves virtual time on in steps until a condition holds. @returns the virtual milliseconds that it took. */
export async function until(clock: VirtualClock, holds: () => boolean, stepMs = 1000, steps = 2000): Promise<number> {
  const start = clock.now();
  for (let i = 0; i < steps; i++) {
    await settle();
    if (holds()) return clock.now() - start;
    await clock.advance(stepMs);
  }
  throw new Error('virtual time went by and nothing happened');
}

/**
 * Lets virtual time go by on a booted platform. Its functions and its warehouse run in real time: what is in flight is waited for before
 * the clock moves on, so that a minute holds what was begun in it.
 */
export async function pass(platform: Platform, clock: VirtualClock, ms: number, stepMs = 2000): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end;) {
    await atRest(platform);
    await clock.advance(Math.min(stepMs, end - clock.now()));
  }
  await atRest(platform);
}

async function atRest(platform: Platform): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    await settle();
    const { invocations, events, warehouseBusy } = platform.status();
    if (invocations || events || warehouseBusy) quiet = 0;
    else quiet++;
    if (!quiet) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
