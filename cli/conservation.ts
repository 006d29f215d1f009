import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { keyOfPath } from '@carelake/laptop/endpoints/s3-keys';
import { isLoadable, keyId } from '../core/lake/names';
import { CliError, EXIT } from './errors';
import { filesUnder, withEngine } from './lake-files';

export interface IngestCounts {
  received: number;
  accepted: number;
  quarantined: number;
}

export interface LoadCounts {
  read: number;
  applied: number;
  superseded: number;
  duplicate: number;
}

/** Folders of the zones that are counted, as the S3 endpoint keeps them: plain files. */
export interface ZoneFolders {
  bronze: string;
  silver: string;
  quarantine: string;
  control: string;
}

/**
 * Counts what ingest made of what it received, by reading what lies in the lake: distinct (record_source,
 * record_position), so that a retried batch is counted once. A file has no bronze but its landing object; its received
 * rows are those of the receipts that each finished chunk leaves in control.
 */
export async function countIngest(zones: ZoneFolders): Promise<IngestCounts> {
  const distinct = await distinctRecords(zones);
  return {
    received: distinct.bronze + fileRows(join(zones.control, 'ingest')),
    accepted: distinct.silver,
    quarantined: distinct.quarantine,
  };
}

/** @throws CliError when records are missing or appear twice: received must be accepted + quarantined. */
export function checkIngest(counts: IngestCounts, where: string): void {
  if (counts.received === counts.accepted + counts.quarantined) return;
  throw new CliError(
    `conservation is broken: ${counts.received} received, but ${counts.accepted} accepted + ${counts.quarantined} quarantined`,
    {
      where,
      rule: 'received = accepted + quarantined',
      next: 'carelake start --once again; if it stays, keep the folder and report it',
      exitCode: EXIT.failed,
    },
  );
}

/** @throws CliError when the load lost or invented events: read must be applied + superseded + duplicate. */
export function checkLoad(counts: LoadCounts, where: string): void {
  const { read, applied, superseded, duplicate } = counts;
  if (read === applied + superseded + duplicate && applied >= 0 && superseded >= 0 && duplicate >= 0) return;
  throw new CliError(
    `conservation is broken: ${read} read, but ${applied} applied + ${superseded} superseded + ${duplicate} duplicate`,
    {
      where,
      rule: 'read = applied + superseded + duplicate',
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
      next: 'move what somebody put there out of the folder; if carelake wrote it, keep the folder and report it',
      exitCode: EXIT.failed,
    },
  );
}

/** @throws CliError when events lie in silver that no load has brought into the warehouse. */
export function checkLoaded(silverRows: number, load: LoadCounts, where: string): void {
  if (silverRows === load.read) return;
  throw new CliError(`loads did not finish: ${silverRows} events lie in silver, ${load.read} were read`, {
    where: `${where}/executions, ${where}/logs`,
    rule: 'every silver object is loaded once',
    next: 'carelake start again: it goes on with what is pending',
    exitCode: EXIT.failed,
  });
}

/**
 * What gave up since the run began: batches that the stream's mapping handed to its on-failure destination, and files whose
 * reading ended badly. None of their records is counted anywhere, so that counting alone would not miss them.
 * @throws CliError naming them
 */
export function checkGivenUp(dataDir: string, quarantine: string, since: number): void {
  const batches = [...filesUnder(join(quarantine, 'aws', 'lambda'), '')].filter(
    (file) => statSync(file).mtimeMs >= since,
  );
  const files = endedExecutions(dataDir).filter(
    (ended) => ended.machine.includes('IngestFile') && ended.status !== 'SUCCEEDED' && ended.endedAt >= since,
  );
  if (batches.length + files.length === 0) return;
  throw new CliError(`${batches.length} batches of the stream and ${files.length} files could not be taken in`, {
    where: `${quarantine}/aws/lambda, ${dataDir}/executions/ended.ndjson`,
    lines: files.slice(0, 5).map((ended) => `${ended.machine} ${ended.name}: ${ended.status} ${ended.error ?? ''}`),
    next: `read ${dataDir}/logs; what failed for a passing reason is sent again: a file by a new start, a batch by carelake push`,
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
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as EndedExecution);
}

async function distinctRecords(zones: ZoneFolders): Promise<Record<'bronze' | 'silver' | 'quarantine', number>> {
  const counts = { bronze: 0, silver: 0, quarantine: 0 };
  await withEngine(async (query) => {
    for (const zone of ['bronze', 'silver', 'quarantine'] as const) {
      if (filesUnder(zones[zone], '.parquet').next().done) continue;
      const files = `${zones[zone]}/**/*.parquet`;
      const [row] = await query(
        `SELECT count(*) AS n FROM (SELECT DISTINCT record_source, record_position FROM read_parquet($files, union_by_name = true, hive_partitioning = false))`,
        { files },
      );
      counts[zone] = Number(row!.n);
    }
  });
  return counts;
}

/** Rows of all finished chunks. Chunks are fixed, so a chunk that was read twice leaves one receipt. */
function fileRows(folder: string): number {
  let rows = 0;
  for (const file of filesUnder(folder, '.json'))
    rows += Number((JSON.parse(readFileSync(file, 'utf8')) as { received?: number }).received ?? 0);
  return rows;
}

/** What the second count has more than the first. */
export function difference<T extends object>(after: T, before: T): T {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before as Record<string, number>)[name]!]),
  ) as T;
}
