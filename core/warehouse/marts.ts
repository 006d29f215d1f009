import { SqlError, parseSql } from './sql';

/**
 * Views of `sql/marts`: one SELECT per file that names other views by `{{ ref('x') }}` and tables by `{{ source('s', 't') }}`, so
 * that dbt builds the same files. Other Jinja is refused.
 */

/** The schema in which all marts stand. */
export const MART_SCHEMA = 'gold';
/** Schemas that a mart may read. */
const SOURCES: ReadonlySet<string> = new Set(['core', 'gold', 'ops']);
const NAME = /^[a-z][a-z0-9_]*$/;

/** One mart, ready to be created. */
export interface Mart {
  readonly name: string;
  /** Qualified name of the view. */
  readonly view: string;
  /** Its SELECT, with references resolved. */
  readonly select: string;
  /** Marts that it reads, by name. */
  readonly reads: readonly string[];
}

/** The one SELECT of a mart's file, without comments; such files end without a semicolon, as dbt wants them. */
function selectOf(name: string, text: string): string {
  const { statements } = parseSql(`marts/${name}.sql`, `${text}\n;`);
  if (statements.length !== 1) throw new SqlError(`marts/${name}.sql: a mart is one SELECT without a semicolon`);
  return statements[0];
}

function resolve(name: string, text: string, known: ReadonlySet<string>): Mart {
  const reads = new Set<string>();
  const select = selectOf(name, text).replace(/\{\{(.*?)\}\}/gs, (_, call: string) => {
    const ref = /^\s*ref\(\s*'([^']*)'\s*\)\s*$/.exec(call);
    if (ref) {
      if (!known.has(ref[1])) throw new SqlError(`marts/${name}.sql: ref('${ref[1]}') names no mart`);
      reads.add(ref[1]);
      return `${MART_SCHEMA}.${ref[1]}`;
    }
    const source = /^\s*source\(\s*'([^']*)'\s*,\s*'([^']*)'\s*\)\s*$/.exec(call);
    if (!source) throw new SqlError(`marts/${name}.sql: only ref() and source() may stand in a mart`);
    if (!SOURCES.has(source[1]) || !NAME.test(source[2]))
      throw new SqlError(`marts/${name}.sql: source('${source[1]}', '${source[2]}') names no table of the warehouse`);
    return `${source[1]}.${source[2]}`;
  });
  if (/\{%|\{#|\{\{|\}\}/.test(select))
    throw new SqlError(`marts/${name}.sql: only ref() and source() may stand in a mart`);
  return { name, view: `${MART_SCHEMA}.${name}`, select, reads: [...reads] };
}

/**
 * Resolves marts and puts each after those it reads; the order is the same for the same files.
 * @param texts contents of the files by name
 * @throws SqlError for a name, reference or source that is none, or marts that read each other in a circle
 */
export function orderMarts(texts: ReadonlyMap<string, string>): Mart[] {
  const known = new Set(texts.keys());
  const left = new Map<string, Mart>();
  for (const name of [...known].sort()) {
    if (!NAME.test(name)) throw new SqlError(`marts/${name}.sql: a mart's name is a-z, 0-9 and _`);
    left.set(name, resolve(name, texts.get(name)!, known));
  }
  const ordered: Mart[] = [];
  while (left.size) {
    const next = [...left.values()].find((m) => m.reads.every((r) => !left.has(r)));
    if (!next) throw new SqlError(`marts read each other in a circle: ${[...left.keys()].join(', ')}`);
    left.delete(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** Statement that removes a mart's view. */
export const dropView = (mart: Mart): string => `DROP VIEW IF EXISTS ${mart.view}`;
/** Statement that makes a mart's view. */
export const createView = (mart: Mart): string => `CREATE VIEW ${mart.view} AS\n${mart.select}`;
