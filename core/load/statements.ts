import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';
import { copyColumns, stageDdl } from '../../contracts/derive';
import { readSql } from '../warehouse/sql-files';
import { MAX_STATEMENTS, SqlError, fill, transaction, type SqlFile, type Transaction } from '../warehouse/sql';
import { copyGroups, loadNames, type CopyGroup, type LoadPlan, type Phase } from './plan';
import { applyIndex, type Step } from './steps';

/** Load SQL by file name without suffix: `begin`, `reconcile`, `release`, `holder` and those of `sql/generated/load`. */
export type LoadSql = ReadonlyMap<string, SqlFile>;

/** What a statement is for: a failure is classified by it. */
export type Role =
  | { readonly kind: 'copy'; readonly entity: EntityName; readonly version: number }
  | { readonly kind: 'copyList' }
  | { readonly kind: 'guard' }
  | { readonly kind: 'other' };

/** The statements of one step. */
export interface StepTransaction extends Transaction {
  /** Role of each statement, in the order of `sqls`. */
  readonly roles: readonly Role[];
}

interface Statement {
  readonly sql: string;
  readonly role: Role;
}

const FACTS = ENTITY_NAMES.filter((e) => ENTITIES[e].kind === 'fact');
/** Dimensions that some fact names. */
const REFERENCED = ENTITY_NAMES.filter((e) => FACTS.some((f) => ENTITIES[f].references.some((r) => r.entity === e)));
const REQUIRED = [
  ...['begin', 'reconcile', 'release', 'holder', 'close'],
  ...[...ENTITY_NAMES, ...FACTS.map((f) => `${f}-restate`), ...REFERENCED.map((d) => `prune-${d}`)],
];

/** Reads `load/` and `generated/load/` of a SQL folder. @throws SqlError naming the files that are missing */
export function readLoadSql(root: string): LoadSql {
  const files = new Map([...readSql(root, 'load'), ...readSql(root, 'generated/load')]);
  const missing = REQUIRED.filter((name) => !files.has(name));
  if (missing.length) throw new SqlError(`load SQL is not whole, missing: ${missing.join(', ')}`);
  return files;
}

function roleOf(sql: string): Role {
  if (/^COPY\s+batch_object\b/i.test(sql)) return { kind: 'copyList' };
  if (/^INSERT\s+INTO\s+ops\.guard\b/i.test(sql)) return { kind: 'guard' };
  return { kind: 'other' };
}

const ofFile = (sql: LoadSql, name: string): Statement[] =>
  sql.get(name)!.statements.map((s) => ({ sql: s, role: roleOf(s) }));

function copy(table: string, group: CopyGroup): Statement {
  return {
    sql: `COPY ${table} FROM '{{manifest_uri}}' IAM_ROLE default FORMAT AS PARQUET MANIFEST`,
    role: { kind: 'copy', ...group },
  };
}

const other = (sql: string): Statement => ({ sql, role: { kind: 'other' } });

/**
 * Stage of one entity: `stage_<entity>` has the newest contract's columns. Objects of an older version are copied into a table of
 * their own columns first, since COPY from Parquet goes by position; the fields they do not have are null.
 */
function stage(entity: EntityName, versions: readonly number[]): { statements: Statement[]; groups: CopyGroup[] } {
  const newest = ENTITIES[entity].version;
  const table = `stage_${entity}`;
  const statements = [other(stageDdl(entity, table))];
  const groups: CopyGroup[] = [];
  for (const version of versions) {
    groups.push({ entity, version });
    if (version === newest) {
      statements.push(copy(table, { entity, version }));
      continue;
    }
    const columns = copyColumns(entity, version).join(', ');
    statements.push(
      other(stageDdl(entity, `${table}_v${version}`, version)),
      copy(`${table}_v${version}`, { entity, version }),
      other(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table}_v${version}`),
    );
  }
  return { statements, groups };
}

function phaseStatements(sql: LoadSql, phase: Phase, groups: readonly CopyGroup[]): Statement[] {
  if (phase === 'finish') {
    const absent = FACTS.filter((f) => !groups.some((g) => g.entity === f));
    const names = [...absent.map((f) => `${f}-restate`), ...REFERENCED.map((d) => `prune-${d}`), 'close'];
    return names.flatMap((name) => ofFile(sql, name));
  }
  const versions = groups.filter((g) => g.entity === phase).map((g) => g.version);
  const restate = FACTS.includes(phase) ? ofFile(sql, `${phase}-restate`) : [];
  return [...stage(phase, versions).statements, ...ofFile(sql, phase), ...restate];
}

/**
 * Rows from which the histories of a load are committed before its facts: planners know nothing of rows that their own transaction
 * wrote, and would join the facts of a large load in the worst order.
 */
const LARGE_LOAD_ROWS = 100_000;

/**
 * Packs the phases of a load into as few transactions as hold them, each with the opening statements. Packing starts at the
 * end: what may share the last transaction with the closing of the load does, so that a load that is given up half-way has
 * left as little as possible.
 * @throws SqlError for a phase that fills more than one transaction by itself
 */
export function packSteps(sql: LoadSql, objects: readonly (CopyGroup & { readonly rows?: number })[]): Phase[][] {
  const groups = copyGroups(objects);
  const phases: Phase[] = [...ENTITY_NAMES.filter((e) => groups.some((g) => g.entity === e)), 'finish'];
  const opening = ofFile(sql, 'begin').length;
  const large = objects.reduce((rows, o) => rows + (o.rows ?? 0), 0) > LARGE_LOAD_ROWS;
  const steps: Phase[][] = [];
  let room = 0;
  for (const phase of phases.reverse()) {
    const cost = phaseStatements(sql, phase, groups).length;
    if (opening + cost > MAX_STATEMENTS)
      throw new SqlError(`phase ${phase}: ${opening + cost} statements, the Data API takes ${MAX_STATEMENTS}`);
    const isBeforeFacts =
      steps.length > 0 && phase !== 'finish' && !FACTS.includes(phase) && FACTS.includes(steps[0][0] as EntityName);
    if (cost > room || (large && isBeforeFacts)) {
      steps.unshift([]);
      room = MAX_STATEMENTS - opening;
    }
    steps[0].unshift(phase);
    room -= cost;
  }
  return steps;
}

function statementsOf(sql: LoadSql, plan: LoadPlan, step: Exclude<Step, 'release-holder'>): Statement[] {
  if (step === 'reconcile' || step === 'release') return ofFile(sql, step);
  const phases = plan.steps[applyIndex(step) ?? -1];
  if (!phases) throw new SqlError(`load ${plan.load_id} has no step ${step}`);
  const groups = copyGroups(plan.objects);
  return [...ofFile(sql, 'begin'), ...phases.flatMap((p) => phaseStatements(sql, p, groups))];
}

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
  const names = loadNames(plan.load_id);
  const uri = (key: string) => `s3://${controlBucket}/${key}`;
  const statements = statementsOf(sql, plan, step);
  const sqls = statements.map(({ sql: text, role }) =>
    fill(text, {
      objects_uri: uri(names.objects),
      ...(role.kind === 'copy' ? { manifest_uri: uri(names.manifest(role.entity, role.version)) } : {}),
    }),
  );
  const bound = transaction(`load ${plan.load_id}, ${step}`, sqls, {
    load_id: plan.load_id,
    object_count: String(plan.objects.length),
    key_fingerprint: plan.key_fingerprint,
  });
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
  return transaction('holder', [...sql.get('holder')!.statements]);
}
