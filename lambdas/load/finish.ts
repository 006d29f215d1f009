import { withoutCurrent, withoutFollowUps, withoutObjects } from '../../core/load/control-state';
import { doneBy } from '../../core/load/phases';
import { doneRevision, loadNames, type LoadPlan } from '../../core/load/plan';
import { exists, getText, inParallel, put } from '../shared/s3';
import { updateState } from '../shared/control-state';
import { SafeError } from '../shared/errors';
import { planOf, type FinishEvent, type FinishReply, type LoadContext } from './context';
import { rowsOf } from './holder';
import { replaceReceipt, writeReceipt, type Receipt } from './refuse';

/** Receipts written at the same time. */
const WRITES = 32;

/**
 * Writes the receipts of a committed load.
 * @throws SafeError `LOAD-NOT-COMMITTED` if nothing proves the commit: a receipt without it would lose its object for good
 */
export async function finish(c: LoadContext, event: FinishEvent): Promise<FinishReply> {
  const plan = await planOf(c, event.load_id);
  if (!(await exists(c.s3, c.controlBucket, loadNames(plan.load_id).committed)))
    throw new SafeError('LOAD-NOT-COMMITTED', `load ${plan.load_id} left no proof of its commit`);
  await inParallel(plan.objects, WRITES, (o) =>
    receipt(c, plan, { object: o.object, load_id: plan.load_id, rows: o.rows }, o.is_withdrawn),
  );
  await updateState(c, (s) => withoutFollowUps(s, doneBy(plan.steps.flat())));
  const first = await close(
    c,
    plan,
    plan.objects.map((o) => o.object),
  );
  const rows = plan.objects.reduce((sum, o) => sum + o.rows, 0);
  c.log.info('finished', { load_id: plan.load_id, objects: plan.objects.length, rows });
  return { finished: true, load_id: plan.load_id, objects: plan.objects.length, rows, first };
}

/** One that a decision changed is written again. */
async function receipt(
  c: LoadContext,
  plan: LoadPlan,
  of: Pick<Receipt, 'object' | 'load_id' | 'rows'>,
  isWithdrawn = false,
): Promise<void> {
  await (plan.reread ? replaceReceipt : writeReceipt)(c, { ...of, status: isWithdrawn ? 'withdrawn' : 'loaded' });
}

/**
 * Writes the receipts that the ledger proves: of loads that were committed and whose executions ended before they wrote them.
 * @param answerId the statement that answered with the objects which the ledger holds
 */
export async function reconcile(c: LoadContext, plan: LoadPlan, answerId: string): Promise<void> {
  const rows = await rowsOf(c, answerId);
  const planned = new Set(plan.objects.map((o) => o.object));
  const loaded = rows.flatMap(([object, loadId, count, isWithdrawn]) => {
    const key = object?.stringValue;
    if (!key || !planned.has(key)) return [];
    const of = { object: key, load_id: loadId?.stringValue ?? '', rows: Number(count?.longValue ?? 0) };
    return [{ of, isWithdrawn: isWithdrawn?.booleanValue === true }];
  });
  await inParallel(loaded, WRITES, (o) => receipt(c, plan, o.of, o.isWithdrawn));
  c.log.warn('receipts restored', { load_id: plan.load_id, receipts: loaded.length });
  const whole = loaded.length === plan.objects.length;
  await close(
    c,
    plan,
    loaded.map((o) => o.of.object),
    whole,
  );
}

/**
 * Takes a settled load out of the control state; `done` comes last, so that a load without it is looked at again.
 * @returns whether this call was the first to do so
 */
async function close(c: LoadContext, plan: LoadPlan, settled: readonly string[], done = true): Promise<boolean> {
  await updateState(c, (s) => withoutObjects(withoutCurrent(s, plan.load_id), new Set(settled)));
  if (!done) return false;
  await inParallel(plan.reread?.done ?? [], WRITES, (key) => put(c.s3, c.controlBucket, key, '{}', 'application/json'));
  const { done: key } = loadNames(plan.load_id);
  const before = doneRevision((await getText(c.s3, c.controlBucket, key))?.text);
  if (before >= plan.revision) return false;
  await put(
    c.s3,
    c.controlBucket,
    key,
    JSON.stringify({ load_id: plan.load_id, revision: plan.revision }),
    'application/json',
  );
  return true;
}
