import type { ColumnDefinition, Lengths } from './column-definition';
import { TYPES } from './dialect-lists';
import { expression } from './sql-render';
import { Cursor, DialectError, type Name, quoteName, type Token } from './sql-tokens';
import { treeOf } from './sql-tree';

/** Length of a `varchar` that names none. */
const DEFAULT_VARCHAR = 256;
const MAX_VARCHAR = 65_535;
/** Of a `decimal` that names neither. */
const DEFAULT_DECIMAL = '(18,0)';
const isDecimal = (type: string): boolean => type === 'decimal' || type === 'numeric';

/** Splits tokens at commas outside parentheses. */
export function splitTop(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/**
 * One column: name, type, NOT NULL, DEFAULT; ENCODE, DISTKEY and SORTKEY are physical and left out. Only ENCODE RAW has an equal here:
 * keys are random, and trying to compress them costs a load more than it saves.
 */
export function column(tokens: readonly Token[]): { definition: ColumnDefinition; text: string } {
  const c = new Cursor(tokens);
  const name = c.part();
  const type = columnType(c);
  let notNull = false;
  let rest = '';
  while (!c.done) {
    if (c.take('NOT', 'NULL')) notNull = true;
    else if (c.take('NULL')) notNull = false;
    else if (c.take('ENCODE')) {
      if (c.part().toLowerCase() === 'raw') rest += ' USING COMPRESSION uncompressed';
    } else if (c.take('DISTKEY') || c.take('SORTKEY')) continue;
    else if (c.take('DEFAULT')) {
      const start = c.at;
      if (c.peek()?.text === '(') c.parenthesized();
      else c.at += c.peek()?.text === '-' ? 2 : 1;
      rest += ` DEFAULT ${expression(treeOf(tokens.slice(start, c.at)))}`;
    } else throw c.unexpected('NOT NULL, DEFAULT, ENCODE, DISTKEY or SORTKEY');
  }
  return {
    definition: { name, ...type, notNull },
    text: `${quoteName({ name })} ${type.type}${rest}${notNull ? ' NOT NULL' : ''}`,
  };
}

function columnType(c: Cursor): { type: string; maxBytes?: number } {
  const word = c.part();
  if (!TYPES.has(word.toUpperCase()))
    throw new DialectError(`the column type ${word} is not one of: ${[...TYPES].join(', ').toLowerCase()}`);
  if (word === 'double') c.expect('PRECISION');
  const spelled =
    word === 'double' ? 'double precision' : word === 'character' ? (c.take('VARYING') ? 'varchar' : 'char') : word;
  if (spelled === 'timestamp') c.take('WITHOUT', 'TIME', 'ZONE');
  const size =
    c.peek()?.text === '('
      ? c
          .parenthesized()
          .map((t) => t.text)
          .join('')
      : undefined;
  if (spelled !== 'varchar' && spelled !== 'char')
    return { type: `${spelled}${size !== undefined ? `(${size})` : isDecimal(spelled) ? DEFAULT_DECIMAL : ''}` };
  const bytes =
    size === undefined
      ? spelled === 'char'
        ? 1
        : DEFAULT_VARCHAR
      : size.toUpperCase() === 'MAX'
        ? MAX_VARCHAR
        : Number(size);
  if (!(bytes >= 1 && bytes <= MAX_VARCHAR)) throw new DialectError(`${spelled} holds 1 to ${MAX_VARCHAR} bytes`);
  return { type: `${spelled}(${bytes})`, maxBytes: bytes };
}

export interface CreateTable {
  readonly table: Name;
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  /** Absent for CREATE TABLE … AS. */
  readonly columns?: readonly ColumnDefinition[];
  /** For CREATE TABLE … AS. */
  readonly lengths?: Lengths;
  readonly sql: string;
}

/** CREATE TABLE without its physical attributes. */
export function createTable(sql: string, tokens: readonly Token[]): CreateTable {
  const c = new Cursor(tokens);
  c.expect('CREATE');
  c.take('LOCAL');
  const temporary = c.take('TEMP') || c.take('TEMPORARY');
  c.expect('TABLE');
  const ifNotExists = c.take('IF', 'NOT', 'EXISTS');
  const table = c.name();
  if (table.name.startsWith('#')) throw new DialectError('create temporary tables with CREATE TEMP TABLE, not with #');
  const head = `CREATE ${temporary ? 'TEMP ' : ''}TABLE ${ifNotExists ? 'IF NOT EXISTS ' : ''}${quoteName(table)}`;
  const isList = c.peek()?.text === '(' && !['SELECT', 'WITH'].includes(c.peek(1)?.upper ?? '');
  const list = isList ? c.parenthesized() : undefined;
  attributes(c);
  if (c.take('AS')) {
    if (list) throw new DialectError('CREATE TABLE … AS takes its column names from the query');
    return { table, temporary, ifNotExists, sql: `${head} AS ${sql.slice(c.peek()?.start)}` };
  }
  if (!list || !c.done) throw c.unexpected('AS or the end of CREATE TABLE');
  const parsed = splitTop(list).map((part) => column(part));
  return {
    table,
    temporary,
    ifNotExists,
    columns: parsed.map((p) => p.definition),
    sql: `${head} (${parsed.map((p) => p.text).join(', ')})`,
  };
}

/** Table attributes that say where rows lie, and nothing about what they are. */
function attributes(c: Cursor): void {
  for (;;) {
    if (c.take('DISTSTYLE')) {
      if (!['AUTO', 'EVEN', 'KEY', 'ALL'].some((s) => c.take(s))) throw c.unexpected('AUTO, EVEN, KEY or ALL');
    } else if (c.take('DISTKEY')) c.parenthesized();
    else if (c.take('COMPOUND', 'SORTKEY') || c.take('INTERLEAVED', 'SORTKEY') || c.take('SORTKEY')) {
      if (!c.take('AUTO')) c.parenthesized();
    } else if (c.take('ENCODE')) c.expect('AUTO');
    else if (c.take('BACKUP')) {
      if (!c.take('YES') && !c.take('NO')) throw c.unexpected('YES or NO');
    } else return;
  }
}
