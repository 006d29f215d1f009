import type { EntityName } from '../../contracts';
import { transaction, SqlError, type Transaction } from '../warehouse/sql';
import { filled, ofFile, phaseStatements, sizeOf, type LoadSql, type Role, type Statement } from './load-sql';
import { fits, pack, plus } from './pack';
import { aboutOf, isOfStanding, phasesOf, rereadsOf, type FollowUp, type Phase } from './phases';
import { copyGroups, type CopyGroup, type LoadPlan, type Reread } from './plan';
import { applyIndex, type Step } from './steps';

/** The statements of one step. */
export interface StepTransaction extends Transaction {
  /** Role of each statement, in the order of `sqls`. */
  readonly roles: readonly Role[];
}

/**
 * Rows from which the histories of a load are committed before the facts that join them: planners know nothing of rows that their
 * own transaction wrote, and would join a large load in the worst order.
 */
const LARGE_LOAD_ROWS = 100_000;

/**
 * Phases of a load, packed into as few transactions as hold them, each with the opening statements.
 * @param left what loads that were given up have left
 * @param absent facts of which the lake holds no object
 * @param reread for a load that reads again what stands; how many rows these are is not known, so that it is taken for large
 */
export function packSteps(
  sql: LoadSql,
  objects: readonly (CopyGroup & { readonly rows: number })[],
  left: readonly FollowUp[] = [],
  reread?: Pick<Reread, 'standing'>,
  absent?: ReadonlySet<EntityName>,
): Phase[][] {
  const entities = new Set(copyGroups(objects).map((g) => g.entity));
  const phases = phasesOf(entities, left, sql.entities, reread !== undefined, absent).flatMap((phase) =>
    isOfStanding(phase) ? split(sql, aboutOf(phase).entity, reread!.standing) : [phase],
  );
  const isLarge = reread !== undefined || objects.reduce((rows, o) => rows + o.rows, 0) > LARGE_LOAD_ROWS;
  const firstJoin = phases.findIndex((phase) => {
    const { kind, entity } = aboutOf(phase);
    return ['rename', 'fact', 'restate'].includes(kind) || (kind === 'reread' && sql.entities[entity].kind === 'fact');
  });
  return pack(
    phases,
    (phase) => sizeOf(phaseStatements(sql, phase, groupsOf({ objects, reread }, phase))),
    sizeOf(ofFile(sql, 'begin')),
    isLarge ? firstJoin : undefined,
  );
}

/**
 * The phases in which an entity's standing objects are read again: one, or as many as it takes for the COPYs of all contract versions, the
 * newest first.
 */
function split(sql: LoadSql, entity: EntityName, standing: readonly CopyGroup[]): Phase[] {
  const parts: number[][] = [[]];
  const groups = copyGroups(standing);
  const opening = sizeOf(ofFile(sql, 'begin'));
  const versions = groups.filter((g) => g.entity === entity).map((g) => g.version);
  for (const version of versions.reverse()) {
    const last = [...parts.at(-1)!, version];
    // Named apart, a phase is as large as it gets.
    const phase = rereadsOf(entity, [...parts.slice(0, -1), last, [0]])[parts.length - 1];
    if (last.length === 1 || fits(plus(opening, sizeOf(phaseStatements(sql, phase, groups)))))
      parts[parts.length - 1] = last;
    else parts.push([version]);
  }
  return rereadsOf(entity, parts);
}

/** What a phase copies. */
const groupsOf = (
  { objects, reread }: { readonly objects: readonly CopyGroup[]; readonly reread?: Pick<Reread, 'standing'> },
  phase: Phase,
): CopyGroup[] => copyGroups(isOfStanding(phase) ? reread!.standing : objects);

function statementsOf(sql: LoadSql, plan: LoadPlan, step: Exclude<Step, 'release-holder'>): Statement[] {
  if (step === 'reconcile' || step === 'release') return ofFile(sql, step);
  const phases = plan.steps[applyIndex(step) ?? -1];
  if (!phases) throw new SqlError(`load ${plan.load_id} has no step ${step}`);
  return [...ofFile(sql, 'begin'), ...phases.flatMap((p) => phaseStatements(sql, p, groupsOf(plan, p)))];
}

/** Phases by which earlier transactions of the load have applied rows: as many as must have their counts in the warehouse by now. */
const entitiesApplied = (plan: LoadPlan, step: Step): number =>
  plan.steps
    .slice(0, applyIndex(step) ?? 0)
    .flat()
    .filter((phase) => /^(dimension|fact|reread|more):/.test(phase)).length;

/**
 * Statements of one transaction of a load.
 * @throws SqlError where plan and SQL do not fit each other (a release in between changed the SQL)
 */
export function stepOf(
  sql: LoadSql,
  plan: LoadPlan,
  step: Exclude<Step, 'release-holder'>,
  controlBucket: string,
): StepTransaction {
  const statements = statementsOf(sql, plan, step);
  const bound = transaction(
    `load ${plan.load_id}, ${step}`,
    statements.map((s) => filled(s, plan.load_id, controlBucket)),
    {
      load_id: plan.load_id,
      object_count: String(plan.objects.length),
      key_fingerprint: plan.key_fingerprint,
      entities_applied: String(entitiesApplied(plan, step)),
    },
  );
  return { ...bound, roles: statements.map((s) => s.role) };
}

/** Statements that give up another load of which only the id is known. */
export function releaseOf(sql: LoadSql, loadId: string): StepTransaction {
  const statements = ofFile(sql, 'release');
  const bound = transaction(
    `release of ${loadId}`,
    statements.map((s) => s.sql),
    { load_id: loadId },
  );
  return { ...bound, roles: statements.map((s) => s.role) };
}

/** The question which load holds the lease. */
export function holderOf(sql: LoadSql): Transaction {
  return transaction(
    'holder',
    ofFile(sql, 'holder').map((s) => s.sql),
  );
}
