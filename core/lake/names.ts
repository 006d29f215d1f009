import { CONTRACTS_VERSION, ENTITY_NAME_PATTERN, contractOf, isEntityName, type EntityName } from '../../contracts';
import { sha256Hex } from '../records/hash';
import { isoHour } from '../records/time';

/**
 * Names of the lake's objects. A name is made of where its records were received and never of what they hold, so that
 * a retry writes the same object and no name tells of a person.
 */

/** A run of stream records: one shard, first and last sequence number, arrival of the first record. */
export interface StreamRange {
  stream: string;
  shardId: string;
  firstSequence: string;
  lastSequence: string;
  /** Milliseconds since 1970 of the first record's approximate arrival. */
  arrivalMs: number;
}

/** A run of file rows: the reading that they are of, first and last 1-based data row, the object's last modification. */
export interface FileRange {
  reading: string;
  firstRow: number;
  lastRow: number;
  arrivalMs: number;
}

const ROW_DIGITS = 12;
const row = (n: number) => String(n).padStart(ROW_DIGITS, '0');

/** What stands between arrival hour and suffix in silver and quarantine. */
function stem(range: StreamRange | FileRange): string {
  return 'shardId' in range
    ? `${range.shardId}-${range.firstSequence}-${range.lastSequence}`
    : `file-${range.reading}-${row(range.firstRow)}-${row(range.lastRow)}`;
}

/** Key of a bronze object (streams only; the bronze of a file is its landing object). */
export function bronzeKey(r: StreamRange): string {
  return `stream=${r.stream}/arrival=${isoHour(r.arrivalMs)}/${r.shardId}/${r.firstSequence}-${r.lastSequence}-c${CONTRACTS_VERSION}.parquet`;
}

/** Key of a silver object: one per entity and schema version of a range. */
export function silverKey(entity: EntityName, version: number, range: StreamRange | FileRange): string {
  return `${entity}/v${version}/arrival=${isoHour(range.arrivalMs)}/${stem(range)}.parquet`;
}

/** Key of a quarantine object. */
export function quarantineKey(range: StreamRange | FileRange): string {
  return `arrival=${isoHour(range.arrivalMs)}/${stem(range)}.parquet`;
}

/**
 * Another name for an object whose own name is taken by other bytes: code of another release read the same records
 * before. It carries the contracts' version and which reading this is, so that a retry comes upon its own bytes.
 * @param reading 2 for the second reading, and so on
 */
export function rereadKey(key: string, reading: number): string {
  return key.replace(/(-c\d+)?\.parquet$/, `-c${CONTRACTS_VERSION}-r${reading}.parquet`);
}

/** Key of the mark in the control bucket that work on a record, alone in its batch, has begun for the nth time. */
export function attemptKey(stream: string, shardId: string, sequence: string, attempt: number): string {
  return `attempts/${stream}/${shardId}/${sequence}-${attempt}.json`;
}

/** Prefix of receipts in the control bucket. */
export const RECEIPTS = '_ledger/';

/** Key of the receipt of a silver object in the control bucket. */
export function receiptKey(silver: string): string {
  return `${RECEIPTS}${silver}.json`;
}

/** Prefix of the receipts of silver objects that have a prefix. */
export const receiptPrefix = (silver: string): string => `${RECEIPTS}${silver}`;

/** Prefix of the names of objects that were refused once; their receipts say whether they are. A listing of receipts does not tell. */
export const REFUSED = 'loads/refused/';
export const refusedKey = (silver: string): string => `${REFUSED}${silver}.json`;

/** The silver key that a receipt is for, or undefined. */
export function receiptSubject(key: string): string | undefined {
  return key.startsWith(RECEIPTS) && key.endsWith('.json') ? key.slice(RECEIPTS.length, -'.json'.length) : undefined;
}

/** Key of the fingerprint of the key secret in the control bucket. */
export const FINGERPRINT_KEY = '_key/fingerprint.json';

/** Where stream records come from, as silver and quarantine rows name it. */
export function streamSource(stream: string, shardId: string): string {
  return `${stream}/${shardId}`;
}

/** What a silver key tells. */
export interface SilverName {
  entity: EntityName;
  version: number;
  /** `YYYY-MM-DDTHH`, UTC. */
  arrivalHour: string;
  stem: string;
}

const SILVER = new RegExp(
  `^(${ENTITY_NAME_PATTERN})/v([1-9]\\d{0,8})/arrival=(\\d{4}-\\d{2}-\\d{2}T\\d{2})/([A-Za-z0-9._-]+)\\.parquet$`,
);

/** Reads a silver key, or undefined where it is none: nobody can load such an object, so that callers report it. */
export function parseSilverKey(key: string): SilverName | undefined {
  const m = SILVER.exec(key);
  if (!m || !isEntityName(m[1])) return undefined;
  return { entity: m[1], version: Number(m[2]), arrivalHour: m[3], stem: m[4] };
}

/** Whether an object of this key can be loaded: its name is a silver key, of a version that is published. */
export function isLoadable(key: string): boolean {
  const name = parseSilverKey(key);
  return name !== undefined && contractOf(name.entity, name.version) !== undefined;
}

/**
 * An id for a key that others chose, which may hold anything, a person's name too, and is therefore not shown in logs, errors, metrics and
 * listings: 16 hex digits of its SHA-256.
 */
export const keyId = (key: string): string => sha256Hex(key).slice(0, 16);

/** Path of all silver objects of one entity version. */
export const versionPath = (entity: EntityName, version: number): string => `${entity}/v${version}`;

/** Prefix of all silver objects of one entity version in one arrival hour (`YYYY-MM-DDTHH`). */
export function silverPrefix(entity: EntityName, version: number, arrivalHour: string): string {
  return `${versionPath(entity, version)}/arrival=${arrivalHour}/`;
}

/** The same for something that is worked on as a whole: the function that does it, and a hash of its name. */
export const workAttemptKey = (work: string, hash: string, attempt: number): string =>
  `attempts/${work}/${hash}-${attempt}.json`;

const BRONZE = /^stream=([^/]+)\/arrival=\d{4}-\d{2}-\d{2}T\d{2}\/([^/]+)\/[^/]+\.parquet$/;

/** The stream and shard that a bronze key tells, or undefined where it is none. */
export function parseBronzeKey(key: string): { stream: string; shardId: string } | undefined {
  const m = BRONZE.exec(key);
  return m ? { stream: m[1], shardId: m[2] } : undefined;
}
