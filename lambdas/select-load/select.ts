import { withCurrent, withFailedGroup, withoutObjects, type ControlState } from '../../core/load/control-state';
import { readLoadSql } from '../../core/load/load-sql';
import { allFollowUps, type Phase } from '../../core/load/phases';
import {
  copyGroups,
  doneRevision,
  loadIdOf,
  loadNames,
  manifest,
  readPlan,
  type LoadObject,
  type LoadPlan,
} from '../../core/load/plan';
import { nextBatch, nextToIsolate, type Listed } from '../../core/load/select';
import { packSteps } from '../../core/load/statements';
import { FINGERPRINT_KEY, keyId, receiptKey } from '../../core/lake/names';
import { writeObjectList } from '../../core/lake/parquet';
import { exists, getText, inParallel, put, writtenAt } from '../shared/s3';
import { readState, updateState } from '../shared/control-state';
import { SafeError } from '../shared/errors';
import type { Log } from '../shared/log';
import { LOOK, type LookContext, type SelectWindow } from './look';
import { describeObjects } from './silver';

/** Settings and clients of a selection. */
export interface SelectContext extends LookContext {
  readonly log: Log;
  /** Folder that holds `load/*.sql`. */
  readonly sqlDir: string;
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
 * Chooses the next load: the one that is under way, if no execution carries it; else the oldest pending objects; else a part of a
 * failed group. Writes its plan, its list of objects and its COPY manifests, all of which are the same for the same objects.
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
    const left = state.current ? await currentLoad(context, state, state.current, execution) : undefined;
    if (left === 'alive') return { pending: false };
    const plan = left ?? (await newLoad(context, state, window, unreadable));
    if (!plan) return { pending: false };
    if (!execution || (await claim(context, plan, state.current, execution))) return reply(context, plan);
    // Another execution claimed a load in between: read the state again.
  }
}

/** Plans pending objects. Each further round has set something aside, so that the loop ends. */
async function newLoad(
  c: SelectContext,
  before: ControlState,
  window: SelectWindow,
  unreadableNames: Set<string>,
): Promise<LoadPlan | undefined> {
  let state = before;
  for (;;) {
    const listed = await LOOK[window](c, state);
    for (const key of listed.unreadable) unreadableNames.add(key);
    const chosen = await choose(c, state, listed.pending);
    if (chosen.length === 0) return undefined;
    const { objects, gone, unreadable } = await describeObjects(c, chosen);
    if (gone.length) state = await updateState(c, (s) => withoutObjects(s, new Set(gone)));
    if (unreadable.length && chosen.length > 1) state = await updateState(c, (s) => alone(s, unreadable));
    else if (objects.length) return writePlan(c, objects, state);
  }
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
  loadId: string,
  execution: string | undefined,
): Promise<LoadPlan | 'alive' | undefined> {
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
  // Planned again from what the lake holds now, under a new revision. What is gone from the lake is for the load to find.
  const keys = current.objects.map((o) => o.object);
  const described = await describeObjects(c, keys);
  const whole = described.gone.length === 0 && described.unreadable.length === 0;
  return writePlan(c, whole ? described.objects : current.objects, state);
}

async function choose(c: SelectContext, state: ControlState, pending: readonly Listed[]): Promise<string[]> {
  const batch = nextBatch(pending, state, c.caps);
  if (batch.length) return batch.map((b) => b.object);
  if (state.failedGroups.length === 0) return [];
  // Objects of failed groups may have left the window: whether they are settled is asked one by one.
  const failed = [...new Set(state.failedGroups.flatMap((g) => g.objects))];
  const settled = await inParallel(failed, 32, (o) => exists(c.s3, c.controlBucket, receiptKey(o)));
  return nextToIsolate(await updateState(c, (s) => withoutObjects(s, new Set(failed.filter((_, i) => settled[i])))));
}

/** Writes what a load needs. The plan comes last: who finds it finds all of it. */
async function writePlan(c: SelectContext, objects: readonly LoadObject[], state: ControlState): Promise<LoadPlan> {
  const sorted = [...objects].sort((a, b) => (a.object < b.object ? -1 : 1));
  const loadId = loadIdOf(sorted);
  const names = loadNames(loadId);
  const sql = readLoadSql(c.sqlDir);
  const plan: LoadPlan = {
    load_id: loadId,
    ...(await revisionOf(c, loadId, (complete) => packSteps(sql, sorted, complete ? allFollowUps() : state.followUps))),
    key_fingerprint: await fingerprint(c),
    objects: sorted,
  };
  const json = 'application/json';
  await Promise.all([
    put(c.s3, c.controlBucket, names.objects, writeObjectList(sorted), 'application/vnd.apache.parquet'),
    ...copyGroups(sorted).map(({ entity, version }) => {
      const members = sorted.filter((o) => o.entity === entity && o.version === version);
      return put(c.s3, c.controlBucket, names.manifest(entity, version), manifest(c.silverBucket, members), json);
    }),
  ]);
  await put(c.s3, c.controlBucket, names.plan, JSON.stringify(plan), json);
  return plan;
}

/**
 * The revision of a plan of these objects: one more than one that is not tried again, that had other steps, or that was finished before
 * (whoever removed the receipts wants the warehouse asked, and the Data API would answer old tokens with the old success).
 */
async function revisionOf(
  c: SelectContext,
  loadId: string,
  pack: (complete: boolean) => Phase[][],
): Promise<Pick<LoadPlan, 'revision' | 'stale' | 'complete' | 'steps'>> {
  const found = await getText(c.s3, c.controlBucket, loadNames(loadId).plan);
  if (!found) return { revision: 0, stale: 0, complete: false, steps: pack(false) };
  const before = readPlan(loadId, found.text);
  const [failed, done] = await Promise.all([
    getText(c.s3, c.controlBucket, loadNames(loadId).failed(before.revision)),
    isDone(c, loadId, before.revision),
  ]);
  const { reason } = JSON.parse(failed?.text ?? '{}') as { reason?: string };
  const complete = !done && (before.complete || reason === 'LEFT_OVER');
  const steps = pack(complete);
  const isSame = !failed && !done && JSON.stringify(before.steps) === JSON.stringify(steps);
  return {
    revision: before.revision + (isSame ? 0 : 1),
    stale: before.stale + (reason === 'PLAN_STALE' ? 1 : 0),
    complete,
    steps,
  };
}

/** Whether this revision of a load is finished, receipts included. */
async function isDone(c: SelectContext, loadId: string, revision: number): Promise<boolean> {
  const done = await getText(c.s3, c.controlBucket, loadNames(loadId).done);
  return doneRevision(done?.text) >= revision;
}

async function fingerprint(c: SelectContext): Promise<string> {
  const found = await getText(c.s3, c.controlBucket, FINGERPRINT_KEY);
  const value = found && (JSON.parse(found.text) as { fingerprint?: unknown }).fingerprint;
  if (typeof value !== 'string' || !value)
    throw new SafeError('KEY-FINGERPRINT', `there is no fingerprint at ${c.controlBucket}/${FINGERPRINT_KEY}`);
  return value;
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
