import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { backfillKey, dayOf, landingSettled, LANDING_SETTLED_KEY, versionOf } from '../../core/files/landed';
import { landingHash } from '../../core/records/hash';
import { reach } from '../shared/archive';
import { backfillOf, type Backfill } from '../shared/backfill';
import type { Log } from '../shared/log';
import { reopen } from '../shared/reopen';
import { getText, inParallel, list, put, writtenAt } from '../shared/s3';
import { countsOf, type SweepEvent, type SweepResult } from './event';
import { readMarks, start, versions, type Cursor, type Landing, type Version } from './landing';

/** Objects that one sweep starts; what is left over is started by the next one, and the alarm stays. */
export const MAX_STARTS = 500;
const STARTS = 8;
/** Left of an invocation for its answer. */
const RESERVE_MS = 60_000;
/** Longest time between two looks for what was read, in seconds: two days of looks stay below what a history may hold. */
const LONGEST_WAIT = 120;
const JSON_TYPE = 'application/json';

export interface SweepContext extends Landing {
  readonly loadMachine: string;
  /** Age after which an object should have been read. */
  readonly unreadAfterMinutes: number;
  readonly now: () => number;
  readonly remainingMs: () => number;
  readonly log: Log;
}

const hashOf = (c: SweepContext, o: Version): string => landingHash(c.landingBucket, o.key, versionOf(o));

/** Finds what landed and nobody has read, and starts it; or starts again what landed in a range of days, and waits until it was read. */
export async function sweepLanding(c: SweepContext, event: SweepEvent): Promise<SweepResult> {
  const backfill = backfillOf(event);
  if (!backfill) return sweep(c, event);
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

async function sweep(c: SweepContext, event: SweepEvent): Promise<SweepResult> {
  const nowMs = c.now();
  const before = await settledDay(c);
  const marks = await readMarks(c, before);
  const grace = (event.unread_after_minutes ?? c.unreadAfterMinutes) * 60_000;
  const open: Version[] = [];
  for (let cursor: Cursor, more = true; more;) {
    const page = await versions(c, cursor);
    open.push(...page.found.filter((o) => dayOf(o.landedMs) >= before && !marks.has(hashOf(c, o))));
    cursor = page.next;
    more = cursor !== undefined;
  }
  const unread = open.filter((o) => nowMs - o.landedMs >= grace);
  const counts = { ...countsOf(event), unread: unread.length };
  unread.sort((a, b) => a.landedMs - b.landedMs);
  await inParallel(unread.slice(0, MAX_STARTS), STARTS, async (o) => {
    await start(c, o, `sweep-${dayOf(nowMs)}-${hashOf(c, o)}`);
    counts.started++;
  });
  const day = landingSettled(before, open, nowMs);
  if (day > before) await put(c.s3, c.controlBucket, LANDING_SETTLED_KEY, JSON.stringify({ day }), JSON_TYPE);
  return { counts, done: true };
}

async function settledDay(c: SweepContext): Promise<string> {
  const found = await getText(c.s3, c.controlBucket, LANDING_SETTLED_KEY);
  const { day } = JSON.parse(found?.text ?? '{}') as { day?: string };
  return day ?? '';
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
