import * as z from 'zod';
import { ENTITIES, contractOf } from '../index';
import { OPS, SOURCE_SYSTEM_MAX_BYTES, SOURCE_SYSTEM_PATTERN } from '../envelope';
import type { EntityContract, EntityName, Field } from '../types';
import { DATE_PATTERN, INSTANT_PATTERN } from './json-schema';

/**
 * zod schemas of envelopes, for tools that build events and want to hear of a mistake before sending. Ingest itself
 * judges by compiled readers, which are several times as fast; a test holds that whatever they accept, these accept.
 */

function typed(field: Field, contract: EntityContract): z.ZodType {
  switch (field.type) {
    case 'string':
      return z.string().refine((text) => Buffer.byteLength(text) <= (field.maxBytes ?? 0), 'too long');
    case 'code':
      return z.enum([...(field.values ?? [])] as [string, ...string[]]);
    case 'date':
      return z.string().regex(new RegExp(DATE_PATTERN));
    case 'ts':
      return z.string().regex(new RegExp(INSTANT_PATTERN));
    case 'int':
      return z
        .number()
        .int()
        .min(field.min ?? -2147483648)
        .max(field.max ?? 2147483647);
    case 'double':
      return z.number();
    case 'digits':
      return z.string().regex(new RegExp(`^\\d{${field.length}}$`));
    case 'npi':
      return contract.naturalKey.includes(field.name) ? z.string().regex(/^[12]\d{9}$/) : z.string().max(10);
    case 'decimal':
      return z.union([z.number(), z.string()]);
    case 'bool':
      return z.boolean();
  }
}

function member(field: Field, contract: EntityContract, onDelete: boolean): z.ZodType {
  const schema = typed(field, contract);
  const mustBe = contract.naturalKey.includes(field.name) || (field.required && !onDelete);
  return mustBe ? schema.refine((v) => v !== '', 'empty') : z.union([schema, z.literal(''), z.null()]).optional();
}

function payload(contract: EntityContract, onDelete: boolean): z.ZodType {
  const object = z.strictObject(
    Object.fromEntries(contract.fields.map((f) => [f.name, member(f, contract, onDelete)])),
  );
  if (onDelete) return object;
  const given = (value: unknown) => value !== undefined && value !== null && value !== '';
  return object.refine(
    (p) => contract.oneOf.every((o) => o.fields.some((f) => given((p as Record<string, unknown>)[f]))),
    'one of the alternatives is needed',
  );
}

/** zod schema of an envelope of one entity version. @throws Error if the version was never published */
export function zodSchema(entity: EntityName, version: number = ENTITIES[entity].version): z.ZodType {
  const contract = contractOf(entity, version);
  if (!contract) throw new Error(`contract ${entity} has no version ${version}`);
  const around = (op: (typeof OPS)[number]) =>
    z.strictObject({
      event_id: z.string().min(1),
      entity: z.literal(entity),
      schema_version: z.literal(version),
      op: z.literal(op),
      source_system: z.string().max(SOURCE_SYSTEM_MAX_BYTES).regex(new RegExp(SOURCE_SYSTEM_PATTERN)),
      effective_at: z.string().regex(new RegExp(INSTANT_PATTERN)),
      recorded_at: z.string().regex(new RegExp(INSTANT_PATTERN)),
      payload: payload(contract, op === 'delete'),
    });
  return z.discriminatedUnion('op', [around('upsert'), around('delete')]);
}
