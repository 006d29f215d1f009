import {
  closeSync,
  fsync,
  fsyncSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { hint } from './hint';

/** What is done to a file. */
export type DiskOperation = 'write' | 'rename' | 'sync';

/** How a data folder is written. */
export interface DiskPolicy {
  /** Whether what was acknowledged survives a power failure, too: everything is synced first. */
  readonly durable?: boolean;
  /** Called before each operation; what it throws is the operation's failure. A test puts faults in here. */
  before?(operation: DiskOperation, path: string): void;
  /** Told once, when the disk was found full. */
  onFull?(error: DiskFull): void;
}

/** No room left. The path ends at the second folder: names further down are the senders', and may be patients'. */
export class DiskFull extends Error {
  constructor(readonly path: string) {
    super(
      `disk full: ${path}. Nothing more is ingested; free some space, stop with Ctrl-C, and start again: ${hint('npm start')}`,
    );
    this.name = 'DiskFull';
  }
}

interface Watched {
  readonly policy: DiskPolicy;
  full?: DiskFull;
}
const folders = new Map<string, Watched>();

/** Writes a folder by a policy from now on. @returns the function that ends it. */
export function watchDisk(folder: string, policy: DiskPolicy): () => void {
  const path = resolve(folder);
  const watched: Watched = { policy };
  folders.set(path, watched);
  return () => {
    if (folders.get(path) === watched) folders.delete(path);
  };
}

/** Why nothing more is taken into a path's folder: its disk was found full since it was opened. */
export const foundFull = (path: string): DiskFull | undefined => folderOf(resolve(path))?.[1].full;

function folderOf(path: string): [string, Watched] | undefined {
  for (const entry of folders) if (path.startsWith(entry[0] + sep)) return entry;
  return undefined;
}
const policyOf = (path: string): DiskPolicy => folderOf(path)?.[1].policy ?? {};

/** Notes a full disk, whoever found it. @returns the error to throw */
export function noteFull(path: string): DiskFull {
  const found = folderOf(resolve(path));
  if (!found) return new DiskFull(path);
  const [folder, watched] = found;
  if (watched.full) return watched.full;
  watched.full = new DiskFull(join(folder, ...relative(folder, resolve(path)).split(sep).slice(0, 2)));
  watched.policy.onFull?.(watched.full);
  return watched.full;
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** @throws DiskFull where the disk of a path was found full before: what is half taken in is better not begun */
export function refuseFull(path: string): void {
  const full = foundFull(path);
  if (full) throw full;
}

/** Runs what may need room. @throws DiskFull in place of the system's error */
export function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw isFull(error) ? noteFull(path) : error;
  }
}

/** The same of what takes its time. */
export const guardedAsync = <T>(path: string, act: () => Promise<T>): Promise<T> =>
  act().catch((error: unknown) => {
    throw isFull(error) ? noteFull(path) : error;
  });

function act<T>(operation: DiskOperation, path: string, run: () => T): T {
  return guarded(path, () => {
    policyOf(path).before?.(operation, path);
    return run();
  });
}

function fsyncPath(path: string): void {
  act('sync', path, () => {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** Makes a folder, readable by its owner alone. */
export const makeFolder = (path: string): void => {
  act('write', path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
};

/** Syncs that wait for one that runs are one: those who append meanwhile share the next. */
const syncs = new Map<string, { running: Promise<void>; next?: Promise<void> }>();

function groupCommit(path: string, fd: number): Promise<void> {
  const queue = syncs.get(path);
  if (queue) return (queue.next ??= queue.running.catch(() => undefined).then(() => begin(path, fd)));
  return begin(path, fd);
}

function begin(path: string, fd: number): Promise<void> {
  const running = new Promise<void>((done, fail) => {
    act('sync', path, () => fsync(fd, (error) => (error ? fail(isFull(error) ? noteFull(path) : error) : done())));
  });
  const entry: { running: Promise<void>; next?: Promise<void> } = { running };
  syncs.set(path, entry);
  const end = (): void => {
    if (syncs.get(path) === entry && !entry.next) syncs.delete(path);
  };
  running.then(end, end);
  return running;
}

/** Whether a path is written so that a power failure loses nothing. */
const isDurable = (path: string): boolean => policyOf(path).durable === true;

function write(path: string, fd: number, buffer: Uint8Array): void {
  act('write', path, () => {
    for (let written = 0; written < buffer.length;) written += writeSync(fd, buffer, written);
  });
}

function append(path: string, text: string, synced = isDurable(path)): void {
  const fd = guarded(path, () => openSync(path, 'a', 0o600));
  const { size } = fstatSync(fd);
  try {
    write(path, fd, Buffer.from(text, 'utf8'));
  } catch (error) {
    // A full disk must not leave half a line in front of the next one.
    ftruncateSync(fd, size);
    throw error;
  } finally {
    closeSync(fd);
  }
  if (synced) fsyncPath(path);
}

function replace(path: string, content: string | Uint8Array, synced = isDurable(path)): void {
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    act('write', draft, () => writeFileSync(draft, content, { mode: 0o600 }));
    if (synced) fsyncPath(draft);
    act('rename', path, () => renameSync(draft, path));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  if (synced) fsyncPath(dirname(path));
}

function syncFolder(folder: string): void {
  if (isDurable(join(folder, 'name'))) fsyncPath(folder);
}

function move(from: string, to: string, first = false): void {
  act('rename', to, () => (first ? linkSync(from, to) : renameSync(from, to)));
  syncFolder(dirname(to));
}

/** The one way by which the platform writes what it keeps. */
export const disk = {
  /** Writes all of a buffer at the end of an open file. */
  write,
  /** Appends a line to a small journal; `synced` whatever the policy says. */
  append,
  /**
   * Replaces a small file in one step: a process that is killed in between leaves the old content or the new, never half of it;
   * `synced` whatever the policy says.
   */
  replace,
  /** Gives a file another name; `first` fails with EEXIST where the name is taken, which a rename would replace. */
  move,
  /** Makes new names in a folder survive a power failure, where the policy asks for it. */
  syncFolder,
  /** What is about to be done by other means passes here first. */
  aboutTo: (operation: DiskOperation, path: string): void => act(operation, path, () => undefined),
  /** Resolves once all that was written to an open file until now is on the disk; at once where the policy does not ask for it. */
  sync: (path: string, fd: number): Promise<void> => (isDurable(path) ? groupCommit(path, fd) : Promise.resolve()),
} as const;
