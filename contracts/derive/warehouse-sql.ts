import { namedKey, roleOf } from '../check';
import type { EntityContract, Identifier, Reference, Relation } from '../types';
import { UNKNOWN_KEY } from '../index';
import { columnsOf } from './columns';
import type { Measures } from './measures';
import { render, type Row } from './template';
import {
  dimensionLists,
  factLists,
  IS_LISTED,
  relationColumns,
  type DimensionLists,
  type FactLists,
  type WarehouseColumn,
} from './warehouse';

/** Lists of all entities, dimensions and facts each in the order of the contracts. */
export interface WarehouseLists {
  readonly dimensions: readonly DimensionLists[];
  readonly facts: readonly FactLists[];
}

/** @param measures files of measures by fact */
export function warehouseLists(
  contracts: readonly EntityContract[],
  measures: ReadonlyMap<string, Measures>,
): WarehouseLists {
  const dimensions = contracts.filter((c) => c.kind === 'dimension').map(dimensionLists);
  const byName = new Map(dimensions.map((d) => [d.contract.name as string, d]));
  const facts = contracts.filter((c) => c.kind === 'fact').map((c) => factLists(c, byName, measures.get(c.name)));
  return { dimensions, facts };
}

const RAW = ' ENCODE RAW';
const columnRow = (c: WarehouseColumn & { value?: string; stored?: string }): Row => ({
  name: c.name,
  type: c.type,
  null: c.notNull ? ' NOT NULL' : '',
  value: c.value ?? '',
  held: c.stored === undefined || c.stored === c.name ? `f.${c.name}` : `f.${c.stored} AS ${c.name}`,
});

const words = (c: EntityContract): Row => ({
  name: c.name,
  entity: c.name,
  Entity: c.name[0].toUpperCase() + c.name.slice(1).replaceAll('_', ' '),
  key: `${c.name}_key`,
});

function dimensionScope({ contract, naturals, attributes }: DimensionLists, facts: readonly FactLists[]): Row {
  const key = `${contract.name}_key`;
  const isMany = contract.members === 'many';
  return {
    ...words(contract),
    naturals: naturals.map(columnRow),
    // A tombstone keeps the member that names it, and no attributes.
    attributes: attributes.map((a) => ({
      ...columnRow(a),
      staged:
        a.name === contract.otherKey
          ? `s.${a.name}`
          : `CASE WHEN s.op = 'delete' THEN NULL ELSE s.${a.name} END AS ${a.name}`,
    })),
    raw: isMany ? RAW : '',
    logLayout: isMany ? `DISTSTYLE KEY DISTKEY (${key})` : 'DISTSTYLE ALL',
    historyLayout: isMany
      ? `DISTSTYLE KEY DISTKEY (${key}) SORTKEY (${key}, valid_from)`
      : `DISTSTYLE ALL SORTKEY (${key})`,
    holders: contract.identifiers?.length ? [{ name: contract.name }] : [],
    identifiers: (contract.identifiers ?? []).map((i) => ({
      name: i.column,
      value: i.value,
      system: systemOf(i),
      valid: contract.fields.some((f) => f.name === i.value && f.type === 'npi')
        ? "CASE WHEN h.dq_flags LIKE '%DQ-ID-03%' THEN 0 ELSE 1 END"
        : '1',
    })),
    bares: bareIdentifiers(contract),
    agrees: (contract.identity?.agree ?? []).map((name) => ({ name })),
    assigneds: (contract.identifiers ?? []).flatMap((i) =>
      i.assigned ? [{ name: i.assigned.column, value: i.value, system: systemOf(i) }] : [],
    ),
    links: contract.identity ? [{ name: contract.identity.link, of: contract.name }] : [],
    listeds: contract.identity?.listed ? [{ name: contract.identity.listed.count, ...contract.identity.listed }] : [],
    nameds: facts.some((f) => f.references.some((r) => r.entity === contract.name))
      ? [
          {
            name: contract.name,
            // A fact names the members of its own source, or anybody's.
            source: contract.keyScope === 'source' ? 'source_system, ' : '',
            held_source: contract.keyScope === 'source' ? ' min(h.source_system),' : '',
            naturals: naturals.map(columnRow),
          },
        ]
      : [],
    keepers: facts.flatMap((f) =>
      f.references.filter((r) => r.entity === contract.name).map((r) => ({ name: r.column, fact: f.contract.name })),
    ),
  };
}

const systemOf = ({ system }: Identifier): string =>
  'field' in system ? `h.${system.field}` : `CAST('${system.uri}' AS varchar(128))`;

/** The other key of inferred members, which nothing but a fact has told. */
const bareIdentifiers = ({ otherKey, identifiers = [] }: EntityContract): Row[] =>
  identifiers.flatMap(({ value, system }) =>
    value === otherKey && 'uri' in system ? [{ name: value, system: system.uri }] : [],
  );

function referenceRow(c: EntityContract, r: Reference, dimensions: ReadonlyMap<string, EntityContract>): Row {
  const of = dimensions.get(r.entity)!;
  const raw = of.members === 'many' ? RAW : '';
  const isAppended = (c.fields.find((f) => f.name === (r.orElse ?? r.field))?.since ?? 1) > 1;
  return {
    name: r.column,
    role: roleOf(r),
    entity: r.entity,
    key: `${r.entity}_key`,
    field: r.field,
    ...named(r, of),
    null: isAppended ? ` DEFAULT '${UNKNOWN_KEY}'${raw}` : `${raw} NOT NULL`,
  };
}

/** What an inferred member is known by, and what a fact says of that. */
function named(
  r: Reference,
  of: EntityContract,
): Record<'source' | 'own' | 'staged_source' | 'grouped_source' | 'staged', string> {
  const source = of.keyScope === 'source' ? 'source_system, ' : '';
  // Two sources may name one member, by an authority that assigned its id.
  const one = (sql: string) =>
    of.identity
      ? { staged_source: `min(${sql}), `, grouped_source: '' }
      : { staged_source: `${sql}, `, grouped_source: `${sql}, ` };
  if (r.orElse) {
    return {
      source,
      own: `${of.naturalKey[0]}, ${of.otherKey}`,
      ...one(`CASE WHEN s.${r.field} IS NOT NULL THEN s.source_system END`),
      staged: `s.${r.field}, CASE WHEN s.${r.field} IS NULL THEN s.${r.orElse} END`,
    };
  }
  return {
    source,
    own: of.naturalKey.join(', '),
    ...(source ? one('s.source_system') : { staged_source: '', grouped_source: '' }),
    staged: r.system ? `s.${r.system}, s.${r.field}` : `s.${r.field}`,
  };
}

function relationRows(
  { name, references, relations = [], partOf }: EntityContract,
  all: ReadonlyMap<string, EntityContract>,
): Row {
  const row = (r: Relation): Row => ({
    name: r.column,
    known: r.known,
    entity: r.entity,
    key: `${r.entity}_key`,
    // In versions before it came nothing was named.
    null:
      (all.get(name)!.fields.find((f) => f.name === r.field)?.since ?? 1) > 1
        ? ` DEFAULT '${UNKNOWN_KEY}'${RAW}`
        : `${RAW} NOT NULL`,
    none: UNKNOWN_KEY,
  });
  const parent = relations.find((r) => r.column === partOf?.relation);
  return {
    identifieds: references
      .filter((r) => r.identifier)
      .map((r) => ({ name: r.column, named: namedKey(r), entity: r.entity, key: `${r.entity}_key`, role: roleOf(r) })),
    relations: relations.map(row),
    parts: parent && partOf ? [{ ...row(parent), name: IS_LISTED, column: parent.column, ...partOf }] : [],
  };
}

/** Columns of `core.fact_<entity>`, in order. */
function factColumns(f: FactLists): string[] {
  return [
    ...[
      `${f.contract.name}_key`,
      ...f.naturals.map((n) => n.name),
      'source_system',
      ...f.references.map((r) => r.column),
      ...relationColumns(f.contract),
    ],
    ...[...f.dates.map((d) => d.key), ...f.members.map((m) => m.name)],
    ...['dq_flags', 'event_id', 'payload_hash', 'effective_at', 'recorded_at', 'source_order', 'is_tied', 'load_id'],
  ];
}

/**
 * How far the state of an event has come, as a number: a tombstone as far as the furthest.
 * @param stored name of a member in the table behind the alias
 */
function stateRank(c: EntityContract, alias: string, stored: (field: string) => string): string {
  if (!c.stateOrder) return 'CAST(0 AS integer)';
  const { field, furthestFirst } = c.stateOrder;
  const column = `${alias}.${stored(field)}`;
  const ranks = furthestFirst.map((values, i) => {
    const within = values.map((v) => `'${v}'`).join(', ');
    return `WHEN ${column} IN (${within}) THEN ${furthestFirst.length - i}`;
  });
  const gone = alias === 'f' ? [] : [`WHEN ${alias}.op = 'delete' THEN ${furthestFirst.length}`];
  return ['CASE', ...gone, ...ranks, 'ELSE 0 END'].join('\n      ');
}

/** What the record itself breaks, what follows from the members, and whether another event ties: readers see one list. */
const FLAGS = `nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '')`;

function factScope(f: FactLists, contracts: ReadonlyMap<string, EntityContract>): Row {
  const c = f.contract;
  const isPlain = (m: { name: string; value: string }): boolean => m.value === `e.${m.name}`;
  const lineage = new Set(['op', 'record_source', 'record_position', 'source_order', 'dq_flags']);
  const local = new Set([
    ...f.dates.flatMap((d) => [d.name, d.key]),
    ...f.local.locals.map((l) => l.name),
    ...f.local.moved,
  ]);
  const owns = [...factColumns(f).slice(0, -1), ...f.dates.map((d) => d.name)];
  const asOf = [...f.naturals, ...f.members].find((m) => m.value === `e.${c.asOf}`)!.name;
  return {
    ...words(c),
    asOf,
    naturals: f.naturals.map(columnRow),
    references: f.references.map((r) => referenceRow(c, r, contracts)),
    ...relationRows(c, contracts),
    // A part that its parent no longer lists is kept in the table alone.
    listed: c.partOf ? ', where its parent lists it' : '',
    where: c.partOf ? ` WHERE f.${IS_LISTED} = 1` : '',
    dates: f.dates.map((d) => ({ name: d.name, key: d.key })),
    members: f.members.map(columnRow),
    plains: f.members.filter(isPlain).map(columnRow),
    computeds: f.members.filter((m) => !isPlain(m)).map(columnRow),
    values: f.values.map((v) => ({ name: v.name, value: v.sql })),
    attributes: f.attributes.map(columnRow),
    knowns: f.knowns.map(columnRow),
    rank_v: stateRank(c, 'v', (field) => field),
    rank_p: stateRank(c, 'p', (field) => field),
    rank_f: stateRank(c, 'f', (field) => f.knowns.find((k) => k.name === field)!.stored),
    obts: f.obt.map(columnRow),
    owns: owns.map((name) => ({ name })),
    // Columns that no zone changes.
    keeps: owns.filter((name) => !local.has(name)).map((name) => ({ name })),
    zoneds: f.local.zoned.map((z) => ({ ...z })),
    clocks: f.local.clocks.map((c) => ({ ...c })),
    locals: f.local.locals.map((l) => ({ ...l })),
    moveds: f.members.filter((m) => f.local.moved.has(m.name)).map(columnRow),
    differences: f.local.differences.map((d) => ({ ...d })),
    flags: f.local.flags,
    allFlags: FLAGS,
    columns: [...owns, ...f.attributes.map((a) => a.name), 'state_flags'].map((name) => ({ name })),
    stageds: columnsOf(c)
      .filter((s) => !lineage.has(s.name))
      .map((s) => ({ name: s.name })),
    facts: factColumns(f).map((name) => ({ name, value: name === 'dq_flags' ? `${FLAGS} AS dq_flags` : `f.${name}` })),
    times: c.derived.filter((d) => d.take === 'local_time_key').map((d) => ({ name: d.name })),
    layout: `DISTSTYLE KEY DISTKEY (${c.layout!.distKey}) SORTKEY (${c.layout!.sortKey.join(', ')})`,
  };
}

/**
 * All SQL that is derived, by path below `sql/generated`.
 * @param templates texts by path below `sql/templates`; a view that a template is named after is made of that one
 * @throws TemplateError, MeasureError
 */
export function warehouseSql(
  { dimensions, facts }: WarehouseLists,
  templates: ReadonlyMap<string, string>,
): Record<string, string> {
  const contracts = new Map([...dimensions, ...facts].map((d) => [d.contract.name as string, d.contract]));
  const files: Record<string, string> = {};
  const make = (path: string, template: string, scope: Row): void => {
    const text = templates.get(templates.has(`${path}`) ? path : template);
    if (text === undefined) throw new Error(`sql/templates/${template} is missing`);
    files[path] = render(text, scope);
  };
  const dimensionRows = dimensions.map((d) => dimensionScope(d, facts));
  const factRows = facts.map((f) => factScope(f, contracts));
  for (const d of dimensionRows) {
    const name = d.name as string;
    make(`load/${name}.sql`, 'load/dimension.sql', d);
    make(`load/keys-${name}.sql`, 'load/keys-dimension.sql', d);
    make(`load/reread-${name}.sql`, 'load/reread.sql', d);
    make(`load/more-${name}.sql`, 'load/more.sql', d);
    make(`load/forget-${name}.sql`, 'load/forget-dimension.sql', d);
    if ((d.keepers as readonly Row[]).length > 0) make(`load/prune-${name}.sql`, 'load/prune.sql', d);
    const isPerson = (d.links as readonly Row[]).length > 0;
    make(`views/core.dim_${name}.sql`, isPerson ? 'views/person.sql' : 'views/dimension.sql', d);
    if (isPerson) {
      make(`load/identity-${name}.sql`, 'load/identity.sql', d);
      make(`views/core.${name}_holder.sql`, 'views/holder.sql', d);
      make(`views/core.${name}_shared_identifier.sql`, 'views/shared-identifier.sql', d);
      make(`views/core.${name}_match.sql`, 'views/match.sql', d);
      make(`views/core.enterprise_${name}.sql`, 'views/enterprise.sql', d);
    }
    make(`views/core.${name}_log.sql`, 'views/dimension-log.sql', d);
    if ((d.identifiers as readonly Row[]).length > 0)
      make(`views/core.${name}_identifier.sql`, 'views/identifier.sql', d);
  }
  for (const f of factRows) {
    const name = f.name as string;
    make(`load/${name}.sql`, 'load/fact.sql', f);
    make(`load/${name}-restate.sql`, 'load/fact-restate.sql', f);
    make(`load/keys-${name}.sql`, 'load/keys-fact.sql', f);
    make(`load/reread-${name}.sql`, 'load/reread.sql', f);
    make(`load/more-${name}.sql`, 'load/more.sql', f);
    make(`load/forget-${name}.sql`, 'load/forget-fact.sql', f);
    if ((f.identifieds as readonly Row[]).length > 0) make(`load/rename-${name}.sql`, 'load/rename.sql', f);
    if ((f.relations as readonly Row[]).length > 0) make(`load/relate-${name}.sql`, 'load/relate.sql', f);
    make(`views/core.fact_${name}.sql`, 'views/fact.sql', f);
    make(`views/core.${name}_log.sql`, 'views/fact-log.sql', f);
    make(`views/gold_phi.obt_${name}.sql`, 'views/one-big-table.sql', f);
  }
  const pairs = facts.flatMap((f) =>
    [...new Set(f.references.map((r) => r.entity))].map((entity) => ({
      name: `${f.contract.name}/${entity}`,
      fact: f.contract.name,
      entity,
    })),
  );
  const all = { dimensions: dimensionRows, facts: factRows, pairs };
  const singles = ['load/close.sql', 'tables.sql', 'rebuild.sql', 'grants.sql'];
  for (const path of [...singles, 'views/ops.conservation.sql', 'views/ops.watermark.sql']) make(path, path, all);
  for (const path of templates.keys()) if (path.startsWith('checks/')) make(path, path, all);
  return files;
}
