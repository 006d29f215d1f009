import { ENTITIES, UNKNOWN_KEY, type EntityName } from '../../contracts';
import { contractAt } from '../../contracts/check';
import { columnsOf, stageDdl } from '../../contracts/derive';
import { readSql } from '../warehouse/sql-files';
import { SqlError, fill, type SqlFile } from '../warehouse/sql';
import { LIMITS, type Size } from './pack';
import { aboutOf, allFollowUps, isOfStanding, phasesOf, rereadsOf, type Entities, type Phase } from './phases';
import { MAX_VERSIONS, loadNames, type CopyGroup } from './plan';

/** What a statement is for: a failure is classified by it. */
export type Role =
  | { readonly kind: 'copy'; readonly entity: EntityName; readonly version: number; readonly of?: 'standing' }
  | { readonly kind: 'copyList' }
  | { readonly kind: 'guard' }
  | { readonly kind: 'other' };

export interface Statement {
  readonly sql: string;
  readonly role: Role;
}

/** The SQL of loads, and the contracts that it was derived from. */
export interface LoadSql {
  /** By file name without suffix. */
  readonly files: ReadonlyMap<string, SqlFile>;
  readonly entities: Entities;
}

const BY_HAND = ['begin', 'reconcile', 'release', 'holder'];

/** Files that a phase consists of; stage and COPY, which depend on the objects of the load, come before them. */
function filesOf(phase: Phase): string[] {
  const { kind, entity } = aboutOf(phase);
  switch (kind) {
    case 'keys':
      return [`keys-${entity}`];
    case 'reread':
      return [`reread-${entity}`, `forget-${entity}`, entity];
    case 'more':
      return [`more-${entity}`, entity];
    case 'dimension':
      return [entity];
    case 'fact':
      return [`${entity}-restate`, entity];
    case 'restate':
      return [`${entity}-restate`];
    case 'identity':
    case 'rename':
    case 'relate':
      return [`${kind}-${entity}`];
    case 'prune':
      return [`prune-${entity}`];
    case 'rewind':
    case 'close':
      return [kind];
    default:
      throw new SqlError(`${phase} is not a phase of a load`);
  }
}

/** Every phase that a load can have, the smallest of those that read versions apart. */
function everyPhase(entities: Entities): Phase[] {
  const names = new Set(Object.keys(entities) as EntityName[]);
  const ofRereads = phasesOf(names, [], entities, true).flatMap((phase) => {
    const { kind, entity } = aboutOf(phase);
    return kind === 'reread' ? rereadsOf(entity, [[entities[entity].version], [1]]) : [phase];
  });
  return [...new Set([...phasesOf(names, [], entities), ...ofRereads, ...allFollowUps(entities)])];
}

/**
 * Reads the SQL of loads: `load` and `generated/load` of a SQL folder.
 * @throws SqlError naming the files that are missing, or a phase that no transaction holds
 */
export function readLoadSql(root: string): LoadSql {
  return loadSql(new Map([...readSql(root, 'load'), ...readSql(root, 'generated/load')]));
}

/**
 * Takes files as the SQL of loads.
 * @throws SqlError naming the files that are missing, or a phase that no transaction holds
 */
export function loadSql(files: ReadonlyMap<string, SqlFile>, entities: Entities = ENTITIES): LoadSql {
  const phases = everyPhase(entities);
  const missing = new Set([...BY_HAND, ...phases.flatMap(filesOf)].filter((name) => !files.has(name)));
  if (missing.size) throw new SqlError(`load SQL is incomplete, missing: ${[...missing].join(', ')}`);
  const sql = { files, entities };
  const opening = sizeOf(ofFile(sql, 'begin'));
  for (const phase of phases) {
    const { statements, bytes } = sizeOf(phaseStatements(sql, phase, mostVersions(entities)));
    if (opening.statements + statements > LIMITS.statements || opening.bytes + bytes > LIMITS.bytes)
      throw new SqlError(
        `phase ${phase} fits no transaction: ${statements} statements and ${bytes} bytes after the opening ${opening.statements} and ${opening.bytes}`,
      );
  }
  return sql;
}

/** The largest load: of each entity as many versions as one load may hold, the newest, which have the most columns. */
const mostVersions = (entities: Entities): CopyGroup[] =>
  Object.values(entities).flatMap(({ name, version }) =>
    Array.from({ length: Math.min(version, MAX_VERSIONS) }, (_, i) => ({ entity: name, version: version - i })),
  );

function roleOf(sql: string): Role {
  if (/^COPY\s+batch_object\b/i.test(sql)) return { kind: 'copyList' };
  if (/^INSERT\s+INTO\s+ops\.(guard|load_count|reread)\b/i.test(sql)) return { kind: 'guard' };
  return { kind: 'other' };
}

/** Statements of one file. */
export const ofFile = ({ files }: LoadSql, name: string): Statement[] =>
  files.get(name)!.statements.map((sql) => ({ sql, role: roleOf(sql) }));

const copy = (table: string, { entity, version }: CopyGroup, of?: 'standing'): Statement => ({
  sql: `COPY ${table} FROM '{{manifest_uri}}' IAM_ROLE default FORMAT AS PARQUET MANIFEST`,
  role: { kind: 'copy', entity, version, ...(of ? { of } : {}) },
});

const other = (sql: string): Statement => ({ sql, role: { kind: 'other' } });

/**
 * Stage of one entity: `stage_<entity>`, or `changed_<entity>` for the keys of objects that are withdrawn or stand again, has the newest contract's columns. Objects of an older version are copied into a table of
 * their own columns first, since COPY from Parquet goes by position; the fields they do not have are null, and a
 * reference that came since names the unknown member.
 */
function stage(entities: Entities, phase: Phase, entity: EntityName, versions: readonly number[]): Statement[] {
  const newest = entities[entity];
  const table = phase.startsWith('keys:') ? `changed_${entity}` : `stage_${entity}`;
  const of = isOfStanding(phase) ? 'standing' : undefined;
  return [
    other(stageDdl(newest, table)),
    ...versions.flatMap((version) => {
      if (version === newest.version) return [copy(table, { entity, version }, of)];
      const older = contractAt(newest, version);
      const columns = columnsOf(older).map((c) => c.name);
      const unnamed = [...newest.references, ...(newest.relations ?? [])]
        .map((r) => r.column)
        .filter((name) => !columns.includes(name));
      const into = [...columns, ...unnamed].join(', ');
      const from = [...columns, ...unnamed.map(() => `'${UNKNOWN_KEY}'`)].join(', ');
      return [
        other(stageDdl(older, `${table}_v${version}`)),
        copy(`${table}_v${version}`, { entity, version }, of),
        other(`INSERT INTO ${table} (${into}) SELECT ${from} FROM ${table}_v${version}`),
      ];
    }),
  ];
}

/**
 * Statements of one phase of a load.
 * @throws SqlError for a phase that the SQL does not know (a release in between changed it)
 */
export function phaseStatements(sql: LoadSql, phase: Phase, groups: readonly CopyGroup[]): Statement[] {
  const names = filesOf(phase);
  const unknown = names.find((name) => !sql.files.has(name));
  if (unknown) throw new SqlError(`phase ${phase} has no file ${unknown}`);
  const body = names.flatMap((name) => ofFile(sql, name));
  const { kind, entity, versions: own } = aboutOf(phase);
  if (!['dimension', 'fact', 'keys', 'reread', 'more'].includes(kind)) return body;
  const all = groups.filter((g) => g.entity === entity).map((g) => g.version);
  const copies = stage(sql.entities, phase, entity, own ?? all);
  if (!isOfStanding(phase)) return [...copies, ...body];
  // Contract versions count from 1: none is 0.
  const elsewhere = own ? all.filter((version) => !own.includes(version)) : [];
  const lists = { versions: (own ?? all).join(', '), elsewhere: elsewhere.join(', ') || '0' };
  return [...copies, ...body.map(({ sql: text, role }) => ({ sql: fill(text, lists), role }))];
}

/** Fills the placeholders of a statement with the URIs of a load. */
export function filled({ sql, role }: Statement, loadId: string, controlBucket: string): string {
  const names = loadNames(loadId);
  const uri = (key: string) => `s3://${controlBucket}/${key}`;
  return fill(sql, {
    objects_uri: uri(names.objects),
    ...(role.kind === 'copy' ? { manifest_uri: uri(names[role.of ?? 'manifest'](role.entity, role.version)) } : {}),
  });
}

/** The longest name that a bucket may have, so that what is packed fits in every account. */
const LONGEST_BUCKET = 'b'.repeat(63);

/** What statements take of the limits of a transaction. */
export const sizeOf = (statements: readonly Statement[]): Size => ({
  statements: statements.length,
  bytes: statements.reduce((sum, s) => sum + Buffer.byteLength(filled(s, '0'.repeat(32), LONGEST_BUCKET)), 0),
});
