import { appointment } from './entities/appointment';
import { clinic } from './entities/clinic';
import { patient } from './entities/patient';
import { provider } from './entities/provider';
import type { EntityContract, EntityName } from './types';

export type * from './types';
export { RULES, type Rule, type RuleId, type Severity } from './rules';
export { APPOINTMENT_STATUS } from './entities/appointment';
export type { PayloadOf } from './derive/payload';

/** Newest contract of each entity, in the order in which a load applies them (dimensions before facts). */
export const ENTITIES: Record<EntityName, EntityContract> = { clinic, provider, patient, appointment };

/** Every published version of every entity; records of all of them are accepted. */
export const PUBLISHED: Record<EntityName, Readonly<Record<number, EntityContract>>> = {
  clinic: { 1: clinic },
  provider: { 1: provider },
  patient: { 1: patient },
  appointment: { 1: appointment },
};

export const ENTITY_NAMES = Object.keys(ENTITIES) as EntityName[];

/** The contracts with their literal types, from which `PayloadOf` derives TypeScript types. */
export { appointment, clinic, patient, provider };

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
