import type { DuckDBConnection } from '@duckdb/node-api';
import type { Plan } from './dialect';
import { type Granted, GRANTS_OF_ROLE, missing, type Privilege } from './grants';
import type { Name } from './sql-tokens';

/**
 * Looks for the first statement of a batch that goes beyond what a database role was granted. Temporary tables that the batch makes
 * itself need no grant.
 * @returns its place (0-based) and what the role lacks, in the account's words.
 */
export async function findRefusal(
  connection: DuckDBConnection,
  role: string,
  plans: readonly Plan[],
  sqls: readonly string[],
): Promise<{ index: number; message: string } | undefined> {
  const rows = (await connection.runAndReadAll(GRANTS_OF_ROLE, { role })).getRowsJson() as string[][];
  const grants: Granted[] = rows.map(([kind = '', schema = '', name = '', privilege = '']) => ({
    kind,
    schema,
    name,
    privilege,
  }));
  const temporary = new Set(plans.flatMap((p) => (p.kind === 'create-table' && p.temporary ? [p.table.name] : [])));
  for (const [index, plan] of plans.entries()) {
    if (plan.kind === 'grant') return { index, message: `must be owner to grant and revoke; role ${role}` };
    const needs = [
      ...writes(plan),
      ...reads(connection, plan, sqls[index] ?? '').map((t) => ['SELECT', t] as [Privilege, Name]),
    ];
    for (const [privilege, table] of needs) {
      if (table.schema === undefined && temporary.has(table.name)) continue;
      const lack = missing(grants, privilege, table);
      if (lack) return { index, message: `${lack}; role ${role}` };
    }
  }
  return undefined;
}

function writes(plan: Plan): [Privilege, Name][] {
  switch (plan.kind) {
    case 'write':
      return [[plan.verb, plan.target]];
    case 'merge':
      return [
        ['INSERT', plan.target],
        ['UPDATE', plan.target],
      ];
    case 'copy':
      return [['INSERT', plan.target]];
    case 'lock':
      return plan.tables.map((table) => ['UPDATE', table]);
    case 'create-table':
      return plan.temporary ? [] : [['CREATE', plan.table]];
    case 'alter-table':
      return [['ALTER', plan.target]];
    case 'ddl':
      return [[/^\s*CREATE/i.test(plan.sql) ? 'CREATE' : 'DROP', plan.target]];
    default:
      return [];
  }
}

/** Tables a statement reads, by the engine's own parser. */
function reads(connection: DuckDBConnection, plan: Plan, sql: string): Name[] {
  const text = 'sql' in plan && plan.sql !== undefined ? plan.sql : sql;
  if (['lock', 'copy', 'grant', 'alter-table', 'ddl'].includes(plan.kind)) return [];
  const target = 'target' in plan && plan.target ? plan.target : undefined;
  return connection.getTableNames(text, true).flatMap((qualified) => {
    // The parser gives a table's alias with its name.
    const parts = qualified
      .toLowerCase()
      .replace(/ as .*$/, '')
      .replaceAll('"', '')
      .split('.');
    const table: Name = { schema: parts.at(-2), name: parts.at(-1) ?? '' };
    if (table.schema === 'information_schema' || table.schema === 'pg_catalog') return [];
    return target && target.name === table.name && target.schema === table.schema ? [] : [table];
  });
}
