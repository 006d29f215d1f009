import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ownFolder } from '@carelake/laptop/data-folder';
import { DEFAULT_NETWORK, minimumEvents } from '../synthetic';
import { CliError } from './errors';
import { HOME, readRun, refuseServed, RunState } from './folder';
import { knownEnvironment } from './known-environment';
import { isFile } from './paths';
import { chooseProfile, type ChosenProfile } from './profile';
import { sha256OfFile } from './synthesize';

/** What `start` was asked for, as the command line gives it. */
export interface StartOptions {
  once?: boolean;
  json?: boolean;
  profile?: string;
  input?: string;
  phiOk?: boolean;
  env: string;
  data?: string;
  port?: number;
  patients?: number;
  events?: number;
  seed?: number;
  keySecretFile?: string;
  durable?: boolean;
}

/** Where the records of this start come from, and into which folder they go. */
export interface Source {
  dataDir: string;
  state: RunState['source'];
  profile?: ChosenProfile;
  /** Whether the user named the network's size or seed: then a folder with another network is no match. */
  explicit: boolean;
}

/** What a start goes by once nothing speaks against it. */
export interface Prepared {
  readonly source: Source;
  readonly state: RunState;
}

/**
 * Chooses the source and makes its folder ready.
 * @throws CliError for all that can be refused before a boot
 */
export async function prepare(options: StartOptions): Promise<Prepared> {
  const source = await chooseSource(options);
  ownFolder(source.dataDir);
  refuseServed(source.dataDir);
  const state = reconcile(readRun(source.dataDir), source, options.env);
  return { source, state };
}

/** Decides between the synthetic network and a file, and checks everything that can be checked before a boot. */
async function chooseSource(options: StartOptions): Promise<Source> {
  knownEnvironment(options.env);
  if (options.keySecretFile !== undefined && !isFile(options.keySecretFile)) {
    throw new CliError('no such file', {
      where: options.keySecretFile,
      next: 'a file with the JSON of the key secret: {"key_version":1,"secret":"..."}',
    });
  }
  if (options.input === undefined && options.profile === undefined) return synthetic(options);
  if (options.input === undefined) {
    throw new CliError('a profile reads a file, and no file was given', {
      where: '--input',
      next: `npm start -- --phi-ok --profile ${options.profile} --input FILE`,
    });
  }
  if (options.profile === undefined) {
    throw new CliError('a file needs a profile that says how it is read', {
      where: '--profile',
      next: `npm start -- --phi-ok --profile NAME --input ${options.input} (docs/profiles.md; envelopes: carelake push)`,
    });
  }
  if (!isFile(options.input)) {
    throw new CliError('no such file', {
      where: options.input,
      next: 'check the path; it is read from the folder you stand in',
    });
  }
  if (options.phiOk !== true) {
    throw new CliError('a file may hold real patients; nothing was read', {
      where: options.input,
      rule: 'files are taken in only with --phi-ok',
      next: `if this machine may hold them: npm start -- --phi-ok --profile ${options.profile} --input ${options.input}`,
    });
  }
  const profile = await chooseProfile(options.profile, options.input);
  const size = statSync(options.input).size;
  return {
    dataDir: resolve(options.data ?? join(HOME, profile.name)),
    state: {
      kind: 'file',
      profile: profile.name,
      input: basename(options.input),
      size,
      sha256: await sha256OfFile(options.input),
    },
    profile,
    explicit: true,
  };
}

function synthetic(options: StartOptions): Source {
  const patients = options.patients ?? DEFAULT_NETWORK.patients;
  const events =
    options.events ??
    (options.patients === undefined ? DEFAULT_NETWORK.events : Math.max(patients * 10, minimumEvents(patients)));
  const seed = options.seed ?? DEFAULT_NETWORK.seed;
  if (patients < 1 || events < minimumEvents(patients)) {
    throw new CliError(
      `a network of ${patients} patients needs at least ${minimumEvents(Math.max(1, patients))} events, not ${events}`,
      {
        where: '--patients, --events',
        next: `npm start -- --patients ${Math.max(1, patients)} --events ${minimumEvents(Math.max(1, patients))}`,
      },
    );
  }
  return {
    dataDir: resolve(options.data ?? join(HOME, 'demo')),
    state: { kind: 'synthetic', patients, events, seed },
    explicit: options.patients !== undefined || options.events !== undefined || options.seed !== undefined,
  };
}

/**
 * What is left to do in a folder that was started before. The same source goes on or is served; a second file of the
 * same profile is taken in too; anything else would mix what must not be mixed.
 */
export function reconcile(previous: RunState | undefined, source: Source, env: string): RunState {
  const fresh: RunState = { source: source.state, env, sent: 0, status: 'streaming' };
  if (!previous) return fresh;
  if (previous.env !== env) throw mixed(source, `environment ${previous.env}`, `environment ${env}`);
  const [old, wanted] = [previous.source, source.state];
  if (old.kind === 'synthetic') {
    if (wanted.kind !== 'synthetic') throw mixed(source, 'a synthetic network', 'a file');
    const same = old.patients === wanted.patients && old.events === wanted.events && old.seed === wanted.seed;
    if (!same && source.explicit) {
      throw mixed(
        source,
        `a network of ${old.patients} patients, ${old.events} events, seed ${old.seed}`,
        `one of ${wanted.patients}, ${wanted.events}, ${wanted.seed}`,
      );
    }
    return previous;
  }
  if (wanted.kind !== 'file') {
    if (source.explicit) throw mixed(source, `files of profile ${old.profile}`, 'a synthetic network');
    return { ...previous, status: 'complete' };
  }
  if (old.profile !== wanted.profile)
    throw mixed(source, `files of profile ${old.profile}`, `one of profile ${wanted.profile}`);
  return old.sha256 === wanted.sha256 && old.input === wanted.input ? previous : { ...fresh, names: previous.names };
}

function mixed(source: Source, holds: string, wanted: string): CliError {
  return new CliError(`this folder holds ${holds}; it was asked for ${wanted}`, {
    where: source.dataDir,
    next: `carelake wipe --data ${source.dataDir}, or another folder: --data DIR`,
  });
}
