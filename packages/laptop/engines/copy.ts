import type { DuckDBConnection } from '@duckdb/node-api';
import { CopyError } from './copy-error';
import type { ColumnDefinition } from './column-definition';
import { quoteName, quoteText } from './sql-tokens';

export interface CopySource {
  readonly files: readonly string[];
  /** SELECT of the target's columns, in order and with the target's types, from all files. */
  readonly select: string;
  /** SELECT of one row: longest value per limited column, nulls per NOT NULL column. Absent when there is nothing to check. */
  readonly check?: { readonly sql: string; readonly items: readonly CheckItem[] };
}
type CheckItem = { readonly column: string; readonly at: number } & (
  { readonly maxBytes: number } | { readonly notNull: true }
);

/** Parquet types that each column type takes, as the local reader names them: Redshift takes no other without a cast. */
const TAKES: readonly (readonly [RegExp, RegExp])[] = [
  [/^(var)?char\(/, /^VARCHAR$/],
  [/^(smallint|int2)$/, /^SMALLINT$/],
  [/^(integer|int|int4)$/, /^INTEGER$/],
  [/^(bigint|int8)$/, /^BIGINT$/],
  [/^(boolean|bool)$/, /^BOOLEAN$/],
  [/^(real|float4)$/, /^FLOAT$/],
  [/^(double precision|float|float8)$/, /^DOUBLE$/],
  [/^date$/, /^DATE$/],
  [/^timestamp(tz)?$/, /^TIMESTAMP/],
  [/^(decimal|numeric)/, /^DECIMAL/],
];

interface FileSchema {
  readonly names: string[];
  readonly types: string[];
  readonly files: string[];
}

/** Files by their columns; DuckDB would match by name what COPY matches by position, so each shape is read by itself. */
async function schemasOf(connection: DuckDBConnection, files: readonly string[]): Promise<FileSchema[]> {
  const shapes = new Map<string, FileSchema>();
  for (const [file, names, types] of await footers(connection, files)) {
    const key = JSON.stringify([names, types]);
    const shape = shapes.get(key) ?? { names, types, files: [] };
    shapes.set(key, shape);
    shape.files.push(file);
  }
  return [...shapes.values()];
}

async function footers(
  connection: DuckDBConnection,
  files: readonly string[],
): Promise<[string, string[], string[]][]> {
  const kind = "concat_ws('/', type, converted_type, logical_type, repetition_type, coalesce(num_children, 0))";
  try {
    const found = await connection.runAndReadAll(
      `SELECT file_name, list(name ORDER BY column_id), list(${kind} ORDER BY column_id)
       FROM parquet_schema(${listOf(files)})
       WHERE column_id > 0 GROUP BY file_name`,
    );
    return found.getRowsJson() as [string, string[], string[]][];
  } catch (error) {
    // The engine's message names the file by its path; people know it by its place.
    const at = files.findIndex((file) => String(error).includes(file));
    if (at < 0) throw error;
    throw new CopyError(`Spectrum Scan Error: object ${at + 1} of ${files.length} is not a Parquet file`);
  }
}

const listOf = (files: readonly string[]): string => `[${files.map(quoteText).join(', ')}]`;
const read = (files: readonly string[]): string => `read_parquet(${listOf(files)}, hive_partitioning = false)`;

/**
 * Holds the files of a COPY against its target: as many columns as the target has, by position, of its types.
 * @param columns columns that are filled, in the order of the files'.
 * @throws CopyError.
 */
export async function copySource(
  connection: DuckDBConnection,
  files: readonly string[],
  columns: readonly ColumnDefinition[],
): Promise<CopySource> {
  const selects: string[] = [];
  const raw: string[] = [];
  for (const shape of await schemasOf(connection, files)) {
    const at = `object ${files.indexOf(shape.files[0] ?? '') + 1} of ${files.length}`;
    if (shape.names.length !== columns.length)
      throw new CopyError(
        `Spectrum Scan Error: ${at} has ${shape.names.length} columns, the table has ${columns.length}`,
      );
    const types = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${read(shape.files.slice(0, 1))}`))
      .getRowsJson()
      .map((r) => String(r[1]));
    columns.forEach((column, i) => {
      const takes = TAKES.find(([type]) => type.test(column.type));
      if (!takes?.[1].test(types[i] ?? ''))
        throw new CopyError(
          `Spectrum Scan Error: incompatible Parquet schema in ${at}: column ${i + 1} (${column.name}) is ${types[i]?.toLowerCase()}, the table has ${column.type}`,
        );
    });
    const from = read(shape.files);
    selects.push(
      `SELECT ${columns.map((c, i) => `${typed(c, shape.names[i] ?? '', types[i] ?? '')} AS ${quoteName({ name: c.name })}`).join(', ')} FROM ${from}`,
    );
    raw.push(
      `SELECT ${columns.map((c, i) => `${quoteName({ name: shape.names[i] ?? '' })} AS ${quoteName({ name: c.name })}`).join(', ')} FROM ${from}`,
    );
  }
  return { files, select: selects.join(' UNION ALL '), check: checkOf(raw.join(' UNION ALL '), columns) };
}

/** The column as the target's type. Times adjusted to UTC are taken apart without the time zone library, which would be slow. */
function typed(column: ColumnDefinition, name: string, type: string): string {
  const quoted = quoteName({ name });
  if (column.type === 'timestamp' && type === 'TIMESTAMP WITH TIME ZONE') return `make_timestamp(epoch_us(${quoted}))`;
  if (/^(decimal|numeric|timestamp)/.test(column.type)) return `CAST(${quoted} AS ${column.type})`;
  return quoted;
}

function checkOf(select: string, columns: readonly ColumnDefinition[]): CopySource['check'] {
  const items: CheckItem[] = [];
  const aggregates: string[] = [];
  for (const { name, maxBytes, notNull } of columns) {
    if (maxBytes !== undefined) {
      aggregates.push(`max(strlen(${quoteName({ name })}))`);
      items.push({ column: name, at: aggregates.length - 1, maxBytes });
    }
    if (notNull) {
      aggregates.push(`count(*) - count(${quoteName({ name })})`);
      items.push({ column: name, at: aggregates.length - 1, notNull: true });
    }
  }
  return items.length === 0 ? undefined : { sql: `SELECT ${aggregates.join(', ')} FROM (${select})`, items };
}

/** Runs the check of a source. @throws CopyError naming column, lengths and the object's place. */
export async function verify(
  connection: DuckDBConnection,
  source: CopySource,
  columns: readonly ColumnDefinition[],
): Promise<void> {
  const { check } = source;
  if (!check) return;
  const row = (await connection.runAndReadAll(check.sql)).getRows()[0] ?? [];
  const bad = check.items.find((item) => failing(item, row[item.at]));
  if (!bad) return;
  const where = `object ${(await firstBad(connection, source, bad, columns)) + 1} of ${source.files.length}`;
  if ('notNull' in bad)
    throw new CopyError(`Spectrum Scan Error: a NULL value in column ${bad.column}, which is NOT NULL; ${where}`);
  throw new CopyError(
    `Spectrum Scan Error: The length of the data column ${bad.column} is longer than the length defined in the table. Table: ${bad.maxBytes}, Data: ${String(row[bad.at])}; ${where}`,
  );
}

const failing = (item: CheckItem, value: unknown): boolean =>
  Number(value ?? 0) > ('notNull' in item ? 0 : item.maxBytes);

async function firstBad(
  connection: DuckDBConnection,
  source: CopySource,
  item: CheckItem,
  columns: readonly ColumnDefinition[],
): Promise<number> {
  const position = columns.findIndex((c) => c.name === item.column);
  for (const [i, file] of source.files.entries()) {
    const [shape] = await schemasOf(connection, [file]);
    const check = checkOf(
      `SELECT ${quoteName({ name: shape?.names[position] ?? '' })} AS ${quoteName({ name: item.column })} FROM ${read([file])}`,
      [columns[position] as ColumnDefinition],
    );
    const row = check && (await connection.runAndReadAll(check.sql)).getRows()[0];
    if (check?.items.some((one) => failing(one, row?.[one.at]))) return i;
  }
  return -1;
}
