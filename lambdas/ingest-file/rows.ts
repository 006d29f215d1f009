import type { S3Client } from '@aws-sdk/client-s3';
import { type Chunk, nextChunk } from '../../core/files/chunk';
import { countsOf, type LakeObject, objectsOf, type Reading } from '../../core/files/objects';
import { mapperOf } from '../../core/files/mapper-of';
import { type OpenFile, readerAt } from '../../core/files/open';
import { keysObject } from '../../core/files/snapshot';
import { keyId } from '../../core/lake/names';
import type { Keyring } from '../../core/records/keys';
import { type Log, tellThrown } from '../shared/log';
import { putOnce, putReading } from '../shared/s3';
import type { IngestFileResult } from './event';
import type { LandedFile } from './landing';

/** Buckets by zone. */
export type Zones = Record<LakeObject['zone'], string>;

/** Stores objects: what holds records in parallel, then the receipt that says so. */
export async function store(s3: S3Client, zones: Zones, objects: readonly LakeObject[]): Promise<void> {
  const put = (o: LakeObject): Promise<unknown> =>
    o.zone === 'control'
      ? putOnce(s3, zones.control, o.key, o.body, 'application/json')
      : putReading(s3, zones[o.zone], o.key, o.body);
  await Promise.all(objects.filter((o) => o.zone !== 'control').map(put));
  for (const receipt of objects.filter((o) => o.zone === 'control')) await put(receipt);
}

/** Time and rows that an invocation may use. */
export interface Budget {
  /** ms left of the invocation. */
  remaining: () => number;
  /** Leave off when less is left; a chunk in hand must still fit. */
  reserveMs: number;
  rows: number;
}

/**
 * Reads chunks until the file or the budget ends; the next chunk is validated while the one before is stored. The counts
 * cover what is stored, so an invocation that fails and is repeated counts nothing twice.
 */
export async function ingestRows(
  s3: S3Client,
  zones: Zones,
  file: LandedFile & Reading,
  open: OpenFile,
  keys: Keyring,
  from: IngestFileResult,
  budget: Budget,
  log: Log,
): Promise<IngestFileResult> {
  const result = { ...from };
  const start = from.offset > 0 ? { offset: from.offset, row: from.row } : open.start;
  const mapper = mapperOf(open, {
    objectKey: file.key,
    lastModifiedMs: file.lastModifiedMs,
    fileTime: from.file_time!,
    preamble: open.preamble,
    origin: file.origin,
  });
  const context = { keys, maxBytes: open.profile.file.max_record_bytes, deriveEventId: open.profile.mode !== 'events' };
  const reader = readerAt(open, start);
  let storing: Promise<void> = Promise.resolve();
  for (let done = false; !done;) {
    const chunk = await nextChunk(reader, mapper, context).catch(async (error: unknown) => {
      await storing.catch(() => undefined); // the failure to read is the one to tell; what is being stored may finish
      throw error;
    });
    tellThrown(log, chunk.thrown, { object: keyId(file.key) });
    await storing;
    storing = store(s3, zones, chunkObjects(chunk, file, open));
    storing.catch(() => undefined); // awaited at the next turn, where it throws
    const counts = countsOf(chunk);
    result.received += counts.received;
    result.accepted += counts.accepted;
    result.quarantined += counts.quarantined;
    if (counts.unmapped > 0) result.unmapped = (result.unmapped ?? 0) + counts.unmapped;
    result.offset = chunk.end.offset;
    result.row = chunk.end.row;
    result.done = chunk.done;
    done = chunk.done || budget.remaining() < budget.reserveMs || result.row - start.row >= budget.rows;
  }
  await storing;
  return result;
}

function chunkObjects(chunk: Chunk, file: Reading, open: OpenFile): LakeObject[] {
  const keys = keysObject(chunk, file);
  return [...(keys ? [keys] : []), ...objectsOf(chunk, file, open.profile.profile)];
}
