import { gunzipSync, gzipSync } from 'node:zlib';
import { ENTITIES, type EntityName } from '../../contracts';
import type { Profile } from '../../profiles/schema';
import { conformEnvelope, type SilverRow } from '../records/conform';
import { sha256Hex } from '../records/hash';
import type { Keyring } from '../records/keys';
import { fileOrder } from '../records/order';
import { silverKey } from '../lake/names';
import { writeSilver } from '../lake/parquet';
import { type Chunk, CHUNK_ROWS, type SnapshotKey } from './chunk';
import { chunkReceiptKey, type LakeObject, type Reading, readingOf, recordSourceOf } from './objects';
import { absenceId } from './readings';
import type { FileFacts } from './making';
import { compileValue } from './values';

/**
 * A snapshot states all that there is, so what the one before it had and it has not is gone. Which keys a snapshot
 * had is kept beside the quarantine (the keys are the source's own, hence PHI); the control bucket only knows that
 * there was a snapshot, when, and of how many keys.
 */
export interface Snapshot extends Reading {
  /** ms since 1970. */
  takenAt: number;
  /** First and last row of each chunk. */
  chunks: [number, number][];
  keys: number;
  /** Rows that name no readable key: with one of them in it, nothing can be called absent. */
  unkeyed: number;
}

/** What became of the absences of a snapshot. */
export interface SnapshotOutcome {
  tombstones: number;
  /** The rule that held the tombstones back, if one did. */
  held?: 'SNP-01' | 'SNP-02';
}

/** An absent key. */
export type Absent = Omit<SnapshotKey, 'accepted'>;

/** When a snapshot was taken (ms), or null if the profile finds no time in the object's name. */
export function takenAt(profile: Profile, facts: FileFacts): number | null {
  const value = profile.snapshot?.taken_at;
  if (value === undefined || typeof value === 'string') return null;
  const made = compileValue(value, { name: 'taken_at', type: 'ts' }, profile, facts, () => () => undefined)([]);
  const ms = typeof made === 'string' ? Date.parse(made) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Key of the keys of one chunk, in the quarantine bucket. No name ends like the objects that hold records. */
export const keysKey = (reading: string, firstRow: number, lastRow: number): string =>
  `snapshot-keys/${reading}/${String(firstRow).padStart(12, '0')}-${String(lastRow).padStart(12, '0')}.ndjson.gz`;

const stemOf = (series: string, s: Snapshot): string =>
  `${snapshotPrefix(series)}${String(s.takenAt).padStart(15, '0')}-${readingOf(s)}`;

/** Prefix of everything known of a series of snapshots in the control bucket. @param series see core/files/landed.ts */
export const snapshotPrefix = (series: string): string => `ingest/snapshots/${series}/`;
/** Key of a snapshot's description in the control bucket. */
export const snapshotKey = (series: string, s: Snapshot): string => `${stemOf(series, s)}.json`;
/** Key of what became of its absences; may be written again. */
export const outcomeKey = (series: string, s: Snapshot): string => `${stemOf(series, s)}.outcome.json`;

/** Entity, source (and who assigned the key, where it was not that), whether the row was accepted, natural key. */
type KeyLine = [EntityName, string | [string, string], 0 | 1, ...string[]];

/** The keys that a chunk of a snapshot names, or null if there are none. */
export function keysObject(chunk: Chunk, landing: Reading): LakeObject | null {
  if (!chunk.keys || chunk.keys.length === 0) return null;
  const lines = chunk.keys.map((k) =>
    JSON.stringify([
      k.entity,
      k.authority === undefined ? k.sourceSystem : [k.sourceSystem, k.authority],
      k.accepted ? 1 : 0,
      ...k.naturalKey,
    ] satisfies KeyLine),
  );
  return {
    zone: 'quarantine',
    key: keysKey(readingOf(landing), chunk.firstRow, chunk.lastRow),
    body: gzipSync(lines.join('\n')),
  };
}

function* readKeys(body: Uint8Array): Generator<SnapshotKey> {
  for (const line of gunzipSync(body).toString('utf8').split('\n')) {
    const [entity, source, accepted, ...naturalKey] = JSON.parse(line) as KeyLine;
    const assigned =
      typeof source === 'string' ? { sourceSystem: source } : { sourceSystem: source[0], authority: source[1] };
    yield { entity, ...assigned, naturalKey, accepted: accepted === 1 };
  }
}

/**
 * The snapshots that this one is held against: those of the time just before it, and while their own absences were
 * held back, those before them too, so that what a braked snapshot lacked is not forgotten.
 */
export function basisOf(all: readonly Snapshot[], of: Snapshot, held: (s: Snapshot) => boolean): Snapshot[] {
  const basis: Snapshot[] = [];
  const times = [...new Set(all.map((s) => s.takenAt))].filter((t) => t < of.takenAt).sort((a, b) => b - a);
  for (const time of times) {
    const taken = all.filter((s) => s.takenAt === time);
    basis.push(...taken);
    if (!taken.every(held)) break;
  }
  return basis;
}

/** The snapshots of the first time after this one: a snapshot that comes late, or goes, changes what they lack. */
export function successorsOf(all: readonly Snapshot[], time: number): Snapshot[] {
  const next = Math.min(...all.map((s) => s.takenAt).filter((t) => t > time));
  return all.filter((s) => s.takenAt === next);
}

/** Keys that are held in memory at a time; more are compared in several passes. */
const KEYS_PER_PASS = 500_000;

/** Reads the keys of one chunk of a snapshot; undefined where it named none. */
export type KeyLoader = (snapshot: Snapshot, chunk: [number, number]) => Promise<Uint8Array | undefined>;

/** What a snapshot lacks of its basis: per entity how many keys the basis had, and the absent ones. */
export interface Absence {
  known: Map<EntityName, number>;
  absent: Absent[];
}

/**
 * Finds what a snapshot lacks. Keys are compared in passes over parts of them, so that memory does not grow with the
 * snapshot; what is absent is held as a whole, which the brake bounds.
 */
export async function findAbsent(
  snapshot: Snapshot,
  basis: readonly Snapshot[],
  load: KeyLoader,
  keysPerPass = KEYS_PER_PASS,
): Promise<Absence> {
  const largest = Math.max(snapshot.keys, ...basis.map((b) => b.keys));
  const passes = Math.max(1, Math.ceil(largest / keysPerPass));
  const found: Absence = { known: new Map(), absent: [] };
  for (let pass = 0; pass < passes; pass++) {
    const present = new Set<string>();
    for (const chunk of snapshot.chunks) {
      for (const [id] of await keysOf(snapshot, chunk, load, pass, passes)) present.add(id);
    }
    const seen = new Set<string>();
    for (const before of basis) {
      for (const chunk of before.chunks) {
        for (const [id, { accepted, ...key }] of await keysOf(before, chunk, load, pass, passes)) {
          if (!accepted || seen.has(id)) continue;
          seen.add(id);
          found.known.set(key.entity, (found.known.get(key.entity) ?? 0) + 1);
          if (!present.has(id)) found.absent.push(key);
        }
      }
    }
  }
  return found;
}

async function keysOf(
  snapshot: Snapshot,
  chunk: [number, number],
  load: KeyLoader,
  pass: number,
  passes: number,
): Promise<[string, SnapshotKey][]> {
  const body = await load(snapshot, chunk);
  if (!body) return [];
  const keys: [string, SnapshotKey][] = [];
  for (const key of readKeys(body)) {
    const scope = ENTITIES[key.entity].keyScope === 'global' ? '' : (key.authority ?? key.sourceSystem);
    const id = [key.entity, scope, ...key.naturalKey].join('\u001f');
    if (passes === 1 || partOf(id, passes) === pass) keys.push([id, key]);
  }
  return keys;
}

/** Which of so many parts a key belongs to (FNV-1a). */
function partOf(text: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % parts;
}

/** The entities of a profile whose absence means a tombstone, with their brakes. */
export function brakes(profile: Profile): Map<EntityName, number> {
  const found = new Map<EntityName, number>();
  for (const e of profile.entities) {
    if (e.absent !== 'tombstone') continue;
    const entity = e.entity as EntityName;
    found.set(entity, Math.min(found.get(entity) ?? 100, e.brake_percent ?? 100));
  }
  return found;
}

/**
 * What is to be done about the absences of a snapshot. One entity over its brake holds all of them back: a file that
 * lost half of its patients cannot be trusted about their appointments either.
 */
export function decideAbsence(
  profile: Profile,
  snapshot: Snapshot,
  absence: Absence,
): { absent: Absent[]; held?: SnapshotOutcome['held'] } {
  const limits = brakes(profile);
  const absent = absence.absent.filter((a) => limits.has(a.entity));
  if (snapshot.unkeyed > 0 && absent.length > 0) return { absent: [], held: 'SNP-02' };
  for (const [entity, percent] of limits) {
    const count = absent.filter((a) => a.entity === entity).length;
    if (count * 100 > percent * (absence.known.get(entity) ?? 0)) return { absent: [], held: 'SNP-01' };
  }
  return { absent };
}

/** Name of what a snapshot lacks of a basis. */
export const absenceOf = (snapshot: Snapshot, basis: readonly Snapshot[]): string =>
  absenceId(readingOf(snapshot), sha256Hex(basis.map(readingOf).sort().join('+')).slice(0, 8));

/**
 * The objects of the tombstones of a snapshot against a basis: silver by entity and 20,000, each with a receipt, since
 * a stated absence is received like a row. Their names and bytes follow from the two alone.
 */
export function tombstoneObjects(
  snapshot: Snapshot,
  basis: readonly Snapshot[],
  absent: readonly Absent[],
  keys: Keyring,
): LakeObject[] {
  const reading = absenceOf(snapshot, basis);
  const objects: LakeObject[] = [];
  let row = 0;
  for (const entity of Object.keys(ENTITIES) as EntityName[]) {
    const rows = absent.filter((a) => a.entity === entity).map((a) => tombstone(a, snapshot, keys));
    rows.sort((a, b) => String(a[0]).localeCompare(String(b[0]), 'en')); // by event_id: the order of the basis' rows must not show
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      const part = rows.slice(from, from + CHUNK_ROWS);
      const range = {
        reading,
        firstRow: row + 1,
        lastRow: row + part.length,
        arrivalMs: snapshot.lastModifiedMs,
      };
      const positions = part.map((_, i) => `absent-${reading}-${row + 1 + i}`);
      objects.push({
        zone: 'silver',
        key: silverKey(entity, ENTITIES[entity].version, range),
        body: writeSilver(entity, part, { record_source: recordSourceOf(snapshot), positions }),
      });
      objects.push({
        zone: 'control',
        key: chunkReceiptKey(reading, range.firstRow, range.lastRow),
        body: Buffer.from(JSON.stringify({ received: part.length, accepted: part.length, quarantined: 0 })),
      });
      row += part.length;
    }
  }
  return objects;
}

function tombstone(absent: Absent, snapshot: Snapshot, keys: Keyring): SilverRow {
  const at = new Date(snapshot.takenAt).toISOString();
  const { naturalKey, otherKey } = ENTITIES[absent.entity];
  const members = otherKey === undefined ? naturalKey : [...naturalKey, otherKey];
  const payload = Object.fromEntries(members.map((name, i) => [name, absent.naturalKey[i] || undefined]));
  const envelope = {
    entity: absent.entity,
    schema_version: ENTITIES[absent.entity].version,
    op: 'delete',
    source_system: absent.sourceSystem,
    ...(absent.authority === undefined ? {} : { authorities: { [absent.entity]: absent.authority } }),
    effective_at: at,
    recorded_at: at,
    payload,
  };
  const micros = snapshot.takenAt * 1000;
  const received = { arrivedAt: micros, order: fileOrder(micros)(0) };
  const result = conformEnvelope(envelope, { keys, maxBytes: Number.MAX_SAFE_INTEGER, deriveEventId: true }, received);
  if (!result.ok)
    throw new Error(
      `a key that was accepted before cannot be made a tombstone: ${result.violations.map((v) => v.rule).join(' ')}`,
    );
  return result.row;
}
