import { SqlError, parseSql } from './sql';

/** A column as a migration made it. */
export interface Column {
  readonly name: string;
  /** Lower case, with its length: `varchar(64)`. */
  readonly type: string;
  readonly notNull: boolean;
  /** DEFAULT and ENCODE, as they stand. */
  readonly rest: string;
}

/** A table: its columns by name, and where its rows lie. */
export interface Table {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** `DISTSTYLE ALL SORTKEY (clinic_key)`, or empty. */
  readonly layout: string;
}

/** What a series of migrations leaves behind. */
export interface Schema {
  readonly tables: ReadonlyMap<string, Table>;
  /** Tables that generated files made: those that the rendered tables have to hold. */
  readonly derived: ReadonlySet<string>;
  /** Rows that migrations put in, as statements. */
  readonly inserts: ReadonlySet<string>;
}

/** First lines of a file that `npm run migration` wrote. */
export const GENERATED = '-- generated: true';
const NAME = String.raw`([a-z_]\w*\.[a-z_]\w*)`;

/**
 * Reads what migrations leave behind from their CREATE, ALTER and DROP TABLE, without an engine.
 * @param files texts by name
 * @throws SqlError for a table that is made twice or changed before it is made, and for an ALTER TABLE that is not understood
 */
export function schemaOf(files: ReadonlyMap<string, string>): Schema {
  const tables = new Map<string, Table>();
  const derived = new Set<string>();
  const inserts = new Set<string>();
  for (const [name, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const generated = text.split('\n').some((line) => line.trim() === GENERATED);
    for (const sql of parseSql(name, text).statements) {
      const statement = squeeze(sql);
      if (/^CREATE TABLE\b/i.test(statement)) {
        const table = parseTable(name, statement);
        // The engine would keep the first one without a word.
        if (tables.has(table.name)) throw new SqlError(`${name}: ${table.name} is already created by an earlier file`);
        tables.set(table.name, table);
        if (generated) derived.add(table.name);
      } else if (/^(ALTER|DROP) TABLE\b/i.test(statement)) alter(name, statement, tables);
      else if (/^INSERT\b/i.test(statement)) inserts.add(statement);
    }
  }
  return { tables, derived: new Set([...derived].filter((t) => tables.has(t))), inserts };
}

/** Table that an ALTER COLUMN … TYPE resizes; undefined for any other statement. */
export function resizedTable(sql: string): string | undefined {
  return new RegExp(`^ALTER TABLE ${NAME} ALTER COLUMN \\w+ TYPE\\b`, 'i').exec(squeeze(sql))?.[1].toLowerCase();
}

const squeeze = (sql: string): string => sql.replace(/\s+/g, ' ').trim();

function parseTable(where: string, sql: string): Table {
  const head = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${NAME} ?\\(`, 'i').exec(sql);
  const end = head ? closing(sql, head[0].length) : -1;
  if (!head || end < 0)
    throw new SqlError(`${where}: a table must be created as CREATE TABLE schema.name (columns) layout`);
  const columns = splitTop(sql.slice(head[0].length, end)).map((text) => parseColumn(where, text));
  return {
    name: head[1].toLowerCase(),
    columns: new Map(columns.map((c) => [c.name, c])),
    layout: sql.slice(end + 1).trim(),
  };
}

function parseColumn(where: string, text: string): Column {
  const found = /^(\w+) (double precision|\w+(?: ?\([\d, ]+\))?)(.*)$/i.exec(text.trim());
  if (!found) throw new SqlError(`${where}: a column must be a name, a type, and NOT NULL, DEFAULT or ENCODE`);
  const rest = squeeze(found[3].replace(/\bNOT NULL\b/i, ' '));
  return {
    name: found[1].toLowerCase(),
    type: found[2].toLowerCase().replace(/ ?\(/, '(').replace(/, /g, ','),
    notNull: /\bNOT NULL\b/i.test(found[3]),
    rest,
  };
}

/** Place of the parenthesis that closes the one before `from`; -1 if none does. */
function closing(text: string, from: number): number {
  let depth = 1;
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

/** Parts between commas that stand in no parenthesis and no text. */
function splitTop(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    if (!quoted && character === '(') depth++;
    if (!quoted && character === ')') depth--;
    if (character === ',' && depth === 0 && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function alter(where: string, sql: string, tables: Map<string, Table>): void {
  const found = new RegExp(`^(ALTER|DROP) TABLE (?:IF EXISTS )?${NAME}(?: (.+))?$`, 'i').exec(sql);
  const table = found && tables.get(found[2].toLowerCase());
  if (!table) throw new SqlError(`${where}: changes a table that no migration creates`);
  if (/^DROP$/i.test(found[1])) tables.delete(table.name);
  else tables.set(table.name, changed(where, table, found[3] ?? ''));
}

/** One ALTER TABLE, in the forms that Redshift knows and a migration needs. */
function changed(where: string, table: Table, change: string): Table {
  const columns = new Map(table.columns);
  const column = (name: string): Column => {
    const known = columns.get(name.toLowerCase());
    if (!known) throw new SqlError(`${where}: ${table.name} has no column ${name}`);
    return known;
  };
  const added = /^ADD (?:COLUMN )?(.+)$/i.exec(change);
  const resized = /^ALTER COLUMN (\w+) TYPE (.+)$/i.exec(change);
  const dropped = /^DROP (?:COLUMN )?(\w+)$/i.exec(change);
  const renamed = /^RENAME COLUMN (\w+) TO (\w+)$/i.exec(change);
  const layout = /^ALTER (DISTSTYLE .+|DISTKEY .+|(?:COMPOUND )?SORTKEY .+)$/i.exec(change);
  if (added) {
    const parsed = parseColumn(where, added[1]);
    if (columns.has(parsed.name)) throw new SqlError(`${where}: ${table.name} already has ${parsed.name}`);
    columns.set(parsed.name, parsed);
  } else if (resized) {
    const { name, rest, notNull } = column(resized[1]);
    columns.set(name, { ...parseColumn(where, `${name} ${resized[2]}`), rest, notNull });
  } else if (dropped) columns.delete(column(dropped[1]).name);
  else if (renamed) {
    const known = column(renamed[1]);
    columns.delete(known.name);
    columns.set(renamed[2].toLowerCase(), { ...known, name: renamed[2].toLowerCase() });
  } else if (layout) return { ...table, layout: layoutAfter(table.layout, layout[1]) };
  else throw new SqlError(`${where}: this ALTER TABLE of ${table.name} is not one that migrations may use`);
  return { ...table, columns };
}

/** Distribution and sort key are changed one at a time; the other stays. */
function layoutAfter(layout: string, change: string): string {
  const [, distribution = '', sort = ''] = /^(.*?)((?:COMPOUND )?SORTKEY .*)?$/i.exec(layout) ?? [];
  if (/SORTKEY/i.test(change)) return squeeze(`${distribution} ${change}`);
  const key = /DISTKEY \(?(\w+)\)?$/i.exec(change);
  return squeeze(`${key ? `DISTSTYLE KEY DISTKEY (${key[1]})` : change} ${sort}`);
}
