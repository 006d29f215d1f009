import {
  UNKNOWN_KEY,
  type EntityContract,
  type EntityName,
  type NamedMember,
  type Reference,
  type Relation,
  type RuleId,
} from '../../contracts';
import type { Op } from '../../contracts/envelope';
import { namedKey } from '../../contracts/check';
import { isIdentifier, isInSilver, silverColumns } from '../../contracts/derive';
import { ASSIGNED, assignsOtherKey, authorityOf, moved, movesOf, type Assigned } from './authority';
import type { AnyRule } from './envelope';
import { SEPARATOR } from './hash';
import { memberCount, type Head } from './head';
import type { Keyring } from './keys';
import { readerOf, type Cell, type Reader, type Target } from './readers';
import { restoredIdentifier, trimmed } from './text';
import { MICROS_PER_DAY } from './time';

/** One silver row in `silverColumns` order, without record_source and record_position, which ingest knows. */
export type SilverRow = Cell[];

/** Columns that every silver row has, whatever its payload. */
export interface EnvelopeCells {
  event_id: string;
  op: Op;
  source_system: string;
  /** Microseconds since 1970 UTC. */
  effective_at: number;
  /** Microseconds since 1970 UTC. */
  recorded_at: number;
  source_order: bigint;
  payload_hash: bigint;
}

interface FieldStep {
  name: string;
  pointer: string;
  /** As a fault of a profile names it. */
  member: string;
  at: number;
  read: Reader;
  isKey: boolean;
  /** Keys of others rest on it. */
  scopesKey: boolean;
  isIdentifier: boolean;
  required: boolean;
  fallback: string | null;
}

/** A column with the key of another entity, and the members that name it. */
interface Named {
  /** What is wrong where the member cannot be found; a relation has none. */
  rule: RuleId;
  at: number;
  from: number;
  system: number | undefined;
  orElse: number | undefined;
  /** The member with another identifier, and the column of its key. */
  identifier: number | undefined;
  named: number | undefined;
  /** The member that is said instead. */
  unless: number | undefined;
  entity: EntityName;
  npi: boolean;
}

/** A member of another dimension that a record of one names. */
interface NamedAt {
  at: number;
  entity: EntityName;
  value: number;
  source: number | undefined;
  system: number | undefined;
  identifier: number | undefined;
}

interface Order {
  rule: RuleId;
  first: number;
  second: number;
  unit: number;
  grace: number;
  clears: boolean;
}

function flag(target: Target, rule: AnyRule): void {
  if (!target.flags.includes(rule)) target.flags.push(rule);
}

/** A broken member costs the record where the record is nothing without it, or cannot be written; else the member alone. */
function broken(step: FieldStep, rule: AnyRule, upsert: boolean, target: Target): void {
  if (step.isKey || step.scopesKey || (step.required && upsert) || rule === 'DQ-FMT-01')
    target.violations.push({ rule, pointer: step.pointer });
  else flag(target, rule);
}

const isAbsent = (value: unknown, faults: ReadonlyMap<string, AnyRule> | null, name: string): boolean =>
  !faults?.has(`payload/${name}`) && (value === undefined || value === null || trimmed(value) === '');

/** Durable key of a member by its id and who assigned that. */
const keyBy = (keys: Keyring, entity: EntityName, authority: string, id: string): string =>
  assignsOtherKey(entity, authority) ? keys.everywhere(entity, id) : keys.key(entity, authority, [id]);

/** Key of a member of another dimension that a record of one names. */
function namedKeyOf(n: NamedAt, row: SilverRow, of: Assigned, keys: Keyring): string {
  const cell = (place: number | undefined) => (place === undefined ? null : (row[place] as string | null));
  const value = cell(n.value);
  const authority = authorityOf(of, n.entity);
  if (n.system !== undefined) {
    const system = cell(n.system);
    return value === null || system === null ? UNKNOWN_KEY : keys.key(n.entity, authority, [system, value]);
  }
  if (value !== null) return keyBy(keys, n.entity, cell(n.source) ?? authority, value);
  const token = cell(n.identifier);
  const bar = token?.indexOf('|') ?? -1;
  return bar < 0 ? UNKNOWN_KEY : keys.identifier(n.entity, authority, token!.slice(0, bar), token!.slice(bar + 1));
}

/** Everything about one contract that does not change from record to record. */
export class Compiled {
  readonly size: number;
  readonly steps: FieldStep[];
  private readonly place = new Map<string, number>();
  private readonly envelopeAt: Record<keyof EnvelopeCells, number>;
  private readonly flagsAt: number;
  private readonly keyAt: number;
  private readonly keyPlaces: number[];
  private readonly references: Named[];
  private readonly identifiers: {
    at: number;
    value: number;
    system: number | string;
    assignedAt: number | undefined;
  }[];
  private readonly names: NamedAt[];
  private readonly otherKeyAt: number | undefined;
  /** Dimensions whose ids the contract holds, of those whose ids may be somebody else's than the source's; by name. */
  readonly assigned: readonly EntityName[];
  private readonly moves: ReturnType<typeof movesOf>;
  /** The member whose value may make the record a tombstone, and the values that do. */
  readonly removes: { field: string; values: ReadonlySet<unknown> } | undefined;
  private readonly orders: Order[];
  private readonly conflicts: { rule: RuleId; field: number; values: readonly string[]; excludes: number[] }[];
  private readonly oneOf: { rule: RuleId; names: readonly string[] }[];

  constructor(readonly contract: EntityContract) {
    const columns = silverColumns(contract.name, contract.version);
    columns.forEach((c, i) => this.place.set(c.name, i));
    this.size = columns.length - 2;
    const at = (name: string) => this.placeOf(name);
    this.steps = contract.fields.map((field) => ({
      name: field.name,
      pointer: `/payload/${field.name}`,
      member: `payload/${field.name}`,
      at: at(field.name),
      read: readerOf(field, contract, at(field.name), at),
      isKey: contract.otherKey === undefined && contract.naturalKey.includes(field.name),
      scopesKey: contract.names?.some((n) => n.source === field.name) ?? false,
      isIdentifier: isIdentifier(field),
      required: field.required === true,
      fallback: field.default ?? null,
    }));
    this.envelopeAt = {
      event_id: at('event_id'),
      op: at('op'),
      source_system: at('source_system'),
      effective_at: at('effective_at'),
      recorded_at: at('recorded_at'),
      source_order: at('source_order'),
      payload_hash: at('payload_hash'),
    };
    this.flagsAt = at('dq_flags');
    this.keyAt = at(`${contract.name}_key`);
    this.keyPlaces = contract.naturalKey.map(at);
    const isNpi = (name: string | undefined) => contract.fields.find((f) => f.name === name)?.type === 'npi';
    this.references = [...contract.references, ...(contract.relations ?? [])].map((r: Reference | Relation) => {
      const { system, orElse, identifier, unless, rule } = r as Partial<Reference>;
      return {
        rule: rule!,
        at: at(r.column),
        // In a version before the member came the other one is all that names it.
        from: at(this.place.has(r.field) ? r.field : orElse!),
        system: system === undefined ? undefined : at(system),
        orElse: orElse === undefined ? undefined : at(orElse),
        identifier: identifier === undefined ? undefined : at(identifier),
        named: identifier === undefined ? undefined : at(namedKey(r as Reference)),
        unless: unless === undefined ? undefined : at(unless),
        entity: r.entity,
        npi: isNpi(orElse ?? r.field),
      };
    });
    this.identifiers = (contract.identifiers ?? []).map(({ column, value, system, assigned }) => ({
      at: at(column),
      assignedAt: assigned && at(assigned.column),
      value: at(value),
      system: 'field' in system ? at(system.field) : system.uri,
    }));
    const place = (name: string | undefined) => (name === undefined ? undefined : at(name));
    this.names = (contract.names ?? []).map((n: NamedMember) => ({
      at: at(n.column),
      entity: n.entity,
      value: at(n.field),
      source: place(n.source),
      system: place(n.system),
      identifier: place(n.identifier),
    }));
    const named = [contract, ...contract.references, ...(contract.names ?? [])];
    const entities = new Set(named.map((n) => ('entity' in n ? n.entity : n.name)));
    this.assigned = ASSIGNED.filter((e) => entities.has(e));
    this.moves = movesOf(contract);
    this.otherKeyAt = contract.otherKey === undefined ? undefined : at(contract.otherKey);
    const { field, removes } = contract.standing ?? {};
    this.removes = field === undefined ? undefined : { field, values: new Set(removes) };
    // Local days follow the zone of a member: the warehouse compares them.
    const isLocal = (name: string) => contract.derived.some((d) => d.name === name && !isInSilver(d));
    this.orders = contract.orders
      .filter((o) => !isLocal(o.first))
      .map((o) => ({
        rule: o.rule,
        first: at(o.first),
        second: at(o.second),
        // A date is compared with the day of an instant.
        unit: o.graceDays === undefined ? 1 : MICROS_PER_DAY,
        grace: o.graceDays ?? 0,
        clears: o.clears === true,
      }));
    this.conflicts = (contract.conflicts ?? []).map((c) => ({
      ...c,
      field: at(c.field),
      excludes: c.excludes.map(at),
    }));
    this.oneOf = contract.oneOf.map((o) => ({ rule: o.rule, names: o.fields }));
  }

  private placeOf(name: string): number {
    const at = this.place.get(name);
    if (at === undefined) throw new Error(`contract ${this.contract.name} names no column ${name}`);
    return at;
  }

  /**
   * Reads the payload into the target; on a delete only the natural key must be there.
   * @param faults members that a profile could not make, by `payload/<name>`, with the rule that says why
   */
  readPayload(head: Head, op: Op, target: Target, faults: ReadonlyMap<string, AnyRule> | null): void {
    if (head.authorities === undefined) return this.readMembers(head.payload, head, op, target, faults);
    const { payload, from } = moved(head.payload, this.moves, head.authorities);
    this.readMembers(payload, head, op, target, faults);
    // Faults are told of the members that the record has.
    for (const v of target.violations) {
      const name = from.get(v.pointer.slice('/payload/'.length));
      if (name !== undefined) v.pointer = `/payload/${name}`;
    }
  }

  private readMembers(
    payload: Record<string, unknown>,
    of: Assigned,
    op: Op,
    target: Target,
    faults: ReadonlyMap<string, AnyRule> | null,
  ): void {
    const upsert = op === 'upsert';
    let seen = 0;
    for (const step of this.steps) {
      let value = trimmed(payload[step.name]);
      if (value !== undefined) seen++;
      target.canonical += SEPARATOR;
      const fault = faults?.get(step.member);
      if (fault !== undefined) {
        broken(step, fault, upsert, target);
        continue;
      }
      if (step.isIdentifier && typeof value === 'string') {
        const restored = restoredIdentifier(value);
        if (restored !== null) {
          flag(target, 'DQ-ID-13');
          value = restored;
        }
      }
      // An empty text says nothing; it is the same as an absent member, on every way in.
      if (value === undefined || value === null || value === '') {
        if (step.isKey) target.violations.push({ rule: 'DQ-ID-01', pointer: step.pointer });
        else if (step.required && upsert) target.violations.push({ rule: 'FLD-MISSING', pointer: step.pointer });
        if (step.fallback === null || !upsert) continue;
        value = step.fallback;
      }
      const rule = step.read(value, target);
      if (rule !== null) broken(step, rule, upsert, target);
    }
    // The pointer stops at the payload: the name of an unknown member is the sender's text and may hold anything.
    if (memberCount(payload, seen) !== seen) target.violations.push({ rule: 'FLD-UNKNOWN', pointer: '/payload' });
    this.requireKey(target);
    if (upsert) this.refuseCircle(target, of);
    if (upsert)
      for (const o of this.oneOf) if (o.names.every((n) => isAbsent(payload[n], faults, n))) flag(target, o.rule);
    // Flags are part of what the event says: one whose member was unreadable is no repeat of one that had none.
    if (target.flags.length > 0) target.canonical += SEPARATOR + target.flags.sort().join(' ');
  }

  /** A record that either of two keys may name has one of them, and the other key only where it is a right one. */
  private requireKey({ row, violations, flags }: Target): void {
    if (this.otherKeyAt === undefined || this.keyPlaces.some((p) => row[p] !== null)) return;
    const pointer = `/payload/${this.contract.otherKey}`;
    if (row[this.otherKeyAt] === null) violations.push({ rule: 'DQ-ID-01', pointer });
    else if (flags.includes('DQ-ID-03')) violations.push({ rule: 'DQ-ID-03', pointer });
  }

  /** Two members that are one and the same are no link. */
  private refuseCircle({ row, violations }: Target, of: Assigned): void {
    const [one, other] = this.names;
    if (!other || one.entity !== other.entity) return;
    if (row[one.value] === null || row[one.value] !== row[other.value]) return;
    const own = authorityOf(of, one.entity);
    const authority = ({ source }: NamedAt) => (source === undefined ? null : row[source]) ?? own;
    if (authority(one) === authority(other)) violations.push({ rule: 'DQ-ID-10', pointer: '/payload' });
  }

  /** The operation of a record: a status that says that it was a mistake makes it a tombstone. */
  opOf(op: Op, payload: Record<string, unknown>): Op {
    return this.removes?.values.has(trimmed(payload[this.removes.field])) ? 'delete' : op;
  }

  /** Fills the columns of the envelope and the hash. */
  fillEnvelope(row: SilverRow, cells: EnvelopeCells): void {
    const at = this.envelopeAt;
    row[at.event_id] = cells.event_id;
    row[at.op] = cells.op;
    row[at.source_system] = cells.source_system;
    row[at.effective_at] = cells.effective_at;
    row[at.recorded_at] = cells.recorded_at;
    row[at.source_order] = cells.source_order;
    row[at.payload_hash] = cells.payload_hash;
  }

  /** Fills what follows from envelope and payload, both filled before: keys, blanks and warnings. */
  complete(target: Target, of: Assigned, keys: Keyring): void {
    const { row, flags } = target;
    const { name } = this.contract;
    const isKeyed = this.otherKeyAt === undefined || this.keyPlaces.some((p) => row[p] !== null);
    row[this.keyAt] = isKeyed
      ? keys.key(name, authorityOf(of, name), this.naturalKey(row))
      : keys.everywhere(name, this.naturalKey(row)[0]);
    for (const i of this.identifiers) {
      const value = row[i.value] as string | null;
      const system = typeof i.system === 'string' ? i.system : (row[i.system] as string | null);
      if (value === null || system === null) continue;
      row[i.at] = keys.identifier(name, authorityOf(of, name), system, value);
      if (i.assignedAt !== undefined) row[i.assignedAt] = keyBy(keys, name, system, value);
    }
    for (const n of this.names) row[n.at] = namedKeyOf(n, row, of, keys);
    for (const r of this.references) row[r.at] = this.referenceKey(r, target, authorityOf(of, r.entity), keys);
    for (const c of this.conflicts)
      if (c.values.includes(row[c.field] as string) && c.excludes.some((x) => row[x] !== null)) flag(target, c.rule);
    for (const o of this.orders) {
      const first = row[o.first] as number | null;
      const second = row[o.second] as number | null;
      if (first === null || second === null || first <= Math.floor(second / o.unit) + o.grace) continue;
      flag(target, o.rule);
      if (o.clears) row[o.first] = null;
    }
    row[this.flagsAt] = flags.length === 0 ? null : flags.sort().join(' ');
  }

  private referenceKey(r: Named, target: Target, authority: string, keys: Keyring): string {
    const { row, flags } = target;
    if (r.unless !== undefined && row[r.unless] !== null) return UNKNOWN_KEY;
    const named = row[r.from] as string | null;
    if (r.system !== undefined) {
      const system = row[r.system] as string | null;
      if (named !== null && system !== null) return keys.key(r.entity, authority, [system, named]);
      // A code of no system means nothing to anybody else: without the flag it would be missing from the list of unmapped codes.
      if (named !== null) flag(target, r.rule);
      return UNKNOWN_KEY;
    }
    const isOther = r.orElse === r.from;
    if (named !== null && !isOther)
      // A wrong NPI names nobody.
      return r.npi && r.orElse === undefined && flags.includes('DQ-ID-03')
        ? UNKNOWN_KEY
        : keys.reference(r.entity, authority, named);
    const other = r.orElse === undefined ? null : (row[r.orElse] as string | null);
    if (other !== null && !flags.includes('DQ-ID-03')) return keys.everywhere(r.entity, other);
    const token = r.identifier === undefined ? null : (row[r.identifier] as string | null);
    const bar = token?.indexOf('|') ?? -1;
    if (bar < 0) return UNKNOWN_KEY;
    const key = keys.identifier(r.entity, authority, token!.slice(0, bar), token!.slice(bar + 1));
    row[r.named!] = key;
    return key;
  }

  /** The natural key in the order of the contract; the other key where the record has none. */
  naturalKey(row: SilverRow): string[] {
    const parts = this.keyPlaces.map((p) => row[p] as string | null);
    return parts.every((part) => part !== null) && parts.length > 0 ? parts : [row[this.otherKeyAt!] as string];
  }
}

const compiled = new Map<EntityContract, Compiled>();

/** The compiled form of a contract, made once. */
export function compile(contract: EntityContract): Compiled {
  let c = compiled.get(contract);
  if (!c) compiled.set(contract, (c = new Compiled(contract)));
  return c;
}
