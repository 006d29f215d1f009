import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITIES, ENTITY_NAMES, type EntityContract } from '../contracts';
import { parseMeasures, warehouseLists, warehouseSql, type WarehouseLists } from '../contracts/derive';

function texts(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.sql'));
  return new Map(names.sort().map((n) => [n.replaceAll('\\', '/'), readFileSync(join(folder, n), 'utf8')]));
}

/** Column lists of the entities, with the files of measures of a repository. @param root its folder */
export function readLists(
  root: string,
  contracts: readonly EntityContract[] = ENTITY_NAMES.map((e) => ENTITIES[e]),
): WarehouseLists {
  const measures = [...texts(join(root, 'sql/measures'))].map(
    ([name, text]) => [name.replace(/\.sql$/, ''), parseMeasures(`sql/measures/${name}`, text)] as const,
  );
  return warehouseLists(contracts, new Map(measures));
}

/** All SQL that is derived of a repository's contracts, templates and measures, by path below `sql/generated`. */
export function generatedSql(root: string, contracts?: readonly EntityContract[]): Record<string, string> {
  return warehouseSql(readLists(root, contracts), texts(join(root, 'sql/templates')));
}
