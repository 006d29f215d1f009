import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { martViews } from './marts';
import { parseSql, type SqlFile } from './sql';
import { orderViews, parseView, type View } from './views';

/**
 * Where a function's SQL lies: beside its bundle, or where `SQL_DIR` says when it runs from source.
 * @param here the function's own folder (`__dirname`)
 */
export function sqlFolder(here: string): string {
  const bundled = join(here, 'sql');
  return existsSync(bundled) ? bundled : (process.env.SQL_DIR ?? bundled);
}

/** Reads and parses the SQL files of one folder (not of those in it), by name without suffix, in the order of their names. */
export function readSql(root: string, folder: string): Map<string, SqlFile> {
  const files = new Map<string, SqlFile>();
  for (const [name, text] of readTexts(root, folder)) files.set(name, parseSql(`${folder}/${name}.sql`, text));
  return files;
}

/** Texts of the SQL files of one folder, by name without suffix, in the order of their names; none if it is not there. */
export function readTexts(root: string, folder: string): Map<string, string> {
  const base = join(root, folder);
  if (!existsSync(base)) return new Map();
  const names = readdirSync(base)
    .filter((f) => f.endsWith('.sql'))
    .sort();
  return new Map(names.map((f) => [f.slice(0, -'.sql'.length), readFileSync(join(base, f), 'utf8')]));
}

/** All views of a release, the derived ones, those under the names of the documents and the marts, in an order in which they can be made. @throws SqlError */
export function readViews(root: string): View[] {
  const derived = ['generated/views', 'documents'].flatMap((folder) =>
    [...readSql(root, folder)].map(([name, file]) => parseView(name, file)),
  );
  return orderViews([...derived, ...martViews(readTexts(root, 'marts'))]);
}
