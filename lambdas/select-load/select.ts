import { withCurrent, withFailedGroup, withoutObjects, type ControlState } from '../../core/load/control-state';
import { doneRevision, loadNames, readPlan, type LoadPlan } from '../../core/load/plan';
import { nextBatch, nextToIsolate, withinVersions, type Listed } from '../../core/load/select';
import { isObjectWithdrawn, type Decisions } from '../../core/files/withdrawals';
import { keyId, receiptKey } from '../../core/lake/names';
import { exists, getText, inParallel, put, writtenAt } from '../shared/s3';
import { readState, updateState } from '../shared/control-state';
import { readDecisions } from '../shared/decisions';
import type { Log } from '../shared/log';
import { LOOK, type LookContext, type SelectWindow } from './look';
import { writePlan, type PlanContext } from './plan';
import { isStuckPlan, planReread } from './reread';
import { describeObjects } from './silver';
import { openChanges } from './withdrawn';

/** Settings and clients of a selection. */
export interface SelectContext extends LookContext, PlanContext {
  readonly log: Log;
}

/**
 * A load with a heartbeat younger than this has an execution, which selects again when it is done. Younger executions leave it
 * alone: on-arrival triggers start one per object.
 */
const HEARTBEAT_MS = 30_000;

/** Ids of unreadable objects in one line of the log. */
const SHOWN = 20;
/** Reply of select-load. */
export type Selection = (
  { pending: false } | { pending: true; load: { load_id: string; steps: number; objects: number; plan_uri: string } }
) & {
  /** Silver objects that no load can take, of those that were listed; absent where there are none. */
  unreadable?: number;
};

/**
 * Chooses the next load: the one that is under way, if no execution carries it; else objects that were withdrawn or stand again; else the
 * oldest pending objects; else a part of a failed group. Writes its plan, its list of objects and its COPY manifests, all of which are the same for the same objects.
 * @param execution name of the execution that asks; without it a load is chosen but not claimed
 */
export async function selectLoad(context: SelectContext, window: SelectWindow, execution?: string): Promise<Selection> {
  const unreadable = new Set<string>();
  const selection = await selectNext(context, window, execution, unreadable);
  if (unreadable.size === 0) return selection;
  // Ids only: whoever put an object there may have named it after a patient.
  const ids = [...unreadable].slice(0, SHOWN).map(keyId);
  context.log.error('silver objects are unreadable', { rule: 'LOAD-NAME-01', unreadable: unreadable.size, ids });
  return { ...selection, unreadable: unreadable.size };
}

async function selectNext(
  context: SelectContext,
  window: SelectWindow,
  execution: string | undefined,
  unreadable: Set<string>,
): Promise<Selection> {
  for (;;) {
    const state = await readState(context);
    const decisions = await readDecisions(context.s3, context.controlBucket);
    const left = state.current ? await currentLoad(context, state, decisions, execution) : undefined;
    if (left === 'alive') return { pending: false };
    const plan = left ?? (await newLoad(context, state, decisions, window, unreadable));
    if (!plan) return { pending: false };
    if (!execution || (await claim(context, plan, state.current, execution))) return reply(context, plan);
    // Another execution claimed a load in between: read the state again.
  }
}

/** Plans what was decided about loaded objects, or pending objects. Each further round has set something aside, so that the loop ends. */
async function newLoad(
  c: SelectContext,
  before: ControlState,
  decisions: Decisions,
  window: SelectWindow,
  unreadableNames: Set<string>,
): Promise<LoadPlan | undefined> {
  let state = before;
  const changes = await openChanges(c, decisions, c.caps.objects);
  let stuck = changes && (await planReread(c, changes, decisions, state));
  // One that cannot be carried through comes after all that can, and fails for somebody to look.
  if (stuck && !(await isStuckPlan(c, stuck))) return stuck;
  for (;;) {
    const listed = await LOOK[window](c, state);
    for (const key of listed.unreadable) unreadableNames.add(key);
    const { stands, withdrawn } = parted(listed.pending, decisions);
    const noted =
      withdrawn.size > 0 ? await planReread(c, { done: [], objects: withdrawn }, decisions, state) : undefined;
    if (noted && !(await isStuckPlan(c, noted))) return noted;
    stuck ??= noted;
    // What cannot be read is refused by the warehouse, withdrawn or not.
    const chosen = await choose(c, state, noted ? stands : listed.pending, decisions);
    if (chosen.length === 0) return stuck;
    const { objects, gone, unreadable } = await describeObjects(c, chosen);
    if (gone.length) state = await updateState(c, (s) => withoutObjects(s, new Set(gone)));
    if (unreadable.length && chosen.length > 1) state = await updateState(c, (s) => alone(s, unreadable));
    else if (objects.length) return writePlan(c, objects, state);
  }
}

/** Pending objects, and those of them that were withdrawn before any load took them: the ledger notes these, and nothing of them is loaded. */
function parted(
  pending: readonly Listed[],
  decisions: Decisions,
): { stands: Listed[]; withdrawn: Map<string, boolean> } {
  const isWithdrawn = ({ object }: Listed): boolean => isObjectWithdrawn(decisions, object);
  // Those of more versions wait for the next load.
  const withdrawn = withinVersions(pending.filter(isWithdrawn).map((p) => p.object));
  return {
    stands: pending.filter((p) => !isWithdrawn(p)),
    withdrawn: new Map(withdrawn.map((object) => [object, true])),
  };
}

/**
 * Makes this execution the one that carries the load, unless another load became the current one since the state was read. Should it
 * die before the heartbeat is written, the next one takes the load up at once.
 */
async function claim(c: SelectContext, plan: LoadPlan, seen: string | null, execution: string): Promise<boolean> {
  const names = loadNames(plan.load_id);
  const json = 'application/json';
  let isMine = false;
  await updateState(c, (s) => {
    isMine = s.current === seen;
    return isMine ? withCurrent(s, plan.load_id) : s;
  });
  if (!isMine) return false;
  await put(c.s3, c.controlBucket, names.claim, JSON.stringify({ execution }), json);
  await put(c.s3, c.controlBucket, names.heartbeat, '{}', json);
  return true;
}

/** Each of these objects is tried by itself. */
const alone = (state: ControlState, objects: readonly string[]): ControlState =>
  objects.reduce((s, o) => withFailedGroup(s, { reason: 'unreadable', objects: [o] }), state);

/** The plan of the load that is under way, unless it is finished, left none, or another live execution carries it. */
async function currentLoad(
  c: SelectContext,
  state: ControlState,
  decisions: Decisions,
  execution: string | undefined,
): Promise<LoadPlan | 'alive' | undefined> {
  const loadId = state.current!;
  const names = loadNames(loadId);
  const [plan, done, heartbeat, claimed] = await Promise.all([
    getText(c.s3, c.controlBucket, names.plan),
    getText(c.s3, c.controlBucket, names.done),
    writtenAt(c.s3, c.controlBucket, names.heartbeat),
    getText(c.s3, c.controlBucket, names.claim),
  ]);
  if (!plan) return undefined;
  const current = readPlan(loadId, plan.text);
  if (doneRevision(done?.text) >= current.revision) return undefined;
  const failed = await exists(c.s3, c.controlBucket, names.failed(current.revision));
  // A call that is repeated finds its own claim, and goes on.
  const isOwn = execution !== undefined && claimed?.text === JSON.stringify({ execution });
  const isAlive = heartbeat !== undefined && Math.abs(c.now() - heartbeat.getTime()) < HEARTBEAT_MS;
  if (!failed) return isAlive && !isOwn ? 'alive' : current;
  if (current.reread) {
    const objects = new Map(current.objects.map((o) => [o.object, o.is_withdrawn === true]));
    return planReread(c, { done: current.reread.done, objects }, decisions, state);
  }
  // Planned again from what the lake holds now, under a new revision. What is gone from the lake is for the load to find.
  const keys = current.objects.map((o) => o.object);
  const described = await describeObjects(c, keys);
  const whole = described.gone.length === 0 && described.unreadable.length === 0;
  return writePlan(c, whole ? described.objects : current.objects, state);
}

async function choose(
  c: SelectContext,
  state: ControlState,
  pending: readonly Listed[],
  decisions: Decisions,
): Promise<string[]> {
  const batch = nextBatch(pending, state, c.caps);
  if (batch.length) return batch.map((b) => b.object);
  if (state.failedGroups.length === 0) return [];
  // Objects of failed groups may have left the window: whether they are settled is asked one by one.
  const failed = [...new Set(state.failedGroups.flatMap((g) => g.objects))];
  const settled = await inParallel(
    failed,
    32,
    async (o) => isObjectWithdrawn(decisions, o) || (await exists(c.s3, c.controlBucket, receiptKey(o))),
  );
  return nextToIsolate(await updateState(c, (s) => withoutObjects(s, new Set(failed.filter((_, i) => settled[i])))));
}

function reply(c: SelectContext, plan: LoadPlan): Selection {
  return {
    pending: true,
    load: {
      load_id: plan.load_id,
      steps: plan.steps.length,
      objects: plan.objects.length,
      plan_uri: `s3://${c.controlBucket}/${loadNames(plan.load_id).plan}`,
    },
  };
}
