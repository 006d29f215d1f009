import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { packStatements } from '../../core/warehouse/grants';
import { readSql } from '../../core/warehouse/sql-files';
import { SqlError } from '../../core/warehouse/sql';
import { SETTLED_KEY } from '../../core/load/settled';
import { RECEIPTS } from '../../core/lake/names';
import { SafeError } from '../shared/errors';
import { pages } from '../shared/s3';
import { migrate } from './apply';
import { ask, run, type Runner } from './runner';

/** What a rebuild works with. */
export interface RebuildContext {
  readonly runner: Runner;
  readonly s3: S3Client;
  readonly controlBucket: string;
  readonly sqlDir: string;
}

/** How far the emptying is. A call that ran out of time is to be repeated; a load that is under way is to be waited for. */
export interface Rebuilt {
  readonly state: 'EMPTY' | 'AGAIN' | 'BUSY';
  /** Receipts that this call removed. */
  readonly receipts: number;
}

/** Marks of what loads have looked through already (lambdas/select-load/look.ts). */
const MARKS = [SETTLED_KEY, 'loads/_sweep.json'];
/** Left for the warehouse, and for the answer. */
const RESERVE_MS = 240_000;

/**
 * Empties the warehouse and removes the receipts, so that the next full load makes the warehouse again from silver.
 *
 * Receipts go before the warehouse is emptied: whatever ends the rebuild there, loads put them back from the ledger. They go once more
 * afterwards, for those that a load has put back in between; without receipts everything in silver is pending. Plans stay: they say
 * that their loads were done, so that what is loaded again is a new revision of them, and the Data API does not answer with the old outcome.
 */
export async function emptyForRebuild(c: RebuildContext): Promise<Rebuilt> {
  const sql = sqlOf(c.sqlDir);
  const holders = await ask(c.runner, { name: 'holder', sqls: [sql.holder], isFirst: true });
  if (holders.length > 0) return { state: 'BUSY', receipts: 0 };
  const before = await removeReceipts(c);
  if (before.isLeft) return { state: 'AGAIN', receipts: before.removed };
  for (const [i, sqls] of sql.tables.entries()) await run(c.runner, { name: `rebuild-tables-${i + 1}`, sqls });
  for (const [i, sqls] of sql.empty.entries()) await run(c.runner, { name: `rebuild-empty-${i + 1}`, sqls });
  const after = await removeReceipts(c);
  // The next call finds an empty warehouse and empties it again.
  if (after.isLeft) return { state: 'AGAIN', receipts: before.removed + after.removed };
  await forgetLostViews(c, sql);
  await migrate(c.runner, c.sqlDir, undefined);
  return { state: 'EMPTY', receipts: before.removed + after.removed };
}

/** The SQL of a rebuild, in transactions. */
export function sqlOf(root: string) {
  const [generated, runner, own] = ['generated', 'migrations/runner', 'rebuild'].map((folder) => readSql(root, folder));
  const all = (files: ReturnType<typeof readSql>, name: string): readonly string[] => {
    const found = files.get(name)?.statements;
    if (!found?.length) throw new SqlError(`the SQL of a rebuild is incomplete, missing: ${name}`);
    return found;
  };
  const tables = all(generated, 'tables');
  const lock = all(runner, 'lock')[0];
  return {
    views: all(runner, 'views')[0],
    holder: all(readSql(root, 'load'), 'holder')[0],
    guard: all(own, 'guard')[0],
    standing: all(own, 'standing')[0],
    forget: all(own, 'forget')[0],
    /** Makes what was dropped. */
    tables: packStatements(
      [lock],
      tables.map((statement) => [statement]),
    ),
    /**
     * Each transaction also forgets what loads noted: the ledger must not say that an object is loaded of which it empties the tables,
     * whether the rebuild dies after it or a load runs before the next one.
     */
    empty: packStatements(
      [lock, ...all(own, 'guard'), ...all(own, 'records')],
      emptied(all(generated, 'rebuild'), tables),
    ),
  };
}

/** The emptying of each table, together with the member that stands for "not known", which a migration made in it. */
function emptied(deletes: readonly string[], tables: readonly string[]): string[][] {
  const members = new Map(
    tables.flatMap((statement) => {
      const table = /^INSERT INTO (\S+)/i.exec(statement)?.[1];
      return table ? [[table, statement] as const] : [];
    }),
  );
  return deletes.map((statement) => {
    const member = members.get(statement.replace(/^DELETE FROM /, ''));
    return member ? [statement, member] : [statement];
  });
}

/** Removes receipts and marks until the time runs out. */
async function removeReceipts({
  s3,
  controlBucket,
  runner,
}: RebuildContext): Promise<{ removed: number; isLeft: boolean }> {
  await remove(s3, controlBucket, MARKS);
  let removed = 0;
  for await (const { objects } of pages(s3, controlBucket, { prefix: RECEIPTS })) {
    if (objects.length === 0) continue;
    await remove(s3, controlBucket, objects.map(({ key }) => key)); // prettier-ignore
    removed += objects.length;
    if (runner.remainingMs() < RESERVE_MS) return { removed, isLeft: true };
  }
  return { removed, isLeft: false };
}

async function remove(s3: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  const Objects = keys.map((Key) => ({ Key }));
  const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
  if (Errors.length > 0)
    throw new SafeError('REBUILD-RECEIPTS', `${Errors.length} receipts could not be removed (${Errors[0].Code})`);
}

/** Takes views that are gone out of the record, so that migrating makes them. */
async function forgetLostViews({ runner }: RebuildContext, sql: ReturnType<typeof sqlOf>): Promise<void> {
  const standing = new Set((await ask(runner, { name: 'standing', sqls: [sql.standing] })).map((row) => row.join('.')));
  const recorded = await ask(runner, { name: 'views', sqls: [sql.views] });
  for (const [name] of recorded)
    if (!standing.has(name)) await run(runner, { name: `forget-${name}`, sqls: [sql.forget], values: { name } });
}
