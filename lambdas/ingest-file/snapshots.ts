import { ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { hashOf } from '../../core/files/objects';
import {
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
import type { Keyring } from '../../core/records/keys';
import type { Profile } from '../../profiles';
import { putOnce } from '../shared/s3';
import { type LandedFile, readBytes, readText } from './landing';
import { store, type Zones } from './rows';

/** When the snapshot in this file was taken (ms), or null if its profile finds no time. */
export function takenAtOf(profile: Profile, file: LandedFile): number | null {
  return takenAt(profile, {
    objectKey: file.key,
    lastModifiedMs: file.lastModifiedMs,
    fileTime: file.lastModifiedMs * 1000,
  });
}

/**
 * Acts on what a snapshot lacks, once all its rows are stored: its own absences against the snapshots before it, and those
 * of the next one, if this one arrived late. The description stands before the others are looked at, so of two
 * snapshots that end at the same time at least one sees the other.
 */
export async function finishSnapshot(
  s3: S3Client,
  zones: Zones,
  file: LandedFile,
  profile: Profile,
  keys: Keyring,
): Promise<SnapshotOutcome> {
  if (brakes(profile).size === 0) return { tombstones: 0 };
  const own = await describe(s3, zones, file, profile);
  await putOnce(
    s3,
    zones.control,
    snapshotKey(profile.profile, own),
    Buffer.from(JSON.stringify(own)),
    'application/json',
  );
  const { snapshots, outcomes } = await known(s3, zones.control, profile.profile);
  const outcome = await act(s3, zones, profile, keys, own, snapshots, outcomes);
  for (const next of successorsOf(snapshots, own)) {
    outcomes.set(hashOf(own), outcome);
    await act(s3, zones, profile, keys, next, snapshots, outcomes);
  }
  return outcome;
}

async function act(
  s3: S3Client,
  zones: Zones,
  profile: Profile,
  keys: Keyring,
  of: Snapshot,
  all: Snapshot[],
  outcomes: Map<string, SnapshotOutcome>,
): Promise<SnapshotOutcome> {
  const basis = basisOf(all, of, (s) => outcomes.get(hashOf(s))?.held !== undefined);
  const load = (s: Snapshot, [first, last]: [number, number]): Promise<Uint8Array | undefined> =>
    readBytes(s3, zones.quarantine, keysKey(hashOf(s), first, last));
  const { absent, held } = decideAbsence(profile, of, await findAbsent(of, basis, load));
  await store(s3, zones, tombstoneObjects(of, basis, absent, keys));
  const outcome: SnapshotOutcome = { tombstones: absent.length, ...(held ? { held } : {}) };
  // Overwritten on purpose: a brake that was widened and the file sent again, or a late neighbour, change what becomes of it.
  await s3.send(
    new PutObjectCommand({
      Bucket: zones.control,
      Key: outcomeKey(profile.profile, of),
      Body: JSON.stringify(outcome),
      ContentType: 'application/json',
    }),
  );
  return outcome;
}

/** The description of a snapshot whose rows are all stored, from the receipts of its chunks. */
async function describe(s3: S3Client, zones: Zones, file: LandedFile, profile: Profile): Promise<Snapshot> {
  const hash = hashOf(file);
  const own: Snapshot = {
    bucket: file.bucket,
    key: file.key,
    version: file.version,
    lastModifiedMs: file.lastModifiedMs,
    takenAt: takenAtOf(profile, file) as number,
    chunks: [],
    keys: 0,
    unkeyed: 0,
  };
  for (const key of await list(s3, zones.control, `ingest/${hash}/`)) {
    const range = /\/(\d{12})-(\d{12})\.json$/.exec(key);
    if (!range) continue;
    const receipt = JSON.parse((await readText(s3, zones.control, key)) ?? '{}') as { keys?: number; unkeyed?: number };
    own.chunks.push([Number(range[1]), Number(range[2])]);
    own.keys += receipt.keys ?? 0;
    own.unkeyed += receipt.unkeyed ?? 0;
  }
  return own;
}

/** All snapshots of a profile and what became of each, by the hash of its object. */
async function known(
  s3: S3Client,
  bucket: string,
  profile: string,
): Promise<{ snapshots: Snapshot[]; outcomes: Map<string, SnapshotOutcome> }> {
  const snapshots: Snapshot[] = [];
  const outcomes = new Map<string, SnapshotOutcome>();
  for (const key of await list(s3, bucket, snapshotPrefix(profile))) {
    const text = await readText(s3, bucket, key);
    if (text === undefined) continue;
    const outcomeOf = /-([0-9a-f]{16})\.outcome\.json$/.exec(key)?.[1];
    if (outcomeOf) outcomes.set(outcomeOf, JSON.parse(text) as SnapshotOutcome);
    else snapshots.push(JSON.parse(text) as Snapshot);
  }
  return { snapshots, outcomes };
}

async function list(s3: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let token: string | undefined; ;) {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token ? { ContinuationToken: token } : {}) }),
    );
    keys.push(...(page.Contents ?? []).flatMap((o) => (o.Key ? [o.Key] : [])));
    token = page.NextContinuationToken;
    if (!token) return keys.sort();
  }
}
