import { ENTITY_NAME_PATTERN } from './derive/registry';
import { SQL_WORDS } from './sql-words';
import type { EntityContract, Field, Reference } from './types';

const NAME = new RegExp(`^${ENTITY_NAME_PATTERN}$`);
const COLUMN = /^[a-z][a-z0-9_]{0,62}$/;

/** Columns that tables, or the statements that decide which event wins, have already; a member of such a name would stand there twice. */
const TAKEN = new Set(
  'event_id op source_system effective_at recorded_at source_order payload_hash dq_flags record_source record_position load_id valid_from valid_to is_current is_inferred is_deleted known place copies copy_number state_rank top_order all_flags is_raised brought_by is_tied held_tied held_from held_to'.split(
    ' ',
  ),
);

/** Names whose tables and views would be those of the calendar or of another entity. */
const OTHERS = /^(date|time)$|^(dim|fact)_|_(log|superseded|history)$/;

/** What the member is to the fact: the alias under which its attributes are joined. */
export const roleOf = (r: Reference): string => r.role ?? r.entity;

/** Column of a fact with the key as its event names the member, where that may be an identifier's. */
export const namedKey = (r: Reference): string => `${roleOf(r)}_named_key`;

/** A contract that says something no table could hold. Its message names the entity and the member. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

function* mistakes(c: EntityContract, all: ReadonlyMap<string, EntityContract>): Generator<string> {
  const fields = new Map(c.fields.map((f) => [f.name, f]));
  if (!NAME.test(c.name))
    yield "an entity's name must be lower-case words joined by single underscores, at most 40 characters";
  if (OTHERS.test(c.name)) yield 'its tables would have the names of existing ones';
  for (const name of [...fields.keys(), ...c.derived.map((d) => d.name)])
    if (!COLUMN.test(name) || TAKEN.has(name) || name === `${c.name}_key`) yield `${name} cannot be a column`;
  for (const name of [c.name, ...fields.keys(), ...c.derived.map((d) => d.name), ...c.references.map(roleOf)])
    if (SQL_WORDS.has(name)) yield `${name} is a reserved word of SQL`;
  if (fields.size !== c.fields.length) yield 'two members have one name';
  const columns = [
    ...fields.keys(),
    ...c.references.map((r) => r.column),
    ...(c.relations ?? []).flatMap((r) => [r.column, r.known]),
    ...(c.identifiers ?? []).flatMap((i) => [i.column, ...(i.assigned ? [i.assigned.column] : [])]),
    ...(c.names ?? []).map((n) => n.column),
    ...c.references.flatMap((r) => (r.identifier ? [namedKey(r)] : [])),
    ...c.derived.flatMap((d) => (d.take === 'local_date' ? [d.name, `${d.name}_key`] : [d.name])),
  ];
  const twice = columns.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined) yield `${twice} would be two columns`;
  for (const key of c.naturalKey)
    if (!fields.get(key)?.required && !c.otherKey) yield `key member ${key} is not required`;
  if (c.otherKey && (!fields.has(c.otherKey) || c.naturalKey.length !== 1))
    yield 'otherKey stands for one other member';
  for (const f of c.fields) {
    if ((f.since ?? 1) > c.version) yield `${f.name} came in version ${f.since}, but the contract is at ${c.version}`;
    if ((f.since ?? 1) > 1 && f.required) yield `${f.name} was appended, so it cannot be required`;
  }
  for (const r of c.references) {
    if (!fields.has(r.field)) yield `reference ${r.column} does not name a member`;
    const named = all.get(r.entity);
    if (named?.kind !== 'dimension') yield `reference ${r.column} does not name a dimension`;
    if (named?.naturalKey.length !== (r.system ? 2 : 1))
      yield `reference ${r.column} names a dimension whose key is not ${r.system ? 'a system and a code' : 'one member'}`;
    if (r.system && !fields.has(r.system)) yield `reference ${r.column} names no system`;
    if (r.unless && !fields.has(r.unless)) yield `reference ${r.column} gives way to no member`;
    if (r.identifier && (!fields.has(r.identifier) || !named?.identifiers))
      yield `reference ${r.column} names nobody by an identifier`;
    if (r.orElse && (!fields.has(r.orElse) || !named?.otherKey)) yield `reference ${r.column} has no other key`;
    if (r.column !== `${roleOf(r)}_key`) yield `reference ${r.column} is not named after its role`;
  }
  if (c.kind === 'dimension') {
    if (!c.members) yield 'a dimension must declare whether its members are few or many';
    if (c.references.length) yield 'a dimension must not have references';
    if (fields.size <= c.naturalKey.length) yield 'a dimension must have a member besides its key';
    if (c.stateOrder) yield 'a dimension must not have an order of states';
    if (c.relations || c.partOf) yield 'a dimension must not have relations';
    for (const n of c.names ?? [])
      if ([n.field, n.source, n.system, n.identifier].some((m) => m !== undefined && !fields.has(m)))
        yield `${n.column} names no member`;
    yield* identityMistakes(c, all);
    for (const { value, system } of c.identifiers ?? [])
      if (!fields.has(value) || ('field' in system && !fields.has(system.field)))
        yield `identifier ${value} names no member`;
  } else {
    const asOf = fields.get(c.asOf ?? '');
    if (!c.layout) yield 'a fact must have a layout';
    if (!asOf?.required || asOf.type !== 'ts') yield 'asOf of a fact must be a required time';
    if (c.references.length === 0) yield 'a fact must reference at least one dimension';
    const written = new Set(c.derived.filter((d) => d.take === 'tz_offset_min').map((d) => d.from));
    for (const d of c.derived)
      if (!written.has(d.from)) yield `${d.name} needs the offset of ${d.from} (tz_offset_min)`;
    if (c.localTime) {
      const { role, zone } = c.localTime;
      const member = all.get(c.references.find((r) => roleOf(r) === role)?.entity ?? '');
      if (member?.fields.find((f) => f.name === zone)?.type !== 'zone')
        yield `localTime: ${role} has no time zone ${zone}`;
      if (!c.derived.some((d) => d.from === c.asOf)) yield 'localTime: the offset of asOf is not derived';
    }
    for (const name of c.asKnown ?? [])
      if (!fields.has(name) || c.references.some((r) => r.field === name)) yield `asKnown: the fact keeps no ${name}`;
    yield* stateMistakes(c, fields);
    yield* relationMistakes(c, fields, all);
  }
  const { field, removes, uncounted } = c.standing ?? {};
  const unknown = [...(removes ?? []), ...(uncounted ?? [])].find((v) => !fields.get(field!)?.values?.includes(v));
  if (unknown !== undefined) yield `standing: ${field} has no value ${unknown}`;
}

function* identityMistakes({ identity, fields }: EntityContract, all: ReadonlyMap<string, EntityContract>) {
  if (!identity) return;
  const link = all.get(identity.link);
  const isNumber = (of: readonly Field[] = [], name: string) => of.some((f) => f.name === name && f.type === 'int');
  if (link?.names?.length !== 2) yield 'identity: the link names two members';
  const { listed } = identity;
  if (listed && !(isNumber(link?.fields, listed.position) && isNumber(fields, listed.count)))
    yield 'identity: links are listed by a number and a count';
}

function* relationMistakes(
  { relations = [], partOf }: EntityContract,
  fields: ReadonlyMap<string, Field>,
  all: ReadonlyMap<string, EntityContract>,
): Generator<string> {
  for (const r of relations) {
    const named = all.get(r.entity);
    if (!fields.has(r.field)) yield `relation ${r.column} names no member`;
    if (named?.kind !== 'fact' || named.naturalKey.length !== 1 || named.keyScope !== 'source')
      yield `relation ${r.column} names no fact that one identifier of its source names`;
  }
  if (!partOf) return;
  const parent = all.get(relations.find((r) => r.column === partOf.relation)?.entity ?? '');
  if (fields.get(partOf.position)?.type !== 'int') yield 'partOf: the position is no whole number';
  if (parent?.fields.find((f) => f.name === partOf.count)?.type !== 'int') yield 'partOf: the parent has no such count';
}

function* stateMistakes(
  { stateOrder, asKnown }: EntityContract,
  fields: ReadonlyMap<string, Field>,
): Generator<string> {
  if (!stateOrder) return;
  const values = fields.get(stateOrder.field)?.values ?? [];
  const ordered = stateOrder.furthestFirst.flat();
  // The log of the events that lost keeps these members alone, and a repeat may bring one of them back.
  if (!asKnown?.includes(stateOrder.field)) yield `stateOrder: ${stateOrder.field} is not kept as known`;
  if ([...ordered].sort().join() !== [...values].sort().join())
    yield `stateOrder: it must list every value of ${stateOrder.field} once`;
}

/**
 * Holds contracts to what can be derived from them.
 * @throws ContractError with the first mistake
 */
export function checkContracts(contracts: readonly EntityContract[]): void {
  const all = new Map<string, EntityContract>(contracts.map((c) => [c.name, c]));
  for (const c of contracts) {
    const [mistake] = mistakes(c, all);
    if (mistake) throw new ContractError(`contract ${c.name}: ${mistake}`);
  }
}

/**
 * The contract of an earlier version: the newest one without what came since. What rests on a member (reference, derived column,
 * rule) came with it.
 */
export function contractAt(c: EntityContract, version: number): EntityContract {
  if (version === c.version) return c;
  const later = new Set(c.fields.filter((f) => (f.since ?? 1) > version).map((f) => f.name));
  for (const d of c.derived) if (later.has(d.from)) later.add(d.name);
  const stands = (...names: string[]) => names.every((n) => !later.has(n));
  return {
    ...c,
    version,
    fields: c.fields.filter((f) => stands(f.name)),
    naturalKey: c.naturalKey.filter((n) => stands(n)),
    references: c.references.filter((r) => stands(r.orElse ?? r.field)),
    identifiers: c.identifiers
      ?.filter((i) => (i.since ?? 1) <= version && stands(i.value))
      .map(({ assigned, ...i }) => (assigned && assigned.since <= version ? { ...i, assigned } : i)),
    names: c.names?.filter((n) => stands(n.field, n.source ?? n.field)),
    relations: c.relations?.filter((r) => stands(r.field)),
    partOf: c.partOf && stands(c.partOf.position) ? c.partOf : undefined,
    standing: c.standing && stands(c.standing.field) ? c.standing : undefined,
    derived: c.derived.filter((d) => stands(d.name)),
    oneOf: c.oneOf.filter((o) => stands(...o.fields)),
    orders: c.orders.filter((o) => stands(o.first, o.second)),
    conflicts: c.conflicts?.filter((o) => stands(o.field, ...o.excludes)),
    asKnown: c.asKnown?.filter((n) => stands(n)),
    stateOrder: c.stateOrder && stands(c.stateOrder.field) ? c.stateOrder : undefined,
  };
}
