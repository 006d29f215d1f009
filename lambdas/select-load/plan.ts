import type { ControlState } from '../../core/load/control-state';
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
  type Reread,
} from '../../core/load/plan';
import { packSteps } from '../../core/load/statements';
import { FINGERPRINT_KEY } from '../../core/lake/names';
import { writeObjectList } from '../../core/lake/parquet';
import { getText, put } from '../shared/s3';
import { SafeError } from '../shared/errors';
import { absentEntities, type Lake } from './silver';

/** What a plan is made with. */
export interface PlanContext extends Lake {
  /** Folder that holds `load/*.sql`. */
  readonly sqlDir: string;
}

/** Writes what a load needs. The plan comes last: who finds it finds all of it. */
export async function writePlan(
  c: PlanContext,
  objects: readonly LoadObject[],
  state: ControlState,
  reread?: Reread,
): Promise<LoadPlan> {
  const sorted = [...objects].sort((a, b) => (a.object < b.object ? -1 : 1));
  const loadId = loadIdOf(sorted, reread);
  const names = loadNames(loadId);
  const sql = readLoadSql(c.sqlDir);
  const absent = await absentEntities(c);
  const plan: LoadPlan = {
    load_id: loadId,
    ...(await revisionOf(c, loadId, (complete) =>
      packSteps(sql, sorted, complete ? allFollowUps() : state.followUps, reread, absent),
    )),
    key_fingerprint: await fingerprint(c),
    objects: sorted,
    ...(reread ? { reread } : {}),
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
  c: PlanContext,
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
async function isDone(c: PlanContext, loadId: string, revision: number): Promise<boolean> {
  const done = await getText(c.s3, c.controlBucket, loadNames(loadId).done);
  return doneRevision(done?.text) >= revision;
}

async function fingerprint(c: PlanContext): Promise<string> {
  const found = await getText(c.s3, c.controlBucket, FINGERPRINT_KEY);
  const value = found && (JSON.parse(found.text) as { fingerprint?: unknown }).fingerprint;
  if (typeof value !== 'string' || !value)
    throw new SafeError('KEY-FINGERPRINT', `there is no fingerprint at ${c.controlBucket}/${FINGERPRINT_KEY}`);
  return value;
}
