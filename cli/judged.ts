import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ZoneFolders } from './conservation';
import { filesUnder, type Query, withEngine } from './lake-files';
import type { SentRecord } from './put-records';

/** What became of records that were sent. */
export interface Judged {
  accepted: number;
  rejected: number;
  /** Rejected, by rule. */
  byRule: Record<string, number>;
  /** Resources of FHIR of types that nothing reads, by type. */
  unmapped: Record<string, number>;
  /** Records that were not validated yet when the time was over. */
  waiting: number;
}

const POLL_MS = 250;
/** The times of files are rounded, by some file systems to seconds: one may seem older than the moment before it was written. */
const EARLIER_MS = 5000;
/** Records that are noted at once: in an engine, since the places of a long push are more than one text can hold. */
const NOTED_TOGETHER = 20_000;

type Zones = Pick<ZoneFolders, 'bronze' | 'silver' | 'quarantine'>;

/** Counts what becomes of the records that it is told of. */
export interface Judge {
  /** Takes note of a record that the stream took. */
  readonly note: (record: SentRecord) => void;
  /**
   * Waits until the stream's function has validated them, and counts what it made of them: events that records pack count each.
   * @param since when the first was sent, ms
   */
  readonly judged: (zones: Zones, since: number, waitMs: number) => Promise<Judged>;
}

/** Lends a judge. */
export function withJudge<T>(use: (judge: Judge) => Promise<T>): Promise<T> {
  return withEngine(async (query) => {
    await query('CREATE TEMP TABLE sent (place VARCHAR)');
    let places: string[] = [];
    let noted: Promise<unknown> = Promise.resolve();
    const keep = (): void => {
      const json = JSON.stringify(places);
      places = [];
      noted = noted.then(() =>
        query(`INSERT INTO sent SELECT unnest(from_json($json::JSON, '["VARCHAR"]'))`, { json }),
      );
      noted.catch(() => undefined); // whoever waits for it hears of it
    };
    try {
      return await use({
        note: ({ shardId, sequence }) => {
          if (places.push(`${shardId} ${sequence}`) === NOTED_TOGETHER) keep();
        },
        judged: async (zones, since, waitMs) => {
          keep();
          await noted;
          for (const deadline = Date.now() + waitMs; ; await sleep(POLL_MS)) {
            const found = await look(query, zones, since);
            if (found.waiting === 0 || Date.now() >= deadline) return found;
          }
        },
      });
    } finally {
      // An engine is not closed under a statement.
      await noted.catch(() => undefined);
    }
  });
}

const fresh = (folder: string, since: number): string[] =>
  [...filesUnder(folder, '.parquet')].filter((file) => statSync(file).mtimeMs >= since - EARLIER_MS);

/**
 * What is asked about the records of a zone that were sent, each once: a batch that is tried again leaves them in several objects. Objects
 * name them by shard and sequence number.
 */
async function rows(query: Query, files: string[], asked: string, columns: string): Promise<Record<string, unknown>[]> {
  if (files.length === 0) return [];
  return query(
    `SELECT ${asked} FROM
       (SELECT DISTINCT ${columns} FROM read_parquet(from_json($files::JSON, '["VARCHAR"]'), union_by_name = true, hive_partitioning = false)
        WHERE concat(split_part(record_source, '/', -1), ' ', split_part(record_position, '/', 1)) IN (SELECT place FROM sent))`,
    { files: JSON.stringify(files) },
  );
}

async function look(query: Query, zones: Zones, since: number): Promise<Judged> {
  const of = (zone: keyof Zones, asked: string, columns: string) =>
    rows(query, fresh(zones[zone], since), asked, columns);
  // In this order: what is accepted or rejected lies in bronze already.
  const quarantined = await of('quarantine', '*', 'quarantine_id, rule_ids');
  const [silver] = await of('silver', 'count(*) AS n', 'record_source, record_position');
  const bronze = await of('bronze', '*', 'record_source, record_position, members, parts');
  const unmapped: Record<string, number> = {};
  let events = 0;
  for (const { members, parts } of bronze) {
    const places = parts === null ? undefined : String(parts).split(' ');
    events += places?.length ?? Number(members ?? 1);
    for (const type of places?.flatMap((place) => place.split('=')[1] ?? []) ?? [])
      unmapped[type] = (unmapped[type] ?? 0) + 1;
  }
  const byRule: Record<string, number> = {};
  for (const { rule_ids } of quarantined)
    for (const rule of new Set(String(rule_ids).split(' '))) byRule[rule] = (byRule[rule] ?? 0) + 1;
  const all = Number((await query('SELECT count(*) AS n FROM sent'))[0]!.n);
  const accepted = Number(silver?.n ?? 0);
  const unread = Object.values(unmapped).reduce((sum, n) => sum + n, 0);
  const unjudged = Math.max(0, events - accepted - quarantined.length - unread);
  return { accepted, rejected: quarantined.length, byRule, unmapped, waiting: all - bronze.length + unjudged };
}
