import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import type { S3Store, VersionInfo, VersionListing } from '@carelake/laptop/endpoints/s3-types';
import { readCheckpoint } from '@carelake/laptop/engines/checkpoints';
import { landingHash } from '../../core/records/hash';
import { readMarkKey, versionOf } from '../../core/files/landed';
import { landingOfReading } from '../../core/files/readings';
import { streamSource } from '../../core/lake/names';
import { withRecords, type Query, type ZoneFolders } from '../conservation';
import { type ReadingRows, readingRows, readingSql, unmappedOf } from '../readings';
import { differenceOf, type Difference } from './difference';

/** What records are compared with. */
export interface RecordSources {
  readonly dataDir: string;
  readonly zones: ZoneFolders;
  readonly buckets: Readonly<Record<string, string>>;
  readonly stream: string;
  readonly kinesis: KinesisStore;
  readonly s3: S3Store;
}

const text = (rows: readonly Record<string, unknown>[]): string[] =>
  rows.map((row) => `${String(row.s)} ${String(row.p)}`);

/** Follows every record from the stream or landing to silver, quarantine or the held batches, both ways. */
export async function checkRecords(at: RecordSources): Promise<Difference[]> {
  return withRecords(at.zones, async (query) => {
    const unaccounted = await query(
      `SELECT s, p FROM (SELECT s, p FROM bronze UNION SELECT s, p FROM held) EXCEPT
       (SELECT s, p FROM silver UNION SELECT s, p FROM quarantine UNION SELECT s, p FROM held
        UNION SELECT s, p FROM bronze WHERE type IS NOT NULL) ORDER BY s, p`,
    );
    const unreceived = await query(
      `SELECT s, p FROM (SELECT s, p, object FROM silver UNION ALL SELECT s, p, object FROM quarantine) z
       WHERE NOT starts_with(object, 'file-') AND NOT starts_with(object, 'load-')
       EXCEPT (SELECT s, p FROM bronze UNION SELECT s, p FROM held) ORDER BY s, p`,
    );
    return [
      ...(await checkStream(at, query)),
      ...differenceOf('CHK-BRONZE-01', 'bronze', text(unaccounted)),
      ...differenceOf('CHK-BRONZE-02', 'silver, quarantine', text(unreceived)),
      ...(await checkFiles(at, query)),
    ];
  });
}

/** Ordinal before which every reader of a shard has settled its records: the least of its checkpoints; the start where one has none. */
function settled(dataDir: string, shardId: string): number {
  const folder = join(dataDir, 'esm');
  if (!existsSync(folder)) return 0;
  const marks = readdirSync(folder).flatMap((mapping) =>
    readdirSync(join(folder, mapping))
      .filter((file) => file.startsWith(`${shardId}-`) && file.endsWith('.json'))
      .flatMap((file) => readCheckpoint(join(folder, mapping, file)) ?? []),
  );
  return marks.length === 0 ? 0 : Math.min(...marks);
}

/** The record that holds an event: its position without the place in it. */
const RECORD = `split_part(p, '/', 1)`;

/** Sequence numbers of a stretch count up by one, so that a number of records and two ends tell whether one is missing. */
async function checkStream({ dataDir, stream, kinesis }: RecordSources, query: Query): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const { shardId } of kinesis.describe(stream)?.shards ?? []) {
    const source = streamSource(stream, shardId);
    const sequence = (ordinal: number): string => kinesis.sequenceNumber(stream, shardId, ordinal);
    const settledTo = settled(dataDir, shardId);
    for (const run of kinesis.runs(stream, shardId)) {
      const end = Math.min(settledTo, run.to);
      if (end <= run.from) continue;
      const [from, to] = [sequence(run.from), sequence(end - 1)];
      const [row] = await query(
        `SELECT count(*) AS n FROM (SELECT DISTINCT ${RECORD} AS r FROM (SELECT s, p FROM bronze UNION ALL SELECT s, p FROM held) WHERE s = $source AND r BETWEEN $from AND $to)`,
        { source, from, to },
      );
      const missing = end - run.from - Number(row!.n);
      found.push(...differenceOf('CHK-STREAM-01', source, [`between ${from} and ${to}`], missing));
    }
    const next = kinesis.end(stream, shardId);
    const last = next > 0 ? sequence(next - 1) : '';
    const [beyond] = await query(`SELECT count(DISTINCT ${RECORD}) AS n FROM bronze WHERE s = $source AND ${RECORD} > $last`, { source, last });
    found.push(...differenceOf('CHK-STREAM-02', source, [`after ${last || 'the beginning'}`], Number(beyond!.n)));
  }
  return found;
} // prettier-ignore

/** A version of an object in landing, and what says that it was read. */
interface Landed extends VersionInfo {
  readonly hash: string;
  readonly mark: string;
}

/** Every version of every object in landing, but for what a console makes of "create folder". */
function* landedIn(s3: S3Store, landing: string): Generator<Landed> {
  let after: VersionListing['next'];
  do {
    const page = s3.listVersions(landing, { after });
    for (const found of page.versions) {
      const { key, etag, size, lastModified, versionId, deleteMarker } = found;
      if (deleteMarker || (size === 0 && key.endsWith('/'))) continue;
      const hash = landingHash(landing, key, versionOf({ versionId, etag, landedMs: lastModified }));
      yield { ...found, hash, mark: readMarkKey(lastModified, hash) };
    }
    after = page.next;
  } while (after !== undefined);
}

const isUnread = ({ mark }: Landed, control: string): boolean => !existsSync(join(control, mark));

/** What lies in landing and was neither read to its end nor refused. */
export const unreadIn = (s3: S3Store, landing: string, control: string): Landed[] =>
  [...landedIn(s3, landing)].filter((one) => isUnread(one, control));

/** Landed objects against the marks that they were read, and the counts of their chunks against the rows that are there. */
async function checkFiles({ zones, buckets, s3 }: RecordSources, query: Query): Promise<Difference[]> {
  const all = [...landedIn(s3, buckets.landing!)];
  const landed = new Set(all.map(({ hash }) => hash));
  const unread = all.filter((one) => isUnread(one, zones.control)).map(({ hash }) => `id ${hash}`);
  const counted = readingRows(zones.control);
  const rows = await query(
    `SELECT ${readingSql('object')} AS reading, count(*) AS n FROM (SELECT DISTINCT s, p, object FROM
      (SELECT s, p, object FROM silver UNION ALL SELECT s, p, object FROM quarantine) z WHERE starts_with(object, 'file-')) GROUP BY 1`,
  );
  const stored = new Map(rows.map((row) => [String(row.reading), Number(row.n)]));
  const readings = [...new Set([...counted.keys(), ...stored.keys()])].sort();
  // What nothing maps lies in landing alone.
  const expected = (rows: ReadingRows | undefined): number => (rows ? rows.received - unmappedOf(rows) : 0);
  const uneven = readings.filter((reading) => expected(counted.get(reading)) !== (stored.get(reading) ?? 0));
  const gone = [...new Set([...stored.keys()].map(landingOfReading))].filter((hash) => !landed.has(hash));
  return [
    ...differenceOf('CHK-LANDING-01', 'landing', unread),
    ...differenceOf('CHK-LANDING-02', 'landing', gone.map((hash) => `id ${hash}`)), // prettier-ignore
    ...differenceOf('CHK-FILE-01', 'silver, quarantine', uneven.map((reading) => `id ${reading}`)), // prettier-ignore
  ];
}
