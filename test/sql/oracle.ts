import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';
import { DIMENSIONS, UNKNOWN, type Event } from './warehouse';

/**
 * What the tables must hold after any loads of these events, worked out apart from SQL: fold per key, no ordering of loads.
 */
type Row = Record<string, string | number | null>;

const MINUS = '1900-01-01 00:00:00';
const PLUS = '9999-12-31 00:00:00';
/** Attributes and natural key of each dimension, as its contract lists them. */
const ATTRIBUTES: Record<string, string[]> = Object.fromEntries(
  DIMENSIONS.map((d) => [d, ENTITIES[d].fields.map((f) => f.name).filter((f) => !ENTITIES[d].naturalKey.includes(f))]),
);
const NATURAL: Record<string, string> = Object.fromEntries(DIMENSIONS.map((d) => [d, ENTITIES[d].naturalKey[0]]));

export interface Version {
  key: string;
  natural: string | null;
  attributes: (string | number | null)[];
  from: string;
  to: string;
  current: boolean;
  inferred: boolean;
  deleted: boolean;
}

/** How far an appointment has come, by the words of the definition. */
const FAR: Record<string, number> = {
  'entered-in-error': 7,
  fulfilled: 6,
  noshow: 6,
  cancelled: 6,
  'checked-in': 5,
  arrived: 4,
  booked: 3,
  waitlist: 2,
  pending: 2,
  proposed: 1,
};
const far = (row: Row): number => (row.op === 'delete' ? 7 : (FAR[String(row.status_code)] ?? 0));

/** Whether an event beats another one about its key; those of a dimension are asked about the same instant. */
const newer = (a: Row, b: Row): boolean => {
  const compared: [string | bigint | number, string | bigint | number][] = [
    [String(a.effective_at), String(b.effective_at)],
    [String(a.recorded_at), String(b.recorded_at)],
    [BigInt(String(a.source_order)), BigInt(String(b.source_order))],
    [far(a), far(b)],
    [String(a.event_id), String(b.event_id)],
    [BigInt(String(a.payload_hash)), BigInt(String(b.payload_hash))],
  ];
  const [x, y] = compared.find(([x, y]) => x !== y) ?? [0, 0];
  return x > y;
};

const identity = (s: Event): string =>
  JSON.stringify([
    s.entity,
    s.row[`${s.entity}_key`],
    s.row.event_id,
    s.row.payload_hash,
    s.row.effective_at,
    s.row.recorded_at,
  ]);

/** Distinct events, each with the greatest order of its copies: what the logs hold. */
function distinct(events: Event[]): Event[] {
  const found = new Map<string, Event>();
  for (const s of events) {
    const standing = found.get(identity(s));
    if (!standing || newer(s.row, standing.row)) found.set(identity(s), s);
  }
  return [...found.values()];
}

/** Facts by appointment key: winners that are no tombstones. */
export function facts(events: Event[]): Map<string, Row> {
  const winners = new Map<string, Row>();
  for (const { row } of distinct(events).filter((s) => s.entity === 'appointment')) {
    const key = String(row.appointment_key);
    const standing = winners.get(key);
    if (!standing || newer(row, standing)) winners.set(key, row);
  }
  return new Map([...winners].filter(([, row]) => row.op === 'upsert'));
}

/** Versions of every member of a dimension, inferred ones included, the unknown one left out. */
export function versions(entity: EntityName, events: Event[]): Version[] {
  const logs = new Map<string, Map<string, Row>>();
  for (const { row } of distinct(events).filter((s) => s.entity === entity)) {
    const key = String(row[`${entity}_key`]);
    const log = logs.get(key) ?? new Map<string, Row>();
    logs.set(key, log);
    const standing = log.get(String(row.effective_at));
    if (!standing || newer(row, standing)) log.set(String(row.effective_at), row);
  }
  const result: Version[] = [];
  for (const [key, log] of logs) {
    const kept: Version[] = [];
    for (const [at, row] of [...log].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const deleted = row.op === 'delete';
      const attributes = ATTRIBUTES[entity].map((a) => (deleted ? null : (row[a] ?? null)));
      const last = kept.at(-1);
      if (last && last.deleted === deleted && JSON.stringify(last.attributes) === JSON.stringify(attributes)) continue;
      if (last) last.to = at;
      kept.push({
        key,
        natural: String(row[NATURAL[entity]]),
        attributes,
        from: last ? at : MINUS,
        to: PLUS,
        current: false,
        inferred: false,
        deleted,
      });
    }
    kept[kept.length - 1].current = true;
    result.push(...kept);
  }
  for (const row of facts(events).values()) {
    const key = String(row[`${entity}_key`]);
    if (key === UNKNOWN || logs.has(key) || result.some((v) => v.key === key)) continue;
    result.push({
      key,
      // A provider is named by the NPI alone here: that is all that is known of one whom nobody has described.
      natural: entity === 'provider' ? null : String(row[NATURAL[entity]]),
      attributes: ATTRIBUTES[entity].map((a) => (a === ENTITIES[entity].otherKey ? (row.provider_npi ?? null) : null)),
      from: MINUS,
      to: PLUS,
      current: true,
      inferred: true,
      deleted: false,
    });
  }
  return result;
}

/** The version of a member that holds at an instant; null attributes for the unknown member. */
export function asOf(all: Version[], key: string, at: string): Version | undefined {
  return all.find((v) => v.key === key && v.from <= at && at < v.to);
}

/** Counts of conservation without `read`, which depends on what was sent twice. */
export function applied(events: Event[]): Record<string, { applied: number; events: number }> {
  const all = distinct(events);
  return Object.fromEntries(
    ENTITY_NAMES.map((entity) => {
      const of = all.filter((s) => s.entity === entity);
      const grain = ENTITIES[entity].kind === 'fact' ? [`${entity}_key`] : [`${entity}_key`, 'effective_at'];
      return [
        entity,
        { applied: new Set(of.map((s) => JSON.stringify(grain.map((c) => s.row[c])))).size, events: of.length },
      ];
    }).filter(([, count]) => (count as { events: number }).events > 0),
  );
}

export { ATTRIBUTES, NATURAL };
