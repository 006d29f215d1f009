import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import {
  BUILT_IN_SOURCES,
  builtInSource,
  checkSource,
  ignoredBy,
  profileDigest,
  profilesFor,
  type Source,
  sourceText,
} from '../profiles';
import { openFile } from '../core/files/open';
import { CliError } from './errors';
import { filesUnder } from './lake-files';
import { complaint, fileSource } from './profile';

/** A source that comes with the platform, or as its folder holds it. */
export interface SourceFolder extends Source {
  /** File of each profile. */
  paths: string[];
  /** What control is to hold; undefined for a source that ingest has built in. */
  text?: string;
  /** What tells its readings from those of other profiles. */
  digest: string;
}

/** The files of a folder that a source reads, and for each that it knows and does not read the pattern by which it does. */
export interface FilesOfSource {
  /** With what names readings by the profile that reads it: another profile of the source that changes does not concern it. */
  read: { path: string; name: string; digest: string }[];
  ignored: string[];
}

/** Whether a path is a folder. */
export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** A source by its name, where it comes with the platform; else by its folder. */
export function chooseSource(nameOrFolder: string): SourceFolder {
  const builtIn = builtInSource(nameOrFolder);
  if (!builtIn) return readSourceFolder(nameOrFolder);
  return {
    ...builtIn,
    paths: builtIn.profiles.map(
      ({ profile }) => `profiles/${builtIn.name}/${profile.profile.slice(builtIn.name.length + 1)}.json`,
    ),
  };
}

/** Reads the profiles of a folder, which is named as the source is. @throws CliError that tells every fault by file and line */
function readSourceFolder(folder: string): SourceFolder {
  if (!isFolder(folder))
    throw new CliError('a source is a folder of profiles, and this is not one', {
      where: folder,
      next: `give the path of the folder (docs/profiles.md, "A source"), or the name of a built-in source: ${BUILT_IN_SOURCES.join(', ')}; one file and its profile: --profile and --input`,
    });
  const name = basename(resolve(folder));
  const paths = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => join(folder, file));
  if (!/^[a-z0-9][a-z0-9-]{0,61}$/.test(name) || paths.length === 0)
    throw new CliError(
      paths.length === 0
        ? 'the folder holds no profile (*.json)'
        : 'the name of the folder cannot be the name of a source',
      { where: folder, next: 'lower-case letters, digits and hyphens name a source (docs/profiles.md, "A source")' },
    );
  const texts = paths.map((path) => readFileSync(path, 'utf8'));
  const check = checkSource(name, texts);
  if (!check.ok)
    throw complaint(
      'the source is not valid; nothing was loaded',
      folder,
      check.errors.map((error) => ({ ...error, file: paths[error.profile]! })),
    );
  const text = sourceText(name, texts);
  return { ...check.source, paths, text, digest: profileDigest(text) };
}

/**
 * The files of a folder in the order of their names, each held against the one profile that reads it.
 * @throws CliError for one that none, or several, would read, and that the source does not know either
 */
export async function filesForSource(source: SourceFolder, input: string): Promise<FilesOfSource> {
  if (!isFolder(input))
    throw new CliError('a source reads a folder of files, and this is not one', {
      where: input,
      next: 'give the folder that holds the files; one file: --profile and --input',
    });
  const all = [...filesUnder(input, '')]
    .sort()
    .map((path) => ({ path, name: relative(input, path).split(sep).join('/') }))
    .filter(({ name }) => !basename(name).startsWith('.'));
  const found = all.filter(({ name }) => ignoredBy(source, name) === undefined);
  const readers = found.map(({ name }) => profilesFor(source, name));
  const wrong = found.filter((_, i) => readers[i]!.length !== 1);
  if (found.length === 0 || wrong.length > 0)
    throw new CliError(
      found.length === 0
        ? 'the folder holds no file that the source reads'
        : 'not exactly one profile of the source reads each file; nothing was loaded',
      {
        where: input,
        lines: wrong.slice(0, 20).map(({ path }) => {
          const names = readers[found.findIndex((one) => one.path === path)]!.map(({ profile }) => profile.profile);
          return `${path}: ${names.length === 0 ? 'no pattern matches its name' : `read by ${names.join(' and ')}`}`;
        }),
        next: 'move it elsewhere, or correct "files" and "ignored_files" of the profiles (docs/profiles.md, "A source")',
      },
    );
  for (const [i, { path }] of found.entries()) await holdAgainst(source, readers[i]![0]!, path);
  return {
    read: found.map((file, i) => ({ ...file, digest: readers[i]![0]!.digest })),
    ignored: all.flatMap(({ name }) => ignoredBy(source, name) ?? []),
  };
}

async function holdAgainst(source: SourceFolder, checked: Source['profiles'][number], path: string): Promise<void> {
  const file = source.paths[source.profiles.indexOf(checked)]!;
  const bytes = fileSource(path);
  try {
    const opened = await openFile(checked, bytes);
    if (!opened.ok)
      throw complaint(
        `a file does not match its profile; nothing was loaded`,
        `${path}, read by ${file}`,
        opened.errors,
        file,
      );
  } finally {
    bytes.close();
  }
}
