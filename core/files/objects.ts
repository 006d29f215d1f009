import type { Violation } from '../records/conform';
import { landingHash } from '../records/hash';
import { type FileRange, quarantineKey, silverKey } from '../lake/names';
import { type Rejected, writeQuarantine, writeSilver } from '../lake/parquet';
import type { Chunk } from './chunk';
import { chunkReceiptPrefix, readingId } from './readings';

/** The landing object that a file is. */
export interface LandingObject {
  bucket: string;
  key: string;
  /** Version id where the bucket keeps versions, else the ETag. */
  version: string;
  /** ms since 1970. */
  lastModifiedMs: number;
}

/** A landing object as one profile reads it. */
export interface Reading extends LandingObject {
  /** 8 hex digits of the profile. */
  digest: string;
}

/** An object to store once under its name. */
export interface LakeObject {
  zone: 'silver' | 'quarantine' | 'control';
  key: string;
  body: Uint8Array;
}

/** How many records a chunk received and what became of them; conservation is summed from these. */
export interface ChunkCounts {
  received: number;
  accepted: number;
  quarantined: number;
  /** Of kinds that nothing in the profile reads. */
  unmapped: number;
}

/** 16 hex digits that stand for the landing object in names. */
export const hashOf = (o: LandingObject): string => landingHash(o.bucket, o.key, o.version);

/** What names a reading in the names of what is made of it. */
export const readingOf = (o: Reading): string => readingId(hashOf(o), o.digest);

/** How silver and quarantine rows name the file they come from. */
export const recordSourceOf = (o: LandingObject): string => `${o.key}@${o.version}`;

const rangeOf = (o: Reading, firstRow: number, lastRow: number): FileRange => ({
  reading: readingOf(o),
  firstRow,
  lastRow,
  arrivalMs: o.lastModifiedMs,
});

const pad = (row: number): string => String(row).padStart(12, '0');

/** Key of the counts of a chunk in the control bucket. */
export const chunkReceiptKey = (reading: string, firstRow: number, lastRow: number): string =>
  `${chunkReceiptPrefix(reading)}${pad(firstRow)}-${pad(lastRow)}.json`;

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** The counts of a chunk. */
export function countsOf(chunk: Chunk): ChunkCounts {
  const unmapped = Object.values(chunk.unmapped).reduce((sum, n) => sum + n, 0);
  return {
    received: chunk.accepted + chunk.rejected.length + unmapped,
    accepted: chunk.accepted,
    quarantined: chunk.rejected.length,
    unmapped,
  };
}

/**
 * The objects that a chunk becomes: silver by entity, quarantine, and last the receipt with the counts, which therefore
 * says that everything before it is stored. The same chunk always gives the same names and bytes.
 */
export function objectsOf(chunk: Chunk, landing: Reading, profile: string): LakeObject[] {
  if (chunk.lastRow < chunk.firstRow) return [];
  const range = rangeOf(landing, chunk.firstRow, chunk.lastRow);
  const objects: LakeObject[] = chunk.entities.map((e) => ({
    zone: 'silver',
    key: silverKey(e.entity, e.version, range),
    body: writeSilver(e.entity, e.rows, {
      record_source: recordSourceOf(landing),
      positions: e.positions,
      version: e.version,
    }),
  }));
  if (chunk.rejected.length > 0) {
    const rejected = chunk.rejected.map((r) => rejectedRow(landing, profile, { ...r.record, position: r.position }, r));
    objects.push({ zone: 'quarantine', key: quarantineKey(range), body: writeQuarantine(rejected) });
  }
  objects.push({
    zone: 'control',
    key: chunkReceiptKey(range.reading, chunk.firstRow, chunk.lastRow),
    body: json({
      ...countsOf(chunk),
      unmapped: Object.keys(chunk.unmapped).length > 0 ? chunk.unmapped : undefined,
      ...(Object.keys(chunk.notes).length > 0 ? { notes: chunk.notes } : {}),
      ...(chunk.keys ? { keys: chunk.keys.length, unkeyed: chunk.unkeyed } : {}),
    }),
  });
  return objects;
}

/** Says that an object was not read, since it is the same file as another one that was. */
export function sameFileReceipt(landing: Reading, sameAs: string): LakeObject {
  return {
    zone: 'control',
    key: chunkReceiptKey(readingOf(landing), 0, 0),
    body: json({ received: 0, accepted: 0, quarantined: 0, same_as: sameAs }),
  };
}

function rejectedRow(
  landing: LandingObject,
  profile: string,
  place: { position: string; offset: number; length: number },
  r: Pick<Rejected, 'sha256' | 'entity' | 'version'> & Pick<Chunk['rejected'][number], 'violations'>,
): Rejected {
  return {
    recordSource: recordSourceOf(landing),
    recordPosition: place.position,
    byteOffset: place.offset,
    entity: r.entity,
    version: r.version,
    violations: r.violations as readonly Violation[], // rule ids of files stand beside those of the contracts
    profile,
    arrivedAt: landing.lastModifiedMs * 1000,
    bronzeObject: `${landing.bucket}/${landing.key}`,
    bronzeRow: null,
    byteLength: place.length,
    sha256: r.sha256,
  };
}

/**
 * A file that was refused as a whole counts as one received and one quarantined record at row 0: nothing that
 * arrived may be missing from the counts.
 */
export function refusalObjects(
  landing: Reading,
  profile: string | null,
  size: number,
  rules: readonly { rule: string; pointer: string }[],
): LakeObject[] {
  const range = rangeOf(landing, 0, 0);
  const violations = rules.map((r) => ({
    rule: r.rule,
    pointer: `profile:${r.pointer.replace(/\s/g, '%20')}`,
  })) as unknown as Chunk['rejected'][number]['violations'];
  const row = rejectedRow(
    landing,
    profile ?? '',
    { position: '0', offset: 0, length: size },
    { violations, sha256: null, entity: null, version: null },
  );
  return [
    { zone: 'quarantine', key: quarantineKey(range), body: writeQuarantine([{ ...row, profile }]) },
    {
      zone: 'control',
      key: chunkReceiptKey(range.reading, 0, 0),
      body: json({ received: 1, accepted: 0, quarantined: 1, refused: rules.map((r) => r.rule) }),
    },
  ];
}
