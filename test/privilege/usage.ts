import type { Resource } from '@carelake/laptop/template/intrinsics';
import type { Grant } from '@carelake/laptop/template/policies';
import { namesOf, normalised, sortNames } from '../wiring/normalise';

/** A grant as it is listed: role and resources by their logical ids, so that it reads alike in every environment. */
export interface ListedGrant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly when?: string;
}

export const spellGrant = (g: ListedGrant): string =>
  `${g.role} ${g.action} on ${g.resource}${g.when ? ` when ${g.when}` : ''}`;

/** Grants in terms of logical ids, each once, sorted. */
export function listGrants(grants: readonly Grant[], resources: readonly Resource[]): ListedGrant[] {
  const names = sortNames(resources.flatMap((r) => namesOf(r, `${r.stack}/${plainId(r.logicalId)}`)));
  const keys = new Set(resources.filter((r) => r.type === 'AWS::KMS::Key').map((r) => String(r.attributes.Arn)));
  const listed = grants.map(({ role, action, resource, when }): ListedGrant => {
    const [stack, id] = role.split('/');
    return {
      role: `${stack}/${plainId(id!)}`,
      action,
      // One key or one for each class: a right to it is the same right, distinguished by the service it goes through.
      resource: keys.has(resource) ? 'a key of the platform' : String(normalised(resource, names)),
      ...(when ? { when } : {}),
    };
  });
  const distinct = new Map(listed.map((g) => [spellGrant(g), g]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, g]) => g);
}

/** A logical id without the hash at its end. */
const plainId = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

/** A grant that no run uses, with why it stands all the same. */
export interface Excuse extends ListedGrant {
  readonly reason: string;
}

/**
 * Holds grants against their use.
 * @returns `unexplained`: granted, not used, and not listed with a reason; `needless`: listed, but used or not granted any more.
 */
export function compareGrants(
  granted: readonly ListedGrant[],
  used: readonly ListedGrant[],
  excuses: readonly Excuse[],
): { unexplained: string[]; needless: string[] } {
  const inUse = new Set(used.map(spellGrant));
  const unused = new Set(granted.map(spellGrant).filter((g) => !inUse.has(g)));
  const excused = new Set(excuses.filter((e) => e.reason.trim().length >= 20).map(spellGrant));
  return {
    unexplained: [...unused].filter((g) => !excused.has(g)),
    needless: excuses.map(spellGrant).filter((g) => !unused.has(g)),
  };
}
