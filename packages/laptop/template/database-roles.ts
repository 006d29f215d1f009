import type { Caller } from '../endpoints/types';
import type { Resource } from './intrinsics';

/** Database role of a caller that the template maps to none: it was granted nothing. */
const NOBODY = 'public';

/**
 * Which database role a caller has, as Redshift maps it: who comes with the administrator's secret is the owner, and so is the laptop's
 * user; an IAM role is what its tag `RedshiftDbRoles` says; any other has no grants. The endpoint has seen that the caller may read the secret.
 * @returns for the endpoints: a role's name, or undefined for the owner.
 */
export function databaseRoles(
  resources: readonly Resource[],
): (caller: Caller, secretArn?: string) => string | undefined {
  const namespace = resources.find((r) => r.type === 'AWS::RedshiftServerless::Namespace');
  const adminSecret = /\{\{resolve:secretsmanager:(arn:[^}]+?):SecretString/.exec(
    String(namespace?.properties.AdminUserPassword),
  )?.[1];
  const roles = new Map<string, string>();
  for (const role of resources.filter((r) => r.type === 'AWS::IAM::Role')) {
    const arn = String(role.attributes.Arn);
    const tags = (role.properties.Tags ?? []) as { Key: string; Value: string }[];
    const tag = tags.find((t) => t.Key === 'RedshiftDbRoles')?.Value;
    if (tag) roles.set(arn, tag.split(':')[0]!);
  }
  return ({ kind, arn }, secretArn) =>
    kind === 'user' || (secretArn !== undefined && secretArn === adminSecret) ? undefined : (roles.get(arn) ?? NOBODY);
}
