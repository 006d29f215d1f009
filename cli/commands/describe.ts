import { meanings } from '../dictionary';
import { CliError, EXIT } from '../errors';
import { withInstead } from '../hints';
import { print, printJson, table } from '../output';
import { run } from './sql';

/** Schemas in the order in which people ask for them. */
const ORDER = ['gold_phi', 'documents', 'core', 'ops'];

interface Options {
  json?: boolean;
  data?: string;
}

const quoted = (name: string): string => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** Lists tables and views with the number of their columns. */
export async function tables(schema: string | undefined, { json, data }: Options): Promise<number> {
  const where =
    schema === undefined ? "table_schema <> 'information_schema'" : `table_schema = ${quoted(schema.toLowerCase())}`;
  const [found] = await run(
    [
      `select table_schema, table_name, count(*) as columns from information_schema.columns where ${where} group by 1, 2 order by 1, 2`,
    ],
    data,
  );
  const place = (row: unknown[]): number => (ORDER.indexOf(String(row[0])) + ORDER.length + 1) % (ORDER.length + 1);
  const rows = [...found!.rows].filter((row) => row[0] !== 'local_security').sort((a, b) => place(a) - place(b));
  if (schema !== undefined && rows.length === 0)
    throw new CliError(`there is no table in the schema ${schema}`, { next: 'carelake tables', exitCode: EXIT.failed });
  if (json) printJson({ columns: found!.columns, rows });
  else print(`${table(['table', 'columns'], rows.map(([s, name, n]) => [`${String(s)}.${String(name)}`, n]))}\n${rows.length} tables and views`); // prettier-ignore
  return EXIT.ok;
}

/** Columns of one table or view: type, whether they may be null, and what they mean. */
export async function describe(name: string, { json, data }: Options): Promise<number> {
  const parts = name.toLowerCase().split('.');
  const relation = parts.at(-1)!;
  const schema = parts.at(-2) ?? (await schemaOf(name, relation, data));
  const described = schema === undefined ? [] : await columnsOf(schema, relation, data);
  if (described.length === 0)
    throw new CliError(`there is no table or view ${name}`, { next: 'carelake tables', exitCode: EXIT.failed });
  const place = `${schema}.${relation}`;
  const meaning = meanings(place);
  const rows = described.map(({ column, type, nulls }) => [column, type, nulls, meaning.get(column) ?? '']);
  const columns = ['column', 'type', 'nulls', 'meaning'];
  if (json) printJson({ table: place, columns, rows });
  else print(`${place}\n\n${table(columns, rows)}`);
  return EXIT.ok;
}

/** The schema of a table that was named without one. @throws CliError where several have such a table */
async function schemaOf(name: string, relation: string, data: string | undefined): Promise<string | undefined> {
  const where = `table_name = ${quoted(relation)}`;
  const [found] = await run([`select table_schema from information_schema.tables where ${where} order by 1`], data);
  const [first, ...others] = found!.rows.map((row) => String(row[0]));
  if (others.length > 0)
    throw new CliError(`${relation} is in several schemas`, {
      next: withInstead(name, [`${first}.${relation}`]),
      exitCode: EXIT.failed,
    });
  return first;
}

async function columnsOf(
  schema: string,
  relation: string,
  data: string | undefined,
): Promise<{ column: string; type: string; nulls: string }[]> {
  const name = [schema, relation].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
  const [found] = await run([`show columns from table ${name}`], data);
  const at = (column: string): number => found!.columns.indexOf(column);
  return found!.rows.map((row) => {
    const [type, bytes] = [String(row[at('data_type')]), row[at('character_maximum_length')]];
    const [digits, scale] = [row[at('numeric_precision')], row[at('numeric_scale')]];
    const size = bytes !== null ? `(${String(bytes)})` : digits !== null ? `(${String(digits)},${String(scale)})` : '';
    return {
      column: String(row[at('column_name')]),
      type: `${SHORT[type] ?? type}${size}`,
      nulls: row[at('is_nullable')] === 'YES' ? 'null' : 'not null',
    };
  });
}

/** Names of types as CREATE TABLE takes them. */
const SHORT: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  character: 'char',
  'timestamp without time zone': 'timestamp',
};
