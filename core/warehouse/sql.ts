import { ENTITY_NAME_PATTERN } from '../../contracts';

/**
 * SQL files as statements that the Redshift Data API takes: comments stripped, values bound as named parameters, and only
 * URIs of allow-listed shape written into the text.
 */

/** Statements in one BatchExecuteStatement; the Data API refuses more. */
export const MAX_STATEMENTS = 40;
/** Bytes of SQL in one call. The Data API takes 100 KB a statement; a whole transaction is held to it. */
export const MAX_SQL_BYTES = 100_000;

/** One SQL file. */
export interface SqlFile {
  readonly name: string;
  /** From the header `-- transactional: true|false`; true where there is none. */
  readonly transactional: boolean;
  /** In order, without comments and closing semicolons. */
  readonly statements: readonly string[];
}

/** A named parameter as the Data API takes it. */
export interface SqlParameter {
  readonly name: string;
  readonly value: string;
}

/** Statements of one transaction with the parameters they refer to. */
export interface Transaction {
  readonly sqls: readonly string[];
  readonly parameters: readonly SqlParameter[];
}

/** What a SQL file or what is put into it gets wrong. Its message names files and places, never a value. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}

type Piece = 'code' | 'string' | 'identifier' | 'comment';

/** Cuts a text into code, quoted strings, quoted identifiers and comments, in order and without loss. */
export function* pieces(name: string, text: string): Generator<[Piece, string]> {
  const opening = /--|\/\*|'|"|\$[A-Za-z_]*\$/g;
  let at = 0;
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(text);
    if (!found) break;
    if (found.index > at) yield ['code', text.slice(at, found.index)];
    const end = closing(name, text, found[0], found.index);
    const kind = found[0] === "'" ? 'string' : found[0] === '"' ? 'identifier' : 'comment';
    yield [kind, text.slice(found.index, end)];
    at = end;
  }
  if (at < text.length) yield ['code', text.slice(at)];
}

/** Place after what was opened at `from`. @throws SqlError where it is never closed */
function closing(name: string, text: string, open: string, from: number): number {
  if (open.startsWith('$')) throw new SqlError(`${name}: dollar quotes are not in the portable subset`);
  if (open === '--') {
    const end = text.indexOf('\n', from);
    return end < 0 ? text.length : end;
  }
  const close = open === '/*' ? '*/' : open;
  let at = from + open.length;
  for (;;) {
    const end = text.indexOf(close, at);
    const line = text.slice(0, from).split('\n').length;
    if (end < 0) throw new SqlError(`${name}, line ${line}: ${open} is never closed`);
    at = end + close.length;
    // A doubled quote stands for itself and does not close.
    if (open.length > 1 || text[at] !== open) return at;
    at += 1;
  }
}

/**
 * Reads one SQL file.
 * @param name for messages
 * @throws SqlError for an unclosed quote or comment, a statement without its semicolon, or a header that is neither true nor false
 */
export function parseSql(name: string, text: string): SqlFile {
  const statements: string[] = [];
  let current = '';
  for (const [kind, piece] of pieces(name, text)) {
    if (kind === 'comment') current += ' ';
    else if (kind !== 'code') current += piece;
    else {
      const parts = piece.split(';');
      for (const part of parts.slice(0, -1)) {
        statements.push(tidy(current + part));
        current = '';
      }
      current += parts.at(-1);
    }
  }
  if (current.trim()) throw new SqlError(`${name}: the last statement does not end with a semicolon`);
  return { name, transactional: header(name, text), statements: statements.filter((s) => s !== '') };
}

const tidy = (statement: string): string =>
  statement
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .join('\n')
    .trim();

function header(name: string, text: string): boolean {
  const found = /^--[ \t]*transactional:[ \t]*(\S*)[ \t]*$/m.exec(text);
  if (!found) return true;
  if (found[1] !== 'true' && found[1] !== 'false')
    throw new SqlError(`${name}: the header "transactional" is true or false`);
  return found[1] === 'true';
}

/** Names of the parameters (`:name`) that a statement refers to; casts (`::type`) and quoted text are none. */
export function parameterNames(sql: string): string[] {
  const names = new Set<string>();
  for (const [kind, piece] of pieces('statement', sql)) {
    if (kind !== 'code') continue;
    for (const [, name] of piece.matchAll(/(?<!:):([A-Za-z_][A-Za-z0-9_]*)/g)) names.add(name);
  }
  return [...names];
}

/** Placeholders that may stand in load SQL, and the shape of what may replace them: URIs of a load's own folder, numbers of contract versions. */
const PLACEHOLDERS: Readonly<Record<string, RegExp>> = {
  objects_uri: /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/loads\/[0-9a-f]{32}\/objects\.parquet$/,
  manifest_uri: new RegExp(
    `^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/loads/[0-9a-f]{32}/(manifest|standing)-${ENTITY_NAME_PATTERN}-v\\d{1,9}\\.json$`,
  ),
  versions: /^\d{1,9}(, \d{1,9})*$/,
  elsewhere: /^\d{1,9}(, \d{1,9})*$/,
};

/**
 * Replaces `{{name}}` by allow-listed values.
 * @throws SqlError for a placeholder that is not on the list, has no value, or whose value has not its shape
 */
export function fill(sql: string, values: Readonly<Record<string, string>>): string {
  return sql.replace(/\{\{\s*(.*?)\s*\}\}/gs, (_, name: string) => {
    const shape = Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined;
    if (!shape) throw new SqlError(`placeholder {{${name}}} is not a known placeholder`);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || !shape.test(value))
      throw new SqlError(`placeholder {{${name}}} has no value of its form`);
    return value;
  });
}

/**
 * Makes one transaction: binds the parameters that its statements refer to (the Data API refuses others) and holds its limits.
 * @throws SqlError for a parameter without value, more than 40 statements, more than 100 KB, or none at all
 */
export function transaction(
  name: string,
  sqls: readonly string[],
  values: Readonly<Record<string, string>> = {},
): Transaction {
  if (sqls.length === 0) throw new SqlError(`${name}: a transaction without statements`);
  if (sqls.length > MAX_STATEMENTS)
    throw new SqlError(`${name}: ${sqls.length} statements, the Data API takes ${MAX_STATEMENTS}`);
  const bytes = sqls.reduce((sum, s) => sum + Buffer.byteLength(s), 0);
  if (bytes > MAX_SQL_BYTES) throw new SqlError(`${name}: ${bytes} bytes of SQL, the Data API takes ${MAX_SQL_BYTES}`);
  const names = [...new Set(sqls.flatMap(parameterNames))].sort();
  return {
    sqls,
    parameters: names.map((n) => {
      if (!Object.hasOwn(values, n)) throw new SqlError(`${name}: parameter :${n} has no value`);
      return { name: n, value: values[n] };
    }),
  };
}
