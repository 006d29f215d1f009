import type { Asked } from '../ask-again';
import { differenceOf, type Difference } from './difference';

/** Columns that tell which load wrote a row: a second warehouse has other loads. */
const LINEAGE = new Set(['load_id']);
/** Tables of ops that say what loads and releases did, not what is true; checks and ledger hold them. */
const OF_LOADS = new Set(
  ['loaded_object', 'load_ledger', 'load_count', 'reread', 'reread_key', 'conservation', 'migration', 'view'].map((t) => `ops.${t}`),
); // prettier-ignore
/** Rows are compared in so many parts, so that a difference is found by reading few of them. */
const PARTS = 1024;

interface Table {
  readonly name: string;
  /** Hash of a row, lineage aside. */
  readonly hash: string;
  /** Column that names a row without telling a person. */
  readonly key: string;
}

/**
 * Compares every table and view, lineage aside, as multisets of rows.
 * @param held the warehouse in question; missing tables are named
 * @param asked one whose rows are right
 */
export async function compareTables(held: Asked, asked: Asked): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const table of await tablesOf(asked)) found.push(...(await compareTable(held, asked, table)));
  return found;
}

async function tablesOf(warehouse: Asked): Promise<Table[]> {
  const { rows } = await warehouse.queryEngine(
    `SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns
     WHERE table_schema IN ('core', 'gold_phi', 'ops') ORDER BY 1, ordinal_position`,
  );
  const columns = new Map<string, string[]>();
  for (const [table, column] of rows.map((row) => row.map(String)))
    if (!OF_LOADS.has(table!) && !LINEAGE.has(column!)) columns.set(table!, [...(columns.get(table!) ?? []), column!]);
  return [...columns].map(([name, of]) => ({
    name,
    hash: `hash(${of.map((c) => `"${c}"`).join(', ')})`,
    // Keys of people are hashes; the first columns of other tables are the platform's own words and numbers.
    key: of.find((c) => c.endsWith('_key') && !c.endsWith('date_key')) ?? of[0]!,
  }));
}

async function compareTable(held: Asked, asked: Asked, table: Table): Promise<Difference[]> {
  let parts: string[];
  try {
    const [a, b] = [await digest(held, table), await digest(asked, table)];
    parts = [...new Set([...a.keys(), ...b.keys()])].filter((part) => a.get(part) !== b.get(part));
  } catch {
    return differenceOf('CHK-TABLE-03', table.name, ['it is missing, or has different columns']);
  }
  if (parts.length === 0) return [];
  const [a, b] = [await rowsOf(held, table, parts), await rowsOf(asked, table, parts)];
  return [
    ...differenceOf('CHK-TABLE-01', table.name, beyond(b, a)),
    ...differenceOf('CHK-TABLE-02', table.name, beyond(a, b)),
  ];
}

/** Number of rows and sum of their hashes, by part: equal multisets have equal ones. */
async function digest(warehouse: Asked, { name, hash }: Table): Promise<Map<string, string>> {
  const { rows } = await warehouse.queryEngine(
    `SELECT h % ${PARTS} AS part, count(*) || ' ' || sum(CAST(h AS HUGEINT)) FROM (SELECT ${hash} AS h FROM ${name}) t GROUP BY 1`,
  );
  return new Map(rows.map(([part, of]) => [String(part), String(of)]));
}

/** Keys of rows by the hash of the whole row. */
async function rowsOf(warehouse: Asked, { name, hash, key }: Table, parts: string[]): Promise<Map<string, string[]>> {
  const { rows } = await warehouse.queryEngine(
    `SELECT CAST(${hash} AS varchar), CAST("${key}" AS varchar) FROM ${name} WHERE ${hash} % ${PARTS} IN (${parts.join(', ')})`,
  );
  const found = new Map<string, string[]>();
  for (const [of, named] of rows) found.set(String(of), [...(found.get(String(of)) ?? []), `${key} ${String(named)}`]);
  return found;
} // prettier-ignore

/** What the first holds more of than the second. */
const beyond = (a: Map<string, string[]>, b: Map<string, string[]>): string[] =>
  [...a].flatMap(([hash, named]) => named.slice(b.get(hash)?.length ?? 0)).sort();
