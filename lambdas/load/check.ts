import { DescribeStatementCommand, type DescribeStatementCommandOutput } from '@aws-sdk/client-redshift-data';
import { classify, classifyCall, type Failure } from '../../core/load/classify';
import {
  MAX_REFUSED_IN_A_ROW,
  withCurrent,
  withFailedGroup,
  withFollowUps,
  withoutCurrent,
  withoutGroupsOf,
} from '../../core/load/control-state';
import { afterFailure, afterSuccess, isStuck, type Decision } from '../../core/load/decide';
import type { Role } from '../../core/load/load-sql';
import { allFollowUps, leftBy } from '../../core/load/phases';
import { loadNames, objectsOfCopy, type LoadPlan } from '../../core/load/plan';
import { stepOf } from '../../core/load/statements';
import { applyIndex, type Step } from '../../core/load/steps';
import { exists, getText, putIfAbsent } from '../shared/s3';
import { updateState } from '../shared/control-state';
import { SafeError, showError } from '../shared/errors';
import {
  closeRevision,
  heartbeat,
  planOf,
  replyOf,
  type CheckEvent,
  type LoadContext,
  type StepReply,
} from './context';
import { reconcile } from './finish';
import { holder } from './holder';
import { refuseObject } from './refuse';

/** Asks what became of a submitted transaction and says what follows. What must be recorded is recorded before it answers. */
export async function check(c: LoadContext, event: CheckEvent): Promise<StepReply> {
  const plan = await planOf(c, event.load_id);
  const [described] = await Promise.all([describe(c, event), heartbeat(c, plan.load_id)]);
  if (described === 'running')
    return { ...replyOf(plan.load_id, { ...event, state: 'RUNNING' }), statement_id: event.statement_id };
  if (described === 'forgotten') return settle(c, plan, event, 'FORGOTTEN');
  if (described.Status === 'FINISHED') return succeed(c, plan, event, described);
  const role = failedRole(c, plan, event, described);
  const text = failedText(described);
  const failure = classify({ status: described.Status === 'ABORTED' ? 'ABORTED' : 'FAILED', text, role });
  return settle(c, plan, event, failure, role);
}

async function describe(
  c: LoadContext,
  event: CheckEvent,
): Promise<DescribeStatementCommandOutput | 'running' | 'forgotten'> {
  try {
    const found = await c.data.send(new DescribeStatementCommand({ Id: event.statement_id }));
    return ['FINISHED', 'FAILED', 'ABORTED'].includes(found.Status ?? '') ? found : 'running';
  } catch (error) {
    const why = classifyCall(error);
    c.log.warn('not described', { load_id: event.load_id, step: event.step, why, failure: showError(error) });
    if (why === 'later') return 'running';
    if (why === 'forgotten') return 'forgotten';
    throw error;
  }
}

/** Place of the statement that failed, -1 where it is not told: those before it finished, those after it never ran. */
function failedAt(described: DescribeStatementCommandOutput): number {
  const subs = described.SubStatements ?? [];
  const failed = subs.findIndex((s) => s.Status === 'FAILED');
  if (failed >= 0) return failed;
  const named = /\bQuery #(\d+) failed/.exec(described.Error ?? '');
  if (named) return Number(named[1]) - 1;
  return subs.findIndex((s) => s.Status === 'ABORTED' && s.Error);
}

/** Engine texts quote values and SQL: this one is turned into a code and goes no further. */
function failedText(described: DescribeStatementCommandOutput): string {
  const sub = described.SubStatements?.[failedAt(described)];
  return `${sub?.Error ?? ''}\n${described.Error ?? ''}`;
}

function failedRole(
  c: LoadContext,
  plan: LoadPlan,
  event: CheckEvent,
  described: DescribeStatementCommandOutput,
): Role | undefined {
  const at = failedAt(described);
  if (at < 0) return undefined;
  if (event.step === 'release-holder') return { kind: 'other' };
  return stepOf(c.sql, plan, event.step, c.controlBucket).roles[at];
}

async function succeed(
  c: LoadContext,
  plan: LoadPlan,
  event: CheckEvent,
  described: DescribeStatementCommandOutput,
): Promise<StepReply> {
  const decision = await afterRelease(c, plan, event, afterSuccess(event, plan.steps.length));
  if (event.step === 'reconcile') await reconcile(c, plan, answerOf(described));
  if (event.step === 'release') await updateState(c, (s) => withoutCurrent(s, plan.load_id));
  if (event.step === 'release-holder') await updateState(c, (s) => ({ ...s, current: null }));
  if (decision.state === 'DONE') {
    // Receipts are only written for a load that has left this proof.
    await putIfAbsent(
      c.s3,
      c.controlBucket,
      loadNames(plan.load_id).committed,
      JSON.stringify({ load_id: plan.load_id }),
    );
    await updateState(c, (s) => ({ ...s, refusedInARow: 0 }));
  }
  c.log.info('committed', { load_id: plan.load_id, step: event.step, outcome: decision.state });
  return replyOf(plan.load_id, decision);
}

/** A load that was released since it is stuck ends for somebody to look; what else is pending is chosen before it. */
async function afterRelease(c: LoadContext, plan: LoadPlan, event: CheckEvent, decision: Decision): Promise<Decision> {
  if (!plan.reread || event.step !== 'release') return decision;
  const failed = await getText(c.s3, c.controlBucket, loadNames(plan.load_id).failed(plan.revision));
  const { reason } = JSON.parse(failed?.text ?? '{}') as { reason?: Failure };
  if (!isStuck(reason, plan.stale)) return decision;
  c.log.error('load failed', { load_id: plan.load_id, step: event.step, attempt: event.attempt, reason });
  return { ...decision, state: 'FAILED', reason };
}

/** Id of the one statement of a transaction that answers with rows. */
function answerOf(described: DescribeStatementCommandOutput): string {
  const answering = (described.SubStatements ?? []).filter((s) => s.HasResultSet);
  if (answering.length !== 1 || !answering[0].Id)
    throw new SafeError('LOAD-ANSWER', `${answering.length} statements of ${described.Id} answer with rows, not one`);
  return answering[0].Id;
}

async function settle(
  c: LoadContext,
  plan: LoadPlan,
  event: CheckEvent,
  failure: Failure,
  role?: Role,
): Promise<StepReply> {
  let decision = afterFailure(failure, event, {
    // A load that reads again is given up where it is too much for the warehouse, however few its objects are.
    size: plan.reread ? Infinity : plan.objects.length,
    stale: plan.stale,
    complete: plan.complete,
  });
  if (decision.before === 'yield') decision = await yieldTo(c, plan, decision);
  // What is read again has no object that could be left out.
  if (decision.before === 'isolate' && !plan.reread) decision = await isolate(c, plan, decision, failure, role);
  if (decision.step === 'release') await recordLeftBy(c, plan, event.step);
  if (decision.closes) await closeRevision(c, plan, failure);
  const line = {
    load_id: plan.load_id,
    step: event.step,
    attempt: event.attempt,
    statement_id: event.statement_id,
    failure,
  };
  if (decision.state === 'FAILED') c.log.error('load failed', { ...line, rule: decision.rule });
  else c.log.warn('not committed', { ...line, outcome: decision.state, next: decision.step });
  return replyOf(plan.load_id, decision);
}

/** Records what a load leaves that is given up, before it is: whoever comes next plans for it. */
async function recordLeftBy(c: LoadContext, plan: LoadPlan, failed: Step): Promise<void> {
  // An earlier revision may have committed any transaction of the load.
  const committed = plan.revision > 0 ? plan.steps : plan.steps.slice(0, applyIndex(failed));
  const left = leftBy(committed.flat());
  if (left.length) await updateState(c, (s) => withFollowUps(s, left));
}

/**
 * Another load holds the lease. It is made the current one, and the next selection carries it through: its plan is in the lake, its
 * statements have tokens, and all it does may be done twice, so that it does not matter whether its own execution is still alive.
 */
async function yieldTo(c: LoadContext, plan: LoadPlan, decision: Decision): Promise<Decision> {
  const other = await holder(c);
  if (!other || other === plan.load_id) return decision;
  if (!(await exists(c.s3, c.controlBucket, loadNames(other).plan))) {
    // Nobody can finish a load without a plan, or knows what it committed; its objects are pending still.
    await updateState(c, (s) => withFollowUps(s, allFollowUps()));
    return { ...decision, state: 'NEXT', step: 'release-holder', attempt: 0 };
  }
  await updateState(c, (s) => withCurrent(s, other));
  return decision;
}

/** Narrows down which object made COPY fail; quarantines it once it is alone. */
async function isolate(
  c: LoadContext,
  plan: LoadPlan,
  decision: Decision,
  failure: Failure,
  role?: Role,
): Promise<Decision> {
  const objects = objectsOfCopy(plan.objects, role?.kind === 'copy' ? role : undefined);
  if (objects.length > 1 || failure === 'ABORTED') {
    const reason = failure === 'ABORTED' ? 'slow' : 'refused';
    await updateState(c, (s) => withFailedGroup(s, { reason, objects: objects.map((o) => o.object) }));
    return decision;
  }
  // An object is refused on a reason that is known; without one it stays pending, and the load fails for somebody to look.
  const known = failure !== 'COPY_UNKNOWN';
  const { refusedInARow } = await updateState(c, (s) => ({ ...s, refusedInARow: s.refusedInARow + (known ? 1 : 0) }));
  if (!known || refusedInARow > MAX_REFUSED_IN_A_ROW) {
    // Set aside and not refused: what else is pending is loaded first, and ends the count if this is no outage.
    const [{ object }] = objects;
    const group = { reason: 'refused' as const, objects: [object] };
    await updateState(c, (s) => withoutCurrent(withFailedGroup(withoutGroupsOf(s, object), group), plan.load_id));
    return {
      state: 'FAILED',
      step: decision.step,
      attempt: 0,
      reason: failure,
      rule: known ? 'LOAD-COPY-01' : 'LOAD-COPY-02',
      closes: true,
    };
  }
  await refuseObject(c, plan.load_id, objects[0]);
  await updateState(c, (s) => withoutGroupsOf(s, objects[0].object));
  c.fault('RefusedObjects', 1);
  c.log.warn('object refused', { load_id: plan.load_id, object: objects[0].object, rule: 'LOAD-COPY-01' });
  return decision;
}
