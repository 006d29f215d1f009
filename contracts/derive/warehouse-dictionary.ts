import { namedKey, roleOf } from '../check';
import { describedPeople } from './people-dictionary';
import { ENVELOPE_FIELDS } from '../envelope';
import { redshiftType } from './columns';
import { table } from './markdown';
import type { DescribedColumn, DimensionLists, FactLists, WarehouseColumn } from './warehouse';
import type { WarehouseLists } from './warehouse-sql';

/** Columns that all tables of a kind have, and what they mean. */
const COMMON: Readonly<Record<string, readonly [type: string, doc: string]>> = {
  ...Object.fromEntries(ENVELOPE_FIELDS.map((f) => [f.name, [redshiftType(f), f.doc]])),
  payload_hash: [
    'bigint',
    'First 64 bits of SHA-256 over the content of the event; distinguishes events that share an event_id.',
  ],
  state_flags: [
    'varchar(255)',
    'Ids of the warning rules that follow from the members and their time zone; dq_flags of the views includes them.',
  ],
  dq_flags: ['varchar(512)', 'Ids of the warning rules that the event broke, separated by spaces; null if none.'],
  load_id: ['varchar(32)', 'The load that brought the event. Lineage: it differs between two orders of loading.'],
  valid_from: ['timestamp', 'First instant at which the version holds; 1900-01-01 for the first one.'],
  valid_to: ['timestamp', 'First instant at which the version no longer holds; 9999-12-31 for the current one.'],
  is_current: [
    'boolean',
    'The last version, which may begin after the watermark; exactly one per key. The view without _history shows the one in effect.',
  ],
  is_inferred: ['boolean', 'Named by a fact but not yet described by a source; it has only its key and natural key.'],
  is_deleted: ['boolean', 'The source reported it as gone; the key stays, so that no fact loses its row.'],
  is_tied: [
    'boolean',
    'Another event has the same times and source order but different content: the more advanced state, or a hash, decided (DQ-TIE-01).',
  ],
  known_at: ['timestamp', 'When the source knew the content of the row (recorded_at of its event).'],
};

/** Unit of a column by the ending of its name, which is where the platform states units. */
function unitOf(name: string, type: string): string {
  if (name.endsWith('_min')) return 'minutes';
  if (name.endsWith('_days')) return 'days';
  if (name.endsWith('_years') || name.includes('_age_at_')) return 'years';
  if (name.endsWith('_count')) return 'count';
  if (type === 'timestamp') return 'UTC';
  if (type === 'date') return 'local day';
  if (/^(is|in)_/.test(name) && type !== 'boolean') return '0 or 1';
  return '';
}

const common = (name: string, ...places: string[]): DescribedColumn => {
  const [type, doc] = COMMON[name];
  return { name, type, doc, source: 'contracts/envelope.ts, sql/templates/tables.sql', in: places };
};
const at = (c: WarehouseColumn, ...places: string[]): DescribedColumn => ({
  name: c.name,
  type: c.type,
  doc: c.doc,
  source: c.source,
  in: places,
});
const key = (name: string, doc: string, ...places: string[]): DescribedColumn => ({
  name,
  type: 'varchar(32)',
  doc,
  source: 'core/records/keys.ts',
  in: places,
});

/** Columns of a dimension's tables and views. */
function describedDimension({ contract, naturals, attributes }: DimensionLists): DescribedColumn[] {
  const e = contract.name;
  const [history, current, log, beside] = [`dim_${e}_history`, `dim_${e}`, `${e}_log`, `${e}_superseded`].map(
    (n) => `core.${n}`,
  );
  const all = [history, current, log, beside];
  return [
    key(
      `${e}_key`,
      `Durable key of the ${e.replaceAll('_', ' ')}: the same on every engine and after every rebuild.`,
      ...all,
    ),
    common('source_system', ...all),
    ...[...naturals, ...attributes].map((c) => at(c, ...all)),
    common('valid_from', history, current),
    common('valid_to', history),
    common('is_current', history),
    common('is_inferred', history, current),
    common('is_deleted', history, current),
    common('op', log, beside),
    common('event_id', history, log, beside),
    common('payload_hash', history, log, beside),
    common('effective_at', history, log, beside),
    common('recorded_at', ...all),
    common('source_order', history, log, beside),
    common('is_tied', history),
    common('dq_flags', ...all),
    common('load_id', ...all),
    ...describedPeople({ contract, naturals, attributes }),
  ];
}

/** Columns that say what a fact belongs to. */
function describedRelations({ contract: c }: FactLists, ...places: string[]): DescribedColumn[] {
  const source = `contracts/entities/${c.name}.ts`;
  const flag = (name: string, doc: string) => at({ name, type: 'smallint', doc, source }, ...places);
  const words = (entity: string) => entity.replaceAll('_', ' ');
  return [
    ...c.references
      .filter((r) => r.identifier)
      .map((r) =>
        key(
          namedKey(r),
          `Key of the identifier by which the fact names the ${words(r.entity)}; null where it does not.`,
          ...places,
        ),
      ),
    ...(c.relations ?? []).flatMap((r) => [
      key(
        r.column,
        `Durable key of the ${words(r.entity)} that ${r.field} names; 32 zeros where none is named.`,
        ...places,
      ),
      flag(r.known, `1: the ${words(r.entity)} that it names is there.`),
    ]),
    ...(c.partOf
      ? [flag('is_listed', '1: its parent lists it, or it is part of nothing. The views show only these.')]
      : []),
  ];
}

/** Columns of a fact's table, its views and its one big table. */
function describedFact(f: FactLists): DescribedColumn[] {
  const e = f.contract.name;
  const [stored, fact, log, beside] = [e, `fact_${e}`, `${e}_log`, `${e}_superseded`].map((n) => `core.${n}`);
  const obt = `gold_phi.obt_${e}`;
  const reference = (r: FactLists['references'][number]) =>
    key(
      r.column,
      `Durable key of the ${r.entity.replaceAll('_', ' ')} (${roleOf(r)}) that ${r.field} names; 32 zeros where none is named.`,
      stored,
      fact,
    );
  const date = (d: FactLists['dates'][number]): DescribedColumn => ({
    name: d.key,
    type: 'integer',
    doc: `${d.name} as yyyymmdd, key of core.dim_date; -1 outside the calendar.`,
    source: `contracts/entities/${e}.ts`,
    in: [stored, fact],
  });
  return [
    key(
      `${e}_key`,
      `Durable key of the ${e.replaceAll('_', ' ')}: the same on every engine and after every rebuild.`,
      stored,
      fact,
      log,
      beside,
      obt,
    ),
    ...f.naturals.map((c) => at(c, stored, fact, obt)),
    common('source_system', stored, fact, log, beside, obt),
    ...f.references.map(reference),
    ...describedRelations(f, stored, fact),
    ...f.dates.map(date),
    ...f.members.map((c) => at(c, stored, fact)),
    ...f.dates.map((d) => at({ name: d.name, type: 'date', doc: d.doc, source: `contracts/entities/${e}.ts` }, stored)),
    ...f.attributes.map((c) => at(c, stored)),
    ...f.obt.map((c) => at(c, obt)),
    ...f.knowns.map((c) => at(c, log, beside)),
    common('op', log, beside),
    ...['event_id', 'payload_hash', 'effective_at', 'recorded_at', 'source_order'].map((n) =>
      common(n, stored, fact, log, beside),
    ),
    common('is_tied', stored, fact),
    common('dq_flags', stored, fact, log, beside, obt),
    common('state_flags', stored),
    common('known_at', obt),
    common('load_id', stored, fact, log, beside, obt),
  ];
}

/** Columns of hand-written tables: `name type, -- meaning` in a CREATE TABLE. */
export function describedTables(source: string, ddl: string): DescribedColumn[] {
  return [...ddl.matchAll(/CREATE TABLE IF NOT EXISTS ((?:core|gold_phi)\.\w+) \(\n([\s\S]*?)\n\)/g)].flatMap(
    ([, name, body]) =>
      [...body.matchAll(/^ {2}(\w+) ([a-z ]+(?:\(\d+(?:,\d+)?\))?)(?: NOT NULL)?,?(?: -- (.*))?$/gm)].map(
        ([, column, type, doc]) => ({
          name: column,
          type: type.trim(),
          doc: doc ?? '',
          source,
          in: [name],
        }),
      ),
  );
}

/** Columns of a mart: `--   name: meaning` above its SELECT. */
export function describedMart(name: string, text: string): DescribedColumn[] {
  return [...text.matchAll(/^-- {3}(\w+) \(([^)]*(?:\(\d+\))?)\): (.*)$/gm)].map(([, column, type, doc]) => ({
    name: column,
    type,
    doc,
    source: `sql/marts/${name}.sql`,
    in: [`gold_phi.${name}`],
  }));
}

/** One row per name and meaning: a column of several tables is listed once. */
function merged(columns: readonly DescribedColumn[]): DescribedColumn[] {
  const found = new Map<string, DescribedColumn>();
  for (const c of columns) {
    const id = `${c.name}|${c.type}|${c.doc}`;
    found.set(id, { ...c, in: [...new Set([...(found.get(id)?.in ?? []), ...c.in])] });
  }
  return [...found.values()];
}

const chapter = (title: string, columns: readonly DescribedColumn[]): string =>
  [
    `## ${title}`,
    table(
      ['column', 'type', 'unit', 'meaning', 'defined in', 'tables'],
      merged(columns).map((c) => [c.name, c.type, unitOf(c.name, c.type), c.doc, c.source, c.in.join(', ')]),
    ),
  ].join('\n\n');

/**
 * Every column of core and gold_phi with type, unit, meaning and the place of its definition.
 * @param tables hand-written DDL and marts, described
 */
export function describedWarehouse(lists: WarehouseLists, tables: readonly DescribedColumn[]): DescribedColumn[] {
  return [...lists.dimensions.flatMap(describedDimension), ...lists.facts.flatMap(describedFact), ...tables];
}

/** The dictionary of the warehouse as one page of Markdown. */
export function warehouseDictionary(lists: WarehouseLists, tables: readonly DescribedColumn[]): string {
  const others = new Map<string, DescribedColumn[]>();
  for (const t of tables) others.set(t.in[0], [...(others.get(t.in[0]) ?? []), t]);
  return `${[
    '# Dictionary of the warehouse',
    'Every column of `core` and `gold_phi`. Derived from `contracts/`, `sql/measures`, `sql/marts` and the calendar: `npm run generate`. Units are part of column names: `_min` minutes, `_days` days, `_at` an instant in UTC, `_date` a local day, `is_` 0 or 1.',
    ...lists.facts.map((f) => chapter(f.contract.name, describedFact(f))),
    ...lists.dimensions.map((d) => chapter(d.contract.name, describedDimension(d))),
    ...[...others].map(([name, columns]) => chapter(name, columns)),
  ].join('\n\n')}\n`;
}
