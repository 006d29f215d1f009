import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { hashOf, type Reading, readingOf } from '../../core/files/objects';
import type { OpenFile } from '../../core/files/open';
import { absenceId, CHUNK_RECEIPTS, chunkReceiptPrefix, readingOfReceipt } from '../../core/files/readings';
import {
  absenceOf,
  basisOf,
  brakes,
  findAbsent,
  decideAbsence,
  keysKey,
  outcomeKey,
  type Snapshot,
  snapshotKey,
  type SnapshotOutcome,
  snapshotPrefix,
  successorsOf,
  takenAt,
  tombstoneObjects,
} from '../../core/files/snapshot';
import { isWithdrawn, type Decisions } from '../../core/files/withdrawals';
import type { Keyring } from '../../core/records/keys';
import { isoHour } from '../../core/records/time';
import type { Profile } from '../../profiles';
import { decide, readDecisions } from '../shared/decisions';
import { reopen } from '../shared/reopen';
import { list, putOnce } from '../shared/s3';
import { type LandedFile, readBytes, readText } from './landing';
import { store, type Zones } from './rows';

/** When the snapshot in this file was taken (ms), or null if its profile finds no time. */
export function takenAtOf({ profile, preamble }: OpenFile, file: LandedFile): number | null {
  return takenAt(profile, {
    preamble,
    objectKey: file.key,
    lastModifiedMs: file.lastModifiedMs,
    fileTime: file.lastModifiedMs * 1000,
    origin: file.origin,
  });
}

/** What snapshots are compared with. */
interface Place {
  readonly s3: S3Client;
  readonly zones: Zones;
  readonly profile: Profile;
  /** What the profile reads of the folder (core/files/landed.ts): snapshots of others are none of these. */
  readonly series: string;
  readonly keys: Keyring;
}

/** The snapshots of a series as they stand, and what became of the absences of each, by reading. */
interface Known {
  /** Those that were withdrawn, or read anew by a changed profile, included. */
  readonly all: readonly Snapshot[];
  readonly standing: readonly Snapshot[];
  readonly outcomes: Map<string, SnapshotOutcome>;
}

/**
 * Acts on what a snapshot lacks, once all its rows are stored. Its description stands before the others are looked at, so of two snapshots that
 * end at the same time at least one sees the other.
 * @param taken when it was taken, ms since 1970
 */
export async function finishSnapshot(
  place: Place,
  file: LandedFile & Reading,
  taken: number,
): Promise<SnapshotOutcome> {
  const { s3, zones, profile, series } = place;
  if (brakes(profile).size === 0) return { tombstones: 0 };
  const own = await describe(place, file, taken);
  const body = Buffer.from(JSON.stringify(own));
  await putOnce(s3, zones.control, snapshotKey(series, own), body, 'application/json');
  return (await compareAround(place, hashOf(file), readingOf(file))) ?? { tombstones: 0 };
}

/**
 * Compares again what a landed snapshot has to do with: itself, where it stands, and the ones after it, up to one whose absences are not held
 * back and were not before. A snapshot that came late, was read anew or withdrawn changes what they lack; what they lacked of others before is
 * withdrawn. Begun again where another snapshot or decision came in between, since the last word about a comparison holds.
 * @param hash of the landed object
 * @returns what became of the reading
 */
export async function compareAround(
  place: Place,
  hash: string,
  reading?: string,
): Promise<SnapshotOutcome | undefined> {
  for (;;) {
    const { known, seen } = await look(place);
    const own = known.all.filter((s) => hashOf(s) === hash);
    for (const s of own.filter((s) => known.standing.includes(s))) await act(place, s, known);
    for (const { takenAt: time } of own) await compareAfter(place, time, known);
    if ((await look(place)).seen === seen) return reading === undefined ? undefined : known.outcomes.get(reading);
  }
}

async function compareAfter(place: Place, time: number, known: Known): Promise<void> {
  let next = successorsOf(known.standing, time);
  while (next.length > 0) {
    let isHeld = false;
    for (const s of next) {
      const before = known.outcomes.get(readingOf(s))?.held;
      const after = (await act(place, s, known)).held;
      isHeld ||= before !== undefined || after !== undefined;
    }
    next = isHeld ? successorsOf(known.standing, next[0].takenAt) : [];
  }
}

async function act({ s3, zones, profile, series, keys }: Place, of: Snapshot, known: Known): Promise<SnapshotOutcome> {
  const basis = basisOf(known.standing, of, (s) => known.outcomes.get(readingOf(s))?.held !== undefined);
  const load = (s: Snapshot, [first, last]: [number, number]): Promise<Uint8Array | undefined> =>
    readBytes(s3, zones.quarantine, keysKey(readingOf(s), first, last));
  const { absent, held } = decideAbsence(profile, of, await findAbsent(of, basis, load));
  if (absent.length > 0) await reopen(s3, zones.control, isoHour(of.lastModifiedMs), Date.now());
  // Decided first: the objects that are stored then have the load look.
  await keepAbsences(s3, zones.control, of, absent.length > 0 ? absenceOf(of, basis) : undefined);
  await store(s3, zones, tombstoneObjects(of, basis, absent, keys));
  const outcome: SnapshotOutcome = { tombstones: absent.length, ...(held ? { held } : {}) };
  known.outcomes.set(readingOf(of), outcome);
  // Overwritten on purpose: a brake that was widened and the object read again, or a neighbour that came or went, change what becomes of it.
  await s3.send(
    new PutObjectCommand({
      Bucket: zones.control,
      Key: outcomeKey(series, of),
      Body: JSON.stringify(outcome),
      ContentType: 'application/json',
    }),
  );
  return outcome;
}

/** Of all that a snapshot lacked of others, at one time or another, one stands; one that is not stored yet stands by itself. */
async function keepAbsences(s3: S3Client, control: string, of: Snapshot, kept: string | undefined): Promise<void> {
  const prefix = `${CHUNK_RECEIPTS}${absenceId(readingOf(of), '')}`;
  const { prefixes } = await list(s3, control, { prefix, delimiter: '/' });
  for (const found of prefixes) {
    const absence = readingOfReceipt(`${found}x`);
    if (absence !== undefined)
      await decide(s3, control, absence, absence === kept ? 'standing' : 'withdrawn', of.lastModifiedMs);
  }
}

/** The description of a snapshot whose rows are all stored, from the receipts of its chunks. */
async function describe({ s3, zones }: Place, file: LandedFile & Reading, taken: number): Promise<Snapshot> {
  const own: Snapshot = {
    bucket: file.bucket,
    key: file.key,
    version: file.version,
    lastModifiedMs: file.lastModifiedMs,
    digest: file.digest,
    takenAt: taken,
    chunks: [],
    keys: 0,
    unkeyed: 0,
  };
  const receipts = await list(s3, zones.control, { prefix: chunkReceiptPrefix(readingOf(file)) });
  for (const { key } of receipts.objects) {
    const range = /\/(\d{12})-(\d{12})\.json$/.exec(key);
    if (!range) continue;
    const receipt = JSON.parse((await readText(s3, zones.control, key)) ?? '{}') as { keys?: number; unkeyed?: number };
    own.chunks.push([Number(range[1]), Number(range[2])]);
    own.keys += receipt.keys ?? 0;
    own.unkeyed += receipt.unkeyed ?? 0;
  }
  return own;
}

/** What is known of the snapshots of a series now, and a text that is another one once a snapshot comes or one is decided about. */
async function look({ s3, zones, series }: Place): Promise<{ known: Known; seen: string }> {
  const all: Snapshot[] = [];
  const outcomes = new Map<string, SnapshotOutcome>();
  for (const { key } of (await list(s3, zones.control, { prefix: snapshotPrefix(series) })).objects) {
    const text = await readText(s3, zones.control, key);
    if (text === undefined) continue;
    const outcomeOf = /-([0-9a-f]{16}-p[0-9a-f]{8})\.outcome\.json$/.exec(key)?.[1];
    if (outcomeOf) outcomes.set(outcomeOf, JSON.parse(text) as SnapshotOutcome);
    else all.push(JSON.parse(text) as Snapshot);
  }
  const decisions: Decisions = await readDecisions(s3, zones.control);
  const standing = all.filter((s) => !isWithdrawn(decisions, readingOf(s)));
  const names = (of: readonly Snapshot[]): string => of.map(readingOf).sort().join(' ');
  return { known: { all, standing, outcomes }, seen: `${names(all)} | ${names(standing)}` };
}
