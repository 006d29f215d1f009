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
  /** Records that were not validated yet when the time was over. */
  waiting: number;
}

const POLL_MS = 250;
/** Names of objects may be younger than their writing by what two clocks differ, never older. */
const EARLIER_MS = 5000;

const fresh = (folder: string, since: number): string[] =>
  [...filesUnder(folder, '.parquet')].filter((file) => statSync(file).mtimeMs >= since - EARLIER_MS);

/**
 * Waits until the stream's function has validated what was sent, and counts what it made of it: events that records pack count each.
 * @param since when the first was sent, ms
 */
export async function judgedOf(
  zones: Pick<ZoneFolders, 'bronze' | 'silver' | 'quarantine'>,
  sent: readonly SentRecord[],
  since: number,
  waitMs: number,
): Promise<Judged> {
  const deadline = Date.now() + waitMs;
  return withEngine(async (query) => {
    await query(`CREATE TEMP TABLE sent AS SELECT unnest(from_json($sent::JSON, '["VARCHAR"]')) AS place`, {
      sent: JSON.stringify(sent.map(({ shardId, sequence }) => `${shardId} ${sequence}`)),
    });
    for (;;) {
      const found = await look(query, zones, since);
      if (found.waiting === 0 || Date.now() >= deadline) return found;
      await sleep(POLL_MS);
    }
  });
}

/** Records of a zone that were sent, by shard and sequence number as the objects name them. */
async function rows(query: Query, files: string[], columns: string): Promise<Record<string, unknown>[]> {
  if (files.length === 0) return [];
  return query(
    `SELECT ${columns} FROM read_parquet(from_json($files::JSON, '["VARCHAR"]'), union_by_name = true, hive_partitioning = false)
     WHERE concat(split_part(record_source, '/', -1), ' ', split_part(record_position, '/', 1)) IN (SELECT place FROM sent)`,
    { files: JSON.stringify(files) },
  );
}

async function look(
  query: Query,
  zones: Pick<ZoneFolders, 'bronze' | 'silver' | 'quarantine'>,
  since: number,
): Promise<Judged> {
  const count = async (zone: 'bronze' | 'silver', what: string): Promise<number> =>
    Number((await rows(query, fresh(zones[zone], since), `${what} AS n`))[0]?.n ?? 0);
  const quarantined = await rows(query, fresh(zones.quarantine, since), 'DISTINCT quarantine_id, rule_ids');
  const accepted = await count('silver', 'count(DISTINCT (record_source, record_position))');
  const received = await count('bronze', 'sum(coalesce(members, 1))');
  const here = await count('bronze', 'count(*)');
  const byRule: Record<string, number> = {};
  for (const { rule_ids } of quarantined)
    for (const rule of new Set(String(rule_ids).split(' '))) byRule[rule] = (byRule[rule] ?? 0) + 1;
  const all = Number((await query('SELECT count(*) AS n FROM sent'))[0]!.n);
  const unjudged = Math.max(0, received - accepted - quarantined.length);
  return { accepted, rejected: quarantined.length, byRule, waiting: all - Math.min(here, all) + unjudged };
}
