import type { RuleId } from '../../contracts';
import type { Failure } from './classify';
import { applyIndex, applyStep, type Step } from './steps';

/**
 * What the state machine does next: look again later (RUNNING), submit the next step (NEXT) or the same once more (RETRY), select again
 * after a wait because another load holds the lease (BUSY) or at once (SELECT_AGAIN), write the receipts (DONE), or end (FAILED).
 */
export type State = 'RUNNING' | 'NEXT' | 'RETRY' | 'BUSY' | 'SELECT_AGAIN' | 'DONE' | 'FAILED';

/** What follows: the state to report, the step and attempt to go on with, and what to do before. */
export interface Decision {
  readonly state: State;
  readonly step: Step;
  readonly attempt: number;
  /** Why, for log and state. */
  readonly reason?: Failure;
  /** Rule that a load which failed broke, where there is one. */
  readonly rule?: RuleId;
  /** `isolate`: bisect the objects of the refused COPY. `yield`: let the load that holds the lease go first. */
  readonly before?: 'isolate' | 'yield';
  /** This revision of the plan is not tried again: the same objects get new tokens when they are selected again. */
  readonly closes?: boolean;
}

/** How often a transaction is tried before the load fails. Conflicts pass by themselves, so that they get more tries. */
const TRIES: Partial<Record<Failure, number>> = { CONFLICT: 8, UNAVAILABLE: 8, FORGOTTEN: 3, COPY_UNREADABLE: 4 };
const DEFAULT_TRIES = 3;
/** Plans of the same objects that may turn out stale before one of them is taken for broken. */
const MAX_STALE = 3;

interface Place {
  readonly step: Step;
  readonly attempt: number;
}

/** What follows a transaction that was committed. */
export function afterSuccess({ step }: Place, transactions: number): Decision {
  const index = applyIndex(step);
  // The lease is free or the receipts are written: what is left is selected again.
  if (index === undefined) return { state: 'SELECT_AGAIN', step, attempt: 0 };
  if (index + 1 < transactions) return { state: 'NEXT', step: applyStep(index + 1), attempt: 0 };
  return { state: 'DONE', step, attempt: 0 };
}

/**
 * What follows a transaction that failed; nothing of it was committed.
 * @param load how many objects it has, how many plans of them were stale before, and whether this one has every follow-up
 */
export function afterFailure(
  failure: Failure,
  { step, attempt }: Place,
  load: { size: number; stale: number; complete: boolean },
): Decision {
  const retry: Decision = { state: 'RETRY', step, attempt: attempt + 1, reason: failure };
  const failed: Decision = { state: 'FAILED', step, attempt, reason: failure, closes: true };
  const next = (to: Step): Decision => ({ state: 'NEXT', step: to, attempt: 0, reason: failure, closes: true });
  switch (failure) {
    case 'LEASE_BUSY':
      return { state: 'BUSY', step, attempt, reason: failure, closes: true, before: 'yield' };
    case 'ALREADY_LOADED':
      return next('reconcile');
    case 'KEY_MISMATCH':
      return { ...failed, rule: 'LOAD-KEY-01' };
    case 'FACTS_NOT_WHOLE':
    case 'LOG_NOT_WHOLE':
      return { ...failed, rule: 'LOAD-FACT-01' };
    case 'STEPS_LOST':
      // Planned once more from the first transaction on, under tokens that the Data API has not answered yet.
      return { ...failed, state: 'SELECT_AGAIN' };
    case 'LEFT_OVER':
      // The control state was lost: the same objects are planned once more, with every follow-up.
      return load.complete ? { ...failed, rule: 'LOAD-LEFT-01' } : { ...failed, state: 'SELECT_AGAIN' };
    case 'DENIED':
      return failed;
    case 'PLAN_STALE':
      return load.stale + 1 < MAX_STALE ? next('release') : { ...next('release'), before: 'isolate' };
    case 'COPY_REFUSED':
    case 'COPY_UNKNOWN':
      return attempt >= 1 ? { ...next('release'), before: 'isolate' } : retry;
    case 'ABORTED':
      // A load that twice ran into the warehouse's time limit is too large for it.
      if (attempt >= 1 && applyIndex(step) !== undefined && load.size > 1)
        return { ...next('release'), before: 'isolate' };
      return attempt + 1 < DEFAULT_TRIES ? retry : failed;
    default:
      return attempt + 1 < (TRIES[failure] ?? DEFAULT_TRIES) ? retry : failed;
  }
}

/**
 * Whether a load that reads again what stands is not to be planned once more at once: no object can be set aside for it, and an object may be
 * gone from silver, or too much for one transaction.
 * @param stale plans before that were stale
 */
export const isStuck = (reason: string | undefined, stale: number): boolean =>
  reason === 'PLAN_STALE' ? stale + 1 >= MAX_STALE : ['COPY_REFUSED', 'COPY_UNKNOWN', 'ABORTED'].includes(reason ?? '');

/** Wait before an attempt, milliseconds: grows with the attempt, and differs between loads so that rivals part. */
export function jitterMs(loadId: string, attempt: number): number {
  if (attempt <= 0) return 0;
  const share = (parseInt(loadId.slice(0, 4), 16) ^ (attempt * 0x9e37)) & 0xffff;
  return Math.round(Math.min(8000, 250 * 2 ** attempt) * (0.5 + share / 0x1fffe));
}
