import type { DuckDBConnection } from '@duckdb/node-api';
import type { Limits } from './held-lengths';
import { type Name, spell } from './sql-tokens';

const COLUMNS =
  'SELECT column_name, comment FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = $schema AND table_name = $name ORDER BY column_index';

/** Lengths of the tables' columns, asked once: the engine's catalogue takes as long as a small statement. */
export class TableLimits {
  private readonly known = new Map<string, Limits>();
  private changes = 0;

  async of(connection: DuckDBConnection, table: Name): Promise<Limits> {
    const key = spell({ schema: 'public', ...table });
    const known = this.known.get(key);
    if (known) return known;
    const { changes } = this;
    const found = await connection.runAndReadAll(COLUMNS, { schema: table.schema ?? 'public', name: table.name });
    const limits = limitsOf(found.getRowsJson() as [string, string | null][]);
    // A table that was changed meanwhile is asked again.
    if (changes === this.changes) this.known.set(key, limits);
    return limits;
  }

  /** Tables were made, changed or dropped. */
  forget(): void {
    this.changes++;
    this.known.clear();
  }
}

function limitsOf(rows: readonly (readonly [string, string | null])[]): Limits {
  const sizes = rows.flatMap(([name, comment]) => {
    const size = /^(?:var)?char\((\d+)\)$/i.exec(comment ?? '');
    return size ? [[name, Number(size[1])] as const] : [];
  });
  return { columns: rows.map(([name]) => name), bytes: new Map(sizes) };
}
