import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITIES, ENTITY_NAMES, type EntityContract } from '../../contracts';
import {
  MeasureError,
  describedMart,
  describedTables,
  describedWarehouse,
  parseMeasures,
  warehouseDictionary,
  warehouseLists,
  warehouseSql,
  type DescribedColumn,
  type WarehouseLists,
} from '../../contracts/derive';

function texts(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.sql'));
  return new Map(names.sort().map((n) => [n.replaceAll('\\', '/'), readFileSync(join(folder, n), 'utf8')]));
}

/** Column lists of the entities, with the files of measures of a repository. @param root its folder */
export function readLists(
  root: string,
  contracts: readonly EntityContract[] = ENTITY_NAMES.map((e) => ENTITIES[e]),
): WarehouseLists {
  const facts = new Set([...contracts, ...Object.values(ENTITIES)].filter((c) => c.kind === 'fact').map((c) => c.name as string)); // prettier-ignore
  const measures = [...texts(join(root, 'sql/measures'))].map(
    ([name, text]) => [name.replace(/\.sql$/, ''), parseMeasures(`sql/measures/${name}`, text)] as const,
  );
  for (const [name] of measures)
    if (!facts.has(name)) throw new MeasureError(`sql/measures/${name}.sql: no fact has this name`);
  return warehouseLists(contracts, new Map(measures));
}

/** All SQL that is derived of a repository's contracts, templates and measures, by path below `sql/generated`. */
export function generatedSql(root: string, contracts?: readonly EntityContract[]): Record<string, string> {
  return warehouseSql(readLists(root, contracts), texts(join(root, 'sql/templates')));
}

/** Columns of the tables and views that no contract makes: the calendar and its like, and the marts. */
function handWrittenColumns(root: string, lists: WarehouseLists): DescribedColumn[] {
  const derived = new Set(describedWarehouse(lists, []).flatMap((c) => c.in));
  const tables = [...texts(join(root, 'sql/migrations'))].flatMap(([name, text]) =>
    describedTables(`sql/migrations/${name}`, text),
  );
  const marts = [...texts(join(root, 'sql/marts'))].flatMap(([name, text]) =>
    describedMart(name.replace(/\.sql$/, ''), text),
  );
  return [...tables.filter((c) => !derived.has(c.in[0])), ...marts];
}

/** Every column of `core` and `gold_phi`, as the dictionary tells it. @param root folder of a repository */
export function describedColumns(root: string): DescribedColumn[] {
  const lists = readLists(root);
  return describedWarehouse(lists, handWrittenColumns(root, lists));
}

/** `docs/generated/warehouse.md`. */
export function generatedDictionary(root: string): string {
  const lists = readLists(root);
  return warehouseDictionary(lists, handWrittenColumns(root, lists));
}
