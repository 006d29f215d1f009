import { EndpointError } from './errors';
import { type Input, integer, required, seal, text, unseal } from './json';
import { type DataContext, target } from './redshift-context';

const SYSTEM = "('main', 'local_security')";

function page(input: Input, all: readonly unknown[]): { part: unknown[]; more: Input } {
  const token = text(input, 'NextToken');
  const from = token === undefined ? 0 : Number(unseal(token, 'ValidationException'));
  const limit = integer(input, 'MaxResults', 1000, 0, 1000) || 1000;
  return {
    part: all.slice(from, from + limit),
    more: from + limit < all.length ? { NextToken: seal(from + limit) } : {},
  };
}

/** SQL's LIKE pattern as a test on names. */
function like(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  const expression = new RegExp(`^${source}$`, 'is');
  return (name) => expression.test(name);
}

export function listDatabases(c: DataContext, input: Input): Input {
  const { database } = target(c, input, 'ListDatabases');
  return { Databases: [database] };
}

export async function listSchemas(c: DataContext, input: Input): Promise<Input> {
  target(c, input, 'ListSchemas');
  const found = await c.warehouse.queryEngine(
    `SELECT schema_name FROM duckdb_schemas() WHERE NOT internal AND database_name = current_database() AND schema_name NOT IN ${SYSTEM} ORDER BY 1`,
  );
  const matches = like(text(input, 'SchemaPattern'));
  const { part, more } = page(input, found.rows.map((r) => String(r[0])).filter(matches));
  return { Schemas: part, ...more };
}

export async function listTables(c: DataContext, input: Input): Promise<Input> {
  target(c, input, 'ListTables');
  const found = await c.warehouse.queryEngine(
    `SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema NOT IN ${SYSTEM} ORDER BY 1, 2`,
  );
  const schema = like(text(input, 'SchemaPattern'));
  const table = like(text(input, 'TablePattern'));
  const all = found.rows
    .filter(([s, t]) => schema(String(s)) && table(String(t)))
    .map(([s, name, type]) => ({ schema: s, name, type: type === 'VIEW' ? 'VIEW' : 'TABLE' }));
  const { part, more } = page(input, all);
  return { Tables: part, ...more };
}

const NAMES: Readonly<Record<string, string>> = {
  INTEGER: 'int4',
  BIGINT: 'int8',
  HUGEINT: 'int8',
  SMALLINT: 'int2',
  BOOLEAN: 'bool',
  DOUBLE: 'float8',
  FLOAT: 'float4',
  VARCHAR: 'varchar',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
};

export async function describeTable(c: DataContext, input: Input): Promise<Input> {
  target(c, input, 'DescribeTable');
  const table = required(input, 'Table').toLowerCase();
  const schema = (text(input, 'Schema') ?? 'public').toLowerCase();
  const found = await c.warehouse.queryEngine(
    'SELECT column_name, data_type, is_nullable, comment, column_default, schema_name, table_name FROM duckdb_columns() WHERE database_name = current_database() ORDER BY schema_name, table_name, column_index',
  );
  const rows = found.rows.filter((r) => r[5] === schema && r[6] === table);
  if (rows.length === 0)
    throw new EndpointError('ResourceNotFoundException', `relation "${schema}.${table}" does not exist`);
  const columns = rows.map(([name, type, nullable, comment, fallback]) => {
    const size = /^(?:var)?char\((\d+)\)$/.exec(String(comment ?? ''));
    const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(String(type));
    return {
      name,
      label: name,
      typeName: decimal ? 'numeric' : (NAMES[String(type)] ?? String(type).toLowerCase()),
      length: size ? Number(size[1]) : 0,
      precision: decimal ? Number(decimal[1]) : 0,
      scale: decimal ? Number(decimal[2]) : 0,
      nullable: nullable ? 1 : 0,
      schemaName: schema,
      tableName: table,
      ...(fallback === null ? {} : { columnDefault: String(fallback) }),
    };
  });
  const { part, more } = page(input, columns);
  return { TableName: table, ColumnList: part, ...more };
}
