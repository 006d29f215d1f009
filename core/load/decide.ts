import type { RuleId } from '../../contracts';
import type { Failure } from './classify';
import { RECONCILE, RELEASE, RELEASE_OTHER } from './statements';

/** Where a load stands, as the state machine sees it. */
export type State = 'RUNNING' | 'NEXT' | 'RETRY' | 'BUSY' | 'SPLIT' | 'DONE' | 'FAILED';

/** What to do next: the state to report, the step and attempt it goes on with, and what to note down before. */
export interface Decision {
  readonly state: State;
  readonly step: number;
  readonly attempt: number;
  /** Why, for log and state. */
  readonly reason?: Failure;
  /** Rule that a load which failed broke, where there is one. */
  readonly rule?: RuleId;
  /** What to note down: the objects of the refused COPY as suspects, or whose lease it is. */
  readonly note?: 'suspect' | 'holder';
  /** This revision of the plan is not tried again: the same objects get new tokens when they are selected again. */
  readonly closes?: boolean;
}

/** How often a transaction is tried before the load fails. Conflicts pass by themselves, so that they get more tries. */
const TRIES: Partial<Record<Failure, number>> = { CONFLICT: 8, UNAVAILABLE: 8, FORGOTTEN: 3, COPY_UNREADABLE: 4 };
const DEFAULT_TRIES = 3;
/** Plans of the same objects that may turn out stale before one of them is taken for broken. */
export const MAX_STALE = 3;

interface Place {
  readonly step: number;
  readonly attempt: number;
}

/** What follows a transaction that was committed. */
export function afterSuccess({ step }: Place, steps: number): Decision {
  // The lease is free or the receipts are written: what is left is selected anew.
  if (step < 0) return { state: 'SPLIT', step, attempt: 0 };
  if (step + 1 < steps) return { state: 'NEXT', step: step + 1, attempt: 0 };
  return { state: 'DONE', step, attempt: 0 };
}

/**
 * What follows a transaction that failed; nothing of it was committed.
 * @param load how many objects it has, and how many plans of them were stale before
 */
export function afterFailure(
  failure: Failure,
  { step, attempt }: Place,
  load: { size: number; stale: number },
): Decision {
  const retry: Decision = { state: 'RETRY', step, attempt: attempt + 1, reason: failure };
  const failed: Decision = { state: 'FAILED', step, attempt, reason: failure, closes: true };
  const next = (to: number): Decision => ({ state: 'NEXT', step: to, attempt: 0, reason: failure, closes: true });
  switch (failure) {
    case 'LEASE_BUSY':
      return { state: 'BUSY', step, attempt, reason: failure, closes: true, note: 'holder' };
    case 'ALREADY_LOADED':
      return next(RECONCILE);
    case 'KEY_MISMATCH':
      return { ...failed, rule: 'LOAD-KEY-01' };
    case 'OBT_NOT_WHOLE':
      return { ...failed, rule: 'LOAD-OBT-01' };
    case 'DENIED':
      return failed;
    case 'PLAN_STALE':
      return load.stale + 1 < MAX_STALE ? next(RELEASE) : { ...next(RELEASE), note: 'suspect' };
    case 'COPY_REFUSED':
      return attempt >= 1 ? { ...next(RELEASE), note: 'suspect' } : retry;
    case 'ABORTED':
      // A load that twice ran into the warehouse's time limit is too large for it.
      if (attempt >= 1 && step >= 0 && load.size > 1) return { ...next(RELEASE), note: 'suspect' };
      return attempt + 1 < DEFAULT_TRIES ? retry : failed;
    default:
      return attempt + 1 < (TRIES[failure] ?? DEFAULT_TRIES) ? retry : failed;
  }
}

/** Wait before an attempt, milliseconds: grows with the attempt, and differs between loads so that rivals part. */
export function jitterMs(loadId: string, attempt: number): number {
  if (attempt <= 0) return 0;
  const share = (parseInt(loadId.slice(0, 4), 16) ^ (attempt * 0x9e37)) & 0xffff;
  return Math.round(Math.min(8000, 250 * 2 ** attempt) * (0.5 + share / 0x1fffe));
}

/** Whether a step number is one that this platform gives. */
export function isStep(step: unknown, steps: number): step is number {
  return Number.isInteger(step) && (step as number) < steps && (step as number) >= RELEASE_OTHER;
}
