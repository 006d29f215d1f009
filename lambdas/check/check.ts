import type { CheckRule } from '../../core/check/checks';
import type { Lake } from '../select-load/silver';
import { unloadedObjects, wasLoadedLately } from './lake';
import { askWarehouse, type WarehouseContext } from './warehouse';

/** What a check works with. */
export interface CheckContext extends WarehouseContext, Lake {
  now(): number;
}

/** What a check found: counts, never a key or a value. */
export interface CheckReport {
  /** Questions that were asked. */
  readonly checks: number;
  /** The warehouse was left asleep. */
  readonly asleep: boolean;
  readonly violations: number;
}

/** Left for the report when listing takes too long. */
const RESERVE_MS = 20_000;

/** Holds the warehouse to its own checks and silver to the receipts, and says in the log what does not agree. */
export async function check(c: CheckContext): Promise<CheckReport> {
  const fail = (rule: CheckRule, where: Record<string, string>, violations: number | 'unanswered'): number => {
    c.log.error('check failed', { rule, ...where, violations });
    return violations === 'unanswered' ? 1 : violations;
  };
  let violations = 0;
  for (const [entity, objects] of Object.entries(await unloadedObjects(c, c.now(), () => c.remainingMs() < RESERVE_MS)))
    violations += fail('CHK-LEDGER-01', { entity }, objects);
  const asleep = !(await wasLoadedLately(c, c.now()));
  const answers = asleep ? [] : await askWarehouse(c);
  for (const answer of answers)
    if (answer.violations !== 0) violations += fail('CHK-SQL-01', { check: answer.check }, answer.violations);
  return { checks: answers.length + 1, asleep, violations };
}
