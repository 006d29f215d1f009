import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { objectOf } from '@carelake/laptop/endpoints/files';
import { readingOfKey } from '../../core/files/readings';
import { isObjectWithdrawn } from '../../core/files/withdrawals';
import { keyId } from '../../core/lake/names';
import { folderDecisions } from '../readings';
import { CliError } from '../errors';
import { existingFolder, type Names } from '../folder';
import { bucketFolder, filesUnder, withEngine } from '../lake-files';

/** A rejected record as quarantine keeps it: rules and pointers, never a value. */
export interface Rejected {
  quarantine_id: string;
  /** When it arrived, UTC. */
  arrived_at: string;
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
  sha256: string | null;
  /** Name of the reading of its landing object that rejected it; null for a record of the stream. */
  reading: string | null;
  state: State;
}

/** `open`: still to be worked on. Everything else was done by somebody, and leaves the list. */
export type State = 'open' | 'replayed' | 'mended' | 'discarded';

/** A data folder and the names of its buckets. */
export interface Place {
  dataDir: string;
  names: Names;
}

/** @throws CliError for a folder that was never booted to the end */
export function placeOf(data: string | undefined): Place {
  const { dataDir, run } = existingFolder(data);
  if (!run.names)
    throw new CliError('the first start on this folder did not finish', { where: dataDir, next: 'npm start' });
  return { dataDir, names: run.names };
}

/** Which records are meant. */
export interface Filter {
  id?: string;
  rule?: string;
  /** A stream or a profile. */
  source?: string;
  entity?: string;
  /** First moment of arrival, ISO-8601 UTC. */
  since?: string;
}

const CLOSED = 'quarantine/closed/';
type Identity = Pick<Rejected, 'quarantine_id' | 'reading'>;
/** A record is the same under every profile that reads its file; what was done about it holds for the reading that rejected it. */
const markOf = ({ quarantine_id, reading }: Identity): string =>
  reading === null ? quarantine_id : `${quarantine_id}-${reading}`;
/** Key in control of the mark that a record was dealt with. It holds nothing of it. */
export const closedKey = (record: Identity): string => `${CLOSED}${markOf(record)}.json`;

/** What was done about records, by the names of their marks. */
function closedStates({ dataDir, names }: Place): Map<string, State> {
  const states = new Map<string, State>();
  const folder = join(bucketFolder(dataDir, names.buckets.control!), CLOSED);
  for (const file of filesUnder(folder, '.json')) {
    const mark = objectOf<{ state?: State }>(readFileSync(file, 'utf8'));
    if (mark?.state) states.set(basename(file, '.json'), mark.state);
  }
  return states;
}

const CONDITIONS: Record<keyof Filter, string> = {
  id: 'quarantine_id = $id',
  rule: `list_contains(string_split(rule_ids, ' '), $rule)`,
  source: `coalesce(profile, split_part(record_source, '/', 1)) = $source`,
  entity: 'entity = $entity',
  since: 'arrived_at >= $since::TIMESTAMPTZ',
};

/**
 * The rejected records that are meant, the newest first, each once however often its batch was retried. What a withdrawn reading rejected is
 * nothing to work on: another one took its place, or the file was taken back.
 */
export async function readRejected(at: Place, filter: Filter): Promise<Rejected[]> {
  const folder = bucketFolder(at.dataDir, at.names.buckets.quarantine!);
  const decisions = folderDecisions(bucketFolder(at.dataDir, at.names.buckets.control!));
  const files = [...filesUnder(folder, '.parquet')].filter((file) => !isObjectWithdrawn(decisions, file));
  if (files.length === 0) return [];
  const asked = Object.entries(filter).filter((entry): entry is [keyof Filter, string] => entry[1] !== undefined);
  const where = ['true', ...asked.map(([name]) => CONDITIONS[name])].join(' AND ');
  const states = closedStates(at);
  const rows = await withEngine((query) =>
    query(
      `SELECT quarantine_id, strftime(arrived_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS arrived_at, rule_ids, pointers, entity, profile,
         record_source, record_position, byte_offset, byte_length, bronze_object, bronze_row, sha256, filename
       FROM (SELECT DISTINCT ON (quarantine_id) *
         FROM read_parquet(from_json($files::JSON, '["VARCHAR"]'), union_by_name = true, hive_partitioning = false, filename = true)
         ORDER BY quarantine_id, arrived_at, filename) once
       WHERE ${where} ORDER BY once.arrived_at DESC, quarantine_id`,
      { files: JSON.stringify(files), ...Object.fromEntries(asked) },
    ),
  );
  const numeric = (value: unknown) => (value === null ? null : Number(value));
  return rows.map(({ filename, ...row }) => {
    const record = { ...(row as unknown as Rejected), reading: readingOfKey(String(filename)) ?? null };
    return {
      ...record,
      byte_offset: numeric(record.byte_offset),
      byte_length: numeric(record.byte_length),
      bronze_row: numeric(record.bronze_row),
      state: states.get(markOf(record)) ?? 'open',
    };
  });
}

/** @throws CliError where no record has the id */
export async function oneRejected(at: Place, id: string): Promise<Rejected> {
  const [record] = await readRejected(at, { id });
  if (!record)
    throw new CliError('no such record in quarantine', { where: id, next: 'carelake quarantine list --all' });
  return record;
}

/** A file or object that was refused as a whole: there is no row to show or to send. */
export const isWhole = (record: Rejected): boolean => record.sha256 === null;

/** Whether the record came in a file. */
export const isOfFile = ({ names }: Place, { bronze_object }: Rejected): boolean =>
  bronze_object.startsWith(`${names.buckets.landing!}/`);

/** Bucket and key of the object that holds a record. */
export function objectOfRecord({ bronze_object }: Rejected): { bucket: string; key: string } {
  const slash = bronze_object.indexOf('/');
  return { bucket: bronze_object.slice(0, slash), key: bronze_object.slice(slash + 1) };
}

/** What stands for the name of a landing object, which may be a patient's: 16 hex digits of the SHA-256 of the key. */
export const landingId = (at: Place, record: Rejected): string | undefined =>
  isOfFile(at, record) ? `landing object ${keyId(objectOfRecord(record).key)}` : undefined;

/** A record as a listing shows it: of a landing object its id; a folder that no profile is named after is the sender's own word too. */
export function shown(at: Place, record: Rejected): Rejected {
  const id = landingId(at, record);
  if (id === undefined) return record;
  const unknown = record.rule_ids.split(' ').includes('FIL-PRF-01');
  return { ...record, record_source: id, bronze_object: id, profile: unknown ? null : record.profile };
}
