import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type StoredVersion, storedVersions } from '@carelake/laptop/endpoints/s3-files';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { MTIME, senderTime } from '../../core/files/sender-time';
import { versionOf } from '../../core/files/landed';
import { lineAgain } from '../../core/files/fhir/again';
import { fhirPartOf, type PartOfRecord } from '../../core/files/fhir/stream';
import { openFile } from '../../core/files/open';
import { originalRow, originMetadata, originOf } from '../../core/files/origin';
import { unitBytes } from '../../core/files/text';
import { landingHash, sha256Hex } from '../../core/records/hash';
import { membersOf } from '../../core/records/members';
import {
  builtInProfile,
  type CheckedProfile,
  checkOwnProfile,
  profileKey,
  profileNameOf,
  readSource,
  sourceKey,
} from '../../profiles';
import { isAsStored } from '../check/objects';
import { MOST_RECORD_BYTES } from '../../profiles/schema';
import { CliError, EXIT } from '../errors';
import { bucketFolder, type Query, withEngine } from '../lake-files';
import { fileSource } from '../profile';
import { isOfFile, isWhole, landingId, objectOfRecord, type Place, type Rejected } from './rejected';

function gone(at: Place, record: Rejected): CliError {
  return new CliError('the object that holds the record was replaced or removed, and no version of it has the record', {
    where: landingId(at, record) ?? record.bronze_object,
    rule: 'a record is shown and sent only as it arrived (its checksum is compared)',
    next: `send the right record from its source, then, while the folder is served: carelake quarantine discard ${record.quarantine_id}`,
    exitCode: EXIT.failed,
  });
}

/** Exact bytes of records as they arrived, and of a record of the stream what to send, or what to send in its place. */
type Original = [record: Rejected, bytes: Buffer, again?: (mended?: Buffer) => Buffer];

/** Originals of records in any order; the objects of the stream are read once each. */
export async function* originals(at: Place, records: readonly Rejected[]): AsyncGenerator<Original> {
  const ofStream = records.filter((record) => !isOfFile(at, record));
  for (const record of records) if (isOfFile(at, record) && !isWhole(record)) yield [record, rowOfFile(at, record)];
  const byObject = new Map<string, Rejected[]>();
  for (const record of ofStream)
    byObject.set(record.bronze_object, [...(byObject.get(record.bronze_object) ?? []), record]);
  for (const group of byObject.values()) yield* await withEngine((query) => membersOfObject(at, group, query));
}

/** Bytes of one record. @throws CliError where they are there no more */
export async function originalOf(at: Place, record: Rejected): Promise<Buffer> {
  if (isWhole(record)) return readFileSync(await wholeFile(at, record));
  for await (const [, bytes] of originals(at, [record])) return bytes;
  throw gone(at, record);
}

async function membersOfObject(at: Place, group: readonly Rejected[], query: Query): Promise<Original[]> {
  const { bucket, key } = objectOfRecord(group[0]!);
  const path = join(bucketFolder(at.dataDir, bucket), pathOfKey(key));
  if (!existsSync(path)) throw gone(at, group[0]!);
  const rows = await query(
    `SELECT file_row_number::INTEGER AS n, data, epoch_us(arrived_at) AS arrived FROM read_parquet($path, file_row_number = true) WHERE list_contains(from_json($rows::JSON, '["BIGINT"]'), file_row_number)`,
    { path, rows: JSON.stringify(group.map((record) => record.bronze_row)) },
  );
  const received = new Map(
    rows.map(({ n, data, arrived }) => [
      Number(n),
      { whole: Buffer.from((data as { bytes: Uint8Array }).bytes), arrivedAt: Number(arrived) },
    ]),
  );
  return group.map((record) => {
    const found = received.get(record.bronze_row!);
    const part = found && partIn(found.whole, found.arrivedAt, record);
    if (!part?.bytes || sha256Hex(part.bytes) !== record.sha256) throw gone(at, record);
    const bytes = Buffer.from(part.bytes);
    return [record, bytes, (mended = bytes) => part.again?.(mended) ?? mended];
  });
}

/** The part of a record that a position names, and how it, or what it was mended to, is sent by itself. */
function partIn(whole: Buffer, arrivedAt: number, { record_position, profile }: Rejected): Partial<PartOfRecord> {
  const slash = record_position.indexOf('/');
  if (slash < 0) return { bytes: whole };
  const place = record_position.slice(slash + 1);
  if (profile !== null) return fhirPartOf(whole, place, arrivedAt) ?? {};
  const packed = membersOf(whole);
  return { bytes: Array.isArray(packed) ? (packed[Number(place)] as Buffer | undefined) : whole };
}

const versionIn = ({ record_source }: Rejected): string => record_source.slice(record_source.lastIndexOf('@') + 1);

/** The very version of the landing object that the record arrived in. */
function versionOfRecord(at: Place, record: Rejected): StoredVersion | undefined {
  const { bucket, key } = objectOfRecord(record);
  return storedVersions(at.dataDir, bucket, key).find(
    ({ info }) =>
      versionOf({ versionId: info.versionId, etag: info.etag, landedMs: info.lastModified }) === versionIn(record),
  );
}

const pathOfVersion = (at: Place, record: Rejected): string | undefined => versionOfRecord(at, record)?.path;

/**
 * What decides the place in time of rows of one file, or of a file that was refused as a whole: as metadata of the object that brings them
 * once more. Of what had been replayed before it is that of its first arrival.
 */
export function placeInTime(at: Place, records: readonly Rejected[]): Record<string, string> {
  const [first] = records;
  const info = first && versionOfRecord(at, first)?.info;
  if (!info) throw gone(at, first!);
  const { bucket, key } = objectOfRecord(first);
  const before = originOf(info.metadata, info.lastModified);
  const rows = records.map(({ record_position }) => originalRow(Number(record_position.split('/')[0]), before));
  const micros = senderTime(info.metadata, info.lastModified) ?? info.lastModified * 1000;
  return {
    [MTIME]: (micros / 1e6).toFixed(6),
    ...originMetadata({
      object: before?.object ?? landingHash(bucket, key, versionIn(first)),
      landedMs: before?.landedMs ?? info.lastModified,
      ...(isWhole(first) ? {} : { rows }),
    }),
  };
}

/** A file that was refused as a whole, as it arrived. */
export async function wholeFile(at: Place, record: Rejected): Promise<string> {
  const stored = versionOfRecord(at, record);
  if (!stored || !(await isAsStored(stored.path, stored.info))) throw gone(at, record);
  return stored.path;
}

function rowOfFile(at: Place, record: Rejected): Buffer {
  const path = pathOfVersion(at, record);
  const bytes = path === undefined ? undefined : readRange(path, record.byte_offset!, record.byte_length!);
  if (!bytes || sha256Hex(bytes) !== record.sha256) throw gone(at, record);
  return bytes;
}

function readRange(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, offset);
  closeSync(file);
  return bytes;
}

/** What a row needs around it to be a file of its profile. */
export interface Frame {
  /** Everything before the first row: byte-order mark and header, however many lines it has; nothing in a file without a header. */
  head: Buffer;
  lineEnd: Buffer;
  /** FHIR: a record as a line that is read without what stood around it. */
  lineOf?: (bytes: Buffer, record: Rejected) => Buffer;
}

/** The line in which a byte of a file lies, and where in it. No line that was read is longer than a record may be. */
function lineAround(path: string, at: number, size: number): { bytes: Buffer; at: number } {
  const from = Math.max(0, at - MOST_RECORD_BYTES);
  const bytes = readRange(path, from, Math.min(size, at + MOST_RECORD_BYTES) - from);
  const begin = bytes.lastIndexOf('\n', at - from) + 1;
  const end = bytes.indexOf('\n', at - from);
  return { bytes: bytes.subarray(begin, end < 0 ? bytes.length : end), at: at - from - begin };
}

/** The profile that read a record: one that is built in, somebody's own, or of the source in whose folder the file lies. */
export function profileOf({ dataDir, names }: Place, record: Rejected): CheckedProfile | undefined {
  const name = record.profile!;
  const builtIn = builtInProfile(name);
  if (builtIn) return builtIn;
  const stored = (key: string): string | undefined => {
    const path = join(bucketFolder(dataDir, names.buckets.control!), pathOfKey(key));
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const own = stored(profileKey(name));
  if (own !== undefined) {
    const check = checkOwnProfile(own);
    return check.ok ? check.checked : undefined;
  }
  const bundle = stored(sourceKey(profileNameOf(objectOfRecord(record).key) ?? ''));
  const check = bundle === undefined ? undefined : readSource(bundle);
  return check?.ok ? check.source.profiles.find(({ profile }) => profile.profile === name) : undefined;
}

/** Reads the head of the file that a row stood in, by its profile. */
export async function frameOf(at: Place, record: Rejected): Promise<Frame> {
  const path = pathOfVersion(at, record);
  if (path === undefined) throw gone(at, record);
  const checked = profileOf(at, record);
  const source = fileSource(path);
  try {
    const opened = checked && (await openFile(checked, source));
    if (!opened?.ok)
      throw new CliError('the profile is gone, or no longer matches the file of the row', {
        where: `profile ${record.profile}, ${landingId(at, record)}`,
        next: 'start again with the profile that fits (docs/profiles.md), then replay',
        exitCode: EXIT.failed,
      });
    const { encoding } = checked!.profile.file;
    const lineEnd = Buffer.from('\n', unitBytes(encoding) === 2 ? 'utf16le' : 'latin1');
    if (encoding === 'utf-16be') lineEnd.swap16();
    const frame = { head: readRange(path, 0, opened.file.start.offset), lineEnd };
    if (checked!.profile.file.format !== 'fhir') return frame;
    const { document, start } = opened.file;
    return {
      ...frame,
      lineOf: (bytes, { byte_offset: at }) =>
        lineAgain(
          bytes,
          document
            ? { bytes: document.subarray(start.offset), at: at! - start.offset }
            : lineAround(path, at!, source.size),
        ),
    };
  } finally {
    source.close();
  }
}
