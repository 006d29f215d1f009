import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { objectOf } from '@carelake/laptop/endpoints/files';
import { keyOfPath } from '@carelake/laptop/endpoints/s3-keys';
import { isReplaced } from '../core/files/withdrawals';
import { isLoadable, keyId, streamSource } from '../core/lake/names';
import { fhirIn } from '../core/records/fhir-mark';
import { membersOf } from '../core/records/members';
import { givenUpBatches } from '../core/stream-event';
import { CliError, EXIT } from './errors';
import { filesUnder, withEngine, type Query } from './lake-files';
import { folderDecisions, type ReadingRows, readingRows, unmappedOf } from './readings';

export type { Query } from './lake-files';

export interface IngestCounts {
  received: number;
  accepted: number;
  quarantined: number;
  /** Records of kinds that nothing in their profiles reads; they stay in landing or bronze. */
  unmapped: number;
  /** Given up by the stream's mapping and not yet taken in (carelake replay-failed). */
  held: number;
}

/** A count, and the readings of files in it. */
export interface CountedIngest {
  readonly ingest: IngestCounts;
  readonly readings: ReadonlyMap<string, ReadingRows>;
}

export interface LoadCounts {
  read: number;
  applied: number;
  superseded: number;
  duplicate: number;
  /** Rows of objects that are withdrawn, or whose reading another one took the place of. */
  withdrawn: number;
}

/** Folders of the zones that are counted, as the S3 endpoint keeps them: plain files. */
export interface ZoneFolders {
  bronze: string;
  silver: string;
  quarantine: string;
  control: string;
  failed: string;
}

/**
 * Counts what ingest made of what it received, by reading what lies in the lake: distinct (record_source,
 * record_position), so that a retried batch is counted once. A file has no bronze but its landing object; its received
 * rows are those of the receipts that each finished chunk leaves in control. A record that was read by two releases, the
 * batch being tried again after a deployment, counts as accepted if one of them accepted it.
 */
export async function countIngest(zones: ZoneFolders): Promise<CountedIngest> {
  const { received, silver, quarantine, held, unmapped: ofStream } = await distinctRecords(zones);
  const readings = readingRows(zones.control);
  const sum = (of: (rows: ReadingRows) => number): number =>
    [...readings.values()].reduce((total, rows) => total + of(rows), 0);
  const rows = sum((of) => of.received);
  const unmapped = sum(unmappedOf) + ofStream;
  return { ingest: { received: received + rows, accepted: silver, quarantined: quarantine, unmapped, held }, readings };
}

/** @throws CliError when records are missing or appear twice: received must be accepted + quarantined + unmapped + held. */
export function checkIngest(counts: IngestCounts, where: string): void {
  const { received, accepted, quarantined, unmapped, held } = counts;
  if (received === accepted + quarantined + unmapped + held) return;
  throw new CliError(
    `conservation is broken: ${received} received, but ${accepted} accepted + ${quarantined} quarantined + ${unmapped} unmapped + ${held} held`,
    {
      where,
      rule: 'received = accepted + quarantined + unmapped + held',
      next: 'npm start -- --once; if the error persists, keep the folder and report it',
      exitCode: EXIT.failed,
    },
  );
}

/** @throws CliError when the load lost or invented events: read must be applied + superseded + duplicate + withdrawn. */
export function checkLoad(counts: LoadCounts, where: string): void {
  const { read, applied, superseded, duplicate, withdrawn } = counts;
  if (read === applied + superseded + duplicate + withdrawn && applied >= 0 && superseded >= 0 && duplicate >= 0)
    return;
  throw new CliError(
    `conservation is broken: ${read} read, but ${applied} applied + ${superseded} superseded + ${duplicate} duplicate + ${withdrawn} withdrawn`,
    {
      where,
      rule: 'read = applied + superseded + duplicate + withdrawn',
      next: 'carelake sql "select * from ops.conservation"',
      exitCode: EXIT.failed,
    },
  );
}

/** Events that lie in silver, whether a load has read them or not (rows of objects, a retry's overlap included). */
export async function countSilverRows(zones: ZoneFolders): Promise<number> {
  if (filesUnder(zones.silver, '.parquet').next().done) return 0;
  return withEngine(async (query) => {
    const [row] = await query(`SELECT sum(num_rows) AS n FROM parquet_file_metadata($files)`, {
      files: `${zones.silver}/**/*.parquet`,
    });
    return Number(row!.n);
  });
}

/**
 * Looks for files in silver that no load can take: their names are none that this platform gives, or of a contract that it does not know.
 * @throws CliError with their ids; a name of unknown origin may hold anything
 */
export function checkReadable(silver: string): void {
  const unreadable = [...filesUnder(silver, '')]
    .map((path) => keyOfPath(relative(silver, path)))
    .filter((key) => !isLoadable(key));
  if (unreadable.length === 0) return;
  throw new CliError(
    `conservation is broken: ${unreadable.length} objects in silver have names that no load can read`,
    {
      where: silver,
      rule: 'LOAD-NAME-01: the name of every object in silver is a silver key of a published contract version',
      lines: unreadable.slice(0, 5).map((key) => `id ${keyId(key)} (16 hex digits of the SHA-256 of the key)`),
      next: 'move anything that somebody put there out of the folder; if carelake wrote it, keep the folder and report it',
      exitCode: EXIT.failed,
    },
  );
}

/** @throws CliError when events lie in silver that no load has brought into the warehouse. */
export function checkLoaded(silverRows: number, load: LoadCounts, where: string): void {
  if (silverRows === load.read) return;
  throw new CliError(`loads did not finish: ${silverRows} events are in silver, ${load.read} were read`, {
    where: `${where}/executions, ${where}/logs`,
    rule: 'every silver object is loaded once',
    next: 'npm start: it loads what is pending',
    exitCode: EXIT.failed,
  });
}

/**
 * What gave up since the run began and was not taken in since: batches that the stream's mapping handed to its on-failure destination,
 * which are held, and files whose reading ended badly, whose records are counted nowhere.
 * @param isUnread whether landing holds a file that was not read to its end
 * @throws CliError naming them
 */
export function checkGivenUp(dataDir: string, failed: string, since: number, isUnread: boolean): void {
  const batches = [...filesUnder(failed, '')].filter((file) => statSync(file).mtimeMs >= since);
  const files = endedExecutions(dataDir).filter(
    ({ machine, status, error, endedAt }) =>
      machine.includes('IngestFile') &&
      status !== 'SUCCEEDED' &&
      endedAt >= since &&
      // What was removed before it was read lies nowhere any more.
      (isUnread || error === 'LastingError'),
  );
  if (batches.length + files.length === 0) return;
  throw new CliError(`${batches.length} batches of the stream and ${files.length} files could not be ingested`, {
    where: `${failed}, ${dataDir}/executions/ended.ndjson`,
    lines: files.slice(0, 5).map((ended) => `${ended.machine} ${ended.name}: ${ended.status} ${ended.error ?? ''}`),
    next: `see ${dataDir}/logs; after a temporary fault, a new start reads the files again, and the batches are ingested while the folder is served by: carelake replay-failed; a file that was removed before it was read (LANDING-CHANGED) must be landed again`,
    exitCode: EXIT.failed,
  });
}

interface EndedExecution {
  machine: string;
  name: string;
  status: string;
  error?: string;
  endedAt: number;
}

function endedExecutions(dataDir: string): EndedExecution[] {
  const file = join(dataDir, 'executions', 'ended.ndjson');
  if (!existsSync(file)) return [];
  return (
    readFileSync(file, 'utf8')
      .split('\n')
      // A kill or a full disk can cut a line short; the others are whole.
      .flatMap((line) => objectOf<EndedExecution>(line) ?? [])
  );
}

interface Distinct {
  received: number;
  silver: number;
  quarantine: number;
  held: number;
  unmapped: number;
}

/** Positions of the records in batches that were given up, as JSON for the engine. */
function heldRecords(folder: string): string {
  const held = [...filesUnder(folder, '')].flatMap((file) =>
    (givenUpBatches(readFileSync(file, 'utf8')) ?? []).flatMap(({ stream, shardId, records }) =>
      records.flatMap(({ sequence, data }) => {
        const packed = membersOf(data);
        const members = Array.isArray(packed) ? (packed as readonly Uint8Array[]) : undefined;
        const s = streamSource(stream, shardId);
        // What FHIR becomes is known once it is read: until then the record counts as one.
        if ((members ?? [data]).some((member) => fhirIn(member))) return [{ s, p: sequence, whole: true }];
        return (members?.map((_, i) => `${sequence}/${i}`) ?? [sequence]).map((p) => ({ s, p, whole: false }));
      }),
    ),
  );
  return JSON.stringify(held);
}

const NO_RECORDS = `SELECT NULL::VARCHAR AS s, NULL::VARCHAR AS p, NULL::VARCHAR AS type, NULL::VARCHAR AS object WHERE false`;
/** A batch that was written in part and then given up lies in bronze too, which then says what its records hold. */
const HELD_RECORDS = `SELECT DISTINCT r.s, coalesce(b.p, r.p) AS p
  FROM (SELECT unnest(from_json($held::JSON, '[{"s":"VARCHAR","p":"VARCHAR","whole":"BOOLEAN"}]')) AS r)
  LEFT JOIN bronze b ON r.whole AND b.s = r.s AND split_part(b.p, '/', 1) = r.p`;
/** Two releases name what they make of one batch differently; one name in both zones would be one reading that counts twice. */
const QUARANTINED = `SELECT DISTINCT s, p FROM quarantine q WHERE NOT EXISTS
  (SELECT 1 FROM silver WHERE silver.s = q.s AND silver.p = q.p AND silver.object <> q.object)`;

/** Readings that others took the place of. */
const REPLACED = `CREATE TEMP TABLE replaced AS SELECT unnest(from_json($names::JSON, '["VARCHAR"]')) AS name`;
const replacedNames = (control: string): string => {
  const decisions = folderDecisions(control);
  return JSON.stringify([...decisions.keys()].filter((name) => isReplaced(decisions, name)));
};

/** Records of a zone as a view: source, position, and the name of the object; those of replaced readings are left out. */
function viewOf(zone: string, folder: string): string {
  const none = filesUnder(folder, '.parquet').next().done;
  const files = `'${folder.replaceAll("'", "''")}/**/*.parquet'`;
  const options = 'union_by_name = true, hive_partitioning = false, filename = true';
  // Of a record that packs several events, each is one that was received; objects of earlier releases lack the column of what FHIR became.
  const [rows, position, type] =
    zone === 'bronze'
      ? [
          `(SELECT * EXCLUDE part, regexp_extract(part, '^[^=]*') AS place, nullif(regexp_extract(part, '=(.*)$', 1), '') AS type
            FROM (SELECT *, unnest(CASE WHEN parts IS NOT NULL THEN string_split(parts, ' ')
                WHEN members IS NULL THEN [NULL] ELSE [i::VARCHAR FOR i IN range(members)] END) AS part
              FROM (SELECT * FROM read_parquet(${files}, ${options}) UNION ALL BY NAME SELECT NULL::VARCHAR AS parts WHERE false)))`,
          `concat_ws('/', record_position, place)`,
          'type',
        ]
      : [`read_parquet(${files}, ${options})`, 'record_position', 'NULL'];
  const records = `SELECT record_source AS s, ${position} AS p, ${type} AS type, parse_filename(filename) AS object FROM ${rows}
    WHERE NOT EXISTS (SELECT 1 FROM replaced r WHERE r.name = parse_filename(filename)[6:31])
      AND NOT EXISTS (SELECT 1 FROM replaced r WHERE r.name = parse_filename(filename)[6:40])`;
  return `CREATE TEMP VIEW ${zone} AS ${none ? NO_RECORDS : records}`;
}

/** Records of the stream that nothing reads, by type. One that another release did read is none. */
const UNMAPPED = `SELECT DISTINCT s, p, type FROM bronze WHERE type IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM (SELECT s, p FROM silver UNION ALL SELECT s, p FROM quarantine UNION ALL SELECT s, p FROM held) r
   WHERE r.s = bronze.s AND r.p = bronze.p)`;

export const unmappedOfStream = (zones: ZoneFolders): Promise<Record<string, number>> =>
  withRecords(zones, async (query) => {
    const rows = await query(`SELECT type, count(*) AS n FROM (${UNMAPPED}) GROUP BY type ORDER BY type`);
    return Object.fromEntries(rows.map(({ type, n }) => [String(type), Number(n)]));
  });

/** Runs queries over the records of the zones: views `bronze`, `silver`, `quarantine` (s, p, object; bronze: type, of what nothing reads) and a table `held` (s, p). */
export function withRecords<T>(zones: ZoneFolders, use: (query: Query) => Promise<T>): Promise<T> {
  return withEngine(async (query) => {
    await query(REPLACED, { names: replacedNames(zones.control) });
    for (const zone of ['bronze', 'silver', 'quarantine'] as const) await query(viewOf(zone, zones[zone]));
    await query(`CREATE TEMP TABLE held AS ${HELD_RECORDS}`, { held: heldRecords(zones.failed) });
    return use(query);
  });
}

async function distinctRecords(zones: ZoneFolders): Promise<Distinct> {
  return withRecords(zones, async (query) => {
    const count = async (records: string): Promise<number> =>
      Number((await query(`SELECT count(*) AS n FROM (${records})`))[0]!.n);
    return {
      received: await count('SELECT s, p FROM bronze UNION SELECT s, p FROM held'),
      silver: await count('SELECT DISTINCT s, p FROM silver'),
      quarantine: await count(QUARANTINED),
      unmapped: await count(UNMAPPED),
      held: await count('SELECT s, p FROM held ANTI JOIN silver USING (s, p) EXCEPT SELECT s, p FROM quarantine'),
    };
  });
}

/** What came in between two counts. Of a file that was read anew, by another profile, all its rows did: the earlier reading is counted no more. */
export function cameIn(after: CountedIngest, before: CountedIngest): IngestCounts {
  const came = difference(after.ingest, before.ingest);
  for (const [reading, rows] of before.readings)
    if (!after.readings.has(reading)) {
      for (const name of ['received', 'accepted', 'quarantined'] as const) came[name] += rows[name];
      came.unmapped += unmappedOf(rows);
    }
  return came;
}

/** What the second count has more than the first. */
export function difference<T extends object>(after: T, before: T): T {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before as Record<string, number>)[name]!]),
  ) as T;
}
