import { ENTITIES, type EntityName, type Field, type RuleId } from '../../contracts';
import { fieldOf } from '../../profiles/check-values';
import { escapePointer } from '../../profiles/json-lines';
import { isSystem } from '../../contracts/derive';
import { canonicalSystem, inNotation } from '../records/codes';
import { identifierText } from '../records/text';
import type { FileRule } from '../../profiles/rules';
import type { EntityProfile, Profile } from '../../profiles/schema';
import { columnsOf, columnUses, placedValues } from '../../profiles/walk';
import { columnPointer, csvCell, jsonCell, splitPointer } from './cells';
import type { Received } from '../records/conform';
import { originalRow } from './origin';
import { FileTime, textOfTime } from './row-time';
import { birthDay } from './centuries';
import { type CellReader, Fault, type FileFacts, type Maker, type Row, TwoCenturies } from './making';
import { compileConditions } from './conditions';
import { compileValue } from './values';

/** A rule that a row broke and the source column that broke it (`#`: the row as a whole). */
export interface RowViolation {
  rule: RuleId | FileRule;
  pointer: string;
}

/** One entity that a row feeds: the envelope (without event_id where it is derived) and the members that could not be made. */
export interface MappedEntity {
  plan: EntityPlan;
  envelope: Record<string, unknown>;
  /** Member (`payload/x`, `effective_at` …) → rule. */
  failed: Map<string, RuleId | FileRule> | null;
  /** Rules that flag what was made. */
  flags: (RuleId | FileRule)[];
  /** Number of the element in its list, from 0, where the entity has `each`. */
  element?: number;
}

/** What of a row is accepted or rejected by itself: the row, or an element of one of its lists. */
export interface Member {
  /** Place among the elements of all lists of the row; undefined for the row itself. */
  place?: number;
  mapped: MappedEntity[];
}

/** How one entity of a profile is made of a row; compiled once per file. */
export class EntityPlan {
  readonly entity: EntityName;
  readonly version: number;
  /** Whether a row feeds the entity. */
  readonly feeds: (row: Row) => boolean;
  private readonly head: { name: string; make: Maker }[] = [];
  private readonly payload: { name: string; make: Maker }[] = [];
  private readonly authorities: { name: string; make: Maker }[] = [];
  /** Member → pointers of the source columns it is made of. */
  private readonly pointers = new Map<string, string[]>();
  /** Members that are made of the element of a list, whose pointers end in its number. */
  private readonly ofElement = new Set<string>();
  /** Column and separator of the list that the entity is fed from. */
  readonly list: string | null;

  constructor(
    profile: Profile,
    source: EntityProfile,
    index: number,
    facts: FileFacts,
    cell: (column: string) => CellReader,
    time: FileTime,
  ) {
    this.entity = source.entity as EntityName;
    this.version = ENTITIES[this.entity].version;
    this.list = source.each ? JSON.stringify([source.each.column, source.each.separator ?? ',']) : null;
    this.feeds = compileConditions(source.when, cell, profile.file.trim);
    for (const { expression, pointer, target } of placedValues(profile, source, index)) {
      const inPayload = target.startsWith('payload/');
      const field = fieldOf(this.entity, target);
      // What recorded_at bounds, such as a day of birth.
      const isPast = ENTITIES[this.entity].orders.some((o) => o.first === field.name && o.second === 'recorded_at');
      const make = compileValue(expression, { ...field, isPast: inPayload && isPast }, profile, facts, cell);
      const [part, name] = target.split('/');
      if (part === 'authorities') this.authorities.push({ name, make });
      else (inPayload ? this.payload : this.head).push({ name: inPayload ? name : target, make });
      if (expression.element !== undefined) this.ofElement.add(target);
      const columns = expression.element !== undefined ? [source.each!.column] : columnsOf(expression);
      this.pointers.set(
        target,
        columns.length > 0 ? columns.map((c) => columnPointer(c, profile.file.format)) : [`profile:${pointer}`],
      );
    }
    if (source.op === undefined) this.head.push({ name: 'op', make: () => 'upsert' });
    for (const name of ['effective_at', 'recorded_at'] as const)
      if (source[name] === undefined) {
        this.head.push({ name, make: (row) => textOfTime(time.of(row)) });
        this.pointers.set(name, time.pointers);
      }
  }

  /** @param element the element that the entity is fed with, and its number, where it has a list */
  map(row: Row, element?: { value: unknown; index: number }): MappedEntity {
    const envelope: Record<string, unknown> = { entity: this.entity, schema_version: this.version };
    const payload: Record<string, unknown> = {};
    let failed: MappedEntity['failed'] = null;
    const flags: MappedEntity['flags'] = [];
    for (const { name, make } of this.head) {
      const value = make(row, element?.value);
      if (value instanceof Fault) (failed ??= new Map()).set(name, value.rule);
      else if (value !== undefined) envelope[name] = value;
    }
    for (const { name, make } of this.payload) {
      const value = make(row, element?.value);
      if (value instanceof Fault) (failed ??= new Map()).set(`payload/${name}`, value.rule);
      else if (value instanceof TwoCenturies) {
        const { day, flag } = birthDay(value.days, envelope.recorded_at);
        payload[name] = day;
        if (flag) flags.push(flag);
      } else if (value !== undefined) payload[name] = value;
    }
    envelope.payload = payload;
    if (this.authorities.length > 0) {
      const authorities: Record<string, unknown> = {};
      for (const { name, make } of this.authorities) {
        const value = make(row, element?.value);
        if (value instanceof Fault) (failed ??= new Map()).set(`authorities/${name}`, value.rule);
        else authorities[name] = value;
      }
      envelope.authorities = authorities;
    }
    return { plan: this, envelope, failed, flags, ...(element ? { element: element.index } : {}) };
  }

  /**
   * The natural key as the contract reads it, in its order, or empty texts and the other key; null if a part of it is missing.
   */
  naturalKey(envelope: Record<string, unknown>): string[] | null {
    const payload = envelope.payload as Record<string, unknown>;
    const { naturalKey, otherKey } = ENTITIES[this.entity];
    const parts = naturalKey.map((name) => this.keyText(name, payload));
    if (parts.every((part): part is string => typeof part === 'string')) return parts;
    const other = otherKey === undefined ? undefined : identifierText(payload[otherKey]);
    return other === undefined ? null : [...naturalKey.map(() => ''), other];
  }

  /** A member of the key as ingest keeps it, so that two files which write a code differently name the same one. */
  private keyText(name: string, payload: Record<string, unknown>): string | undefined {
    const contract = ENTITIES[this.entity];
    const text = identifierText(payload[name]);
    if (text !== undefined && isSystem(name, contract)) return canonicalSystem(text);
    const { system }: Field = contract.fields.find((f) => f.name === name)!;
    if (text === undefined || system === undefined) return text;
    const of = payload[system];
    return inNotation(typeof of === 'string' ? canonicalSystem(of) : of, text);
  }

  /** The source columns of a member that a rule of the contract points at. */
  sourcePointers(pointer: string, element?: number): string[] {
    const numbered = (target: string): string[] | undefined => {
      const found = this.pointers.get(target);
      return this.ofElement.has(target) ? found?.map((one) => `${one}/${element}`) : found;
    };
    return numbered(pointer.slice(1)) ?? ['#'];
  }
}

/** A profile compiled for one file: says which entities a row feeds and makes their envelopes. */
export interface RowMapper {
  readonly profile: Profile;
  /** What is worth telling of the row in hand. */
  readonly notes: Set<FileRule>;
  /** The kind of a row of which nothing in the profile reads any; undefined for all others. */
  unmapped(row: Row): string | undefined;
  /** The row as one member, and each element of its lists as one. What keeps the row from being read goes to `violations`. */
  members(row: Row, violations: RowViolation[]): Member[];
  /** What is known of a 1-based data row besides what it says of the entities. A time that cannot be read goes to `violations`. */
  received(row: Row, number: number, violations: RowViolation[]): Received;
  /** Pointer to the object that has a member which the profile neither uses nor ignores, or null. The member's name is the sender's and is not repeated. */
  unknownMember(row: Row): string | null;
}

/** What is known of a 1-based data row by the time of its file. */
export function receivedAt(
  time: FileTime,
  facts: FileFacts,
  row: Row,
  number: number,
  violations: RowViolation[],
): Received {
  const arrivedAt = facts.lastModifiedMs * 1000;
  const order = time.orderOf(row, originalRow(number, facts.origin));
  if (!(order instanceof Fault)) return { arrivedAt, order };
  for (const pointer of time.pointers) violations.push({ rule: order.rule, pointer });
  return { arrivedAt };
}

/** The mapper of CSV and NDJSON. */
export class Mapper implements RowMapper {
  private readonly plans: EntityPlan[];
  private readonly known: MemberTree | null;
  readonly notes = new Set<FileRule>();
  /** Readers of the lists that entities are fed from. */
  private readonly lists: { id: string; elements: (row: Row) => unknown[]; plans: EntityPlan[] }[];
  private readonly time: FileTime;

  /** @param header columns of the file in order (CSV), or null (NDJSON) */
  constructor(
    readonly profile: Profile,
    header: readonly string[] | null,
    private readonly facts: FileFacts,
  ) {
    const cell = header ? csvCell(header) : jsonCell;
    this.time = new FileTime(profile, facts, cell);
    this.plans = profile.entities.map(
      (entity, i) => new EntityPlan(profile, entity, i, { ...facts, notes: this.notes }, cell, this.time),
    );
    this.lists = [...new Set(this.plans.flatMap(({ list }) => list ?? []))].map((id) => {
      const [column, separator] = JSON.parse(id) as [string, string];
      return { id, elements: elementsOf(cell(column), separator), plans: this.plans.filter(({ list }) => list === id) };
    });
    this.known = !header && profile.other_columns === 'refuse' ? memberTree(profile) : null;
  }

  unmapped(): undefined {
    return undefined;
  }

  members(row: Row): Member[] {
    const own: MappedEntity[] = [];
    for (const plan of this.plans) if (plan.list === null && plan.feeds(row)) own.push(plan.map(row));
    const found: Member[] = own.length > 0 ? [{ mapped: own }] : [];
    let place = 0;
    for (const { elements, plans } of this.lists) {
      const fed = plans.filter((plan) => plan.feeds(row));
      if (fed.length === 0) continue;
      elements(row).forEach((value, index) => {
        if (value !== '') found.push({ place, mapped: fed.map((plan) => plan.map(row, { value, index })) });
        place++;
      });
    }
    return found;
  }

  received(row: Row, number: number, violations: RowViolation[]): Received {
    return receivedAt(this.time, this.facts, row, number, violations);
  }

  unknownMember(row: Row): string | null {
    return this.known ? unknownIn(row as Record<string, unknown>, this.known, '') : null;
  }
}

/** Elements of a list in a cell: of a JSON array, or of a text with a separator. An empty element counts and is none. */
function elementsOf(read: CellReader, separator: string): (row: Row) => unknown[] {
  return (row) => {
    const raw = read(row);
    if (Array.isArray(raw)) return raw;
    if (raw === undefined || raw === null || raw === '') return [];
    return typeof raw === 'string' ? raw.split(separator).map((text) => text.trim()) : [raw];
  };
}

/** Members that a profile knows: `true` covers everything below. */
type MemberTree = Map<string, MemberTree | true>;

function memberTree(profile: Profile): MemberTree {
  const root: MemberTree = new Map();
  for (const column of [...columnUses(profile).map((u) => u.column), ...profile.ignored]) {
    const parts = splitPointer(column);
    let node = root;
    parts.forEach((part, i) => {
      const child = node.get(part);
      if (i === parts.length - 1) node.set(part, true);
      else if (child === undefined) node.set(part, (node = new Map()));
      else if (child !== true) node = child;
    });
  }
  return root;
}

function unknownIn(value: Record<string, unknown>, tree: MemberTree, pointer: string): string | null {
  for (const name of Object.keys(value)) {
    const node = tree.get(name);
    if (node === undefined) return pointer === '' ? '#' : pointer;
    if (node === true) continue;
    const child = value[name];
    if (typeof child !== 'object' || child === null) continue;
    const found = unknownIn(child as Record<string, unknown>, node, `${pointer}/${escapePointer(name)}`);
    if (found) return found;
  }
  return null;
}
