import { parseSql } from '../../core/warehouse/sql';
import type { Engine } from '../sql/engines';

/** Runs migration files as the migration does: a file in one transaction, or statement by statement where it says so. */
export async function applyFiles(engine: Engine, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of files) {
    const file = parseSql(name, text);
    for (const sqls of file.transactional ? [file.statements] : file.statements.map((s) => [s]))
      await engine.batch(sqls);
  }
}

/**
 * Columns of some tables as the engine's catalogue has them, in the order of their names: `table.column type nullable`. The laptop's
 * engine forgets the length of a text and keeps it as a comment.
 */
export async function catalogueOf(engine: Engine, tables: readonly string[]): Promise<string[]> {
  const type =
    engine.name === 'duckdb'
      ? 'lower(coalesce(c.column_comment, c.data_type))'
      : "c.data_type || coalesce('(' || CAST(c.character_maximum_length AS varchar(9)) || ')', '')";
  const rows = await engine.batch([
    `SELECT c.table_schema || '.' || c.table_name, c.column_name, ${type}, c.numeric_precision, c.numeric_scale, c.is_nullable FROM information_schema.columns c ORDER BY 1, 2`,
  ]);
  return rows.filter(([table]) => tables.includes(table!)).map(([table, column, ...rest]) => `${table}.${column} ${rest.join(' ')}`); // prettier-ignore
}
