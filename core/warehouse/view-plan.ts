import type { GrantsOn } from './grants';
import { sha256Hex } from '../records/hash';
import { MAX_SQL_BYTES, MAX_STATEMENTS, SqlError } from './sql';
import {
  components,
  dependentsOf,
  mapNames,
  namesRead,
  orderViews,
  viewDigest,
  type InstalledView,
  type View,
} from './views';

/** What is known of both sides. */
export interface ViewState {
  /** Views of the release, in the order of `orderViews`. */
  readonly views: readonly View[];
  readonly installed: readonly InstalledView[];
  readonly grantsOn: GrantsOn;
  /** Statement that every transaction begins with. */
  readonly lock: string;
}

/** Views that are dropped, then views that are made: one transaction, or several small ones in one. */
interface Step {
  readonly drops: readonly string[];
  readonly creates: readonly Creation[];
  /** Whole statements before and after, for schemas. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

interface Creation extends InstalledView {
  readonly lateBinding?: boolean;
}

/** Schemas of copies that stand while a set is exchanged that no single transaction holds. */
const COPIES = 'next_';
const ON_ITS_WAY = 'on its way';
const LATE_BINDING = 'late-binding';

/** Names of installed views that the release drops, or drops and recreates. */
export function droppedViews(state: Pick<ViewState, 'views' | 'installed'>): string[] {
  const wanted = new Map(state.views.map((v) => [v.name, viewDigest(v)]));
  const changed = state.installed.filter((v) => wanted.get(v.name) !== v.sha256).map((v) => v.name);
  const missing = [...wanted.keys()].filter((name) => !state.installed.some((v) => v.name === name));
  const dependents = [
    ...dependentsOf(orderViews(state.installed), changed),
    ...dependentsOf(state.views, [...changed, ...missing]),
  ].map((v) => v.name);
  return state.installed.map((v) => v.name).filter((name) => changed.includes(name) || dependents.includes(name));
}

/**
 * Transactions that bring the views to the release: only what changed, what reads it, and what the release has no more. After each of
 * them every view that stands before and after can be read with its grants.
 * @throws SqlError for a view that does not fit a transaction
 */
export function viewTransactions(state: ViewState): string[][] {
  const dropped = new Set(droppedViews(state));
  const installed = new Set(state.installed.map((v) => v.name));
  const toMake = state.views.filter((v) => dropped.has(v.name) || !installed.has(v.name));
  const toDrop = orderViews(state.installed).reverse().filter((v) => dropped.has(v.name)); // prettier-ignore
  const names = [...new Set([...toMake, ...toDrop].map((v) => v.name))];
  const edges = [...toMake, ...toDrop].flatMap((v) => namesRead(v.select, names).map((r): [string, string] => [v.name, r])); // prettier-ignore
  const steps: Step[] = [];
  const last: Step[] = [];
  for (const group of components(names, edges)) {
    const members = new Set(group);
    const drops = toDrop.filter((v) => members.has(v.name));
    const creates = toMake.filter((v) => members.has(v.name)).map(asMade);
    const whole: Step = { drops: drops.map((v) => v.name), creates };
    if (drops.length === 0) steps.push(...creates.map((v) => ({ drops: [], creates: [v] })));
    else if (fits(state, [whole])) steps.push(whole);
    else {
      const exchange = exchangeSteps(drops, creates);
      steps.push(...exchange.steps);
      last.push(...exchange.last);
    }
  }
  return pack(state, withSchemas([...steps, ...last]));
}

/** Transactions after which no view but a late-binding one reads the tables, directly or not, so that their columns can be resized. */
export function loosenTransactions(state: Omit<ViewState, 'views'>, tables: readonly string[]): string[][] {
  const readers = dependentsOf(orderViews(state.installed), tables).reverse();
  const steps = readers
    .filter((v) => v.sha256 !== LATE_BINDING)
    .map((v) => ({ drops: [v.name], creates: [{ ...v, sha256: LATE_BINDING, lateBinding: true }] }));
  return pack(state, steps);
}

const asMade = (view: View): Creation => ({ ...view, sha256: viewDigest(view) });
const schemaOf = (name: string): string => name.slice(0, name.indexOf('.'));

/**
 * A set that is too large for one transaction is replaced by way of copies that no reader knows of: copies of the new views, which read each
 * other; then each view again over the copies, dependents first; then each view as the release has it, those that are read first; then
 * the copies go. Each small step can be a transaction: a view is the old one over old ones, or the new one over whole new ones.
 */
function exchangeSteps(drops: readonly InstalledView[], creates: readonly Creation[]): { steps: Step[]; last: Step[] } {
  const id = sha256Hex(creates.map((v) => `${v.name} ${v.sha256}`).join('\n')).slice(0, 8);
  const read = new Set(creates.flatMap((v) => namesRead(v.select, creates.map((c) => c.name)))); // prettier-ignore
  const copyOf = (name: string): string => (read.has(name) ? `${COPIES}${id}_${name}` : name);
  const over = (view: View): string => mapNames(view.select, (name) => copyOf(name.toLowerCase()) === name.toLowerCase() ? name : copyOf(name.toLowerCase())); // prettier-ignore
  const wanted = new Map(creates.map((v) => [v.name, v]));
  const standing = new Set(drops.map((v) => v.name));
  const copied = creates.filter((v) => read.has(v.name));
  const copies = copied.map((v): Step => {
    const copy = { name: copyOf(v.name), select: over(v), sha256: ON_ITS_WAY };
    // Left by an exchange that was given up: its text is the same, since its name is made of all texts.
    return { drops: [], creates: standing.has(copy.name) ? [] : [copy] };
  });
  const bridge = drops
    .filter((v) => !copied.some((c) => copyOf(c.name) === v.name))
    .map((v): Step => {
      const view = wanted.get(v.name);
      if (!view) return { drops: [v.name], creates: [] };
      const select = over(view);
      return {
        drops: [v.name],
        creates: [{ ...view, select, sha256: select === view.select ? view.sha256 : ON_ITS_WAY }],
      };
    });
  const settled = creates
    .filter((v) => !standing.has(v.name) || over(v) !== v.select)
    .map((v): Step => ({ drops: standing.has(v.name) ? [v.name] : [], creates: [v] }));
  return {
    steps: [...copies, ...bridge, ...settled],
    last: [...copied].reverse().map((v): Step => ({ drops: [copyOf(v.name)], creates: [] })),
  };
}

/** The schema of copies is made with the first of them and goes with the last, so that none is left when an exchange is given up. */
function withSchemas(steps: readonly Step[]): Step[] {
  const schemasOf = (views: readonly string[]): string[] => views.filter((n) => n.startsWith(COPIES)).map(schemaOf);
  const left = new Map<string, number>();
  steps.forEach((step, i) => schemasOf(step.drops).forEach((schema) => left.set(schema, i)));
  const made = new Set<string>();
  return steps.map((step, i) => {
    const fresh = new Set(schemasOf(step.creates.map((v) => v.name)).filter((schema) => !made.has(schema)));
    for (const schema of fresh) made.add(schema);
    const gone = [...left].filter(([, at]) => at === i).map(([schema]) => schema);
    return {
      ...step,
      before: [...fresh].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema}`),
      after: gone.map((schema) => `DROP SCHEMA IF EXISTS ${schema}`),
    };
  });
}

/** Steps in order, as many in one transaction as it holds. */
function pack(state: Omit<ViewState, 'views'>, steps: readonly Step[]): string[][] {
  const packed: Step[][] = [];
  for (const step of steps) {
    if (!fits(state, [step])) throw new SqlError(`the view ${step.creates[0]?.name} is too long for one transaction`);
    const last = packed.at(-1);
    if (last && fits(state, [...last, step])) last.push(step);
    else packed.push([step]);
  }
  return packed.map((s) => statementsOf(state, s)).filter((sqls) => sqls.length > 1);
}

function fits(state: Omit<ViewState, 'views'>, steps: readonly Step[]): boolean {
  const sqls = statementsOf(state, steps);
  return sqls.length <= MAX_STATEMENTS && sqls.reduce((sum, s) => sum + Buffer.byteLength(s), 0) <= MAX_SQL_BYTES;
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** The lock, the steps one after another, the grants of what was made, and the note about it. */
function statementsOf({ lock, grantsOn }: Omit<ViewState, 'views'>, steps: readonly Step[]): string[] {
  const standing = new Map<string, Creation>();
  const touched = new Set<string>();
  const sqls = [lock];
  for (const { before = [], drops, creates, after = [] } of steps) {
    sqls.push(...before, ...drops.map((name) => `DROP VIEW IF EXISTS ${name}`));
    for (const name of drops) standing.delete(name);
    for (const view of creates) {
      sqls.push(`CREATE VIEW ${view.name} AS\n${view.select}${view.lateBinding ? '\nWITH NO SCHEMA BINDING' : ''}`);
      standing.set(view.name, view);
    }
    for (const name of [...drops, ...creates.map((v) => v.name)]) touched.add(name);
    sqls.push(...after);
  }
  sqls.push(...grantsOn([...standing.keys()]));
  if (touched.size > 0) sqls.push(`DELETE FROM ops.view WHERE view_name IN (${[...touched].map(text).join(', ')})`);
  if (standing.size > 0)
    sqls.push(
      `INSERT INTO ops.view (view_name, sha256, definition)\n${[...standing.values()]
        .map((v) => `SELECT ${text(v.name)}, ${text(v.sha256)}, ${text(v.select)}`)
        .join('\nUNION ALL ')}`,
    );
  return sqls;
}
