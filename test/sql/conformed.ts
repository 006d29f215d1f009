import { conformEnvelope } from '../../core/records/conform';
import { silverColumns } from '../../contracts/derive';
import type { EntityName } from '../../contracts';
import { ctx, envelope, received } from '../core/samples';
import type { Event } from './warehouse';

/** An event as ingest makes it: keys, tombstones and flags are the real ones. */
export function said(
  entity: EntityName,
  day: number,
  payload: Record<string, unknown>,
  op = 'upsert',
  source_system = 'ehr',
  authorities?: Record<string, string>,
): Event {
  const at = `2024-03-0${day}T00:00:00Z`;
  const id = JSON.stringify(payload);
  const result = conformEnvelope(
    envelope(entity, payload, {
      op,
      source_system,
      effective_at: at,
      recorded_at: at,
      event_id: `${op}-${day}-${id.length}`,
      ...(authorities ? { authorities } : {}),
    }),
    ctx,
    received,
  );
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  const names = silverColumns(entity).map(({ name }) => name);
  return eventOf(entity, Object.fromEntries(result.row.map((v, i) => [names[i], v])));
}

/** A row of silver as an event. */
export function eventOf(entity: EntityName, silver: Record<string, unknown>): Event {
  const text = (value: unknown, kind: string): string | number | null => {
    if (value === null || value === undefined) return null;
    if (kind === 'timestamp') return new Date(Number(value) / 1000).toISOString().replace('T', ' ').replace('Z', '');
    if (kind === 'date') return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
    if (kind === 'decimal') return String(Number(value) / 100);
    return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : (value as string | number);
  };
  const row = Object.fromEntries(silverColumns(entity).map((c) => [c.name, text(silver[c.name], c.parquet)]));
  return { entity, row: { ...row, record_source: 'test', record_position: '1' } };
}

/** Every order of a few loads. */
export function permutations<T>(of: readonly T[]): T[][] {
  if (of.length < 2) return [[...of]];
  return of.flatMap((one, i) => permutations([...of.slice(0, i), ...of.slice(i + 1)]).map((rest) => [one, ...rest]));
}
