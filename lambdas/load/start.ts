import { BatchExecuteStatementCommand } from '@aws-sdk/client-redshift-data';
import { withOpen } from '../../core/load/board';
import { classifyCall } from '../../core/load/classify';
import { isStep, jitterMs } from '../../core/load/decide';
import { clientToken, type LoadPlan } from '../../core/load/plan';
import { RELEASE_OTHER, releaseOf, stepOf, type Step } from '../../core/load/statements';
import { SqlError } from '../../core/warehouse/sql';
import { showError } from '../shared/errors';
import {
  beat,
  closeRevision,
  note,
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
  await Promise.all([beat(c, plan.load_id), event.step === 0 ? note(c, (b) => withOpen(b, plan.load_id)) : undefined]);
  if (event.attempt > 0) await c.sleep(jitterMs(plan.load_id, event.attempt));
  let step: Step;
  try {
    const other = event.step === RELEASE_OTHER ? await holder(c) : undefined;
    if (event.step === RELEASE_OTHER && !other) return replyOf(plan.load_id, { ...place, state: 'SPLIT' });
    step = other ? releaseOf(c.sql, other) : stepOf(c.sql, plan, event.step, c.controlBucket);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return refuse(c, plan, event, 'SQL_DOES_NOT_FIT');
  }
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

async function refuse(c: LoadContext, plan: LoadPlan, event: StartEvent, reason: string): Promise<StepReply> {
  await closeRevision(c, plan, reason);
  c.log.error('load failed', { load_id: plan.load_id, step: event.step, attempt: event.attempt, reason });
  return { load_id: plan.load_id, step: event.step, attempt: event.attempt, state: 'FAILED', reason };
}
