import type { Platform, Status } from '@carelake/laptop/runtime';
import { readLoadCounts } from './answers';
import type { Ask } from './ask';
import { count } from './output';

/** Nothing under way for so long counts as done; what waits in a stream, a state machine or a rule counts as under way. */
export const QUIET_MS = 700;
/** The same for a folder that was stopped in order and is asked for nothing new. */
export const STILL_QUIET_MS = 100;
const TELL_MS = 1000;

/** Waits until nothing is under way, and tells how much is loaded and what is still waited for. */
export async function untilLoaded(
  platform: Platform,
  ask: Ask,
  tell: (detail: string) => void,
  quietMs = QUIET_MS,
): Promise<void> {
  // After Ctrl-C the platform closes under a question that is still open: a line less, and no reason to end otherwise than in order.
  const watch = setInterval(() => void tellLoaded(platform, ask, tell).catch(() => undefined), TELL_MS);
  await platform.idle({ quietMs }).finally(() => clearInterval(watch));
}

async function tellLoaded(platform: Platform, ask: Ask, tell: (detail: string) => void): Promise<void> {
  const loaded = await readLoadCounts(ask).then(
    ({ read }) => `${count(read)} events`,
    () => 'the warehouse does not answer at the moment',
  );
  tell(loaded + waitingFor(platform.status()));
}

/** What a wait for quiet still waits for, in words. */
export function waitingFor({ behind, executions, invocations, refused }: Status): string {
  const parts: [number, string][] = [
    [Object.values(behind).reduce((sum, n) => sum + n, 0), 'records to read'],
    [executions.length, 'state machines under way'],
    [invocations, 'functions at work'],
    [refused, 'refused starts to retry'],
  ];
  const open = parts.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`);
  return open.length === 0 ? '' : `; waiting for ${open.join(', ')}`;
}
