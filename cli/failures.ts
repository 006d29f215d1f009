import { DiskFull } from '@carelake/laptop/disk';
import { FolderRefused } from '@carelake/laptop/data-folder';
import { DamagedState } from '@carelake/laptop/endpoints/files';
import { CliError, EXIT } from './errors';
import { again, isStart } from './hints';

/** What the system says of a file, in words. */
const FILE_TROUBLE: Record<string, [says: string, next: string]> = {
  EACCES: ['this user may not read or write it', 'give yourself the rights (chmod), or choose another file or folder'],
  EPERM: ['the system does not allow it', 'give yourself the rights (chmod, chattr), or choose another file or folder'],
  EROFS: ['it is on a read-only file system', 'choose another folder with --data DIR'],
  ENOENT: ['it does not exist', 'check the path; it is relative to the current folder'],
  ENOTDIR: ['a part of its path is a file, not a folder', 'check the path'],
  EISDIR: ['it is a folder, and a file is needed', 'name a file in it'],
  ENOSPC: ['disk full', 'free some space on that disk, then run the command again: what was done is kept'],
  EDQUOT: ['the quota of this user is used up', 'free some space, then run the command again: what was done is kept'],
  EMFILE: ['too many files are open', 'raise the limit (ulimit -n 4096), then run the command again'],
  ENAMETOOLONG: ['its name is too long', 'choose a shorter one'],
};

/** Errors of a connection to what serves the folder, or to an account. */
const GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP2_ERROR',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** What an endpoint answers where the disk of its folder is full; the path ends before any name that a sender gave. */
const DISK_FULL = /^disk full: (.+?)\. Nothing more is ingested/;

type Known = Error & NodeJS.ErrnoException & { dest?: string; $metadata?: { httpStatusCode?: number } };

/** A failure as a sentence with the next step. What nothing here knows keeps its own words, without a stack. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof FolderRefused)
    return new CliError(error.message, { where: error.dataDir, next: error.next, exitCode: EXIT.failed });
  const full =
    error instanceof DiskFull ? error.path : DISK_FULL.exec((error as Error | undefined)?.message ?? '')?.[1];
  if (full !== undefined)
    return new CliError(`disk full: ${full}`, {
      where: full,
      next: `free some space on that disk, then: ${isStart() ? again() : 'npm start'}; what was acknowledged is kept and will be processed`,
      exitCode: EXIT.failed,
    });
  if (error instanceof DamagedState)
    return new CliError(`the file that should hold ${error.what} is damaged`, {
      where: error.path,
      next: error.mend,
      exitCode: EXIT.failed,
    });
  const { code = '', path: source, dest, message, name, $metadata } = error as Known;
  // Of a copy the error names both files; full is the disk of the one that is written.
  const path = dest ?? source;
  const trouble = FILE_TROUBLE[code];
  if (trouble)
    return new CliError(path === undefined ? message : trouble[0], {
      where: path,
      next: trouble[1],
      exitCode: EXIT.failed,
    });
  if (GONE.has(code) || GONE.has(name))
    return new CliError('the platform no longer answers', {
      where: message,
      next: 'on the laptop, in another terminal: npm start (it resumes where it stopped); in an account, the same command again',
      exitCode: EXIT.failed,
    });
  if ($metadata?.httpStatusCode !== undefined)
    return new CliError(`the platform refused a call: ${name}: ${message}`, {
      where: `an endpoint, which answered ${$metadata.httpStatusCode}`,
      next: 'on the laptop <data folder>/logs/platform.log says more; in an account, check that your credentials may call it (aws sts get-caller-identity)',
      exitCode: EXIT.failed,
    });
  return unexpected(error);
}

function unexpected(error: unknown): CliError {
  const { stack, message = String(error) } = error as Partial<Error>;
  const place = /\(?([^\s()]+:\d+:\d+)\)?$/m.exec(stack?.slice(stack.indexOf('\n    at ')) ?? '')?.[1];
  return new CliError(`it failed unexpectedly: ${message}`, {
    where: place,
    lines: process.env.CARELAKE_STACK === undefined ? [] : (stack ?? '').split('\n'),
    next: 'run it again; if it still fails, run it with CARELAKE_STACK=1 and report what it prints',
    exitCode: EXIT.failed,
  });
}

/** A reader that has seen enough (`| head`) ends no command: the rest of what it prints is dropped, and its work is finished. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}
