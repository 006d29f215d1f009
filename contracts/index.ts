import { checkContracts, contractAt } from './check';
import { CONTRACTS } from './entities';
import type { EntityContract, EntityName } from './types';

export type * from './types';
export { RULES, type RuleId } from './rules';
export { ContractError } from './check';
export { ENTITY_NAME_PATTERN } from './derive/registry';

/** In the order in which a load applies them: dimensions before facts, each by name. */
function inLoadOrder(): [EntityName, EntityContract][] {
  const contracts = Object.values<EntityContract>(CONTRACTS);
  checkContracts(contracts);
  const kinds = ['dimension', 'fact'] as const;
  return kinds.flatMap((kind) =>
    contracts.filter((c) => c.kind === kind).map((c): [EntityName, EntityContract] => [c.name, c]),
  );
}

/** Newest contract of each entity, in the order in which a load applies them. */
export const ENTITIES = Object.fromEntries(inLoadOrder()) as Record<EntityName, EntityContract>;

export const ENTITY_NAMES = Object.keys(ENTITIES) as EntityName[];

const versions = (c: EntityContract) => Array.from({ length: c.version }, (_, i) => contractAt(c, i + 1));

/** Every published version of every entity; records of all of them are accepted. */
export const PUBLISHED = Object.fromEntries(
  ENTITY_NAMES.map((e) => [e, Object.fromEntries(versions(ENTITIES[e]).map((c) => [c.version, c]))]),
) as Record<EntityName, Readonly<Record<number, EntityContract>>>;

/** Counts up whenever what ingest makes of a record changes; part of every bronze object's name. */
export const CONTRACTS_VERSION = 1;

/** Key of the member that stands for "not known", in every dimension. */
export const UNKNOWN_KEY = '0'.repeat(32);

/** The contract of one published version, or undefined. */
export function contractOf(entity: EntityName, version: number): EntityContract | undefined {
  return PUBLISHED[entity][version];
}

/** Whether the text names an entity. */
export function isEntityName(text: unknown): text is EntityName {
  return typeof text === 'string' && Object.hasOwn(ENTITIES, text);
}
