import { PutObjectCommand } from '@aws-sdk/client-s3';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { keyId } from '../../core/lake/names';
import { clientsFor } from '../clients';
import { CliError, EXIT } from '../errors';
import { existingFolder, type Names, servedBy } from '../folder';
import { bucketFolder, filesUnder, withEngine } from '../lake-files';
import { print, printJson, table } from '../output';
import { isFile } from '../paths';
import { putRecords } from '../put-records';
import { partitionKeyOf } from '../records';

/** A rejected record as quarantine keeps it: rules and pointers, never a value. */
interface Rejected {
  quarantine_id: string;
  rule_ids: string;
  pointers: string;
  entity: string | null;
  profile: string | null;
  record_source: string;
  record_position: string;
  byte_offset: number | null;
  byte_length: number | null;
  bronze_object: string;
  bronze_row: number | null;
  arrived_at: string;
}

interface Place {
  dataDir: string;
  names: Names;
}

function place(data: string | undefined): Place {
  const { dataDir, run } = existingFolder(data);
  if (!run.names) throw new CliError('this folder was never booted to the end', { where: dataDir, next: 'npm start' });
  return { dataDir, names: run.names };
}

/**
 * A record as a listing shows it. The name of a landing object is its sender's and may be a patient's, as may a folder that no profile is
 * named after: an id stands for it, 16 hex digits of the SHA-256 of the key.
 */
function shown(at: Place, record: Rejected): Rejected {
  const id = landingId(at, record);
  if (id === undefined) return record;
  const unknown = record.rule_ids.split(' ').includes('FIL-PRF-01');
  return { ...record, record_source: id, bronze_object: id, profile: unknown ? null : record.profile };
}

/** What stands for the name of a landing object, where that holds the record. */
function landingId({ names }: Place, { bronze_object }: Rejected): string | undefined {
  const landing = `${names.buckets.landing}/`;
  return bronze_object.startsWith(landing) ? `landing object ${keyId(bronze_object.slice(landing.length))}` : undefined;
}

/** All rejected records, each once however often its batch was retried. */
async function read(at: Place, where: string, values: Record<string, string> = {}): Promise<Rejected[]> {
  const folder = bucketFolder(at.dataDir, at.names.buckets.quarantine!);
  if (filesUnder(folder, '.parquet').next().done) return [];
  const rows = await withEngine((query) =>
    query(
      `SELECT quarantine_id, any_value(rule_ids) AS rule_ids, any_value(pointers) AS pointers, any_value(entity) AS entity, any_value(profile) AS profile,
         any_value(record_source) AS record_source, any_value(record_position) AS record_position, any_value(byte_offset) AS byte_offset,
         any_value(byte_length) AS byte_length, any_value(bronze_object) AS bronze_object, any_value(bronze_row) AS bronze_row,
         strftime(min(arrived_at) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS arrived_at
       FROM read_parquet($files, union_by_name = true, hive_partitioning = false) WHERE ${where} GROUP BY quarantine_id ORDER BY min(arrived_at), quarantine_id`,
      { files: `${folder}/**/*.parquet`, ...values },
    ),
  );
  const numeric = (value: unknown) => (value === null ? null : Number(value));
  return rows.map((row) => ({
    ...(row as unknown as Rejected),
    byte_offset: numeric(row.byte_offset),
    byte_length: numeric(row.byte_length),
    bronze_row: numeric(row.bronze_row),
  }));
}

const BY_RULE = `list_contains(string_split(rule_ids, ' '), $rule)`;

/** Counts by rule, then where each record came from. */
export async function list(options: { rule?: string; limit: number; json?: boolean; data?: string }): Promise<number> {
  const at = place(options.data);
  const rejected = await read(
    at,
    options.rule === undefined ? 'true' : BY_RULE,
    options.rule === undefined ? {} : { rule: options.rule },
  );
  const counts = new Map<string, number>();
  for (const record of rejected)
    for (const rule of new Set(record.rule_ids.split(' '))) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const byRule = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([rule, n]) => ({ rule, n }));
  const records = rejected.slice(0, options.limit).map((record) => shown(at, record));
  if (options.json) {
    printJson({ total: rejected.length, byRule, records });
    return EXIT.ok;
  }
  if (rejected.length === 0) {
    print('Nothing is in quarantine.');
    return EXIT.ok;
  }
  print(
    table(
      ['rule', 'records'],
      byRule.map(({ rule, n }) => [rule, n]),
    ),
  );
  print('');
  print(
    table(
      ['id', 'rules', 'pointers', 'source', 'position', 'byte'],
      records.map((r) => [r.quarantine_id, r.rule_ids, r.pointers, r.record_source, r.record_position, r.byte_offset]),
    ),
  );
  if (records.length < rejected.length) print(`… ${rejected.length - records.length} more: --limit ${rejected.length}`);
  return EXIT.ok;
}

/** One record: its pointer, and its bytes only when the user says that this machine may show them. */
export async function show(id: string, options: { phiOk?: boolean; json?: boolean; data?: string }): Promise<number> {
  const at = place(options.data);
  const record = await one(at, id);
  const told = options.phiOk ? record : shown(at, record);
  const data = options.phiOk ? (await bytesOf(at, record)).toString('utf8') : undefined;
  if (options.json) {
    printJson({ ...told, ...(data === undefined ? {} : { data }) });
    return EXIT.ok;
  }
  print(
    table(
      ['', ''],
      Object.entries(told).map(([name, value]) => [name, value ?? '-']),
    )
      .split('\n')
      .slice(2)
      .join('\n'),
  );
  print(
    data === undefined
      ? `\nThe record itself may hold a patient, and so may the name of a file; --phi-ok prints both.`
      : `\n${data}`,
  );
  return EXIT.ok;
}

/** Sends records again the way they came: the stream, or landing for a row of a file. */
export async function replay(
  ids: string[],
  options: { rule?: string; with?: string; json?: boolean; data?: string },
): Promise<number> {
  if ((ids.length === 0) === (options.rule === undefined)) {
    throw new CliError('say which records: ids, or one rule', {
      next: 'carelake quarantine list; then carelake quarantine replay ID, or --rule RULE',
    });
  }
  if (options.with !== undefined && ids.length !== 1)
    throw new CliError('a mended record replaces exactly one', {
      where: '--with',
      next: 'carelake quarantine replay ID --with FILE',
    });
  if (options.with !== undefined && !isFile(options.with))
    throw new CliError('no such file', { where: options.with, next: 'carelake quarantine replay ID --with FILE' });
  const at = place(options.data);
  const served = servedBy(at.dataDir);
  if (!served)
    throw new CliError('nothing serves this data folder, so nothing takes them', {
      where: at.dataDir,
      next: 'in another terminal: npm start',
    });
  const records =
    options.rule === undefined
      ? await Promise.all(ids.map((id) => one(at, id)))
      : await read(at, BY_RULE, { rule: options.rule });
  const { kinesis, s3 } = clientsFor(served, at.names.region);
  const toStream: { partitionKey: string; data: Buffer }[] = [];
  let toLanding = 0;
  for (const record of records) {
    const data = options.with === undefined ? await bytesOf(at, record) : readFileSync(options.with);
    if (record.profile === null) {
      toStream.push({ partitionKey: partitionKeyOf(data), data });
      continue;
    }
    await s3.send(
      new PutObjectCommand({
        Bucket: at.names.buckets.landing,
        Key: replayKey(record),
        Body: Buffer.concat([headerOf(at, record), data, Buffer.from('\n')]),
      }),
    );
    toLanding++;
  }
  await putRecords(kinesis, at.names.stream, toStream);
  kinesis.destroy();
  s3.destroy();
  if (options.json) printJson({ stream: toStream.length, landing: toLanding });
  else print(`${toStream.length} record(s) sent to the stream, ${toLanding} row(s) to landing.`);
  return EXIT.ok;
}

async function one(at: Place, id: string): Promise<Rejected> {
  const [record] = await read(at, 'quarantine_id = $id', { id });
  if (!record) throw new CliError('no such record in quarantine', { where: id, next: 'carelake quarantine list' });
  return record;
}

function bronzePath(at: Place, record: Rejected): string {
  const slash = record.bronze_object.indexOf('/');
  return join(
    bucketFolder(at.dataDir, record.bronze_object.slice(0, slash)),
    pathOfKey(record.bronze_object.slice(slash + 1)),
  );
}

/** The exact bytes as received: a row of the bronze object, or a range of the landing object. */
async function bytesOf(at: Place, record: Rejected): Promise<Buffer> {
  const path = bronzePath(at, record);
  if (!existsSync(path))
    throw new CliError('the object that holds the record is gone', {
      where: landingId(at, record) ?? path,
      exitCode: EXIT.failed,
    });
  if (record.bronze_row === null) return readRange(path, record.byte_offset ?? 0, record.byte_length ?? 0);
  const rows = await withEngine((query) =>
    query(`SELECT data FROM read_parquet($path, file_row_number = true) WHERE file_row_number = $row::BIGINT`, {
      path,
      row: String(record.bronze_row),
    }),
  );
  return Buffer.from((rows[0]!.data as { bytes: Uint8Array }).bytes);
}

function readRange(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, offset);
  closeSync(file);
  return bytes;
}

/** The first line of the landing object: a row of a CSV means nothing without it. NDJSON has none. */
function headerOf(at: Place, record: Rejected): Buffer {
  const path = bronzePath(at, record);
  if (/\.(ndjson|jsonl|json)$/i.test(path)) return Buffer.alloc(0);
  const head = readRange(path, 0, 1 << 16);
  return head.subarray(0, head.indexOf(0x0a) + 1);
}

function replayKey(record: Rejected): string {
  const key = record.bronze_object.slice(record.bronze_object.indexOf('/') + 1);
  return `${record.profile}/replay-${record.quarantine_id}${extname(basename(key))}`;
}
