import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, statSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { quoted } from './hint';

/** A data folder that cannot be used as it is: why, and what to do. */
export class FolderRefused extends Error {
  constructor(
    reason: string,
    readonly dataDir: string,
    readonly next: string,
  ) {
    super(reason);
    this.name = 'FolderRefused';
  }
}

/** Files that only a data folder holds. */
const MARKS = ['run.json', 'cdk.out', 'warehouse.duckdb', 'kinesis'];

/** Whether a folder is one that a platform was started on. */
export const isDataFolder = (dataDir: string): boolean => MARKS.some((name) => existsSync(join(dataDir, name)));

const OTHERS = 0o077;
const ELSEWHERE = 'choose another folder with --data DIR';

/**
 * Makes a data folder, or finds one, readable by its owner alone: it holds patients' data. One of this user that others may read is
 * tightened, as far as it is a data folder or empty: the rights of anything else are not for a platform to change.
 * @throws FolderRefused
 */
export function ownFolder(dataDir: string): void {
  if (!existsSync(dataDir)) makeFolder(dataDir);
  const found = statSync(dataDir);
  if (!found.isDirectory()) throw new FolderRefused('this is not a folder', dataDir, ELSEWHERE);
  refuseOthers(dataDir, found);
  refuseUnusable(dataDir);
  if ((found.mode & OTHERS) === 0) return;
  if (!isDataFolder(dataDir) && readdirSync(dataDir).length > 0)
    throw new FolderRefused(
      'other users may read this folder, and it holds things other than Carelake data',
      dataDir,
      `${ELSEWHERE}, or if it is meant for this data: chmod 700 ${quoted(dataDir)}`,
    );
  for (const name of readdirSync(dataDir)) tighten(join(dataDir, name));
  chmodSync(dataDir, 0o700);
}

/** Folder by folder: Node's recursive way does not come back where a file system has folders that nobody can make, as /proc has. */
function makeEach(folder: string): void {
  if (existsSync(folder)) return;
  makeEach(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

function makeFolder(dataDir: string): void {
  try {
    makeEach(resolve(dataDir));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FolderRefused(`the folder cannot be created (${code})`, dataDir, ELSEWHERE);
  }
}

function refuseOthers(dataDir: string, { uid }: Stats): void {
  if (process.getuid === undefined || uid === process.getuid()) return;
  throw new FolderRefused(
    'this folder belongs to another user, who could read the data and change the programs that run on it',
    dataDir,
    ELSEWHERE,
  );
}

function refuseUnusable(dataDir: string): void {
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const readOnly = (error as NodeJS.ErrnoException).code === 'EROFS';
    throw new FolderRefused(
      readOnly ? 'this folder is on a read-only file system' : 'this user may not read and write this folder',
      dataDir,
      readOnly ? ELSEWHERE : `chmod u+rwx ${quoted(dataDir)}, or ${ELSEWHERE}`,
    );
  }
}

/** Takes the rights of others away from a file or folder of this user. */
function tighten(path: string): void {
  const { mode, uid } = statSync(path, { throwIfNoEntry: false }) ?? {};
  if (mode !== undefined && (mode & OTHERS) !== 0 && uid === process.getuid?.()) chmodSync(path, mode & 0o700);
}
