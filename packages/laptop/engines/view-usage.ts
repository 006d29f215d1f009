import type { DuckDBConnection } from '@duckdb/node-api';
import { DialectError, type Name, quoteName, quoteText, spell } from './sql-tokens';

/** The local engine binds every view when it is read; a comment remembers which ones were made so. */
const LATE = 'late-binding';

/** Statement that marks a view as one that is bound when it is read. */
export const lateBinding = (view: Name): string => `COMMENT ON VIEW ${quoteName(view)} IS ${quoteText(LATE)}`;

/** A view that is bound to what it reads. */
interface Usage {
  readonly view: Name;
  readonly reads: Name;
}

/** Every relation that a bound view names, read off the texts of the views. */
async function usages(connection: DuckDBConnection): Promise<Usage[]> {
  const ask = async (sql: string): Promise<(string | null)[][]> =>
    (await connection.runAndReadAll(sql)).getRowsJson() as (string | null)[][];
  const relations = new Map(
    (await ask('SELECT table_schema, table_name FROM information_schema.tables')).map(([schema, name]) => {
      const relation = { schema: schema ?? '', name: name ?? '' };
      return [spell(relation), relation];
    }),
  );
  const views = await ask('SELECT schema_name, view_name, sql, comment FROM duckdb_views() WHERE NOT internal');
  return views.flatMap(([schema, name, sql, comment]) => {
    if (comment === LATE) return [];
    const view = { schema: schema ?? '', name: name ?? '' };
    const code = (sql ?? '').replace(/'(?:[^']|'')*'/g, "''");
    const named = [...code.matchAll(/(?<![\w."])"?(\w+)"?\."?(\w+)"?/g)].map(([, s, n]) => `${s}.${n}`);
    return [...new Set(named)].flatMap((key) => {
      const reads = relations.get(key);
      return reads && key !== spell(view) ? [{ view, reads }] : [];
    });
  });
}

/**
 * What the account refuses while a view is bound to a relation.
 * @param what is about to be done, for the message
 * @throws DialectError that names a view
 */
export async function refuseWhileRead(connection: DuckDBConnection, relation: Name, what: string): Promise<void> {
  const reader = (await usages(connection)).find((u) => spell(u.reads) === spell(relation));
  if (reader) throw new DialectError(`cannot ${what} because other objects depend on it: view ${spell(reader.view)}`);
}

const CATALOGUE = /\binformation_schema\.view_table_usage\b/i;

/**
 * `information_schema.view_table_usage`, which the local engine has not, as a temporary table of the moment.
 * @returns the query over it; any other query as it stands
 */
export async function withCatalogue(connection: DuckDBConnection, sql: string): Promise<string> {
  if (!CATALOGUE.test(sql)) return sql;
  const table = 'temp.view_table_usage';
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE view_table_usage (view_schema varchar, view_name varchar, table_schema varchar, table_name varchar)`,
  );
  for (const { view, reads } of await usages(connection))
    await connection.run(`INSERT INTO ${table} VALUES ($a, $b, $c, $d)`, {
      a: view.schema ?? '',
      b: view.name,
      c: reads.schema ?? '',
      d: reads.name,
    });
  return sql.replace(new RegExp(CATALOGUE, 'gi'), table);
}
