import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Another process serves the folder. */
export class FolderInUse extends Error {
  constructor(
    readonly dataDir: string,
    readonly pid: number,
  ) {
    super(`${dataDir} is served by process ${pid}; stop that one first, or start with another --data folder`);
    this.name = 'FolderInUse';
  }
}

/** When a process started, where the system tells (Linux): a reused pid is another process. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20];
  } catch {
    return undefined;
  }
}

/** Whether the process that took a pid at that time still lives. */
export function lives(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === undefined || startOf(pid) === undefined || startOf(pid) === start;
}

/**
 * Takes a data folder for this process; a lock whose process is gone is taken over.
 * @returns the function that gives the folder back.
 * @throws FolderInUse
 */
export function lockFolder(dataDir: string): () => void {
  const path = join(dataDir, 'lock');
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}`.trim();
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, mine);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid, start] = readFileSync(path, 'utf8').split(' ');
    if (pid && lives(Number(pid), start)) throw new FolderInUse(dataDir, Number(pid));
    rmSync(path, { force: true });
  }
  throw new Error(`${path} cannot be taken`);
}
