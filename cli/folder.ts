import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readCredentials, type UserCredentials } from '@carelake/laptop/endpoints/credentials';
import { readOrNone, readState } from '@carelake/laptop/endpoints/files';
import { lives } from '@carelake/laptop/lock';
import { CliError, EXIT } from './errors';

/** Where data folders stand unless `--data` says otherwise. */
export const HOME = '.carelake';

/** A file that a start takes in. */
export interface InputFile {
  /** Name of the profile that reads it, or of the source where one was given. */
  profile: string;
  /** Of that profile or source: a mended one reads the same file anew. */
  digest: string;
  /** Its name, without its folder. */
  input: string;
  size: number;
  sha256: string;
}

/** What a folder was started for and how far that got; the progress mark from which an interrupted start goes on. */
export interface RunState {
  source: { kind: 'synthetic'; patients: number; events: number; seed: number } | { kind: 'files'; files: InputFile[] };
  env: string;
  /** Records (synthetic) that are surely in the stream, or files that lie in landing. */
  sent: number;
  status: 'streaming' | 'complete';
  /** Names that clients need, as the templates resolved them. */
  names?: Names;
}

/** Physical names of what people talk to. */
export interface Names {
  stream: string;
  buckets: Record<string, string>;
  workgroup: string;
  /** ARN of the state machine that loads. */
  loadMachine: string;
  /** ARN of the state machine that takes in given-up batches; a folder of an earlier release has none until it is served. */
  replayMachine?: string;
  /** ARN of the state machine that empties the warehouse for a rebuild; absent in folders of an earlier release. */
  rebuildMachine?: string;
  /** ARN of the state machine that goes through landing; absent in folders of an earlier release. */
  sweepMachine?: string;
  /** ARN of the state machine that reads a landed file; absent in folders of an earlier release. */
  filesMachine?: string;
  database: string;
  region: string;
  account: string;
}

/** How clients reach what serves a folder. */
export interface Served {
  url: string;
  /** Address of the page, with the token that lets a browser in. */
  page: string;
  /** The user's, as they lie in the folder. */
  credentials: UserCredentials;
}

/** What a serving process writes beside its data. */
interface Endpoint extends Pick<Served, 'url' | 'page'> {
  port: number;
  pid: number;
  /** When the process started, where the system tells: a pid is used again, after a reboot or in a container. */
  start?: string;
}

export function readRun(dataDir: string): RunState | undefined {
  return readState<RunState>(join(dataDir, 'run.json'), {
    what: 'what this folder was started for and how far it got',
    mend: 'remove this file and start again with the options of the first start: records sent a second time change nothing in the tables',
    valid: ({ source, status }) =>
      (source?.kind === 'synthetic' || source?.kind === 'files') && (status === 'streaming' || status === 'complete'),
  });
}

/** Written whole or not at all, since kill -9 may come at any moment. */
export function writeRun(dataDir: string, state: RunState): void {
  const file = join(dataDir, 'run.json');
  writeFileSync(`${file}.next`, JSON.stringify(state, null, 1), { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

/** The process that serves the folder now, if one lives, and how to reach it. */
export function servedBy(dataDir: string): (Endpoint & Served) | undefined {
  const endpoint = servingProcess(dataDir);
  const credentials = endpoint && readCredentials(dataDir);
  return credentials && { ...endpoint, credentials };
}

/** A damaged or stale `endpoint.json` says nothing: the process that serves holds the folder's lock and wrote it anew. */
function servingProcess(dataDir: string): Endpoint | undefined {
  const endpoint = readOrNone<Endpoint>(
    join(dataDir, 'endpoint.json'),
    ({ port, pid, url, page }) =>
      [port, pid].every(Number.isInteger) && [url, page].every((text) => typeof text === 'string'),
  );
  return endpoint && lives(endpoint.pid, endpoint.start) ? endpoint : undefined;
}

/** The folder a command means: `--data`, else the only one there is, else the one being served, else `demo`. */
export function chooseFolder(data: string | undefined): string {
  if (data !== undefined) return resolve(data);
  const folders = existsSync(HOME)
    ? readdirSync(HOME, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(HOME, entry.name, 'run.json')))
        .map((entry) => join(HOME, entry.name))
    : [];
  if (folders.length === 1) return resolve(folders[0]!);
  const served = folders.filter((folder) => servingProcess(folder) !== undefined);
  return resolve(served.length === 1 ? served[0]! : join(HOME, 'demo'));
}

/** As `chooseFolder`, for commands that need a folder that was started before. */
export function existingFolder(data: string | undefined): { dataDir: string; run: RunState } {
  const dataDir = chooseFolder(data);
  const run = readRun(dataDir);
  if (!run) {
    throw new CliError('there is no data here yet', {
      where: dataDir,
      next: `npm start${data === undefined ? '; for another folder: --data DIR' : ''}`,
    });
  }
  return { dataDir, run };
}

/**
 * As `existingFolder`, for commands that need a process which serves it.
 * @param lacks what cannot be done without one
 */
export function servedFolder(
  data: string | undefined,
  lacks: string,
): { dataDir: string; env: string; served: Served; names: Required<Names> } {
  const { dataDir, run } = existingFolder(data);
  const served = servedBy(dataDir);
  const { names } = run;
  // Whoever serves a folder notes all names; one that an earlier release noted lacks some until then.
  if (!served || !names?.filesMachine || !names.sweepMachine || !names.replayMachine || !names.rebuildMachine)
    throw new CliError(`nothing serves this data folder, so ${lacks}`, {
      where: dataDir,
      next: 'in another terminal: npm start',
    });
  return { dataDir, env: run.env, served, names: names as Required<Names> };
}

/** Refuses to go on where another process serves the folder. */
export function refuseServed(dataDir: string): void {
  const served = servingProcess(dataDir);
  if (served && served.pid !== process.pid) {
    throw new CliError('this data folder is already being served', {
      where: `${dataDir}, by process ${served.pid} at ${served.url}`,
      next: 'use it (sql, push, env), stop it with Ctrl-C, or start another with --data DIR --port 0',
      exitCode: EXIT.busy,
    });
  }
}
