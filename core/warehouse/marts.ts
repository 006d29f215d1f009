import { SqlError, parseSql } from './sql';
import type { View } from './views';

/**
 * Views of `sql/marts`: one SELECT per file that names other views by `{{ ref('x') }}` and tables by `{{ source('s', 't') }}`, so
 * that dbt builds the same files. Other Jinja is refused.
 */

/** The schema in which all marts stand. */
export const MART_SCHEMA = 'gold_phi';
/** Schemas that a mart may read. */
const SOURCES: ReadonlySet<string> = new Set(['core', 'gold_phi', 'ops']);
const NAME = /^[a-z][a-z0-9_]*$/;

/** The one SELECT of a mart's file, without comments; such files end without a semicolon, as dbt wants them. */
function selectOf(name: string, text: string): string {
  const { statements } = parseSql(`marts/${name}.sql`, `${text}\n;`);
  if (statements.length !== 1) throw new SqlError(`marts/${name}.sql: a mart is one SELECT without a semicolon`);
  return statements[0];
}

function resolve(name: string, text: string, known: ReadonlySet<string>): View {
  const select = selectOf(name, text).replace(/\{\{(.*?)\}\}/gs, (_, call: string) => {
    const ref = /^\s*ref\(\s*'([^']*)'\s*\)\s*$/.exec(call);
    if (ref) {
      if (!known.has(ref[1])) throw new SqlError(`marts/${name}.sql: ref('${ref[1]}') does not name a mart`);
      return `${MART_SCHEMA}.${ref[1]}`;
    }
    const source = /^\s*source\(\s*'([^']*)'\s*,\s*'([^']*)'\s*\)\s*$/.exec(call);
    if (!source) throw new SqlError(`marts/${name}.sql: a mart may contain only ref() and source()`);
    if (!SOURCES.has(source[1]) || !NAME.test(source[2]))
      throw new SqlError(
        `marts/${name}.sql: source('${source[1]}', '${source[2]}') does not name a table of the warehouse`,
      );
    return `${source[1]}.${source[2]}`;
  });
  if (/\{%|\{#|\{\{|\}\}/.test(select))
    throw new SqlError(`marts/${name}.sql: a mart may contain only ref() and source()`);
  return { name: `${MART_SCHEMA}.${name}`, select };
}

/**
 * Marts as views, with their references resolved.
 * @param texts contents of the files by name
 * @throws SqlError for a name, reference or source that is none
 */
export function martViews(texts: ReadonlyMap<string, string>): View[] {
  const known = new Set(texts.keys());
  return [...texts].map(([name, text]) => {
    if (!NAME.test(name)) throw new SqlError(`marts/${name}.sql: a mart's name is a-z, 0-9 and _`);
    return resolve(name, text, known);
  });
}
