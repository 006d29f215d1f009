import type { Caller } from '../doors/types';
import type { Resource } from './intrinsics';
import { decide, statementsByRole } from './policies';

/** Database role of a caller that the template maps to none: it was granted nothing. */
const NOBODY = 'public';

/**
 * Which database role a caller has, as Redshift maps it: by the IAM role's tag `RedshiftDbRoles`. Who may read the administrator's
 * secret acts as the owner, and so does the laptop's user; any other role has no grants.
 * @returns for the doors: a role's name, or undefined for the owner.
 */
export function databaseRoles(resources: readonly Resource[]): (caller: Caller) => string | undefined {
  const namespace = resources.find((r) => r.type === 'AWS::RedshiftServerless::Namespace');
  const adminSecret = /\{\{resolve:secretsmanager:(arn:[^}]+?):SecretString/.exec(
    String(namespace?.properties.AdminUserPassword),
  )?.[1];
  const statements = statementsByRole(resources);
  const roles = new Map<string, string | undefined>();
  for (const role of resources.filter((r) => r.type === 'AWS::IAM::Role')) {
    const arn = String(role.attributes.Arn);
    const tags = (role.properties.Tags ?? []) as { Key: string; Value: string }[];
    const tag = tags.find((t) => t.Key === 'RedshiftDbRoles')?.Value;
    const owner =
      adminSecret !== undefined &&
      typeof decide(statements.get(arn) ?? [], 'secretsmanager:GetSecretValue', adminSecret, {}) !== 'string';
    roles.set(arn, tag ? tag.split(':')[0] : owner ? undefined : NOBODY);
  }
  return ({ kind, arn }) => (kind === 'user' ? undefined : roles.has(arn) ? roles.get(arn) : NOBODY);
}
