import { type Cursor, DialectError, quoteText } from './sql-tokens';

const TABLES = `SELECT $database AS database_name, table_schema AS schema_name, table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END AS table_type, CAST(NULL AS VARCHAR) AS table_acl, CAST(NULL AS VARCHAR) AS remarks
  FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema <> 'local_security'`;
const COLUMNS = `SELECT $database AS database_name, schema_name, table_name, column_name, column_index AS ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable,
  CASE WHEN comment LIKE '%char(%' THEN CASE WHEN comment LIKE 'var%' THEN 'character varying' ELSE 'character' END WHEN data_type = 'VARCHAR' THEN 'character varying' WHEN data_type LIKE 'DECIMAL%' THEN 'numeric' WHEN data_type = 'DOUBLE' THEN 'double precision' WHEN data_type = 'FLOAT' THEN 'real' WHEN data_type = 'TIMESTAMP' THEN 'timestamp without time zone' ELSE lower(data_type) END AS data_type,
  CAST(nullif(regexp_extract(comment, 'char\\((\\d+)\\)', 1), '') AS INTEGER) AS character_maximum_length, CASE WHEN data_type LIKE 'DECIMAL%' THEN numeric_precision END AS numeric_precision, CASE WHEN data_type LIKE 'DECIMAL%' THEN numeric_scale END AS numeric_scale, CAST(NULL AS VARCHAR) AS remarks
  FROM duckdb_columns() WHERE database_name = current_database() AND schema_name <> 'local_security'`;
const SCHEMAS = `SELECT $database AS database_name, schema_name, 'admin' AS schema_owner, 'local' AS schema_type FROM duckdb_schemas() WHERE NOT internal AND database_name = current_database() AND schema_name <> 'local_security'`;

const WAYS =
  'SHOW is not supported in this form; write show schemas from database carelake, show tables from schema gold_phi, or show columns from table gold_phi.no_show_rate';

/** SHOW SCHEMAS, TABLES and COLUMNS, with the columns that they have in Redshift. @throws DialectError for any other SHOW. */
export function show(c: Cursor): string {
  c.expect('SHOW');
  if (c.take('TABLES', 'FROM', 'SCHEMA')) {
    const [schema, database] = parts(c, 2).reverse();
    return `${of(TABLES, database)} AND table_schema = ${quoteText(schema!)}${rest(c, 'table_name')}`;
  }
  if (c.take('COLUMNS', 'FROM', 'TABLE')) {
    const names = parts(c, 3);
    const [schema, table] = [names.at(-2) ?? 'public', names.at(-1)!];
    return `${of(COLUMNS, names.at(-3))} AND schema_name = ${quoteText(schema)} AND table_name = ${quoteText(table)}${rest(c, 'column_name', 'column_index')}`;
  }
  if (c.take('SCHEMAS', 'FROM', 'DATABASE')) {
    const [database] = parts(c, 1);
    return `${of(SCHEMAS, database)}${rest(c, 'schema_name')}`;
  }
  throw new DialectError(WAYS);
}

/** The local engine names its database after its file; a statement names the one that it is asked in. */
const of = (query: string, database = 'carelake'): string => query.replace('$database', () => quoteText(database));

function parts(c: Cursor, most: number): string[] {
  const names = [c.part()];
  while (names.length < most && c.take('.')) names.push(c.part());
  return names;
}

/** LIKE and LIMIT. */
function rest(c: Cursor, column: string, order = column): string {
  let text = c.take('LIKE') ? ` AND ${column} LIKE ${quoteText(c.string('a pattern'))}` : '';
  text += ` ORDER BY ${order}`;
  if (c.take('LIMIT')) {
    const rows = c.peek()?.text ?? '';
    if (!/^\d+$/.test(rows)) throw c.unexpected('a number of rows');
    c.at++;
    text += ` LIMIT ${rows}`;
  }
  if (!c.done) throw c.unexpected('LIKE, LIMIT or the end');
  return text;
}
