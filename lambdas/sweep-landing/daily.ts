import { readiness } from '../../core/lake/archive';
import {
  dayOf,
  landingSettled,
  LANDING_SETTLED_KEY,
  nextFirst,
  SWEEP_TRIES_KEY,
  sweepPassKey,
  type Unread,
} from '../../core/files/landed';
import { isoHour } from '../../core/records/time';
import { reopen } from '../shared/reopen';
import { getText, inParallel, put } from '../shared/s3';
import { countsOf, type Counts, type SweepEvent, type SweepResult } from './event';
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

/** Objects that one sweep starts; what is left over is started by the next one, and the alarm stays. */
export const MAX_STARTS = 500;

/** An object that this sweep may start. */
type Candidate = Version & Unread;
/** Starts that an unread object has had, by its hash. */
type Tries = Record<string, number>;

/** How far a pass through landing is. It lies in control between two invocations, since names of landing have no place in an execution's data. */
interface Pass {
  /** First day that was not settled when the pass began. */
  readonly before: string;
  cursor: Cursor;
  readonly counts: Counts;
  /** Landing of the first object that is not read. */
  firstOpen: number | undefined;
  /** Tries of the objects that are still unread; the others are forgotten. */
  tries: Tries;
  /** The next ones to start, at most so many as a sweep starts. */
  first: Candidate[];
}

/** Finds what landed and nobody has read, and starts it: one pass through landing, in as many invocations as it takes. */
export async function sweepDaily(c: SweepContext, event: SweepEvent): Promise<SweepResult> {
  const since = event.since ?? new Date(c.now()).toISOString();
  const resumed = event.since === undefined ? undefined : await stored<Pass>(c, sweepPassKey(since));
  const pass = resumed ?? (await newPass(c));
  const { counts } = pass;
  const tries = (await stored<Tries>(c, SWEEP_TRIES_KEY)) ?? {};
  const marks = await readMarks(c, pass.before);
  const youngest = Date.parse(since) - (event.unread_after_minutes ?? c.unreadAfterMinutes) * 60_000;
  do {
    const { found, next } = await versions(c, pass.cursor);
    for (const o of found) {
      const hash = hashOf(c, o);
      if (dayOf(o.landedMs) < pass.before || marks.has(hash)) continue;
      pass.firstOpen = Math.min(pass.firstOpen ?? Infinity, o.landedMs);
      if (o.landedMs > youngest) continue;
      counts.unread++;
      if (hash in tries) pass.tries[hash] = tries[hash];
      const state = readiness(o, c.now());
      // Each start of it would fail: a backfill with `restore` asks S3 for it first.
      if (state !== 'ready') counts[state]++;
      else pass.first.push({ ...o, tries: tries[hash] ?? 0 });
    }
    pass.first = pass.first.sort(nextFirst).slice(0, MAX_STARTS);
    pass.cursor = next;
  } while (pass.cursor && c.remainingMs() > RESERVE_MS);
  if (pass.cursor) {
    await put(c.s3, c.controlBucket, sweepPassKey(since), JSON.stringify(pass), JSON_TYPE);
    return { ...event, since, counts, listed: false, done: false };
  }
  counts.started = await startFirst(c, pass, marks);
  await settle(c, pass);
  return { counts, done: true };
}

async function stored<T>(c: SweepContext, key: string): Promise<T | undefined> {
  const found = await getText(c.s3, c.controlBucket, key);
  return found && (JSON.parse(found.text) as T);
}

async function newPass(c: SweepContext): Promise<Pass> {
  const settled = await stored<{ day?: string }>(c, LANDING_SETTLED_KEY);
  const before = settled?.day ?? '';
  return { before, cursor: undefined, counts: countsOf({}), firstOpen: undefined, tries: {}, first: [] };
}

/** Starts what is next. The tries are written first: what ends this process before it has started all must not hold the others up again. */
async function startFirst(c: SweepContext, { first, tries }: Pass, marks: ReadonlySet<string>): Promise<number> {
  const open = first.filter((o) => !marks.has(hashOf(c, o)));
  const counted = { ...tries, ...Object.fromEntries(open.map((o) => [hashOf(c, o), o.tries + 1])) };
  await put(c.s3, c.controlBucket, SWEEP_TRIES_KEY, JSON.stringify(counted), JSON_TYPE);
  if (open.length === 0) return 0;
  // What a file becomes lies in the hour in which it landed, which may be settled.
  await reopen(c.s3, c.controlBucket, isoHour(Math.min(...open.map((o) => o.landedMs))), c.now());
  const day = dayOf(c.now());
  await inParallel(open, STARTS, (o) => start(c, o, `sweep-${day}-${hashOf(c, o)}`));
  return open.length;
}

async function settle(c: SweepContext, { before, firstOpen }: Pass): Promise<void> {
  const day = landingSettled(before, firstOpen, c.now());
  if (day > before) await put(c.s3, c.controlBucket, LANDING_SETTLED_KEY, JSON.stringify({ day }), JSON_TYPE);
}
