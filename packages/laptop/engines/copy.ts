import { existsSync, readFileSync, statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { S3Store } from '../endpoints/s3-types';
import type { ColumnDefinition } from './ddl';
import { quoteName, quoteText } from './sql-tokens';

/** A COPY that does not fit; objects are named by their place in the list, columns by name, values never. */
export class CopyError extends Error {}

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

/** Files that a COPY reads: those of its manifest, or all objects under its prefix. */
function filesOf(s3: S3Store, uri: string, manifest: boolean): string[] {
  const { bucket, key } = place(uri);
  if (!s3.hasBucket(bucket)) throw new CopyError(`The S3 bucket ${bucket} does not exist`);
  if (manifest) return manifestFiles(s3, bucket, key);
  const files: string[] = [];
  let next: string | undefined;
  do {
    const page = s3.list(bucket, { prefix: key, continuation: next });
    files.push(...page.objects.map((o) => s3.pathOf(bucket, o.key)));
    next = page.next;
  } while (next !== undefined);
  if (files.length === 0) throw new CopyError('The specified S3 prefix does not exist');
  return files;
}

interface Manifest {
  readonly entries?: readonly {
    readonly url?: string;
    readonly mandatory?: boolean;
    readonly meta?: { readonly content_length?: number };
  }[];
}

function manifestFiles(s3: S3Store, bucket: string, key: string): string[] {
  if (!s3.head(bucket, key)) throw new CopyError('The manifest does not exist');
  let entries: Manifest['entries'];
  try {
    entries = (JSON.parse(readFileSync(s3.pathOf(bucket, key), 'utf8')) as Manifest).entries;
  } catch {
    throw new CopyError('The manifest is not JSON');
  }
  if (!Array.isArray(entries) || entries.length === 0) throw new CopyError('The manifest lists no entries');
  return entries.flatMap((entry, i) => {
    const at = `object ${i + 1} of ${entries.length}`;
    const object = place(entry.url ?? '');
    const info = s3.hasBucket(object.bucket) ? s3.head(object.bucket, object.key) : undefined;
    const path = info && s3.pathOf(object.bucket, object.key);
    if (!info || !path || !existsSync(path)) {
      if (entry.mandatory) throw new CopyError(`The manifest's ${at} does not exist`);
      return [];
    }
    const expected = entry.meta?.content_length;
    if (expected === undefined)
      throw new CopyError(`The manifest's ${at} has no meta.content_length, which Parquet needs`);
    if (expected !== statSync(path).size)
      throw new CopyError(`The manifest's ${at} has another length than its content_length`);
    return [path];
  });
}

function place(uri: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (!match) throw new CopyError('An entry is not s3://bucket/key');
  return { bucket: match[1] ?? '', key: match[2] ?? '' };
}

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
    throw new CopyError(`Spectrum Scan Error: object ${at + 1} of ${files.length} is no Parquet file`);
  }
}

const listOf = (files: readonly string[]): string => `[${files.map(quoteText).join(', ')}]`;
const read = (files: readonly string[]): string => `read_parquet(${listOf(files)}, hive_partitioning = false)`;

/**
 * Resolves a COPY against its target: objects found, lengths right, as many columns as the target has, by position, of its types.
 * @param columns columns that are filled, in the order of the files'.
 * @throws CopyError.
 */
export async function copySource(
  connection: DuckDBConnection,
  s3: S3Store,
  uri: string,
  manifest: boolean,
  columns: readonly ColumnDefinition[],
): Promise<CopySource | undefined> {
  const files = filesOf(s3, uri, manifest);
  if (files.length === 0) return undefined;
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
