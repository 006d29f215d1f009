import { readFileSync, statSync } from 'node:fs';
import { basename, relative, sep } from 'node:path';
import { type Export, logOf, manifestOf } from '../core/files/fhir/export';
import { CliError } from './errors';
import { filesUnder } from './lake-files';
import { isFolder } from './source-folder';

/** A file of an export, and when it was made. */
export interface ExportedFile {
  readonly path: string;
  /** Relative to the folder, with forward slashes. */
  readonly name: string;
  /** ms since 1970; undefined where nothing but the file itself says. */
  readonly madeMs: number | undefined;
}

/** A manifest is a list of addresses: what is longer is data. */
const MANIFEST_BYTES = 1024 * 1024;
const isResources = (name: string): boolean => /\.(json|ndjson)$/i.test(name);

/**
 * The files of a folder of FHIR in the order of their names: those that its manifest names, else all. @throws CliError where the export is not
 * whole, or holds what nobody expects
 */
export function exportedFiles(folder: string): ExportedFile[] {
  if (!isFolder(folder))
    throw new CliError('a source reads a folder of files, and this is none', {
      where: folder,
      next: 'give the folder that holds the files; one file: --profile and --input',
    });
  const all = [...filesUnder(folder, '')]
    .sort()
    .map((path) => ({ path, name: relative(folder, path).split(sep).join('/') }))
    .filter(({ name }) => !basename(name).startsWith('.'));
  const described = all.flatMap(({ path, name }) => {
    const found = describes(path, name);
    return found ? [{ name, export: found }] : [];
  });
  const files = all.filter(({ name }) => !described.some((one) => one.name === name));
  if (files.length === 0)
    throw new CliError('the folder holds no file of resources', {
      where: folder,
      next: 'give the folder that holds them',
    });
  for (const { name, export: one } of described) checkWhole(folder, name, one, files);
  const named = described.flatMap(({ export: { names } }) => names ?? []);
  const unknown = files.filter(
    ({ name }) => !isResources(name) || (named.length > 0 && !named.includes(basename(name))),
  );
  if (unknown.length > 0)
    throw new CliError('the folder holds files that are none of the export; nothing was loaded', {
      where: folder,
      lines: unknown.slice(0, 20).map(({ path }) => path),
      next: 'move them elsewhere; files of resources end in .json or .ndjson',
    });
  const madeMs = described.map(({ export: { transactionMs } }) => transactionMs).find((ms) => ms !== undefined);
  return files.map((file) => ({ ...file, madeMs }));
}

/** What a file says about the export; undefined for one that holds resources. */
function describes(path: string, name: string): Export | undefined {
  if (!isResources(name) || statSync(path).size > MANIFEST_BYTES) return undefined;
  const text = readFileSync(path, 'utf8');
  return basename(name) === 'log.ndjson' ? logOf(text) : manifestOf(text);
}

function checkWhole(folder: string, name: string, { names, errors }: Export, files: readonly { name: string }[]): void {
  const absent = (names ?? []).filter((wanted) => !files.some((file) => basename(file.name) === wanted));
  if (absent.length === 0 && errors === 0) return;
  throw new CliError(
    absent.length > 0
      ? `the export is not whole: ${absent.length} of ${names!.length} files are not there; nothing was loaded`
      : `the export reports ${errors} errors; nothing was loaded`,
    {
      where: `${folder}/${name}`,
      lines: absent.slice(0, 20),
      next:
        absent.length > 0
          ? 'download them again'
          : 'export again, or take the errors out of the manifest if what lacks is not needed',
    },
  );
}
