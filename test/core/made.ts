import { silverColumns } from '../../contracts/derive';
import { contractOf, type EntityName } from '../../contracts';
import { conformEnvelope, type Conformed } from '../../core/records/conform';
import { Keyring } from '../../core/records/keys';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"sixteen bytes ok"}');
const AT = '2024-03-09T00:00:00Z';

function made(entity: EntityName, payload: Record<string, unknown>, around: Record<string, unknown>): Conformed {
  const times = entity === 'appointment' ? { status_code: 'booked', scheduled_start_at: AT } : {};
  const envelope = {
    entity,
    schema_version: contractOf(entity, 3)?.version ?? contractOf(entity, 2)?.version ?? 1,
    op: 'upsert',
    source_system: 'ehr',
    effective_at: AT,
    recorded_at: AT,
    payload: { ...times, ...payload },
    ...around,
  };
  const ctx = { keys, maxBytes: 1_000_000, deriveEventId: true };
  return conformEnvelope(envelope, ctx, { arrivedAt: Date.parse(AT) * 1000 });
}

/** The silver row of a payload with nothing around it but what is given, by column; numbers of 64 bits as text. */
export function rowOf(
  entity: EntityName,
  payload: Record<string, unknown>,
  around: Record<string, unknown> = {},
): Record<string, unknown> {
  const result = made(entity, payload, around);
  if (!result.ok) throw new Error(result.violations.map((v) => `${v.rule} ${v.pointer}`).join(', '));
  return Object.fromEntries(
    silverColumns(entity, result.version).map(({ name }, i) => {
      const value = result.row[i];
      return [name, typeof value === 'bigint' ? value.toString() : value];
    }),
  );
}

export function violationsOf(
  entity: EntityName,
  payload: Record<string, unknown>,
  around: Record<string, unknown> = {},
): string[] {
  const result = made(entity, payload, around);
  return result.ok ? [] : result.violations.map((v) => `${v.rule} ${v.pointer}`);
}
