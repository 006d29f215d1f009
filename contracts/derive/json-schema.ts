import { ENTITIES, contractOf } from '../index';
import {
  AUTHORITY_MAX_BYTES,
  AUTHORITY_PATTERN,
  ENVELOPE_MEMBERS,
  EVENT_ID_MAX_BYTES,
  OPS,
  OPTIONAL_MEMBERS,
  SEQUENCE_MAX_DIGITS,
  SOURCE_SYSTEM_MAX_BYTES,
  SOURCE_SYSTEM_PATTERN,
} from '../envelope';
import type { EntityContract, EntityName, Field } from '../types';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = Record<string, unknown>;

/** Notation of an instant; that the day exists, and lies in the years 1900 to 2200, no pattern can say. */
const INSTANT_PATTERN =
  '^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?([Zz]|[+-]\\d{2}:?\\d{2})(\\[[^\\]]*\\])?$';
const DATE_PATTERN = '^\\d{4}-\\d{2}-\\d{2}$';
const NPI_PATTERN = '^[12]\\d{9}$';

function typed(field: Field, isOwnKey: boolean): JsonSchema {
  switch (field.type) {
    case 'string':
    case 'zone':
      return { type: 'string', maxLength: field.maxBytes };
    case 'code':
      return { type: 'string', enum: [...(field.values ?? [])] };
    case 'date':
      return { type: 'string', format: 'date', pattern: DATE_PATTERN };
    case 'ts':
      return { type: 'string', format: 'date-time', pattern: INSTANT_PATTERN };
    case 'int':
      return { type: 'integer', minimum: field.min, maximum: field.max };
    case 'double':
      return { type: 'number', minimum: field.min, maximum: field.max };
    case 'digits':
      return { type: 'string', pattern: `^\\d{${field.length}}$` };
    case 'npi':
      // A wrong NPI that only refers to a provider is kept and flagged, so the schema lets it pass.
      return isOwnKey ? { type: 'string', pattern: NPI_PATTERN } : { type: 'string', maxLength: 10 };
    case 'decimal':
      return { type: ['number', 'string'], description: `decimal(${field.precision},${field.scale})` };
    case 'bool':
      return { type: 'boolean' };
  }
}

function property(field: Field, contract: EntityContract): JsonSchema {
  const schema = typed(field, contract.naturalKey.includes(field.name));
  const bytes = field.type === 'string' ? ` At most ${field.maxBytes} bytes of UTF-8.` : '';
  const described = {
    ...schema,
    description: field.doc + bytes,
    'x-phi': field.phi,
    ...(field.default === undefined ? {} : { default: field.default }),
  };
  return field.required
    ? field.type === 'string'
      ? { minLength: 1, ...described }
      : described
    : { ...nullable(described) };
}

function nullable(schema: JsonSchema): JsonSchema {
  const type = schema.type as string | string[];
  const out: JsonSchema = { ...schema, type: [...(Array.isArray(type) ? type : [type]), 'null'] };
  if (Array.isArray(schema.enum)) out.enum = [...schema.enum, null, ''];
  if (schema.pattern !== undefined) out.pattern = `${schema.pattern as string}|^$`;
  return out;
}

function payloadSchema(contract: EntityContract): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(contract.fields.map((f) => [f.name, property(f, contract)])),
    ...(contract.otherKey
      ? { anyOf: [...contract.naturalKey, contract.otherKey].map((member) => ({ required: [member] })) }
      : { required: [...contract.naturalKey] }),
  };
}

/** What only an upsert must give: the required members, and one of those that stand for each other. */
function upsertOnly(contract: EntityContract): JsonSchema {
  const required = contract.fields.filter((f) => f.required).map((f) => f.name);
  const anyOf = contract.oneOf.map((o) => ({ anyOf: o.fields.map((f) => ({ required: [f] })) }));
  return { properties: { payload: { required, ...(anyOf.length > 0 ? { allOf: anyOf } : {}) } } };
}

/**
 * JSON Schema of an envelope of one entity, for people who write to the stream from other languages.
 * It says what a schema can say; byte lengths, impossible days and check digits are validated at ingest. What it refuses of an
 * optional member, ingest takes: the member becomes null and the record is flagged.
 */
export function jsonSchema(entity: EntityName, version: number = ENTITIES[entity].version): JsonSchema {
  const contract = contractOf(entity, version);
  if (!contract) throw new Error(`contract ${entity} has no version ${version}`);
  const instant = (description: string): JsonSchema => ({
    type: 'string',
    format: 'date-time',
    pattern: INSTANT_PATTERN,
    description,
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${entity} v${version}`,
    description: contract.doc,
    type: 'object',
    additionalProperties: false,
    required: ENVELOPE_MEMBERS.filter((m) => !OPTIONAL_MEMBERS.includes(m)),
    properties: {
      event_id: {
        type: 'string',
        minLength: 1,
        maxLength: EVENT_ID_MAX_BYTES,
        description: 'Identifier of the event; a repeat of the event has the same one.',
      },
      entity: { const: entity },
      schema_version: { const: version },
      op: {
        enum: [...OPS],
        description:
          'upsert: the payload is the full state; delete: the thing is gone, and the payload needs only its natural key.',
      },
      source_system: {
        type: 'string',
        pattern: SOURCE_SYSTEM_PATTERN,
        minLength: 1,
        maxLength: SOURCE_SYSTEM_MAX_BYTES,
        description: 'Name of the source system.',
      },
      authorities: {
        description:
          'Who assigned the ids of these people, where it was not the source: another source system, a system of identifiers (a URI), or npi.',
        type: ['object', 'null'],
        additionalProperties: false,
        properties: Object.fromEntries(
          Object.values(ENTITIES)
            .filter((c) => c.identity)
            .map((c) => [
              c.name,
              { type: ['string', 'null'], pattern: AUTHORITY_PATTERN, minLength: 1, maxLength: AUTHORITY_MAX_BYTES },
            ]),
        ),
      },
      effective_at: instant('When it became true in the world.'),
      recorded_at: instant('When the source knew it.'),
      source_sequence: {
        description:
          "The source's own order of its events (a document's version, a database's log sequence number): among events with equal times the greatest wins. As text above 2^53.",
        anyOf: [
          { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          { type: 'string', pattern: `^\\d{0,${SEQUENCE_MAX_DIGITS}}$` },
          { type: 'null' },
        ],
      },
      payload: payloadSchema(contract),
    },
    if: { properties: { op: { const: 'upsert' } } },
    then: upsertOnly(contract),
  };
}
