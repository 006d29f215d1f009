import { contractOf, isEntityName, UNKNOWN_KEY, type EntityContract, type EntityName, type RuleId } from '../contracts';
import {
  ENVELOPE_MEMBERS,
  EVENT_ID_MAX_BYTES,
  OPS,
  SOURCE_SYSTEM_MAX_BYTES,
  SOURCE_SYSTEM_PATTERN,
  type Op,
} from '../contracts/envelope';
import { silverColumns } from '../contracts/derive';
import { decodeRecord, type Violation } from './envelope';
import { fileEventId, hash64, SEPARATOR } from './hash';
import type { Keyring } from './keys';
import { isTooLong, isUnstorable, readerOf, type Cell, type Reader, type Target } from './readers';
import { instant, microsText, parseInstant } from './time';

export type { Violation } from './envelope';
export type { Cell } from './readers';

/** One silver row in `silverColumns` order, without record_source and record_position, which ingest knows. */
export type SilverRow = Cell[];

export interface ConformContext {
  keys: Keyring;
  /** Greatest length of a record in bytes. */
  maxBytes: number;
  /** Make event_id of what the statement says, where the source gives none (file rows). */
  deriveEventId?: boolean;
}

export type Conformed =
  | { ok: true; entity: EntityName; version: number; row: SilverRow; flags: RuleId[] }
  | { ok: false; violations: Violation[]; entity?: EntityName; version?: number };

const SOURCE_SYSTEM = new RegExp(SOURCE_SYSTEM_PATTERN);

interface FieldStep {
  name: string;
  pointer: string;
  at: number;
  read: Reader;
  isKey: boolean;
  required: boolean;
  fallback: string | null;
}

/** Everything about one contract that does not change from record to record. */
class Compiled {
  readonly size: number;
  readonly steps: FieldStep[];
  private readonly place = new Map<string, number>();
  private readonly keyPlaces: number[];
  private readonly references: { at: number; from: number; entity: EntityName; npi: boolean }[];
  private readonly orders: { rule: RuleId; first: number; second: number; dayOfKnowing: boolean }[];
  private readonly blanks: { at: number; field: number; equals: string }[];
  private readonly oneOf: { rule: RuleId; places: number[] }[];

  constructor(readonly contract: EntityContract) {
    const columns = silverColumns(contract.name, contract.version);
    columns.forEach((c, i) => this.place.set(c.name, i));
    this.size = columns.length - 2;
    const at = (name: string) => this.placeOf(name);
    this.steps = contract.fields.map((field) => ({
      name: field.name,
      pointer: `/payload/${field.name}`,
      at: at(field.name),
      read: readerOf(field, contract, at(field.name), at),
      isKey: contract.naturalKey.includes(field.name),
      required: field.required === true,
      fallback: field.default ?? null,
    }));
    this.keyPlaces = contract.naturalKey.map(at);
    this.references = contract.references.map((r) => ({
      at: at(r.column),
      from: at(r.field),
      entity: r.entity,
      npi: contract.fields.find((f) => f.name === r.field)?.type === 'npi',
    }));
    this.orders = contract.orders.map((o) => ({
      rule: o.rule,
      first: at(o.first),
      second: at(o.second),
      dayOfKnowing: o.second === 'recorded_at' && contract.fields.find((f) => f.name === o.first)?.type === 'date',
    }));
    this.blanks = contract.derived.flatMap((d) =>
      d.unless ? [{ at: at(d.name), field: at(d.unless.field), equals: d.unless.equals }] : [],
    );
    this.oneOf = contract.oneOf.map((o) => ({ rule: o.rule, places: o.fields.map(at) }));
  }

  private placeOf(name: string): number {
    const at = this.place.get(name);
    if (at === undefined) throw new Error(`contract ${this.contract.name} names no column ${name}`);
    return at;
  }

  /** Reads the payload into the target; on a delete only the natural key must be there. */
  readPayload(payload: Record<string, unknown>, op: Op, target: Target): void {
    const upsert = op === 'upsert';
    let seen = 0;
    for (const step of this.steps) {
      let value = payload[step.name];
      if (value !== undefined) seen++;
      target.canonical += SEPARATOR;
      // An empty text says nothing; it is the same as an absent member, on every way in.
      if (value === undefined || value === null || value === '') {
        if (step.isKey) target.violations.push({ rule: 'DQ-ID-01', pointer: step.pointer });
        else if (step.required && upsert) target.violations.push({ rule: 'FLD-MISSING', pointer: step.pointer });
        if (step.fallback === null || !upsert) continue;
        value = step.fallback;
      }
      step.read(value, target);
    }
    // The pointer stops at the payload: the name of an unknown member is the sender's text and may hold anything.
    if (Object.keys(payload).length !== seen) target.violations.push({ rule: 'FLD-UNKNOWN', pointer: '/payload' });
    if (upsert && target.violations.length === 0) this.checkOneOf(target);
  }

  private checkOneOf(target: Target): void {
    for (const o of this.oneOf) {
      if (o.places.every((p) => target.row[p] === null)) target.violations.push({ rule: o.rule, pointer: '/payload' });
    }
  }

  /** Fills what follows from the payload: keys, blanks and warnings. */
  complete(target: Target, sourceSystem: string, recordedLocalDay: number, keys: Keyring): void {
    const { row, flags } = target;
    row[6] = keys.key(this.contract.name, sourceSystem, this.naturalKey(row));
    for (const r of this.references) {
      const named = row[r.from] as string | null;
      row[r.at] =
        named !== null && r.npi && flags.includes('DQ-ID-03')
          ? UNKNOWN_KEY
          : keys.reference(r.entity, sourceSystem, named);
    }
    for (const b of this.blanks) if (row[b.field] === b.equals) row[b.at] = null;
    for (const o of this.orders) {
      const first = row[o.first] as number | null;
      const second = o.dayOfKnowing ? recordedLocalDay : (row[o.second] as number | null);
      if (first !== null && second !== null && first > second && !flags.includes(o.rule)) flags.push(o.rule);
    }
    row[this.size - 1] = flags.length === 0 ? null : flags.sort().join(' ');
  }

  naturalKey(row: SilverRow): string[] {
    return this.keyPlaces.map((p) => row[p] as string);
  }
}

const compiled = new Map<EntityContract, Compiled>();

function compile(contract: EntityContract): Compiled {
  let c = compiled.get(contract);
  if (!c) compiled.set(contract, (c = new Compiled(contract)));
  return c;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Head of an envelope as far as it could be read. */
interface Head {
  eventId: string;
  op: Op;
  sourceSystem: string;
  effectiveAt: number;
  recordedAt: number;
  recordedLocalDay: number;
  contract: EntityContract | undefined;
  entity: EntityName | undefined;
  payload: Record<string, unknown>;
}

function readText(envelope: Record<string, unknown>, member: string, violations: Violation[]): string | null {
  const value = envelope[member];
  if (value === undefined || value === null || value === '')
    violations.push({ rule: 'ENV-MISSING', pointer: `/${member}` });
  else if (typeof value !== 'string') violations.push({ rule: 'ENV-TYPE', pointer: `/${member}` });
  else return value;
  return null;
}

function readTime(envelope: Record<string, unknown>, member: string, violations: Violation[]): number {
  const text = readText(envelope, member, violations);
  if (text !== null) {
    if (parseInstant(text)) return instant.micros;
    violations.push({ rule: 'ENV-TIME', pointer: `/${member}` });
  }
  return 0;
}

function readContract(envelope: Record<string, unknown>, head: Head, violations: Violation[]): void {
  const entity = readText(envelope, 'entity', violations);
  if (isEntityName(entity)) head.entity = entity;
  else if (entity !== null) violations.push({ rule: 'ENV-ENTITY', pointer: '/entity' });
  const version = envelope.schema_version;
  if (version === undefined || version === null) violations.push({ rule: 'ENV-MISSING', pointer: '/schema_version' });
  else if (typeof version !== 'number') violations.push({ rule: 'ENV-TYPE', pointer: '/schema_version' });
  else if (head.entity) {
    head.contract = contractOf(head.entity, version);
    if (!head.contract) violations.push({ rule: 'ENV-VERSION', pointer: '/schema_version' });
  }
}

function readEventId(envelope: Record<string, unknown>, violations: Violation[], derive: boolean): string {
  if (derive && envelope.event_id === undefined) return '';
  const id = readText(envelope, 'event_id', violations);
  if (id === null) return '';
  if (isTooLong(id, EVENT_ID_MAX_BYTES)) violations.push({ rule: 'ENV-ID', pointer: '/event_id' });
  else if (isUnstorable(id)) violations.push({ rule: 'DQ-FMT-01', pointer: '/event_id' });
  return id;
}

function readHead(envelope: Record<string, unknown>, violations: Violation[], derive: boolean): Head {
  const head: Head = {
    eventId: '',
    op: 'upsert',
    sourceSystem: '',
    effectiveAt: 0,
    recordedAt: 0,
    recordedLocalDay: 0,
    contract: undefined,
    entity: undefined,
    payload: {},
  };
  head.eventId = readEventId(envelope, violations, derive);
  readContract(envelope, head, violations);
  const op = readText(envelope, 'op', violations);
  if (op !== null && !(OPS as readonly string[]).includes(op)) violations.push({ rule: 'ENV-OP', pointer: '/op' });
  else if (op !== null) head.op = op as Op;
  const source = readText(envelope, 'source_system', violations);
  if (source !== null && (source.length > SOURCE_SYSTEM_MAX_BYTES || !SOURCE_SYSTEM.test(source)))
    violations.push({ rule: 'ENV-ID', pointer: '/source_system' });
  head.sourceSystem = source ?? '';
  head.effectiveAt = readTime(envelope, 'effective_at', violations);
  head.recordedAt = readTime(envelope, 'recorded_at', violations);
  head.recordedLocalDay = instant.localDays;
  const payload = envelope.payload;
  if (payload === undefined || payload === null) violations.push({ rule: 'ENV-MISSING', pointer: '/payload' });
  else if (!isObject(payload)) violations.push({ rule: 'ENV-OBJECT', pointer: '/payload' });
  else head.payload = payload;
  return head;
}

/** Members of an envelope that are no member of the contract; their names are never shown. */
function hasUnknownMember(envelope: Record<string, unknown>): boolean {
  let known = 0;
  for (const member of ENVELOPE_MEMBERS) if (envelope[member] !== undefined) known++;
  return Object.keys(envelope).length !== known;
}

function refused(violations: Violation[], head: Head): Conformed {
  return { ok: false, violations, entity: head.entity, version: head.contract?.version };
}

function judge(envelope: unknown, escaped: boolean, ctx: ConformContext): Conformed {
  if (!isObject(envelope)) return { ok: false, violations: [{ rule: 'ENV-OBJECT', pointer: '' }] };
  const violations: Violation[] = [];
  const head = readHead(envelope, violations, ctx.deriveEventId === true);
  if (hasUnknownMember(envelope)) violations.push({ rule: 'ENV-UNKNOWN', pointer: '' });
  const { contract } = head;
  // Without a contract the payload cannot be judged, and a missing one has been told of already.
  if (!contract || !isObject(envelope.payload)) return refused(violations, head);
  const plan = compile(contract);
  const row = new Array<Cell>(plan.size).fill(null);
  const target: Target = {
    row,
    violations,
    flags: [],
    escaped,
    canonical: `${contract.name}${SEPARATOR}${contract.version}${SEPARATOR}${head.op}${SEPARATOR}${head.sourceSystem}${SEPARATOR}${microsText(head.effectiveAt)}${SEPARATOR}${microsText(head.recordedAt)}`,
  };
  plan.readPayload(head.payload, head.op, target);
  if (violations.length > 0) return refused(violations, head);
  const payloadHash = hash64(target.canonical);
  row[1] = head.op;
  row[2] = head.sourceSystem;
  row[3] = head.effectiveAt;
  row[4] = head.recordedAt;
  row[5] = payloadHash;
  row[0] =
    head.eventId !== ''
      ? head.eventId
      : fileEventId({ ...head, entity: contract.name, naturalKey: plan.naturalKey(row), payloadHash });
  plan.complete(target, head.sourceSystem, head.recordedLocalDay, ctx.keys);
  return { ok: true, entity: contract.name, version: contract.version, row, flags: target.flags };
}

/**
 * Judges the bytes of one record: a pure function of them, of the contracts and of the key secret.
 * Nothing of the record stands in a rejection, only rule ids and JSON pointers made of names that the contracts know.
 */
export function conform(bytes: Uint8Array, ctx: ConformContext): Conformed {
  const decoded = decodeRecord(bytes, ctx.maxBytes);
  if (!decoded.ok) return { ok: false, violations: [decoded.violation] };
  return judge(decoded.value, decoded.escaped, ctx);
}

/** As `conform`, for callers that hold the envelope as an object (rows of files). */
export function conformEnvelope(envelope: unknown, ctx: ConformContext): Conformed {
  return judge(envelope, true, ctx);
}
