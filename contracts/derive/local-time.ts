import { roleOf } from '../check';
import type { DerivedField, EntityContract } from '../types';

/** A column and the expression that makes it. */
export interface Made {
  readonly name: string;
  readonly value: string;
}

/**
 * Local days and hours of a fact. They follow the zone of a member of the fact as it was at the fact's own time, and with it whatever
 * is measured in days; so they are made where a fact is written and again where it is restated, from instants and written offsets.
 */
export interface LocalLists {
  /** The member whose zone counts: none or one. */
  readonly zoned: readonly {
    readonly name: string;
    readonly entity: string;
    readonly key: string;
    readonly reference: string;
    readonly zone: string;
  }[];
  /** Times that have a local day or hour: the local clock as if it were UTC. */
  readonly clocks: readonly (Made & { readonly from: string })[];
  /** Local days and hours, over the clocks. */
  readonly locals: readonly Made[];
  /** Measures that rest on local days, by name. */
  readonly moved: ReadonlySet<string>;
  /** 1 where `asOf` was written with another offset than its zone has: none or one. */
  readonly differences: readonly Made[];
  /** Flags that follow from the members and from local days, as one expression over `f` and the members. */
  readonly flags: string;
}

const clockOf = (from: string): string => `${from}_local`;

const isDay = (d: DerivedField, alias: string): string => `${alias}.${d.unless!.field} = '${d.unless!.equals}'`;

function clock(c: EntityContract, from: string): Made & { from: string } {
  const derived = c.derived.filter((d) => d.from === from);
  const written = `s.${derived.find((d) => d.take === 'tz_offset_min')!.name}`;
  const day = derived.find((d) => d.take === 'local_date' && d.unless);
  const zoned = c.localTime ? `zone_${from}.offset_min, ` : '';
  const offset = `coalesce(${day && c.localTime ? `CASE WHEN ${isDay(day, 's')} THEN NULL ELSE zone_${from}.offset_min END, ` : zoned}${written}, 0)`;
  return { name: clockOf(from), from, value: `s.${from} + ${offset} * interval '1 minute'` };
}

function local(d: DerivedField): Made {
  const at = `e.${clockOf(d.from)}`;
  if (d.take === 'local_date') return { name: d.name, value: `CAST(${at} AS date)` };
  const key = `CAST(extract(hour FROM ${at}) * 100 + extract(minute FROM ${at}) AS integer)`;
  return { name: d.name, value: d.unless ? `CASE WHEN ${isDay(d, 'e')} THEN NULL ELSE ${key} END` : key };
}

/** Flags of the state as `(condition, rule)`, in the order of their ids. */
function conditions(
  c: EntityContract,
  locals: ReadonlySet<string>,
  own: readonly (readonly [string, string])[],
): [string, string][] {
  const found: (readonly [string, string])[] = [
    ...own,
    ...c.references.map((r): [string, string] => [r.rule, `${roleOf(r)}.is_inferred`]),
    ...c.orders
      .filter((o) => locals.has(o.first))
      .map((o): [string, string] => [o.rule, `f.${o.first} > f.${o.second}`]),
    ...(c.localTime ? [[c.localTime.rule, 'f.is_other_offset = 1'] as [string, string]] : []),
  ];
  const rules = [...new Set(found.map(([rule]) => rule))].sort();
  return rules.map((rule) => [
    rule,
    found
      .filter(([r]) => r === rule)
      .map(([, when]) => when)
      .join(' OR '),
  ]);
}

/** Flags as texts that each begin with a blank, put together; only where there is one, since most rows have none. */
function flagsOf(of: readonly [string, string][]): string {
  const texts = of.map(([rule, when]) => `CASE WHEN ${when} THEN ' ${rule}' ELSE '' END`);
  return `CASE WHEN ${of.map(([, when]) => when).join(' OR ')}
    THEN CAST(substring(${texts.join('\n    || ')}, 2, 255) AS varchar(255)) END`;
}

/**
 * @param members columns of the fact between references and flags, with their expressions
 * @param dates names of its local days
 * @param flags rules of its file of measures with their conditions
 */
export function localLists(
  c: EntityContract,
  members: readonly Made[],
  dates: readonly string[],
  flags: readonly (readonly [string, string])[],
): LocalLists {
  const derived = c.derived.filter((d) => d.take !== 'tz_offset_min');
  const names = new Set([...dates, ...derived.map((d) => d.name)]);
  const reference = c.references.find((r) => roleOf(r) === c.localTime?.role);
  const written = c.derived.find((d) => d.from === c.asOf && d.take === 'tz_offset_min');
  const day = c.derived.find((d) => d.from === c.asOf && d.take === 'local_date' && d.unless);
  const other = `zone_${c.asOf}.offset_min <> s.${written?.name}`;
  return {
    zoned: reference
      ? [
          {
            name: roleOf(reference),
            entity: reference.entity,
            key: `${reference.entity}_key`,
            reference: reference.column,
            zone: c.localTime!.zone,
          },
        ]
      : [],
    clocks: [...new Set(derived.map((d) => d.from))].map((from) => clock(c, from)),
    locals: derived.map(local),
    moved: new Set(
      members
        .filter((m) => [...m.value.matchAll(/\be\.(\w+)/g)].some(([, used]) => names.has(used)) && !names.has(m.name))
        .map((m) => m.name),
    ),
    differences: reference
      ? [
          {
            name: 'is_other_offset',
            value: `CASE WHEN ${day ? `${isDay(day, 's')} THEN 0 WHEN ` : ''}${other} THEN 1 ELSE 0 END`,
          },
        ]
      : [],
    flags: flagsOf(conditions(c, names, flags)),
  };
}
