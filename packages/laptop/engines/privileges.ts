import type { DuckDBConnection } from '@duckdb/node-api';
import type { Plan } from './plan';
import { type Granted, GRANTS_OF_ROLE, missing, type Privilege } from './grants';
import { type Name, plainName, spell, tokenize } from './sql-tokens';

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
  const relations = await relationsOf(connection);
  const temporary = new Set<string>();
  for (const [index, plan] of plans.entries()) {
    if (plan.kind === 'grant') return { index, message: `must be owner to grant and revoke; role ${role}` };
    const needs = [
      ...writes(plan),
      ...reads(plan, sqls[index] ?? '', relations).map((t) => ['SELECT', t] as [Privilege, Name]),
    ];
    for (const [privilege, table] of needs) {
      if (table.schema === undefined && temporary.has(table.name)) continue;
      const lack = missing(grants, privilege, table);
      if (lack) return { index, message: `${lack}; role ${role}` };
    }
    if (plan.kind === 'create-table' && plan.temporary) temporary.add(plan.table.name);
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

/** Every relation that there is, spelled `schema.name`. */
async function relationsOf(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const found = await connection.runAndReadAll('SELECT table_schema, table_name FROM information_schema.tables');
  return new Set((found.getRowsJson() as string[][]).map(([schema, name]) => `${schema}.${name}`));
}

/**
 * Relations that a statement names to read from. They are read off its text: the engine's own list follows views to their tables, which
 * a view reads by its owner's rights, and is empty for a statement on temporary tables that are not there yet. A bare name that is
 * also a relation of schema public counts as that one, since this is where it is looked for.
 */
function reads(plan: Plan, sql: string, relations: ReadonlySet<string>): Name[] {
  const isView = plan.kind === 'ddl' && /^\s*CREATE\b[^(]*\bVIEW\b/i.test(plan.sql);
  if (['lock', 'copy', 'grant', 'alter-table', 'ddl'].includes(plan.kind) && !isView) return [];
  const tokens = tokenize(plan.kind === 'unload' ? plan.query : sql);
  const named = tokens.flatMap((token, i): Name[] => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return [];
    const next = tokens[i + 1]?.text === '.' ? tokens[i + 2] : undefined;
    if (next) return known(relations, { schema: plainName(token), name: plainName(next) });
    return tokens[i - 1]?.text === '.' ? [] : known(relations, { name: plainName(token) });
  });
  const target = 'target' in plan ? plan.target : 'table' in plan ? plan.table : undefined;
  // What is written stands first; only where it stands again it is read.
  const first = target ? named.findIndex((n) => spell(n) === spell(target)) : -1;
  return named.filter((_, i) => i !== first);
}

const known = (relations: ReadonlySet<string>, name: Name): Name[] =>
  relations.has(spell({ schema: 'public', ...name })) ? [name] : [];
