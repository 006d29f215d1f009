import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { rangeOf, type StreamBatch } from '../../core/ingest';
import { readBronze } from '../../core/lake/bronze';
import { parseBronzeKey, quarantineKey } from '../../core/lake/names';
import { holdsKilled } from '../../core/lake/quarantine';
import type { Keyring } from '../../core/records/keys';
import { reach } from '../shared/archive';
import { backfillOf, type Backfill } from '../shared/backfill';
import { SafeError } from '../shared/errors';
import { planStream } from '../shared/stream-plan';
import { inParallel, list, putOnce, statusOf } from '../shared/s3';

/** Bronze objects in work at the same time; each is some megabytes. */
const WORKS = 4;
/** Left of an invocation for the page in hand. */
const RESERVE_MS = 120_000;
/** Objects of one page: few enough to be done in the reserve. */
const PAGE = 50;

export interface RebuildContext {
  readonly s3: S3Client;
  readonly keys: Keyring;
  readonly bronze: string;
  readonly silver: string;
  readonly quarantine: string;
  readonly now: () => number;
  readonly remainingMs: () => number;
}

/** The event of the files' sweep, of which the days are used and the rest is passed on. */
export type RebuildEvent = Partial<Backfill> & {
  restore?: boolean;
  bronze?: Record<string, number>;
  bronze_cursor?: string;
};

export interface BronzeCounts extends Record<string, number> {
  /** Bronze objects that were read, and records in them. */
  objects: number;
  records: number;
  /** Objects of silver and quarantine that were missing and are written again; that stood there already; that hold another reading. */
  written: number;
  present: number;
  kept: number;
  /** Records that ended the process which read them: they stay in quarantine, unread. */
  killed: number;
  archived: number;
  restoring: number;
  restore_hours: number;
}

/** The event of the next invocation while `rebuilt` is false. The cursor is a name that this platform gave. */
export interface RebuildResult extends RebuildEvent {
  bronze: BronzeCounts;
  rebuilt: boolean;
}

interface Listed {
  readonly key: string;
  readonly storageClass?: string;
  readonly restoring?: boolean;
  readonly restoredUntil?: number;
}

/** Goes through the arrival hours of the days, as long as the invocation lasts. */
export async function rebuildSilver(c: RebuildContext, event: RebuildEvent): Promise<RebuildResult> {
  const days = backfillOf(event);
  if (!days) throw new SafeError('BACKFILL-EVENT', 'from and to are missing');
  const bronze: BronzeCounts = {
    objects: 0,
    records: 0,
    written: 0,
    present: 0,
    kept: 0,
    killed: 0,
    archived: 0,
    restoring: 0,
    restore_hours: 0,
    ...event.bronze,
  };
  const streams = (await list(c.s3, c.bronze, { prefix: 'stream=', delimiter: '/' })).prefixes.sort();
  for (const stream of streams) {
    const last = `${stream}arrival=${days.to}T24`;
    // A stream that was gone through lies before the cursor as a whole.
    let after = event.bronze_cursor ?? '';
    if (after < `${stream}arrival=${days.from}`) after = `${stream}arrival=${days.from}`;
    for (let more = after < last; more;) {
      const page = await pageAfter(c, stream, after);
      const inRange = page.objects.filter((o) => o.key < last);
      await inParallel(inRange, WORKS, (o) => rebuild(c, o, event.restore === true, bronze));
      after = inRange.at(-1)?.key ?? after;
      more = page.more && inRange.length === page.objects.length;
      if (more && c.remainingMs() < RESERVE_MS) return { ...event, bronze, bronze_cursor: after, rebuilt: false };
    }
  }
  return { ...event, bronze, bronze_cursor: undefined, rebuilt: true };
}

async function pageAfter(
  c: RebuildContext,
  prefix: string,
  after: string,
): Promise<{ objects: Listed[]; more: boolean }> {
  const page = await c.s3.send(
    new ListObjectsV2Command({
      Bucket: c.bronze,
      Prefix: prefix,
      StartAfter: after,
      MaxKeys: PAGE,
      OptionalObjectAttributes: ['RestoreStatus'],
    }),
  );
  const objects = (page.Contents ?? []).map((o) => ({
    key: o.Key!,
    storageClass: o.StorageClass,
    restoring: o.RestoreStatus?.IsRestoreInProgress,
    restoredUntil: o.RestoreStatus?.RestoreExpiryDate?.getTime(),
  }));
  return { objects, more: page.IsTruncated === true };
}

/** What the batch of one bronze object becomes, written where it is missing. */
async function rebuild(c: RebuildContext, o: Listed, restore: boolean, counts: BronzeCounts): Promise<void> {
  const name = parseBronzeKey(o.key);
  if (!name) return;
  const { state, hours } = await reach(c.s3, { bucket: c.bronze, key: o.key }, o, restore, c.now());
  if (state !== 'ready') {
    counts[state]++;
    counts.restore_hours = Math.max(counts.restore_hours, hours);
    return;
  }
  const found = await c.s3.send(new GetObjectCommand({ Bucket: c.bronze, Key: o.key }));
  const records = await readBronze((await found.Body?.transformToByteArray()) ?? new Uint8Array());
  counts.objects++;
  counts.records += records.length;
  const batch = { ...name, records };
  if (await wasKilled(c, batch)) return void counts.killed++;
  const plan = await planStream(batch, c.keys, c.bronze);
  const zones = [
    ...plan.silver.map((s) => ({ bucket: c.silver, ...s })),
    ...(plan.quarantine ? [{ bucket: c.quarantine, ...plan.quarantine }] : []),
  ];
  for (const { bucket, key, body } of zones) counts[await putMissing(c.s3, bucket, key, body)]++;
}

/** Such a record was alone in its batch, and nothing of a batch is written that was not read first. */
async function wasKilled(c: RebuildContext, batch: StreamBatch): Promise<boolean> {
  if (batch.records.length !== 1) return false;
  try {
    const found = await c.s3.send(new GetObjectCommand({ Bucket: c.quarantine, Key: quarantineKey(rangeOf(batch)) }));
    return await holdsKilled((await found.Body?.transformToByteArray()) ?? new Uint8Array());
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Another release may have read the same records differently: what it wrote stays, and is what was loaded. */
async function putMissing(
  s3: S3Client,
  bucket: string,
  key: string,
  body: Uint8Array,
): Promise<'written' | 'present' | 'kept'> {
  try {
    return await putOnce(s3, bucket, key, body);
  } catch (error) {
    if (error instanceof SafeError && error.code === 'LAKE-CONFLICT') return 'kept';
    throw error;
  }
}
