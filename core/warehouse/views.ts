import { sha256Hex } from '../records/hash';
import { SqlError, pieces, type SqlFile } from './sql';

/** A view of a release. */
export interface View {
  /** `schema.name`. */
  readonly name: string;
  /** Its SELECT, without comments. */
  readonly select: string;
}

/** A view as the warehouse has it, from `ops.view`. */
export interface InstalledView extends View {
  /** Digest of a release's view; another word for one that is on its way. */
  readonly sha256: string;
}

/** Digest by which a view counts as unchanged. */
export const viewDigest = (view: View): string => sha256Hex(view.select);

/** One `CREATE VIEW schema.name AS …` per file, which is named `schema.name.sql`. @throws SqlError */
export function parseView(name: string, file: SqlFile): View {
  const found = /^CREATE VIEW ([a-z_]\w*\.[a-z_]\w*) AS\s+(.+)$/s.exec(file.statements[0] ?? '');
  if (file.statements.length !== 1 || found?.[1] !== name)
    throw new SqlError(`views/${name}.sql: is not one CREATE VIEW ${name} AS …`);
  return { name, select: found[2] };
}

/** Rewrites every `schema.name` in a text, outside quotes. */
export function mapNames(sql: string, rename: (name: string) => string): string {
  let out = '';
  for (const [kind, piece] of pieces('view', sql))
    out += kind === 'code' ? piece.replace(/(?<![\w.])[a-z_]\w*\.[a-z_]\w*/gi, (name) => rename(name)) : piece;
  return out;
}

/** Those of the given names that a text reads, in the order of the names. */
export function namesRead(sql: string, names: Iterable<string>): string[] {
  const found = new Set<string>();
  mapNames(sql, (name) => (found.add(name.toLowerCase()), name));
  return [...names].filter((name) => found.has(name));
}

/**
 * Puts each view after those that it reads; the order is the same for the same views.
 * @throws SqlError for views that read each other in a circle, a name that stands twice, and texts that cannot be kept in `ops.view`
 */
export function orderViews<T extends View>(views: Iterable<T>): T[] {
  const left = new Map<string, T>();
  for (const view of [...views].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (left.has(view.name)) throw new SqlError(`the view ${view.name} occurs twice`);
    // Redshift reads a backslash in a text as the beginning of an escape, PostgreSQL does not.
    if (view.select.includes('\\')) throw new SqlError(`the view ${view.name} contains a backslash`);
    left.set(view.name, view);
  }
  const reads = new Map([...left.values()].map((v) => [v.name, namesRead(v.select, left.keys())]));
  const ordered: T[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find((v) => reads.get(v.name)!.every((r) => !left.has(r)));
    if (!next) throw new SqlError(`views read each other in a circle: ${[...left.keys()].join(', ')}`);
    left.delete(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** Of the views, those that read one of `names` or a view that does; `names` themselves only where they do. */
export function dependentsOf<T extends View>(ordered: readonly T[], names: Iterable<string>): T[] {
  const reached = new Set(names);
  return ordered.filter((view) => {
    const depends = namesRead(view.select, reached).length > 0;
    if (depends) reached.add(view.name);
    return depends;
  });
}

/** Groups of names that are joined by an edge, directly or through others; in the order of their first name. */
export function components(names: readonly string[], edges: readonly (readonly [string, string])[]): string[][] {
  const group = new Map(names.map((n) => [n, n]));
  const root = (name: string): string => {
    const above = group.get(name)!;
    return above === name ? name : root(above);
  };
  for (const [a, b] of edges) if (group.has(a) && group.has(b)) group.set(root(a), root(b));
  const found = new Map<string, string[]>();
  for (const name of names) found.set(root(name), [...(found.get(root(name)) ?? []), name]);
  return [...found.values()];
}
