import { ENTITIES, type EntityContract, type EntityName } from '../../contracts';
import { AUTHORITY_MAX_BYTES, AUTHORITY_PATTERN } from '../../contracts/envelope';
import type { Violation } from './envelope';

const AUTHORITY = new RegExp(AUTHORITY_PATTERN);

/** Authority by dimension, where it is not the source. */
export type Authorities = Readonly<Partial<Record<EntityName, string>>>;

/** Who assigned the ids that a record names. */
export interface Assigned {
  readonly sourceSystem: string;
  readonly authorities: Authorities | undefined;
}

/** Dimensions whose ids may be those of somebody else than the source: people. */
export const ASSIGNED: readonly EntityName[] = Object.values(ENTITIES).flatMap((c) => (c.identity ? [c.name] : []));

/** Who assigned the ids of a dimension in a record. */
export const authorityOf = ({ sourceSystem, authorities }: Assigned, entity: EntityName): string =>
  authorities?.[entity] ?? sourceSystem;

/** Whether an authority assigns the other key of a dimension, such as NPIs: by that name, or by the URI of its identifiers. */
export function assignsOtherKey(entity: EntityName, authority: string): boolean {
  const { otherKey, identifiers = [] }: EntityContract = ENTITIES[entity];
  if (otherKey === undefined) return false;
  return (
    authority === otherKey ||
    identifiers.some(({ value, system }) => value === otherKey && 'uri' in system && system.uri === authority)
  );
}

/**
 * Reads who assigned the ids of people. An authority that cannot be read costs the record, since its keys would be those of others.
 * @param value member of the envelope, which is there
 */
export function readAuthorities(
  value: unknown,
  sourceSystem: string,
  violations: Violation[],
): Authorities | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    violations.push({ rule: 'ENV-TYPE', pointer: '/authorities' });
    return undefined;
  }
  const found: Partial<Record<EntityName, string>> = {};
  for (const [name, authority] of Object.entries(value as Record<string, unknown>)) {
    const entity = ASSIGNED.find((e) => e === name);
    if (entity === undefined) violations.push({ rule: 'ENV-UNKNOWN', pointer: '/authorities' });
    else if (authority === undefined || authority === null) continue;
    else if (typeof authority !== 'string') violations.push({ rule: 'ENV-TYPE', pointer: `/authorities/${entity}` });
    else if (authority.length > AUTHORITY_MAX_BYTES || !AUTHORITY.test(authority))
      violations.push({ rule: 'ENV-ID', pointer: `/authorities/${entity}` });
    // To name the source says nothing: such a record is one and the same with one that names nobody.
    else if (authority !== sourceSystem) found[entity] = authority;
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

/** A payload whose ids of an authority that assigns the other key stand in the members of that key. */
export interface Moved {
  readonly payload: Record<string, unknown>;
  /** Member that was read → member that the record names. */
  readonly from: ReadonlyMap<string, string>;
}

/** Members that hold an id, and the member that holds the same thing by the other key of its dimension. */
export const movesOf = (c: EntityContract): { entity: EntityName; from: string; to: string }[] => [
  ...(c.otherKey === undefined ? [] : [{ entity: c.name, from: c.naturalKey[0], to: c.otherKey }]),
  ...c.references.flatMap((r) => (r.orElse === undefined ? [] : [{ entity: r.entity, from: r.field, to: r.orElse }])),
];

/** A bare NPI is one however it is written: as provider_id of the authority `npi`, or as an NPI without provider_id. */
export function moved(
  payload: Record<string, unknown>,
  moves: readonly { entity: EntityName; from: string; to: string }[],
  authorities: Authorities,
): Moved {
  const from = new Map<string, string>();
  let result = payload;
  for (const move of moves) {
    const authority = authorities[move.entity];
    if (authority === undefined || !assignsOtherKey(move.entity, authority)) continue;
    const { [move.from]: id, ...rest } = result;
    if (id === undefined || id === null) continue;
    result = { ...rest, [move.to]: id };
    from.set(move.to, move.from);
  }
  return { payload: result, from };
}
