import { sha256Hex } from '../records/hash';
import { SqlError, type SqlFile } from './sql';

/** One entry of the warehouse's record of migrations. */
export interface Applied {
  readonly name: string;
  readonly sha256: string;
}

/** What a release has to do to the warehouse. */
export type MigrationPlan =
  /** A release that came later was applied already: CloudFormation is rolling back, and migrations only go forward. */
  | { readonly kind: 'older' }
  | { readonly kind: 'apply'; readonly pending: readonly SqlFile[]; readonly release?: Applied };

const RELEASE = /^release-(\d{6})$/;
const MIGRATION = /^\d{3}-[a-z0-9-]+$/;

/** Digest of what a file does: its statements, so that a comment may be edited after it ran. */
export const digestOf = (file: SqlFile): string => sha256Hex(file.statements.join('\n;\n'));

/**
 * Decides what to run.
 * @param files migrations of this release by name
 * @param applied the record; empty where none ever ran
 * @param sqlHash hash of the release's SQL as CloudFormation states it; absent when called by hand
 * @throws SqlError for a file whose name has no number, or one that was changed after it ran
 */
export function planMigrations(
  files: ReadonlyMap<string, SqlFile>,
  applied: readonly Applied[],
  sqlHash: string | undefined,
): MigrationPlan {
  const releases = applied.filter((a) => RELEASE.test(a.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const newest = releases.at(-1);
  if (sqlHash !== undefined && newest?.sha256 !== sqlHash && releases.some((r) => r.sha256 === sqlHash))
    return { kind: 'older' };
  const digests = new Map(applied.map((a) => [a.name, a.sha256]));
  const pending: SqlFile[] = [];
  for (const [name, file] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!MIGRATION.test(name)) throw new SqlError(`migrations/${name}.sql: the name is not NNN-words`);
    const before = digests.get(name);
    if (before === undefined) pending.push({ ...file, name });
    else if (before !== digestOf(file))
      throw new SqlError(`migrations/${name}.sql was changed after it ran; write a new migration instead`);
  }
  const number = newest ? Number(RELEASE.exec(newest.name)![1]) + 1 : 1;
  const isNew = sqlHash !== undefined && newest?.sha256 !== sqlHash;
  return {
    kind: 'apply',
    pending,
    ...(isNew ? { release: { name: `release-${String(number).padStart(6, '0')}`, sha256: sqlHash } } : {}),
  };
}
