import { contractOf, isEntityName, type EntityContract, type EntityName, type RuleId } from '../../contracts';
import {
  ENVELOPE_MEMBERS,
  EVENT_ID_MAX_BYTES,
  OPS,
  SOURCE_SYSTEM_MAX_BYTES,
  SOURCE_SYSTEM_PATTERN,
  type Op,
} from '../../contracts/envelope';
import { readAuthorities, type Assigned } from './authority';
import type { Violation } from './envelope';
import { NO_ORDER, sequenceOrder } from './order';
import { isTooLong, isUnstorable, trimmed } from './text';
import { parseInstant, type Instant } from './time';

const SOURCE_SYSTEM = new RegExp(SOURCE_SYSTEM_PATTERN);

/** Whether a JSON value is an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Head of an envelope as far as it could be read. */
export interface Head extends Assigned {
  eventId: string;
  op: Op;
  sourceSystem: string;
  authorities: Assigned['authorities'];
  /** Microseconds since 1970 UTC. */
  effectiveAt: number;
  /** Microseconds since 1970 UTC. */
  recordedAt: number;
  /** Order of source_sequence; none where the envelope has no such member, or none that can be read. */
  sourceOrder: bigint;
  flags: RuleId[];
  contract: EntityContract | undefined;
  entity: EntityName | undefined;
  payload: Record<string, unknown>;
}

/** How a head is to be read. */
export interface HeadOptions {
  /** An absent event_id is no mistake: it will be made of what the event says. */
  deriveEventId: boolean;
  /** Strings may hold a NUL or half a surrogate pair. */
  escaped: boolean;
}

function isSourceSystem(text: string): boolean {
  return text.length <= SOURCE_SYSTEM_MAX_BYTES && SOURCE_SYSTEM.test(text);
}

function readText(envelope: Record<string, unknown>, member: string, violations: Violation[]): string | null {
  const value = trimmed(envelope[member]);
  if (value === undefined || value === null || value === '')
    violations.push({ rule: 'ENV-MISSING', pointer: `/${member}` });
  else if (typeof value !== 'string') violations.push({ rule: 'ENV-TYPE', pointer: `/${member}` });
  else return value;
  return null;
}

function readTime(envelope: Record<string, unknown>, member: string, violations: Violation[]): Instant | undefined {
  const text = readText(envelope, member, violations);
  if (text === null) return undefined;
  const instant = parseInstant(text);
  if (!instant) violations.push({ rule: 'ENV-TIME', pointer: `/${member}` });
  return instant;
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

function readEventId(envelope: Record<string, unknown>, violations: Violation[], options: HeadOptions): string {
  if (options.deriveEventId && envelope.event_id === undefined) return '';
  const id = readText(envelope, 'event_id', violations);
  if (id === null) return '';
  if (isTooLong(id, EVENT_ID_MAX_BYTES)) violations.push({ rule: 'ENV-ID', pointer: '/event_id' });
  else if (options.escaped && isUnstorable(id)) violations.push({ rule: 'DQ-FMT-01', pointer: '/event_id' });
  return id;
}

/** A sequence that cannot be read costs the event its place in the order, and nothing else. */
function readSequence(envelope: Record<string, unknown>, head: Head): void {
  const value = trimmed(envelope.source_sequence);
  if (value === undefined || value === null || value === '') return;
  const order = sequenceOrder(value);
  if (order === undefined) head.flags.push('ENV-SEQUENCE');
  else head.sourceOrder = order;
}

/** Reads what stands around the payload; breaks of rules go to `violations`. */
export function readHead(envelope: Record<string, unknown>, violations: Violation[], options: HeadOptions): Head {
  const head: Head = {
    eventId: '',
    op: 'upsert',
    sourceSystem: '',
    authorities: undefined,
    effectiveAt: 0,
    recordedAt: 0,
    sourceOrder: NO_ORDER,
    flags: [],
    contract: undefined,
    entity: undefined,
    payload: {},
  };
  head.eventId = readEventId(envelope, violations, options);
  readContract(envelope, head, violations);
  const op = readText(envelope, 'op', violations);
  if (op !== null && !(OPS as readonly string[]).includes(op)) violations.push({ rule: 'ENV-OP', pointer: '/op' });
  else if (op !== null) head.op = op as Op;
  const source = readText(envelope, 'source_system', violations);
  if (source !== null && !isSourceSystem(source)) violations.push({ rule: 'ENV-ID', pointer: '/source_system' });
  head.sourceSystem = source ?? '';
  if (envelope.authorities !== undefined)
    head.authorities = readAuthorities(envelope.authorities, head.sourceSystem, violations);
  head.effectiveAt = readTime(envelope, 'effective_at', violations)?.micros ?? 0;
  head.recordedAt = readTime(envelope, 'recorded_at', violations)?.micros ?? 0;
  readSequence(envelope, head);
  const payload = envelope.payload;
  if (payload === undefined || payload === null) violations.push({ rule: 'ENV-MISSING', pointer: '/payload' });
  else if (!isObject(payload)) violations.push({ rule: 'ENV-OBJECT', pointer: '/payload' });
  else head.payload = payload;
  return head;
}

/** Number of members that are not undefined, where `expected` of them are known to be. */
export function memberCount(object: Record<string, unknown>, expected: number): number {
  const names = Object.keys(object);
  // JSON knows no undefined, so that this is the end of it for every record of a stream.
  return names.length === expected ? expected : names.filter((name) => object[name] !== undefined).length;
}

/** Members of an envelope that are no member of the contract; their names are never shown. */
export function hasUnknownMember(envelope: Record<string, unknown>): boolean {
  let known = 0;
  for (const member of ENVELOPE_MEMBERS) if (envelope[member] !== undefined) known++;
  return memberCount(envelope, known) !== known;
}
