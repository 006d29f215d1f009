import { BatchExecuteStatementCommand } from '@aws-sdk/client-redshift-data';
import { withCurrent } from '../../core/load/control-state';
import { classifyCall } from '../../core/load/classify';
import { jitterMs } from '../../core/load/decide';
import { clientToken, type LoadPlan } from '../../core/load/plan';
import { releaseOf, stepOf, type StepTransaction } from '../../core/load/statements';
import { applyIndex, isStep, type Step } from '../../core/load/steps';
import { SqlError } from '../../core/warehouse/sql';
import { updateState } from '../shared/control-state';
import { showError } from '../shared/errors';
import {
  closeRevision,
  heartbeat,
  planOf,
  replyOf,
  type LoadContext,
  type StartEvent,
  type StepReply,
} from './context';
import { holder } from './holder';

/**
 * Submits one transaction and does not wait for it. The token makes a repeated call, and another execution of the same load, get the
 * same statement.
 */
export async function start(c: LoadContext, event: StartEvent): Promise<StepReply> {
  const plan = await planOf(c, event.load_id);
  const place = { step: event.step, attempt: event.attempt };
  if (!isStep(event.step, plan.steps.length)) return refuse(c, plan, event, 'NO_SUCH_STEP');
  const isFirst = applyIndex(event.step) === 0;
  await Promise.all([
    heartbeat(c, plan.load_id),
    isFirst ? updateState(c, (s) => withCurrent(s, plan.load_id)) : undefined,
  ]);
  if (event.attempt > 0) await c.sleep(jitterMs(plan.load_id, event.attempt));
  let step: StepTransaction | undefined;
  try {
    step = await transactionOf(c, plan, event.step);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return refuse(c, plan, event, 'SQL_DOES_NOT_FIT');
  }
  if (!step) return replyOf(plan.load_id, { ...place, state: 'SELECT_AGAIN' });
  try {
    const submitted = await c.data.send(
      new BatchExecuteStatementCommand({
        WorkgroupName: c.workgroup,
        Database: c.database,
        Sqls: [...step.sqls],
        Parameters: step.parameters.length ? [...step.parameters] : undefined,
        StatementName: `${plan.load_id}-${event.step}`,
        ClientToken: clientToken(plan, event.step, event.attempt),
      }),
    );
    c.log.info('submitted', { load_id: plan.load_id, ...place, statement_id: submitted.Id });
    return { ...replyOf(plan.load_id, { ...place, state: 'RUNNING' }), statement_id: submitted.Id };
  } catch (error) {
    const why = classifyCall(error);
    c.log.warn('not submitted', { load_id: plan.load_id, ...place, why, failure: showError(error) });
    // The same attempt again: whether the call got through is not known, and its token finds out.
    if (why === 'later') return replyOf(plan.load_id, { ...place, state: 'RETRY', reason: 'UNAVAILABLE' });
    return refuse(c, plan, event, 'CALL_REFUSED');
  }
}

/** The statements of a step; undefined where nobody holds the lease that it should give up. */
async function transactionOf(c: LoadContext, plan: LoadPlan, step: Step): Promise<StepTransaction | undefined> {
  if (step !== 'release-holder') return stepOf(c.sql, plan, step, c.controlBucket);
  const other = await holder(c);
  return other ? releaseOf(c.sql, other) : undefined;
}

async function refuse(c: LoadContext, plan: LoadPlan, event: StartEvent, reason: string): Promise<StepReply> {
  await closeRevision(c, plan, reason);
  c.log.error('load failed', { load_id: plan.load_id, step: event.step, attempt: event.attempt, reason });
  return { load_id: plan.load_id, step: event.step, attempt: event.attempt, state: 'FAILED', reason };
}
