import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../clock';
import { disk, makeFolder } from '../disk';
import { readState } from '../endpoints/files';

/** Replaces a file in one step: a reader after a kill finds the old content or the new one, never a part. */
export function writeWhole(path: string, text: string): void {
  makeFolder(dirname(path));
  disk.replace(path, text);
}

/** Ordinal of the first record that a reader has not settled, or undefined. @throws DamagedState */
export function readCheckpoint(path: string): number | undefined {
  return readState<{ next: number }>(path, {
    what: 'how far a shard of the stream has been read',
    mend: 'remove this file and start again: the shard is then read again from its beginning, which changes nothing in the tables',
    valid: ({ next }) => Number.isInteger(next),
  })?.next;
}

/** How far one reader of one shard has come: everything before it is settled. */
export class Checkpoint {
  private readonly path: string;
  private current?: number;

  constructor(dir: string, name: string) {
    this.path = join(dir, `${name}.json`);
    this.current = readCheckpoint(this.path);
  }

  /** Ordinal of the first record that is not settled; undefined before anything was read. */
  get next(): number | undefined {
    return this.current;
  }

  /** Moves on; must be called only after everything before `next` is done. */
  advance(next: number): void {
    if (next === this.current) return;
    writeWhole(this.path, JSON.stringify({ next }));
    this.current = next;
  }
}

/** The highest place that any reader of a shard has come to; 0 where nobody has read. */
export function highestCheckpoint(dir: string, shardId: string): number {
  if (!existsSync(dir)) return 0;
  const places = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith(`${shardId}-`) && entry.name.endsWith('.json'))
    .map((entry) => readCheckpoint(join(entry.parentPath, entry.name)) ?? 0);
  return Math.max(0, ...places);
}

/** Sleeps on a clock for any time; timers themselves end at 24 days. Resolves early when the signal aborts. */
export async function sleepLong(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const end = clock.now() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = end - clock.now())
    await clock.sleep(Math.min(left, 86_400_000), signal).catch(() => undefined);
}
