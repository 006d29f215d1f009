import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { CliError, EXIT } from '../errors';
import { partitionKeyOf, type OutRecord } from '../records';
import { type Frame, frameOf, originalOf, originals, placeInTime, profileOf, wholeFile } from './original';
import {
  closedKey,
  isOfFile,
  isWhole,
  landingId,
  objectOfRecord,
  type Place,
  type Rejected,
  type State,
} from './rejected';

/** Rows of one file that are put back into landing together; their numbers go along as metadata, which holds 2 KB. */
const ROWS_TOGETHER = 100;
const MARKS_TOGETHER = 16;

/** Records by the way that they came. */
export interface Ways {
  stream: Rejected[];
  rows: Rejected[];
  files: Rejected[];
}

/** @throws CliError for what cannot be sent again */
export function waysOf(at: Place, records: readonly Rejected[]): Ways {
  const ways: Ways = { stream: [], rows: [], files: [] };
  const modes = new Map<string, string | undefined>();
  const modeOf = (record: Rejected): string | undefined => {
    const name = `${record.profile} ${objectOfRecord(record).key.split('/')[0]}`;
    if (!modes.has(name)) modes.set(name, profileOf(at, record)?.profile.mode);
    return modes.get(name);
  };
  for (const record of records) {
    if (!isOfFile(at, record) && isWhole(record))
      throw new CliError('a silver object that the warehouse could not copy is not a record to send', {
        where: record.bronze_object,
        next: 'docs/runbooks/load.md says how to repair it',
        exitCode: EXIT.failed,
      });
    if (!isOfFile(at, record)) ways.stream.push(record);
    else if (record.profile === null || record.rule_ids.split(' ').includes('FIL-PRF-01'))
      throw new CliError('the file was in a folder that is not named after a profile, so nothing says how to read it', {
        where: landingId(at, record),
        next: 'put it into the folder of its profile (docs/profiles.md)',
      });
    else if (isWhole(record)) ways.files.push(record);
    else if (modeOf(record) === 'snapshot')
      throw new CliError('a row of a snapshot sent alone would say that all the others are gone', {
        where: landingId(at, record),
        next: `land the complete corrected file (docs/profiles.md, "Modes"), then: carelake quarantine discard ${record.quarantine_id}`,
        exitCode: EXIT.failed,
      });
    else ways.rows.push(record);
  }
  return ways;
}

/** Records for the stream, as they arrived or in the place of the one that was mended. */
export async function* streamRecords(
  at: Place,
  records: readonly Rejected[],
  mended?: string,
): AsyncGenerator<OutRecord> {
  const instead = mended === undefined ? undefined : withoutLineEnd(readFileSync(mended));
  if (instead && records[0]?.profile === null) {
    // An envelope says all by itself: what it stood in may be gone.
    yield { partitionKey: partitionKeyOf(instead), data: instead };
    return;
  }
  // Elements of one resource may each have been rejected: it is sent once.
  const sent = new Set<string>();
  for await (const [{ record_source, record_position, profile }, , again] of originals(at, records)) {
    const id = `${record_source} ${profile === null ? record_position : record_position.split('/', 2).join('/')}`;
    if (sent.has(id)) continue;
    sent.add(id);
    const data = again!(instead);
    yield { partitionKey: partitionKeyOf(data), data };
  }
}

/** Puts rows back into landing, under the head of the file that they stood in. */
export async function putRows(s3: S3Client, at: Place, rows: readonly Rejected[], mended?: string): Promise<void> {
  const byFile = new Map<string, Rejected[]>();
  for (const row of rows) byFile.set(row.record_source, [...(byFile.get(row.record_source) ?? []), row]);
  for (const group of byFile.values()) {
    const frame = await frameOf(at, group[0]!);
    // Of a row with a list in it several elements may have been rejected.
    const unique = [...new Map(group.map((row) => [row.byte_offset!, row])).values()];
    unique.sort((a, b) => a.byte_offset! - b.byte_offset!);
    for (let from = 0; from < unique.length; from += ROWS_TOGETHER)
      await putTogether(s3, at, unique.slice(from, from + ROWS_TOGETHER), frame, mended);
  }
}

async function putTogether(
  s3: S3Client,
  at: Place,
  rows: readonly Rejected[],
  frame: Frame,
  mended?: string,
): Promise<void> {
  const lines: Buffer[] = [frame.head];
  for (const row of rows) {
    const line = mended === undefined ? await originalOf(at, row) : rowOf(readFileSync(mended), frame);
    lines.push(frame.lineOf ? frame.lineOf(line, row) : line, frame.lineEnd);
  }
  await s3.send(
    new PutObjectCommand({
      Bucket: at.names.buckets.landing!,
      Key: replayKey(rows[0]!),
      Body: Buffer.concat(lines),
      Metadata: placeInTime(at, rows),
    }),
  );
}

/** A mended row, with or without the head of its file before it, and a line end after it. */
function rowOf(bytes: Buffer, { head, lineEnd }: Frame): Buffer {
  const row = head.length > 0 && bytes.subarray(0, head.length).equals(head) ? bytes.subarray(head.length) : bytes;
  return withoutLineEnd(row, lineEnd);
}

function withoutLineEnd(bytes: Buffer, lineEnd: Buffer = Buffer.from('\n')): Buffer {
  const ends = bytes.subarray(-lineEnd.length).equals(lineEnd);
  return ends ? bytes.subarray(0, bytes.length - lineEnd.length) : bytes;
}

/** Puts a file that was refused as a whole into landing once more: for a profile that was mended, or mended itself. */
export async function putFile(s3: S3Client, at: Place, record: Rejected, mended?: string): Promise<void> {
  const path = mended ?? (await wholeFile(at, record));
  await s3.send(
    new PutObjectCommand({
      Bucket: at.names.buckets.landing!,
      Key: replayKey(record),
      Body: createReadStream(path),
      ContentLength: statSync(path).size,
      Metadata: placeInTime(at, [record]),
    }),
  );
}

/** Beside the file that it stood in and under its name, from which a profile may take a date and a source its profile. */
function replayKey(record: Rejected): string {
  const { key } = objectOfRecord(record);
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1).replace(/^replay-[0-9a-f]{32}\//, '');
  return `${key.slice(0, slash)}/replay-${record.quarantine_id}/${name}`;
}

/** Marks records as dealt with. Only what was sent is marked, so that a command that was interrupted sends the rest. */
export async function close(s3: S3Client, at: Place, records: readonly Rejected[], state: State): Promise<void> {
  const Body = JSON.stringify({ state, at: new Date().toISOString() });
  for (let from = 0; from < records.length; from += MARKS_TOGETHER)
    await Promise.all(
      records.slice(from, from + MARKS_TOGETHER).map((record) =>
        s3.send(
          new PutObjectCommand({
            Bucket: at.names.buckets.control!,
            Key: closedKey(record),
            Body,
            ContentType: 'application/json',
          }),
        ),
      ),
    );
}
