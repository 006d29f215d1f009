import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { checkSource, profilesFor, type Source, sourceText } from '../profiles';
import { openFile } from '../core/files/open';
import { CliError } from './errors';
import { filesUnder } from './lake-files';
import { complaint, fileSource } from './profile';

/** A source as its folder holds it. */
export interface SourceFolder extends Source {
  folder: string;
  /** File of each profile. */
  paths: string[];
  /** What control is to hold. */
  text: string;
}

/** Whether a path is a folder. */
export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Reads the profiles of a folder, which is named as the source is. @throws CliError that tells every fault by file and line */
export function readSourceFolder(folder: string): SourceFolder {
  if (!isFolder(folder))
    throw new CliError('a source is a folder of profiles, and this is not one', {
      where: folder,
      next: 'give the path of the folder (docs/profiles.md, "A source"); one file and its profile: --profile and --input',
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
  return { ...check.source, folder, paths, text: sourceText(name, texts) };
}

/** The files of a folder in the order of their names, each held against the one profile that reads it. @throws CliError for one that none, or several, would read */
export async function filesForSource(source: SourceFolder, input: string): Promise<{ path: string; name: string }[]> {
  if (!isFolder(input))
    throw new CliError('a source reads a folder of files, and this is not one', {
      where: input,
      next: 'give the folder that holds the files; one file: --profile and --input',
    });
  const found = [...filesUnder(input, '')]
    .sort()
    .map((path) => ({ path, name: relative(input, path).split(sep).join('/') }))
    .filter(({ name }) => !basename(name).startsWith('.'));
  const readers = found.map(({ name }) => profilesFor(source, name));
  const wrong = found.filter((_, i) => readers[i]!.length !== 1);
  if (found.length === 0 || wrong.length > 0)
    throw new CliError(
      found.length === 0
        ? 'the folder holds no file'
        : 'not exactly one profile of the source reads each file; nothing was loaded',
      {
        where: input,
        lines: wrong.slice(0, 20).map(({ path }) => {
          const names = readers[found.findIndex((one) => one.path === path)]!.map(({ profile }) => profile.profile);
          return `${path}: ${names.length === 0 ? 'no pattern matches its name' : `read by ${names.join(' and ')}`}`;
        }),
        next: 'move it elsewhere, or correct the patterns in "files" of the profiles (docs/profiles.md, "A source")',
      },
    );
  for (const [i, { path }] of found.entries()) await holdAgainst(source, readers[i]![0]!, path);
  return found;
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
