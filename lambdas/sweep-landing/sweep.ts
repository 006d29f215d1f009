import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { backfillKey, dayOf } from '../../core/files/landed';
import { reach } from '../shared/archive';
import { backfillOf, type Backfill } from '../shared/backfill';
import { reopen } from '../shared/reopen';
import { getText, inParallel, list, put, writtenAt } from '../shared/s3';
import { sweepDaily } from './daily';
import { countsOf, type SweepEvent, type SweepResult } from './event';
import {
  hashOf,
  JSON_TYPE,
  readMarks,
  RESERVE_MS,
  start,
  STARTS,
  versions,
  type Cursor,
  type SweepContext,
  type Version,
} from './landing';

/** Longest time between two looks for what was read, in seconds: two days of looks stay below what a history may hold. */
const LONGEST_WAIT = 120;

/** Finds what landed and nobody has read, and starts it; or starts again what landed in a range of days, and waits until it was read. */
export async function sweepLanding(c: SweepContext, event: SweepEvent): Promise<SweepResult> {
  const backfill = backfillOf(event);
  if (!backfill) return sweepDaily(c, event);
  const since = event.since ?? (await begin(c, backfill));
  const result = await (event.listed ? awaitRead : startAgain)(c, { ...event, since }, backfill);
  const { done, waiting, counts } = result;
  const progress = { from: backfill.from, to: backfill.to, done, waiting, landing: counts, bronze: event.bronze ?? {} };
  await put(c.s3, c.controlBucket, backfillKey(backfill.id), JSON.stringify(progress), JSON_TYPE);
  return result;
}

/** Leaves a first word of the backfill. @returns when that was, by the clock of the store, which also dates the marks */
async function begin(c: SweepContext, { id, from, to }: Backfill): Promise<string> {
  const told = { from, to, done: false, landing: countsOf({}), bronze: {} };
  await put(c.s3, c.controlBucket, backfillKey(id), JSON.stringify(told), JSON_TYPE);
  return (await writtenAt(c.s3, c.controlBucket, backfillKey(id)))!.toISOString();
}

/** Of the days that a backfill is of. */
const isOf = (b: Backfill, o: Version): boolean => dayOf(o.landedMs) >= b.from && dayOf(o.landedMs) <= b.to;

/** What was started of one page of landing, and where the next one begins. */
interface Portion {
  readonly hashes: readonly string[];
  readonly next: Cursor;
}

/** Portions of a backfill so far. They lie in control, since names of landing have no place in the data of a state machine. */
async function portionsOf(c: SweepContext, b: Backfill): Promise<Portion[]> {
  const { objects } = await list(c.s3, c.controlBucket, { prefix: portionKey(b, '') });
  const texts = await inParallel(objects, STARTS, (o) => getText(c.s3, c.controlBucket, o.key));
  return texts.map((t) => JSON.parse(t!.text) as Portion);
}

const portionKey = (b: Backfill, n: string): string => `files/backfill/${b.id}/${n}`;

/** Starts the range page by page, as long as the invocation lasts. */
async function startAgain(c: SweepContext, event: SweepEvent, b: Backfill): Promise<SweepResult> {
  const counts = countsOf(event);
  const before = await portionsOf(c, b);
  if (before.length === 0) await reopen(c.s3, c.controlBucket, `${b.from}T00`, c.now());
  let cursor = before.at(-1)?.next;
  let n = before.length;
  do {
    const page = await versions(c, cursor);
    const hashes: string[] = [];
    await inParallel(
      page.found.filter((o) => isOf(b, o)),
      STARTS,
      async (o) => {
        const at = { bucket: c.landingBucket, key: o.key, versionId: o.versionId };
        const { state, hours } = await reach(c.s3, at, o, event.restore === true, c.now());
        if (state === 'ready') {
          await start(c, o, `${b.id}-${hashOf(c, o)}`);
          hashes.push(hashOf(c, o));
        } else {
          counts[state]++;
          counts.restore_hours = Math.max(counts.restore_hours, hours);
        }
      },
    );
    const portion: Portion = { hashes, next: page.next };
    await put(c.s3, c.controlBucket, portionKey(b, String(n++).padStart(8, '0')), JSON.stringify(portion), JSON_TYPE);
    counts.started += hashes.length;
    cursor = page.next;
  } while (cursor && c.remainingMs() > RESERVE_MS);
  return { ...event, counts, listed: cursor === undefined, waiting: counts.started, wait_seconds: 1, done: false };
}

/** Counts what was started and is not read yet; when nothing is left, the load looks through the whole of silver. */
async function awaitRead(c: SweepContext, event: SweepEvent, b: Backfill): Promise<SweepResult> {
  const marks = await readMarks(c, b.from, Date.parse(event.since!));
  const waiting = (await portionsOf(c, b)).flatMap((p) => p.hashes).filter((hash) => !marks.has(hash)).length;
  const counts = countsOf(event);
  const polls = (event.polls ?? 0) + 1;
  if (waiting > 0)
    return {
      ...event,
      counts,
      waiting,
      polls,
      wait_seconds: Math.min(LONGEST_WAIT, 2 ** Math.min(polls, 10)),
      done: false,
    };
  await c.states.send(
    new StartExecutionCommand({ stateMachineArn: c.loadMachine, input: JSON.stringify({ window: 'full' }) }),
  );
  c.log.info('backfill done', { from: b.from, to: b.to, ...counts });
  return { ...event, counts, waiting: 0, done: true };
}
