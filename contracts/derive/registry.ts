/** Shape of an entity's name: it is part of object keys, tables, columns and statement names, and read back from them. */
export const ENTITY_NAME_PATTERN = '[a-z](?:[a-z0-9]|_(?=[a-z0-9])){0,39}';

const NAME = new RegExp(`^${ENTITY_NAME_PATTERN}$`);
const HEADER = '// Derived from the files in this folder: npm run generate';

/**
 * Source text of the registry: every contract file of `contracts/entities` by the name of its entity.
 * @param files names of the files in the folder
 * @returns text by file name
 * @throws Error for a file whose name is no entity's name
 */
export function registryFiles(files: readonly string[]): Record<string, string> {
  const names = files
    .filter((f) => f.endsWith('.ts') && f !== 'index.ts' && f !== 'names.ts')
    .map((f) => f.slice(0, -'.ts'.length))
    .sort();
  const wrong = names.find((n) => !NAME.test(n));
  if (wrong !== undefined)
    throw new Error(
      `contracts/entities/${wrong}.ts: an entity's name is lower-case words joined by single underscores`,
    );
  return {
    'names.ts': [
      HEADER,
      '',
      '/** Entities that the platform knows. */',
      'export type EntityName =',
      ...names.map((n, i) => `  | '${n}'${i === names.length - 1 ? ';' : ''}`),
      '',
    ].join('\n'),
    'index.ts': [
      HEADER,
      ...names.map((n) => `import { ${n} } from './${n}';`),
      '',
      '/** Newest contract of every entity. */',
      'export const CONTRACTS = {',
      ...names.map((n) => `  ${n},`),
      '} as const;',
      '',
    ].join('\n'),
  };
}
