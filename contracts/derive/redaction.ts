import { ENTITIES, ENTITY_NAMES } from '../index';

/** Members around a record that hold it whole. */
const CARRIERS = ['payload', 'data', 'body', 'partitionKey', 'partition_key', 'SecretString', 'secret'];

/** Names of all members that a log may never show, whatever object they stand in. */
export function redactedNames(): ReadonlySet<string> {
  const fields = ENTITY_NAMES.flatMap((e) => [...ENTITIES[e].fields, ...ENTITIES[e].derived]);
  return new Set([...fields.filter((f) => f.phi !== 'none').map((f) => f.name), ...CARRIERS]);
}
