import { MAX_SQL_BYTES, MAX_STATEMENTS } from './sql';

/** Rights that roles have on views, read off the statements that grant them. */
export type GrantsOn = (views: readonly string[]) => string[];

const GRANT = /^GRANT\s+(.+?)\s+ON\s+(.+?)\s+TO\s+ROLE\s+(\w+)$/is;

/**
 * A view loses its grants when it is dropped, so that they are given again in the same transaction.
 * @param statements all grants of the release; those on all tables of a schema hold for its views too
 * @returns a function that gives the grants of some views: one statement per role and rights
 */
export function grantsOnViews(statements: readonly string[]): GrantsOn {
  const grants = statements.flatMap((sql) => {
    const [, rights, on, role] = GRANT.exec(sql) ?? [];
    if (on === undefined || /^(SCHEMA|DATABASE|ROLE)\s/i.test(on)) return [];
    const schemas = /^ALL\s+TABLES\s+IN\s+SCHEMA\s+(.+)$/is.exec(on);
    const names = new Set((schemas?.[1] ?? on.replace(/^TABLE\s+/i, '')).toLowerCase().split(',').map((n) => n.trim())); // prettier-ignore
    const covers = (view: string): boolean => names.has(schemas ? view.slice(0, view.indexOf('.')) : view);
    return [{ rights, role, covers }];
  });
  return (views) => {
    const granted = new Map<string, Set<string>>();
    for (const { rights, role, covers } of grants)
      for (const view of views.filter(covers)) {
        const key = `GRANT ${rights} TO ROLE ${role}`;
        granted.set(key, (granted.get(key) ?? new Set()).add(view));
      }
    return [...granted].map(([key, names]) => key.replace(' TO ROLE ', ` ON ${[...names].join(', ')} TO ROLE `));
  };
}

/**
 * Statements in order, in as few transactions as hold them.
 * @param first what each transaction begins with
 * @param groups statements that share a transaction
 */
export function packStatements(first: readonly string[], groups: readonly (readonly string[])[]): string[][] {
  const bytesOf = (sqls: readonly string[]): number => sqls.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0);
  const packed: string[][] = [];
  for (const group of groups) {
    const last = packed.at(-1);
    const isFull = !last || last.length + group.length > MAX_STATEMENTS || bytesOf([...last, ...group]) > MAX_SQL_BYTES;
    if (isFull) packed.push([...first, ...group]);
    else last.push(...group);
  }
  return packed;
}
