import { grantsOnViews, packStatements } from '../../core/warehouse/grants';
import { digestOf, planMigrations, type Applied } from '../../core/warehouse/migrations';
import { readSql, readViews } from '../../core/warehouse/sql-files';
import { SqlError, type SqlFile } from '../../core/warehouse/sql';
import { resizedTable } from '../../core/warehouse/tables';
import { SafeError } from '../shared/errors';
import { ask, run, type Runner } from './runner';
import { loosenViews, refuseBoundViews, renewViews } from './views';

/** What was done. */
export interface Migrated {
  readonly older: boolean;
  /** Migrations that ran now. */
  readonly applied: readonly string[];
  /** Transactions in which views were recreated. */
  readonly views: number;
}

/**
 * Brings the warehouse to the state of this release: migrations that have not run, roles, the views that changed with their grants, then
 * all grants. May be repeated at any point.
 * @param sqlDir folder of `migrations/`, `generated/`, `marts/`, `security/`
 * @param sqlHash as CloudFormation states it; absent when called by hand
 */
export async function migrate(r: Runner, sqlDir: string, sqlHash: string | undefined): Promise<Migrated> {
  try {
    return await apply(r, sqlDir, sqlHash);
  } catch (error) {
    // Says which file of this release is wrong; made of names only.
    if (error instanceof SqlError) throw new SafeError('MIGRATION-SQL', error.message);
    throw error;
  }
}

async function apply(r: Runner, sqlDir: string, sqlHash: string | undefined): Promise<Migrated> {
  const own = new MigrationRecord(r, readSql(sqlDir, 'migrations/runner'));
  const plan = planMigrations(readSql(sqlDir, 'migrations'), await own.read(), sqlHash);
  if (plan.kind === 'older') return { older: true, applied: [], views: 0 };
  const security = readSecurity(sqlDir);
  const release = { views: readViews(sqlDir), grantsOn: grantsOnViews(security.grants), lock: own.lock };
  if (own.exists) await refuseBoundViews(r, own, release, plan.pending.flatMap((f) => f.statements)); // prettier-ignore
  for (const file of plan.pending) {
    if (own.exists) await loosenViews(r, own, release, file.statements);
    await own.apply(file);
  }
  // A role has no IF NOT EXISTS, and one that is there would take its transaction down.
  for (const [i, sql] of security.roles.entries()) await run(r, { name: `role-${i + 1}`, sqls: [sql], mayExist: true });
  const views = await renewViews(r, own, release);
  const grants = packStatements(
    [own.lock],
    security.grants.map((sql) => [sql]),
  );
  for (const [i, sqls] of grants.entries()) await run(r, { name: `grants-${i + 1}`, sqls });
  // Last: a release that failed half-way is not on record, and is taken up where it stopped.
  if (plan.release) await own.record([], plan.release);
  return { older: false, applied: plan.pending.map((f) => f.name), views };
}

/** Roles, and grants: the hand-written ones and those of the derived tables. */
function readSecurity(sqlDir: string): { roles: string[]; grants: string[] } {
  const generated = readSql(sqlDir, 'generated').get('grants');
  const files = [...readSql(sqlDir, 'security').values(), ...(generated ? [generated] : [])];
  const statements = files.flatMap((f) => f.statements);
  const isRole = (sql: string): boolean => /^CREATE\s+ROLE\b/i.test(sql);
  return { roles: statements.filter(isRole), grants: statements.filter((s) => !isRole(s)) };
}

/** The record of migrations, and the lock under which it is written. */
class MigrationRecord {
  exists = false;

  constructor(
    private readonly r: Runner,
    private readonly sql: ReadonlyMap<string, SqlFile>,
  ) {
    for (const name of ['known', 'applied', 'lock', 'record', 'views', 'readers'])
      if (!sql.has(name)) throw new SqlError(`migrations/runner/${name}.sql is missing`);
  }

  get lock(): string {
    return this.one('lock');
  }

  get views(): string {
    return this.one('views');
  }

  get readers(): string {
    return this.one('readers');
  }

  private one(name: string): string {
    return this.sql.get(name)!.statements[0];
  }

  async read(): Promise<Applied[]> {
    const [[known]] = await ask(this.r, { name: 'known', sqls: [this.one('known')], isFirst: true });
    this.exists = Number(known) > 0;
    if (!this.exists) return [];
    const rows = await ask(this.r, { name: 'applied', sqls: [this.one('applied')] });
    return rows.map(([name, sha256]) => ({ name, sha256 }));
  }

  /** Runs one migration and notes it: together in one transaction, or statement by statement where the file says so. */
  async apply(file: SqlFile): Promise<void> {
    this.r.log.info('migration', { migration: file.name, transactional: file.transactional });
    const entry = { name: file.name, sha256: digestOf(file) };
    if (file.transactional) return this.record(file.statements, entry);
    for (const [i, sql] of file.statements.entries())
      await run(this.r, { name: `${file.name}-${i + 1}`, sqls: [sql], mayExist: resizedTable(sql) !== undefined });
    await this.record([], entry);
  }

  /** Statements and the note about them in one transaction. The very first migration makes the lock, so that it runs without. */
  async record(statements: readonly string[], entry: Applied): Promise<void> {
    const sqls = [...(this.exists ? [this.lock] : []), ...statements, this.one('record')];
    await run(this.r, { name: entry.name, sqls, values: { name: entry.name, sha256: entry.sha256 } });
    this.exists = true;
  }
}
