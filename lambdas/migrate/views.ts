import { sha256Hex } from '../../core/records/hash';
import { droppedViews, loosenTransactions, viewTransactions, type ViewState } from '../../core/warehouse/view-plan';
import { resizedTable } from '../../core/warehouse/tables';
import { orderViews, type InstalledView } from '../../core/warehouse/views';
import { SafeError } from '../shared/errors';
import { ask, run, type Runner } from './runner';

/** The release's side of its views. */
export type ReleaseViews = Pick<ViewState, 'views' | 'grantsOn' | 'lock'>;

/** Questions of `migrations/runner`. */
export interface ViewQuestions {
  readonly views: string;
  readonly readers: string;
}

/**
 * Asks, before anything is changed, whether a view of somebody else is bound to what the release drops or resizes: it would make the
 * first such statement fail half-way.
 * @param pending statements of the migrations that are still to run
 * @throws SafeError MIGRATION-VIEW-READ that names those views
 */
export async function refuseBoundViews(
  r: Runner,
  questions: ViewQuestions,
  release: ReleaseViews,
  pending: readonly string[],
): Promise<void> {
  const installed = await installedViews(r, questions);
  const changes = new Set([
    ...droppedViews({ ...release, installed }),
    ...pending.flatMap((s) => changedTable(s) ?? []),
  ]);
  if (changes.size === 0) return;
  const ours = new Set([...installed, ...release.views].map((v) => v.name));
  const rows = await ask(r, { name: 'readers', sqls: [questions.readers] });
  const bound = rows
    .map(([schema, view, ofSchema, of]) => ({ view: `${schema}.${view}`, of: `${ofSchema}.${of}` }))
    .filter((u) => changes.has(u.of) && !ours.has(u.view));
  if (bound.length > 0)
    throw new SafeError(
      'MIGRATION-VIEW-READ',
      `this release changes what other views are bound to: ${bound.map((u) => `${u.view} reads ${u.of}`).join(', ')}. ` +
        'Make them WITH NO SCHEMA BINDING, or drop them first; nothing was changed',
    );
}

/** Frees the tables that a migration resizes of the views that are bound to them. */
export async function loosenViews(
  r: Runner,
  questions: ViewQuestions,
  release: ReleaseViews,
  statements: readonly string[],
): Promise<void> {
  const tables = statements.flatMap((s) => resizedTable(s) ?? []);
  if (tables.length === 0) return;
  const installed = await installedViews(r, questions);
  await runAll(r, 'late-binding', loosenTransactions({ ...release, installed }, tables));
}

/** Brings the views to the release. @returns how many transactions it took */
export async function renewViews(r: Runner, questions: ViewQuestions, release: ReleaseViews): Promise<number> {
  const installed = await installedViews(r, questions);
  const transactions = viewTransactions({ ...release, installed });
  await runAll(r, 'views', transactions);
  return transactions.length;
}

async function installedViews(r: Runner, { views }: ViewQuestions): Promise<InstalledView[]> {
  const rows = await ask(r, { name: 'views', sqls: [views] });
  return orderViews(rows.map(([name, sha256, select]) => ({ name, sha256, select })));
}

/** A transaction is named by its content: a repeated call plans again, and must not mistake another one's end for its own. */
async function runAll(r: Runner, kind: string, transactions: readonly (readonly string[])[]): Promise<void> {
  for (const sqls of transactions)
    await run(r, { name: `${kind}-${sha256Hex(sqls.join('\n;\n')).slice(0, 12)}`, sqls });
}

/** Table that a statement takes from its readers: resized, dropped, or with a column less. */
function changedTable(sql: string): string | undefined {
  const gone = /^(?:DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?|ALTER\s+TABLE\s+(?=[\w.]+\s+DROP\b))([\w.]+)/i.exec(sql);
  return resizedTable(sql) ?? gone?.[1].toLowerCase();
}
