import { namedKey, roleOf } from '../check';
import { RULES } from '../rules';
import { SQL_WORDS } from '../sql-words';
import type { EntityContract, Reference, Relation } from '../types';
import { columnsOf, identifierKeys, namersOf, redshiftType } from './columns';
import { localLists, type LocalLists } from './local-time';
import { MeasureError, NO_MEASURES, type Item, type Measures } from './measures';

/** One column of a table or view of the warehouse, as people read about it. */
export interface DescribedColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  /** Where the definition stands. */
  readonly source: string;
  /** Qualified names of the tables and views that have the column. */
  readonly in: readonly string[];
}

/** A column of a table or view of the warehouse. */
export interface WarehouseColumn {
  readonly name: string;
  /** Such as `varchar(64)`. */
  readonly type: string;
  /** What it means; empty for the columns that all tables of a kind have (`sql/templates/tables.sql` says what those are). */
  readonly doc: string;
  /** Where the definition stands: a contract or a file of measures. */
  readonly source: string;
  readonly notNull?: boolean;
}

/** Column lists of one entity, from which all its tables, views and load SQL are rendered. */
export interface DimensionLists {
  readonly contract: EntityContract;
  readonly naturals: readonly WarehouseColumn[];
  readonly attributes: readonly WarehouseColumn[];
}

/** `value`: the expression that makes the column, over `e` (the event and its values) or over `f` and the members. */
export interface StoredColumn extends WarehouseColumn {
  readonly value: string;
}

export interface FactLists {
  readonly contract: EntityContract;
  readonly values: readonly Item[];
  readonly naturals: readonly StoredColumn[];
  readonly references: readonly Reference[];
  readonly relations: readonly Relation[];
  readonly dates: readonly { readonly name: string; readonly key: string; readonly doc: string }[];
  /** How local days and hours are made, whenever the zone may have changed (`contracts/derive/local-time.ts`). */
  readonly local: LocalLists;
  /** Columns of the fact between its references and its flags, those of `dates` aside. */
  readonly members: readonly StoredColumn[];
  /** What is stored for the one big table beside the fact. */
  readonly attributes: readonly StoredColumn[];
  /** Members that the log keeps: `name` as in the contract, `stored` as in the fact. */
  readonly knowns: readonly (WarehouseColumn & { readonly stored: string })[];
  /** Columns of the one big table between source system and flags. */
  readonly obt: readonly StoredColumn[];
}

const contractSource = (c: EntityContract): string => `contracts/entities/${c.name}.ts`;

function memberColumns(c: EntityContract): (WarehouseColumn & { readonly isNatural: boolean })[] {
  return c.fields.map((f) => ({
    name: f.name,
    type: redshiftType(f),
    doc: f.doc,
    source: contractSource(c),
    isNatural: c.naturalKey.includes(f.name),
    notNull: f.required === true,
  }));
}

/** Lists of a dimension. */
export function dimensionLists(contract: EntityContract): DimensionLists {
  const members = memberColumns(contract);
  const attributes = [
    ...members.filter((m) => !m.isNatural),
    ...identifierKeys(contract).map((i) => ({
      name: i.column,
      type: 'varchar(32)',
      doc: i.doc,
      source: contractSource(contract),
    })),
    ...(contract.names ?? []).map((n) => ({
      name: n.column,
      type: 'varchar(32)',
      doc: `Durable key of the ${n.entity} named by ${namersOf(n)}.`,
      source: contractSource(contract),
    })),
  ];
  return { contract, naturals: members.filter((m) => m.isNatural), attributes };
}

/**
 * Lists of a fact.
 * @param dimensions lists of the dimensions that it names
 * @throws MeasureError where its file of measures names a column that is none
 */
export function factLists(
  contract: EntityContract,
  dimensions: ReadonlyMap<string, DimensionLists>,
  m: Measures = NO_MEASURES,
): FactLists {
  const source = `sql/measures/${contract.name}.sql`;
  const fail = (what: string): never => {
    throw new MeasureError(`${source}: ${what}`);
  };
  const all = memberColumns(contract);
  const named = new Map(m.measures.filter((i) => i.column).map((i) => [i.column!, i.name]));
  for (const from of named.keys())
    if (!all.some((a) => a.name === from)) fail(`${from} is not a member of the contract`);
  const used = new Set(
    contract.references
      .filter((r) => !r.system && !r.isShown)
      .flatMap((r) => [r.field, r.orElse ?? r.field, r.identifier ?? r.field]),
  );
  const stored = (name: string): string => named.get(name) ?? name;
  const members: StoredColumn[] = [
    ...contract.derived
      .filter((d) => d.take !== 'local_date')
      .map((d) => ({
        name: d.name,
        type: 'integer',
        doc: d.doc,
        source: contractSource(contract),
        value: `e.${d.name}`,
      })),
    ...all
      .filter((a) => !a.isNatural && !used.has(a.name))
      .map((a) => ({ ...a, name: stored(a.name), value: `e.${a.name}` })),
    ...m.measures
      .filter((i) => !i.column)
      .map((i) => ({ name: i.name, type: i.type!, doc: i.doc!, source, value: i.sql })),
    ...counted(contract).map((c) => ({ ...c, source: contractSource(contract) })),
  ];
  const naturals = all.filter((a) => a.isNatural).map((a) => ({ ...a, value: `e.${a.name}` }));
  const dates = contract.derived
    .filter((d) => d.take === 'local_date')
    .map((d) => ({ name: d.name, key: `${d.name}_key`, doc: d.doc }));
  const attributes = m.attributes.map((i) => attribute(i, contract, dimensions, source, fail));
  const dateColumns = dates.map((d) => ({
    name: d.name,
    type: 'date',
    doc: d.doc,
    source: contractSource(contract),
    value: '',
  }));
  const local = localLists(
    contract,
    members,
    dates.map((d) => d.name),
    m.flags.map((i) => flag(i, fail)),
  );
  const own = new Map(
    [...naturals, ...members, ...dateColumns, ...attributes].map((c): [string, StoredColumn] => [c.name, c]),
  );
  const shown = m.obt?.map((i): StoredColumn => {
    if (!i.column) return { name: i.name, type: i.type!, doc: i.doc!, source, value: i.sql };
    const held = own.get(i.column) ?? fail(`${i.column} is not a column of the fact`);
    return { ...held, name: i.name, value: `f.${i.column}` };
  });
  const everything = [...members, ...dateColumns, ...attributes].map((c) => ({ ...c, value: `f.${c.name}` }));
  const obt = shown ?? everything;
  checkLocal(m, local, members, fail);
  checkNames(
    contract,
    { values: m.values, naturals, dates, stored: [...members, ...dateColumns, ...attributes], obt },
    fail,
  );
  return {
    contract,
    values: m.values,
    naturals,
    references: contract.references,
    relations: contract.relations ?? [],
    dates,
    members,
    attributes,
    local,
    knowns: (contract.asKnown ?? []).map((name) => ({ ...all.find((a) => a.name === name)!, stored: stored(name) })),
    obt,
  };
}

/** What rests on local days is made again from what is stored; a value is not stored, and a reference's field neither. */
function checkLocal(
  m: Measures,
  local: LocalLists,
  members: readonly StoredColumn[],
  fail: (what: string) => never,
): void {
  const names = new Set(local.locals.map((l) => l.name));
  const used = (sql: string): string[] => [...sql.matchAll(/\be\.(\w+)/g)].map(([, name]) => name);
  for (const v of m.values)
    if (used(v.sql).some((n) => names.has(n))) fail(`${v.name} depends on a local day: write it out in each measure`);
  const plain = new Set(members.filter((x) => x.value === `e.${x.name}`).map((x) => x.name));
  for (const x of members.filter((y) => local.moved.has(y.name))) {
    const other = used(x.value).find((n) => !names.has(n) && !plain.has(n));
    if (other !== undefined)
      fail(`${x.name} depends on a local day and on ${other}, which is not stored under that name`);
  }
}

interface Named {
  readonly name: string;
}

/** Whether a fact is listed by its parent; all are that are parts of nothing. */
export const IS_LISTED = 'is_listed';
/** Whether a fact stands in measures, by its status. */
const IS_COUNTED = 'is_counted';

/** Columns of a fact that say by which identifier it names its members, what it belongs to, and whether that is there. */
export const relationColumns = ({ references, relations = [], partOf }: EntityContract): string[] => [
  ...references.flatMap((r) => (r.identifier ? [namedKey(r)] : [])),
  ...relations.flatMap((r) => [r.column, r.known]),
  ...(partOf ? [IS_LISTED] : []),
];

/** The measure that every fact with a status that may not count has. */
function counted({ standing }: EntityContract): StoredColumn[] {
  if (!standing?.uncounted.length) return [];
  const all = [standing, ...(standing.also ?? [])];
  const counts = all.map((s) => `e.${s.field} NOT IN (${s.uncounted.map((v) => `'${v}'`).join(', ')})`).join(' AND ');
  const said = all.map((s) => `${s.field} is one of ${s.uncounted.join(', ')}`).join('; or ');
  return [
    {
      name: IS_COUNTED,
      type: 'smallint',
      doc: `1: stands in measures; 0: ${said}; or nobody has said it.`,
      source: '',
      value: `CAST(CASE WHEN ${counts} THEN 1 ELSE 0 END AS smallint)`,
    },
  ];
}

/** Holds the columns of a fact to names that stand once and are no words of SQL, and its layout to name some of them. */
function checkNames(
  contract: EntityContract,
  of: Readonly<Record<'values' | 'naturals' | 'stored' | 'obt', readonly Named[]>> & Pick<FactLists, 'dates'>,
  fail: (what: string) => never,
): void {
  const key = [`${contract.name}_key`, ...of.naturals.map((n) => n.name), 'source_system'];
  const fact = [
    ...key,
    ...contract.references.map((r) => r.column),
    ...relationColumns(contract),
    ...of.dates.map((d) => d.key),
    ...of.stored.map((c) => c.name),
    ...[
      'dq_flags',
      'state_flags',
      'event_id',
      'payload_hash',
      'effective_at',
      'recorded_at',
      'source_order',
      'is_tied',
      'load_id',
    ],
  ];
  const event = [...columnsOf(contract), ...of.values].map((c) => c.name);
  const obt = [...key, ...of.obt.map((c) => c.name), 'dq_flags', 'known_at', 'load_id'];
  for (const [where, names] of Object.entries({ fact, event, 'one big table': obt })) {
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) fail(`${twice} appears in the ${where} twice`);
    const word = names.find((name) => SQL_WORDS.has(name));
    if (word !== undefined) fail(`${word} is a reserved word of SQL`);
  }
  const { distKey, sortKey } = contract.layout!;
  for (const name of [distKey, ...sortKey])
    if (!fact.includes(name)) fail(`the layout names ${name}, which is not a column of the fact`);
}

/** A rule of a file of measures, with its condition: a name of SQL cannot hold the hyphens of an id. */
function flag(i: Item, fail: (what: string) => never): [string, string] {
  const rule = i.name.toUpperCase().replaceAll('_', '-');
  if (!Object.hasOwn(RULES, rule)) fail(`${i.name} is not the name of a rule`);
  return [rule, `${i.sql} = 1`];
}

function attribute(
  i: Item,
  contract: EntityContract,
  dimensions: ReadonlyMap<string, DimensionLists>,
  source: string,
  fail: (what: string) => never,
): StoredColumn {
  if (!i.column) return { name: i.name, type: i.type!, doc: i.doc!, source, value: i.sql };
  const reference =
    contract.references.find((r) => roleOf(r) === i.alias) ?? fail(`${i.alias} is not a role of the fact`);
  const d = dimensions.get(reference.entity)!;
  const held =
    [...d.naturals, ...d.attributes].find((a) => a.name === i.column) ?? fail(`${i.sql} is not an attribute`);
  return { ...held, name: i.isNamed ? i.name : `${i.alias}_${i.column}`, notNull: false, value: i.sql };
}
