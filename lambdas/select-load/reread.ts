import { type Decisions } from '../../core/files/withdrawals';
import type { ControlState } from '../../core/load/control-state';
import { isStuck } from '../../core/load/decide';
import { copyGroups, loadIdOf, loadNames, manifest, type LoadPlan } from '../../core/load/plan';
import { getText, inParallel, put } from '../shared/s3';
import { writePlan, type PlanContext } from './plan';
import { describeObjects } from './silver';
import { standingObjects, type Changes } from './withdrawn';

const WRITES = 8;

/** Plans the load that reads again what stands about the keys of objects that are withdrawn, or stand again; undefined where none is readable. */
export async function planReread(
  c: PlanContext,
  changes: Changes,
  decisions: Decisions,
  state: ControlState,
): Promise<LoadPlan | undefined> {
  const described = await describeObjects(c, [...changes.objects.keys()]);
  const unreadable = new Set(described.unreadable);
  const objects = described.objects
    .filter((o) => !unreadable.has(o.object))
    .map((o) => ({ ...o, is_withdrawn: changes.objects.get(o.object)! }));
  if (objects.length === 0) return undefined;
  const standing = await standingObjects(c, new Set(objects.map((o) => o.entity)), decisions, changes);
  const reread = { done: changes.done, standing: copyGroups(standing) };
  const names = loadNames(loadIdOf(objects, reread));
  await inParallel(reread.standing, WRITES, ({ entity, version }) => {
    const members = standing.filter((o) => o.entity === entity && o.version === version);
    const body = manifest(c.silverBucket, members);
    return put(c.s3, c.controlBucket, names.standing(entity, version), body, 'application/json');
  });
  return writePlan(c, objects, state, reread);
}

/** Whether this load failed before for a reason that lies in what it reads. */
export async function isStuckPlan(c: PlanContext, { load_id: loadId, revision, stale }: LoadPlan): Promise<boolean> {
  if (revision === 0) return false;
  const failed = await getText(c.s3, c.controlBucket, loadNames(loadId).failed(revision - 1));
  const { reason } = JSON.parse(failed?.text ?? '{}') as { reason?: string };
  // The count of this plan includes the one that failed.
  return isStuck(reason, reason === 'PLAN_STALE' ? stale - 1 : stale);
}
