import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isFile } from './paths';
import { isFolder } from './source-folder';

/** So much of a file tells what it is. */
const HEAD_BYTES = 4096;

function headOf(path: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes)).toString('latin1');
  } finally {
    closeSync(file);
  }
}

const isFhir = (path: string): boolean => headOf(path).includes('"resourceType"');

/**
 * What comes with the platform and seems to read a file or folder, as options of a command: FHIR by its resources, Synthea by the names of its files,
 * NPPES by its columns. Only for a hint: whether it does, is told when it is asked to.
 */
export function knownReader(input: string): readonly [option: '--profile' | '--source', name: string] | undefined {
  if (isFolder(input)) {
    const names = readdirSync(input);
    if (
      ['patients', 'encounters'].every((kind) => names.some((name) => name.startsWith(kind) && name.endsWith('.csv')))
    )
      return ['--source', 'synthea'];
    const files = names.filter((name) => /\.(nd)?json$/i.test(name)).map((name) => join(input, name));
    return files.some((path) => isFile(path) && isFhir(path)) ? ['--source', 'fhir-r4'] : undefined;
  }
  if (!isFile(input)) return undefined;
  if (isFhir(input)) return ['--profile', 'fhir-r4'];
  return headOf(input).includes('NPI Deactivation Date') ? ['--profile', 'nppes'] : undefined;
}
