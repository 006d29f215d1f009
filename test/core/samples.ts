import Ajv2020 from 'ajv/dist/2020';
import { conform, conformEnvelope, type Conformed } from '../../core/records/conform';
import { Keyring } from '../../core/records/keys';
import { jsonSchema, silverColumns } from '../../contracts/derive';
import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';

export const SECRET = JSON.stringify({ key_version: 1, secret: 'a secret for tests only, long enough' });
export const keys = Keyring.fromSecret(SECRET);
/** Long after what the samples say. */
export const received = { arrivedAt: Date.UTC(2026, 0, 2) * 1000 };
export const ctx = { keys, maxBytes: 1_048_576 };

type Payload = Record<string, unknown>;

/** A good payload of every entity: the examples of its contract. */
export const PAYLOADS = Object.fromEntries(
  ENTITY_NAMES.map((e) => [
    e,
    Object.fromEntries(ENTITIES[e].fields.flatMap((f) => (f.example === undefined ? [] : [[f.name, f.example]]))),
  ]),
) as Record<EntityName, Payload>;

/** A good envelope of an entity, with members of payload and envelope replaced; undefined removes a member. */
export function envelope(entity: EntityName, payload: Payload = {}, around: Payload = {}): Payload {
  const without = (o: Payload) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
  return without({
    event_id: 'e-1',
    entity,
    schema_version: ENTITIES[entity].version,
    op: 'upsert',
    source_system: 'clinic-ehr',
    effective_at: '2024-03-10T00:50:00-05:00',
    recorded_at: '2024-03-10T05:51:00.25Z',
    payload: without({ ...PAYLOADS[entity], ...payload }),
    ...around,
  });
}

export const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** Validates an envelope as bytes, as the stream brings it. */
export const conformed = (value: unknown): Conformed => conform(bytes(value), ctx, received);

/** Rules and pointers that a record breaks; `accepted` where none. */
export function broken(value: unknown): string[] {
  const result = value instanceof Uint8Array ? conform(value, ctx, received) : conformed(value);
  return result.ok ? ['accepted'] : result.violations.map((v) => `${v.rule} ${v.pointer || '#'}`);
}

/** The silver row of a good envelope, by column name. */
export function silver(value: Payload): Record<string, unknown> {
  const result = conformEnvelope(value, ctx, received);
  if (!result.ok) throw new Error(`rejected: ${result.violations.map((v) => `${v.rule} ${v.pointer}`).join(', ')}`);
  const columns = silverColumns(result.entity, result.version);
  return Object.fromEntries(result.row.map((v, i) => [columns[i].name, v]));
}

export const micros = (iso: string) => Date.parse(iso) * 1000;
export const days = (iso: string) => Date.parse(`${iso}T00:00:00Z`) / 86_400_000;

/** Whether the published JSON Schema of an entity accepts an envelope. */
export function validator(entity: EntityName): (value: unknown) => boolean {
  const validate = new Ajv2020({ strict: false, formats: { date: true, 'date-time': true } }).compile(
    jsonSchema(entity),
  );
  return (value) => validate(value) as boolean;
}
