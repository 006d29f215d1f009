import { MAX_SQL_BYTES, MAX_STATEMENTS, SqlError, parseSql } from './sql';
import { GENERATED, schemaOf, type Column, type Schema, type Table } from './tables';

/** A migration to write: name without suffix, and text. */
export interface NewMigration {
  readonly name: string;
  readonly text: string;
}

/** The lock before a migration's statements, the note after them. */
const OWN_STATEMENTS = 2;
/** Room for the lock and the note, and for the lines between statements. */
const OWN_BYTES = 4_000;

/**
 * Migrations that bring what the files so far leave behind to the rendered tables; none when nothing changed. Columns may stand in
 * another order afterwards, which no statement notices, since all of them name their columns.
 * @param files texts of all migrations by name
 * @param rendered text of `sql/generated/tables.sql`
 * @param words what the change is, for the name of the file: `a-z`, `0-9`, `-`
 * @throws SqlError that lists every change that a migration cannot make, each with the way out
 */
export function newMigrations(files: ReadonlyMap<string, string>, rendered: string, words: string): NewMigration[] {
  const { together, alone } = statementsFor(schemaOf(files), parseSql('tables.sql', rendered).statements);
  const last = Math.max(0, ...[...files.keys()].map((name) => Number(name.slice(0, 3))));
  const portions = [...portionsOf(together).map((p) => ({ header: true, sqls: p })), ...alone.map((sql) => ({ header: false, sqls: [sql] }))]; // prettier-ignore
  if (portions.length > 0 && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(words))
    throw new SqlError('the change needs a name of plain words: npm run migration -- add payer');
  return portions.map(({ header, sqls }, i) => ({
    name: `${String(last + 1 + i).padStart(3, '0')}-${words}${i > 0 ? `-${i + 1}` : ''}`,
    text: `-- transactional: ${header}\n${GENERATED}\n${sqls.map((sql) => `${sql};\n`).join('')}`,
  }));
}

interface Changes {
  /** Statements that may share a transaction. */
  readonly together: readonly string[];
  /** Statements that cannot run in one: each in a file of its own, so that a repeated file repeats nothing that is done. */
  readonly alone: readonly string[];
}

function statementsFor(before: Schema, rendered: readonly string[]): Changes {
  const after = schemaOf(new Map([['tables.sql', rendered.map((sql) => `${sql};`).join('\n')]]));
  const together: string[] = [];
  const alone: string[] = [];
  const refused: string[] = [];
  const isNew = (table: string | undefined) => table !== undefined && !before.tables.has(table);
  for (const name of before.derived)
    if (!after.tables.has(name))
      refused.push(
        `${name} is gone: keep it while a release that reads it may come back, then write DROP TABLE ${name} by hand`,
      );
  for (const sql of rendered) {
    const made = /^CREATE TABLE (?:IF NOT EXISTS )?([\w.]+)/i.exec(sql)?.[1];
    const filled = /^INSERT INTO ([\w.]+)/i.exec(sql)?.[1];
    if (made === undefined && filled === undefined) throw new SqlError('tables.sql holds CREATE TABLE and INSERT only');
    if (isNew(made) || isNew(filled)) together.push(sql);
    else if (filled !== undefined && !before.inserts.has(sql.replace(/\s+/g, ' ')))
      refused.push(`the rows of ${filled} are other ones: write by hand how existing rows change, and the new INSERT`);
    else if (made !== undefined) compare(before.tables.get(made)!, after.tables.get(made)!, together, alone, refused);
  }
  if (refused.length > 0)
    throw new SqlError(`no migration can be made of this:\n${refused.map((r) => `- ${r}`).join('\n')}`);
  return { together, alone };
}

function compare(old: Table, now: Table, together: string[], alone: string[], refused: string[]): void {
  const { name } = now;
  if (old.layout !== now.layout)
    refused.push(`${name}: another layout: write ALTER TABLE ${name} ALTER DISTSTYLE … or ALTER SORTKEY … by hand`);
  for (const column of old.columns.values())
    if (!now.columns.has(column.name))
      refused.push(
        `${name}.${column.name} is gone: keep it while a release that reads it may come back, then write ALTER TABLE ${name} DROP COLUMN ${column.name} by hand`,
      );
  for (const column of now.columns.values()) {
    const before = old.columns.get(column.name);
    if (before) {
      const change = resize(name, before, column);
      if (change) (change.refused ? refused : alone).push(change.text);
    } else if (column.notNull)
      refused.push(`${name}.${column.name} is new and NOT NULL: existing rows have no value, so leave it nullable`);
    else
      together.push(
        `ALTER TABLE ${name} ADD COLUMN ${column.name} ${column.type}${column.rest ? ` ${column.rest}` : ''}`,
      );
  }
}

/** A column that stands: nothing, a wider varchar, or a change that is refused. */
function resize(table: string, old: Column, now: Column): { text: string; refused?: true } | undefined {
  const place = `${table}.${now.name}`;
  if (old.notNull !== now.notNull)
    return {
      text: `${place} ${now.notNull ? 'becomes NOT NULL' : 'becomes nullable'}: Redshift cannot change it; leave it as it is${now.notNull ? ' and enforce it with a check in sql/checks' : ''}`,
      refused: true,
    };
  if (old.rest !== now.rest)
    return {
      text: `${place}: its DEFAULT or ENCODE differs from the one it was created with; leave it as it is`,
      refused: true,
    };
  if (old.type === now.type) return undefined;
  const [from, to] = [old, now].map((c) => Number(/^varchar\((\d+)\)$/.exec(c.type)?.[1] ?? NaN));
  if (to > from) return { text: `ALTER TABLE ${table} ALTER COLUMN ${now.name} TYPE ${now.type}` };
  return {
    text: `${place} changes from ${old.type} to ${now.type}: only a varchar can grow; add a column of another name and leave this one`,
    refused: true,
  };
}

/** Statements in order, in as few files as one transaction each holds. */
function portionsOf(sqls: readonly string[]): string[][] {
  const portions: string[][] = [];
  let bytes = Infinity;
  for (const sql of sqls) {
    const size = Buffer.byteLength(sql);
    const last = portions.at(-1);
    if (!last || last.length >= MAX_STATEMENTS - OWN_STATEMENTS || bytes + size > MAX_SQL_BYTES - OWN_BYTES) {
      portions.push([sql]);
      bytes = size;
    } else {
      last.push(sql);
      bytes += size;
    }
  }
  return portions;
}
