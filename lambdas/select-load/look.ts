import { windowStart, type Caps } from '../../core/load/select';
import type { ControlState } from '../../core/load/control-state';
import {
  readReopened,
  readSettled,
  REOPENED_KEY,
  SETTLED_KEY,
  settledBy,
  sweepFrom,
  type Reopened,
  type Seen,
} from '../../core/load/settled';
import { getText, put, update } from '../shared/s3';
import { pendingObjects, type Found } from './pending';
import { strayObjects, type Lake } from './silver';

/** Settings and clients with which silver is looked through. */
export interface LookContext extends Lake {
  readonly caps: Caps;
  readonly windowHours: number;
  /** Hours after which nothing comes to an arrival hour any more, unless somebody says so (`loads/_reopened.json`). */
  readonly settleAfterHours: number;
  readonly now: () => number;
  /** Milliseconds until the function's time ends. */
  readonly remainingMs: () => number;
}

/** Left for planning when listing takes too long. */
const RESERVE_MS = 90_000;
/** Where a pass over all of silver goes on that ran out of time. */
const SWEEP_KEY = 'loads/_sweep.json';

/** `open`: the last hours; `sweep`: all that is not settled; `full`: all of silver. */
export type SelectWindow = 'open' | 'sweep' | 'full';

type Open = Pick<Found, 'pending' | 'unreadable'>;

const isOver = (c: LookContext) => (): boolean => c.remainingMs() < RESERVE_MS;

/** Of the last hours. */
function openWindow(c: LookContext, state: ControlState): Promise<Open> {
  const from = windowStart(c.now(), c.windowHours);
  return pendingObjects(c, state, c.caps, { from: () => from, isOver: () => false });
}

const reopenedOf = async (c: LookContext): Promise<Reopened | undefined> =>
  readReopened((await getText(c.s3, c.controlBucket, REOPENED_KEY))?.text);

/** Of all that is not settled. Where the time runs out, the mark has moved up to there. */
async function sweep(c: LookContext, state: ControlState): Promise<Open> {
  const [settled, reopened] = await Promise.all([
    getText(c.s3, c.controlBucket, SETTLED_KEY).then((f) => readSettled(f?.text)),
    reopenedOf(c),
  ]);
  const found = await pendingObjects(c, state, c.caps, {
    from: (prefix) => sweepFrom(settled, prefix, reopened, c.now()),
    isOver: isOver(c),
  });
  return withStrays(c, found);
}

/** Of all of silver; after years it takes more than one pass to see it all, each going on where the last one stopped. */
async function fullPass(c: LookContext, state: ControlState): Promise<Open> {
  const checkpoint = await getText(c.s3, c.controlBucket, SWEEP_KEY);
  const { from } = JSON.parse(checkpoint?.text ?? '{}') as { from?: string };
  const found = await pendingObjects(c, state, c.caps, { from: () => from, isOver: isOver(c) });
  if (found.stoppedAt !== from)
    await put(c.s3, c.controlBucket, SWEEP_KEY, JSON.stringify({ from: found.stoppedAt }), 'application/json');
  return withStrays(c, found);
}

/** How each window is looked through. */
export const LOOK = { open: openWindow, sweep, full: fullPass };

/** Records what the pass found settled: it saw the receipts, which are never taken back but by hand. */
async function withStrays(c: LookContext, found: Found): Promise<Open> {
  await settle(c, found.seen);
  return { pending: found.pending, unreadable: [...found.unreadable, ...(await strayObjects(c))] };
}

async function settle(c: LookContext, seen: Readonly<Record<string, Seen>>): Promise<void> {
  const reopened = await reopenedOf(c);
  const latest = windowStart(c.now(), c.settleAfterHours);
  await update(c.s3, { bucket: c.controlBucket, key: SETTLED_KEY }, readSettled, (before) =>
    settledBy(before, seen, latest, reopened, c.now()),
  );
}
