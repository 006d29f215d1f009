import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ownFolder } from '@carelake/laptop/data-folder';
import { DEFAULT_NETWORK, minimumEvents } from '../synthetic';
import { CliError } from './errors';
import { HOME, type InputFile, readRun, refuseServed, type RunState } from './folder';
import { again, ofFolder, quoted, withInstead } from './hints';
import { knownEnvironment } from './known-environment';
import { knownReader } from './known-readers';
import { isFile } from './paths';
import { exportedFiles } from './export-folder';
import { BUILT_IN_SOURCES, builtInProfile, profileKey, sourceKey } from '../profiles';
import { chooseProfile } from './profile';
import { chooseSource as chooseProfiles, filesForSource, isFolder } from './source-folder';
import { sha256OfFile } from './synthesize';

/** Environment of a folder that is new, unless another is asked for. */
const DEFAULT_ENV = 'local';

/** What `start` was asked for, as the command line gives it. */
export interface StartOptions {
  once?: boolean;
  json?: boolean;
  /** Files and the profiles that read them, as they were paired on the command line. */
  reads?: readonly Read[];
  phiOk?: boolean;
  /** Absent: that of the folder. */
  env?: string;
  data?: string;
  port?: number;
  patients?: number;
  events?: number;
  seed?: number;
  keySecretFile?: string;
  durable?: boolean;
}

/** A profile or a source, and what it reads; one of them may be missing. */
export interface Read {
  readonly profile?: string;
  readonly source?: string;
  readonly input?: string;
}

/** A file that is to be taken in. */
export interface SourceFile {
  readonly path: string;
  /** What ingest must find in control to read it; undefined for a built-in profile. */
  readonly control?: { readonly key: string; readonly text: string };
  /** Key in landing. */
  readonly key: string;
  readonly state: InputFile;
  /** What names its readings: that of the one profile which reads it. */
  readonly digest: string;
  /** When it was made, ms since 1970, where something else says so than the file itself. */
  readonly madeMs?: number | undefined;
}

/** Where the records of this start come from, and into which folder they go. */
export interface Source {
  dataDir: string;
  state: RunState['source'];
  /** Files, each read by its profile. */
  files: SourceFile[];
  /** Of each file that a source knows and does not read, the pattern by which it does: names are the sender's. */
  ignored: string[];
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
  const previous = readRun(source.dataDir);
  const state = reconcile(previous, source, options.env ?? previous?.env ?? DEFAULT_ENV);
  return { source, state };
}

/** Decides between the synthetic network and a file, and checks everything that can be checked before a boot. */
async function chooseSource(options: StartOptions): Promise<Source> {
  if (options.env !== undefined) knownEnvironment(options.env);
  if (options.keySecretFile !== undefined && !isFile(options.keySecretFile)) {
    throw new CliError('no such file', {
      where: options.keySecretFile,
      next: 'a file with the JSON of the key secret: {"key_version":1,"secret":"..."}',
    });
  }
  return options.reads?.length ? files(options.reads, options) : synthetic(options);
}

/** The files of a start, each held against its profile. @throws CliError for the first that cannot be read so */
async function files(reads: readonly Read[], options: StartOptions): Promise<Source> {
  const found: SourceFile[] = [];
  const ignored: string[] = [];
  for (const read of reads) found.push(...(await filesOf(read, options, ignored)));
  const names = found.map(({ key }) => key);
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin !== undefined)
    throw new CliError('two files of one profile have the same name, and would be one', {
      where: found
        .filter((_, i) => names[i] === twin)
        .map(({ path }) => path)
        .join(', '),
      next: 'rename one of them',
    });
  return {
    dataDir: resolve(options.data ?? join(HOME, found[0]!.state.profile)),
    state: { kind: 'files', files: found.map(({ state }) => state) },
    files: found,
    ignored,
    explicit: true,
  };
}

/** @param ignored takes the patterns of files that are known and not read */
async function filesOf(read: Read, options: StartOptions, ignored: string[]): Promise<SourceFile[]> {
  const { profile, source, input } = read;
  const reader = profile ?? source ?? '';
  if (input === undefined)
    throw new CliError(`a ${source === undefined ? 'profile' : 'source'} reads files, and none was given`, {
      where: source === undefined ? `--profile ${profile}` : `--source ${source}`,
      next: withInstead(reader, [reader, '--input', source === undefined ? 'FILE' : 'FOLDER'], ...consent(options)),
    });
  const known = knownReader(input);
  if (profile === undefined && source === undefined && known)
    throw new CliError(`it is not said how this is read; it looks like what ${known.join(' ')} reads`, {
      where: `--input ${input}`,
      next: withInstead('--input', [...known, '--input'], ...consent(options)),
    });
  if (profile === undefined && source === undefined)
    throw new CliError('a file needs a profile that says how it is read', {
      where: `--input ${input}`,
      next: `${withInstead('--input', ['--profile', 'NAME', '--input'], ...consent(options))} (docs/profiles.md); envelopes, one per line: carelake push ${quoted(input)}`,
    });
  refuseOtherKind(read);
  if (source === undefined && !isFile(input))
    throw new CliError('no such file', {
      where: input,
      next: 'check the path; it is relative to the current folder',
    });
  if (options.phiOk !== true)
    throw new CliError('a file may hold data of real patients; nothing was read', {
      where: input,
      rule: 'files are accepted only with --phi-ok',
      next: `if this machine may hold such data: ${again('--phi-ok')}`,
    });
  return source === undefined ? [await fileOfProfile(profile!, input)] : filesOfSource(source, input, ignored);
}

/** A profile reads a file and a source a folder; some names are those of one, and some of both. */
function refuseOtherKind({ profile, source, input = '' }: Read): void {
  const isSource = (name: string): boolean =>
    BUILT_IN_SOURCES.includes(name) || builtInProfile(name)?.profile.file.format === 'fhir';
  if (profile !== undefined && isSource(profile) && (isFolder(input) || BUILT_IN_SOURCES.includes(profile)))
    throw new CliError(`${profile} reads this as a source: a folder of files`, {
      where: `--profile ${profile} --input ${input}`,
      next: withInstead('--profile', ['--source']),
    });
  if (source !== undefined && !isSource(source) && builtInProfile(source))
    throw new CliError(`${source} is a profile, which reads one file`, {
      where: `--source ${source} --input ${input}`,
      next: withInstead('--source', ['--profile']),
    });
}

/** @param digest of the profile: a mended one reads the same file anew */
async function inputFile(profile: string, digest: string, path: string): Promise<InputFile> {
  return { profile, digest, input: basename(path), size: statSync(path).size, sha256: await sha256OfFile(path) };
}

/** A file that a profile reads, held against it. */
export async function fileOfProfile(profile: string, path: string): Promise<SourceFile> {
  const chosen = await chooseProfile(profile, path);
  return {
    path,
    key: `${chosen.name}/${basename(path)}`,
    ...(chosen.text === undefined ? {} : { control: { key: profileKey(chosen.name), text: chosen.text } }),
    state: await inputFile(chosen.name, chosen.digest, path),
    digest: chosen.digest,
  };
}

/** The files of a folder, each read by the profile of the source that has a pattern for its name. */
export async function filesOfSource(nameOrFolder: string, input: string, ignored: string[]): Promise<SourceFile[]> {
  if (builtInProfile(nameOrFolder)?.profile.file.format === 'fhir') {
    const found: SourceFile[] = [];
    for (const { path, name, madeMs } of exportedFiles(input))
      found.push({ ...(await fileOfProfile(nameOrFolder, path)), key: `${nameOrFolder}/${name}`, madeMs });
    return found;
  }
  const source = chooseProfiles(nameOrFolder);
  const { name: sender, text, digest } = source;
  const files = await filesForSource(source, input);
  ignored.push(...files.ignored);
  const found: SourceFile[] = [];
  for (const { path, name, digest: read } of files.read)
    found.push({
      path,
      key: `${sender}/${name}`,
      ...(text === undefined ? {} : { control: { key: sourceKey(sender), text } }),
      state: await inputFile(sender, digest, path),
      digest: read,
    });
  return found;
}

/** The word that a hint adds where it is missing. */
const consent = (options: StartOptions): string[] => (options.phiOk ? [] : ['--phi-ok']);

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
        next: again(
          '--patients',
          String(Math.max(1, patients)),
          '--events',
          String(minimumEvents(Math.max(1, patients))),
        ),
      },
    );
  }
  return {
    dataDir: resolve(options.data ?? join(HOME, 'demo')),
    state: { kind: 'synthetic', patients, events, seed },
    files: [],
    ignored: [],
    explicit: options.patients !== undefined || options.events !== undefined || options.seed !== undefined,
  };
}

/**
 * What is left to do in a folder that was started before. The same source goes on or is served; files of any profile are
 * taken in beside those that are there. Files and a synthetic network in one folder would mix what must not be mixed.
 */
export function reconcile(previous: RunState | undefined, source: Source, env: string): RunState {
  const fresh: RunState = { source: source.state, env, sent: 0, status: 'streaming' };
  if (!previous) return fresh;
  if (previous.env !== env) throw mixed(source, `environment ${previous.env}`, `environment ${env}`);
  const [old, wanted] = [previous.source, source.state];
  if (old.kind === 'synthetic') {
    if (wanted.kind !== 'synthetic') throw mixed(source, 'a synthetic network', 'files');
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
  if (wanted.kind !== 'files') {
    if (source.explicit) throw mixed(source, 'files', 'a synthetic network');
    return { ...previous, status: 'complete' };
  }
  const same = isDeepStrictEqual(old.files, wanted.files);
  return same ? previous : { ...fresh, names: previous.names };
}

function mixed(source: Source, holds: string, wanted: string): CliError {
  return new CliError(`this folder holds ${holds}; the command asks for ${wanted}`, {
    where: source.dataDir,
    next: `another folder: --data DIR; or remove this one and everything in it: carelake wipe ${ofFolder(source.dataDir)}`,
  });
}
