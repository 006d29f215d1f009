import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnDefinition } from './column-definition';
import { type Name, spell } from './sql-tokens';

type Columns = readonly ColumnDefinition[];

const columnsIn = (database: string): string =>
  `SELECT column_name, lower(coalesce(comment, data_type)), is_nullable FROM duckdb_columns() WHERE database_name = ${database} AND schema_name = $schema AND table_name = $name ORDER BY column_index`;
const LASTING = columnsIn('current_database()');
const TEMPORARY = columnsIn("'temp'");

/** Columns of the tables, asked once while no table changes: the engine's catalogue takes as long as a small statement. */
export class TableColumns {
  /** Empty when the last change of a table ended; absent while one is under way. */
  private known?: Map<string, Columns> = new Map();
  private changing = 0;

  /**
   * For one session, before its transaction takes its snapshot: what is known is of use to it while no table has changed since then, for
   * its own changes are nobody else's yet, and those of others may not be in its snapshot.
   */
  session(connection: DuckDBConnection, changesTables: boolean): SessionColumns {
    if (changesTables) {
      this.changing++;
      this.known = undefined;
    }
    const { known } = this;
    return {
      of: async (table) => {
        const cache = known === this.known ? known : undefined;
        const key = spell({ schema: 'public', ...table });
        const columns = cache?.get(key) ?? (await columnsOf(connection, table, LASTING));
        cache?.set(key, columns);
        return columns;
      },
      ofTemporary: (name) => columnsOf(connection, { schema: 'main', name }, TEMPORARY),
      end: () => {
        if (changesTables && --this.changing === 0) this.known = new Map();
      },
    };
  }
}

export interface SessionColumns {
  /** Columns of a table or view in their order; none where there is no such relation. */
  of(table: Name): Promise<Columns>;
  ofTemporary(name: string): Promise<Columns>;
  /** The session has committed or rolled back. */
  end(): void;
}

async function columnsOf(
  connection: DuckDBConnection,
  { schema = 'public', name }: Name,
  sql: string,
): Promise<Columns> {
  const found = await connection.runAndReadAll(sql, { schema, name });
  return found.getRows().map(([name, type, nullable]) => {
    const size = /^(?:var)?char\((\d+)\)$/.exec(String(type));
    return {
      name: String(name),
      type: String(type) === 'varchar' ? 'varchar(65535)' : normal(String(type)),
      maxBytes: size ? Number(size[1]) : undefined,
      notNull: !nullable,
    };
  });
}

const normal = (type: string): string =>
  type === 'double' ? 'double precision' : type === 'timestamp with time zone' ? 'timestamptz' : type;
