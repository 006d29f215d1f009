import { type Cursor, DialectError, type Name, spell } from './sql-tokens';

/** A statement about roles and privileges. */
export type GrantPlan =
  | { readonly action: 'create-role' | 'drop-role'; readonly role: string }
  | {
      readonly action: 'grant' | 'revoke';
      readonly role: string;
      readonly privileges: readonly Privilege[];
      readonly objects: readonly GrantObject[];
    }
  | { readonly action: 'grant-role' | 'revoke-role'; readonly role: string; readonly granted: string };

export type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'DROP' | 'ALTER' | 'USAGE' | 'CREATE';
/** `*` as name: all tables of the schema. */
export interface GrantObject {
  readonly kind: 'schema' | 'table' | 'database';
  readonly schema: string;
  readonly name: string;
}

const ON_TABLE: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'DROP', 'ALTER'];
const ON_SCHEMA: readonly Privilege[] = ['USAGE', 'CREATE'];

/** GRANT and REVOKE of privileges or roles, to or from one role. */
export function parseGrant(c: Cursor): GrantPlan {
  const granting = c.take('GRANT');
  if (!granting) c.expect('REVOKE');
  const towards = granting ? 'TO' : 'FROM';
  if (c.take('ROLE')) {
    const granted = c.part();
    return { action: granting ? 'grant-role' : 'revoke-role', granted, role: grantee(c, towards) };
  }
  const all = c.take('ALL');
  if (all) c.take('PRIVILEGES');
  const named: Privilege[] = [];
  if (!all)
    do {
      const word = c.part().toUpperCase();
      if (word === 'TEMP' || word === 'TEMPORARY') continue;
      if (![...ON_TABLE, ...ON_SCHEMA].includes(word as Privilege))
        throw new DialectError(`${word} is not a privilege of a table or schema`);
      named.push(word as Privilege);
    } while (c.take(','));
  c.expect('ON');
  const objects = grantObjects(c);
  const privileges = all ? (objects[0]?.kind === 'schema' ? ON_SCHEMA : ON_TABLE) : named;
  return { action: granting ? 'grant' : 'revoke', privileges, objects, role: grantee(c, towards) };
}

function grantObjects(c: Cursor): GrantObject[] {
  const list = <T>(read: () => T): T[] => {
    const out = [read()];
    while (c.take(',')) out.push(read());
    return out;
  };
  if (c.take('ALL', 'TABLES', 'IN', 'SCHEMA')) return list(() => ({ kind: 'table', schema: c.part(), name: '*' }));
  if (c.take('SCHEMA')) return list(() => ({ kind: 'schema', schema: c.part(), name: '' }));
  if (c.take('DATABASE')) return list(() => ({ kind: 'database', schema: c.part(), name: '' }));
  c.take('TABLE');
  return list(() => {
    const { schema, name } = c.name();
    return { kind: 'table', schema: schema ?? 'public', name };
  });
}

function grantee(c: Cursor, towards: string): string {
  c.expect(towards);
  if (!c.take('ROLE')) throw new DialectError(`grants are given to roles: ${towards} ROLE name`);
  const role = c.part();
  if (!c.done) throw c.unexpected('the end of the statement');
  return role;
}

/** Statements that record a plan; what is recorded is what enforcement reads. */
export function grantSql(plan: GrantPlan): { sql: string; parameters: Record<string, string> }[] {
  const at = (
    sql: string,
    parameters: Record<string, string>,
  ): { sql: string; parameters: Record<string, string> } => ({ sql, parameters });
  const { role } = plan;
  switch (plan.action) {
    case 'create-role':
      return [
        at(
          `INSERT INTO ${ROLES} (role) SELECT CASE WHEN EXISTS (SELECT 1 FROM ${ROLES} WHERE role = $role) THEN error('role already exists') ELSE $role END`,
          { role },
        ),
      ];
    case 'drop-role':
      return [
        known(role),
        at(`DELETE FROM ${GRANTS} WHERE role = $role`, { role }),
        at(`DELETE FROM ${MEMBERS} WHERE role = $role OR granted = $role`, { role }),
        at(`DELETE FROM ${ROLES} WHERE role = $role`, { role }),
      ];
    case 'grant-role':
      return [
        known(role),
        known(plan.granted),
        at(`INSERT INTO ${MEMBERS} VALUES ($role, $granted)`, { role, granted: plan.granted }),
      ];
    case 'revoke-role':
      return [
        known(role),
        at(`DELETE FROM ${MEMBERS} WHERE role = $role AND granted = $granted`, { role, granted: plan.granted }),
      ];
    default: {
      const rows = plan.objects.flatMap(({ kind, schema, name }) =>
        plan.privileges.map((privilege) => ({ role, kind, schema, name, privilege: privilege as string })),
      );
      return [known(role), ...rows.map((row) => rightSql(plan.action, row))];
    }
  }
}

type Right = Record<'role' | 'kind' | 'schema' | 'name' | 'privilege', string>;

/** One right given or taken. All tables of a schema are those that it has now, each with a right of its own that can be taken alone. */
function rightSql(action: 'grant' | 'revoke', right: Right): { sql: string; parameters: Record<string, string> } {
  const { name, ...ofSchema } = right;
  const all = name === '*';
  const same = `role = $role AND kind = $kind AND schema_name = $schema AND privilege = $privilege`;
  const tables = `SELECT $role, $kind, $schema, t.table_name, $privilege FROM information_schema.tables t WHERE t.table_schema = $schema`;
  const sql =
    action === 'revoke'
      ? `DELETE FROM ${GRANTS} WHERE ${same}${all ? '' : ' AND object_name = $name'}`
      : all
        ? `INSERT INTO ${GRANTS} ${tables} AND NOT EXISTS (SELECT 1 FROM ${GRANTS} WHERE ${same} AND object_name = t.table_name)`
        : `INSERT INTO ${GRANTS} SELECT $role, $kind, $schema, $name, $privilege WHERE NOT EXISTS (SELECT 1 FROM ${GRANTS} WHERE ${same} AND object_name = $name)`;
  return { sql, parameters: all ? ofSchema : right };
}

/** Statement that takes every right on what is dropped (`*`: a whole schema): another of its name begins without any. */
export const grantsGone = ({ schema, name }: Name): { sql: string; parameters: Record<string, string> } => ({
  sql: `DELETE FROM ${GRANTS} WHERE schema_name = $schema AND ($name = '*' OR (kind = 'table' AND object_name = $name))`,
  parameters: { schema: schema ?? 'public', name },
});

/** Raises for a role that nobody created. */
const known = (role: string): { sql: string; parameters: Record<string, string> } => ({
  sql: `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${ROLES} WHERE role = $role) THEN 1 ELSE error('role does not exist') END`,
  parameters: { role },
});

const ROLES = 'local_security.role';
const MEMBERS = 'local_security.role_member';
const GRANTS = 'local_security.role_grant';

/** Tables that hold roles and grants; statements from outside cannot name them. */
export const GRANT_TABLES = [
  'CREATE SCHEMA IF NOT EXISTS local_security',
  `CREATE TABLE IF NOT EXISTS ${ROLES} (role varchar)`,
  `CREATE TABLE IF NOT EXISTS ${MEMBERS} (role varchar, granted varchar)`,
  `CREATE TABLE IF NOT EXISTS ${GRANTS} (role varchar, kind varchar, schema_name varchar, object_name varchar, privilege varchar)`,
];

/** Rows of all grants that reach a role, through the roles granted to it. */
export const GRANTS_OF_ROLE = `
  WITH RECURSIVE reach AS (SELECT $role AS role UNION SELECT m.granted FROM ${MEMBERS} m JOIN reach r ON m.role = r.role)
  SELECT g.kind, g.schema_name, g.object_name, g.privilege FROM ${GRANTS} g JOIN reach r ON g.role = r.role`;

export interface Granted {
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  readonly privilege: string;
}

/** @returns what a role lacks for a privilege on a table, or undefined. */
export function missing(grants: readonly Granted[], privilege: Privilege, table: Name): string | undefined {
  const schema = table.schema ?? 'public';
  if (!grants.some((g) => g.kind === 'schema' && g.schema === schema && g.privilege === 'USAGE'))
    return `permission denied for schema ${schema}`;
  if (privilege === 'CREATE')
    return grants.some((g) => g.kind === 'schema' && g.schema === schema && g.privilege === 'CREATE')
      ? undefined
      : `permission denied for schema ${schema} (CREATE)`;
  const held = grants.some(
    (g) =>
      g.kind === 'table' &&
      g.schema === schema &&
      (g.name === '*' || g.name === table.name) &&
      g.privilege === privilege,
  );
  return held ? undefined : `permission denied for relation ${spell(table)} (${privilege})`;
}
