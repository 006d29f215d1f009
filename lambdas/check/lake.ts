import { CONTROL_STATE_KEY, EMPTY_STATE } from '../../core/load/control-state';
import { windowStart } from '../../core/load/select';
import { readReopened, readSettled, REOPENED_KEY, SETTLED_KEY, sweepFrom } from '../../core/load/settled';
import { parseSilverKey } from '../../core/lake/names';
import { pendingObjects } from '../select-load/pending';
import type { Lake } from '../select-load/silver';
import { getText, writtenAt } from '../shared/s3';

/** Hours after which every environment has loaded what came in. */
const LOADED_AFTER_HOURS = 24;
/** A warehouse that nothing was loaded into for so long says what it said before, and is left asleep: waking it is billed. */
const ASLEEP_AFTER_HOURS = 48;
const ALL = { objects: Infinity, bytes: Infinity };

/**
 * Silver objects older than a day that no load has taken, by entity: all that are not settled are held against the receipts.
 * @param isOver whether the time for it has run out
 */
export async function unloadedObjects(lake: Lake, now: number, isOver: () => boolean): Promise<Record<string, number>> {
  const textOf = async (key: string): Promise<string | undefined> =>
    (await getText(lake.s3, lake.controlBucket, key))?.text;
  const settled = readSettled(await textOf(SETTLED_KEY));
  const reopened = readReopened(await textOf(REOPENED_KEY));
  const found = await pendingObjects(lake, EMPTY_STATE, ALL, {
    from: (prefix) => sweepFrom(settled, prefix, reopened, now),
    isOver,
  });
  const due = windowStart(now, LOADED_AFTER_HOURS);
  const counts: Record<string, number> = {};
  for (const { object } of found.pending) {
    const { entity, arrivalHour } = parseSilverKey(object)!;
    if (arrivalHour < due) counts[entity] = (counts[entity] ?? 0) + 1;
  }
  return counts;
}

/** Whether something was loaded, or tried, since what the last looks saw. Nothing else than loads writes into the warehouse. */
export async function wasLoadedLately({ s3, controlBucket }: Lake, now: number): Promise<boolean> {
  const at = await writtenAt(s3, controlBucket, CONTROL_STATE_KEY);
  return at !== undefined && now - at.getTime() < ASLEEP_AFTER_HOURS * 3_600_000;
}
