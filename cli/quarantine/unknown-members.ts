import { contractOf, isEntityName } from '../../contracts';
import { ENVELOPE_MEMBERS } from '../../contracts/envelope';
import { isObject } from '../../core/records/head';
import { escapePointer } from '../../profiles/json-lines';
import type { Rejected } from './rejected';

/**
 * Members of a record of the stream that no contract names, as JSON pointers. Their names are the sender's and may be
 * anything, so that quarantine keeps only the place of their object; they are found again in the bytes, for who may see these.
 */
export function unknownMembers(bytes: Buffer, { rule_ids }: Rejected): string[] {
  if (!/\b(ENV|FLD)-UNKNOWN\b/.test(rule_ids)) return [];
  let envelope: unknown;
  try {
    envelope = JSON.parse(bytes.toString('utf8'));
  } catch {
    return [];
  }
  if (!isObject(envelope)) return [];
  const { entity, schema_version, payload } = envelope;
  const contract = isEntityName(entity) ? contractOf(entity, Number(schema_version)) : undefined;
  const others = (object: unknown, known: readonly string[]): string[] =>
    isObject(object) ? Object.keys(object).filter((name) => !known.includes(name)) : [];
  return [
    ...others(envelope, ENVELOPE_MEMBERS).map((name) => `/${escapePointer(name)}`),
    ...(contract
      ? others(
          payload,
          contract.fields.map((f) => f.name),
        )
      : []
    ).map((name) => `/payload/${escapePointer(name)}`),
  ];
}
