import type { DuckDBConnection } from '@duckdb/node-api';
import type { Plan } from './dialect';
import { type Granted, GRANTS_OF_ROLE, missing, type Privilege } from './grants';
import { DialectError, type Name } from './sql-tokens';

/**
 * Refuses a batch that goes beyond what a database role was granted, before anything runs. Temporary tables that the batch makes
 * itself need no grant.
 * @throws DialectError naming relation and privilege, as the account would.
 */
export async function checkPrivileges(
  connection: DuckDBConnection,
  role: string,
  plans: readonly Plan[],
  sqls: readonly string[],
): Promise<void> {
  const rows = (await connection.runAndReadAll(GRANTS_OF_ROLE, { role })).getRowsJson() as string[][];
  const grants: Granted[] = rows.map(([kind = '', schema = '', name = '', privilege = '']) => ({
    kind,
    schema,
    name,
    privilege,
  }));
  const temporary = new Set(plans.flatMap((p) => (p.kind === 'create-table' && p.temporary ? [p.table.name] : [])));
  const need = (privilege: Privilege, table: Name): void => {
    if (table.schema === undefined && temporary.has(table.name)) return;
    if (
      privilege === 'CREATE' &&
      grants.some((g) => g.kind === 'schema' && g.schema === (table.schema ?? 'public') && g.privilege === 'CREATE')
    )
      return;
    const lack = missing(grants, privilege, table);
    if (lack) throw new DialectError(`${lack}; role ${role}`);
  };
  plans.forEach((plan, i) => {
    for (const [privilege, table] of writes(plan)) need(privilege, table);
    for (const table of reads(connection, plan, sqls[i] ?? '')) need('SELECT', table);
  });
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
      return [['DROP', plan.target]];
    case 'grant':
      throw new DialectError('only the owner grants and revokes');
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
    const parts = qualified.toLowerCase().replaceAll('"', '').split('.');
    const table: Name = { schema: parts.at(-2), name: parts.at(-1) ?? '' };
    if (table.schema === 'information_schema' || table.schema === 'pg_catalog') return [];
    return target && target.name === table.name && target.schema === table.schema ? [] : [table];
  });
}
