import { digestOf, martTransactions, planMigrations, type Applied } from '../../core/warehouse/migrations';
import { readSql, readTexts } from '../../core/warehouse/sql-files';
import { SqlError, type SqlFile } from '../../core/warehouse/sql';
import { SafeError } from '../shared/errors';
import { ask, run, type Runner } from './runner';

/** What was done. */
export interface Migrated {
  readonly older: boolean;
  /** Migrations that ran now. */
  readonly applied: readonly string[];
  readonly marts: number;
}

/**
 * Brings the warehouse to the state of this release: migrations that have not run, then all marts, then roles and grants. May be
 * repeated at any point.
 * @param sqlDir folder of `migrations/`, `marts/`, `security/`
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
  const own = new Book(r, readSql(sqlDir, 'migrations/runner'));
  const plan = planMigrations(readSql(sqlDir, 'migrations'), await own.read(), sqlHash);
  if (plan.kind === 'older') return { older: true, applied: [], marts: 0 };
  for (const file of plan.pending) await own.apply(file);
  const marts = readTexts(sqlDir, 'marts');
  for (const [i, sqls] of martTransactions(marts, own.lock).entries()) await run(r, { name: `marts-${i + 1}`, sqls });
  for (const [name, file] of readSql(sqlDir, 'security')) await secure(r, name, file);
  // Last: a release that failed half-way is not on record, and is taken up where it stopped.
  if (plan.release) await own.record([], plan.release);
  return { older: false, applied: plan.pending.map((f) => f.name), marts: marts.size };
}

/** The book of migrations, and the lock under which it is written. */
class Book {
  private exists = false;

  constructor(
    private readonly r: Runner,
    private readonly sql: ReadonlyMap<string, SqlFile>,
  ) {
    for (const name of ['known', 'applied', 'lock', 'record'])
      if (!sql.has(name)) throw new SqlError(`migrations/runner/${name}.sql is missing`);
  }

  get lock(): string {
    return this.one('lock');
  }

  private one(name: string): string {
    return this.sql.get(name)!.statements[0];
  }

  async read(): Promise<Applied[]> {
    const [[known]] = await ask(this.r, { name: 'known', sqls: [this.one('known')] });
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
    for (const [i, sql] of file.statements.entries()) await run(this.r, { name: `${file.name}-${i + 1}`, sqls: [sql] });
    await this.record([], entry);
  }

  /** Statements and the note about them in one transaction. The very first migration makes the lock, so that it runs without. */
  async record(statements: readonly string[], entry: Applied): Promise<void> {
    const sqls = [...(this.exists ? [this.lock] : []), ...statements, this.one('record')];
    await run(this.r, { name: entry.name, sqls, values: { name: entry.name, sha256: entry.sha256 } });
    this.exists = true;
  }
}

/** Roles and grants are stated anew each time; a role that is there already is left. */
async function secure(r: Runner, name: string, file: SqlFile): Promise<void> {
  const isRole = (sql: string) => /^CREATE\s+ROLE\b/i.test(sql);
  const roles = file.statements.filter(isRole);
  const rest = file.statements.filter((s) => !isRole(s));
  for (const [i, sql] of roles.entries())
    await run(r, { name: `security-${name}-role-${i + 1}`, sqls: [sql], mayExist: true });
  if (file.transactional && rest.length > 0) await run(r, { name: `security-${name}`, sqls: rest });
  else for (const [i, sql] of rest.entries()) await run(r, { name: `security-${name}-${i + 1}`, sqls: [sql] });
}
