import type { EntityName } from '../../contracts';
import type { Authorities } from './authority';
import { compile, type Compiled, type SilverRow } from './compiled';
import { decodeRecord, type AnyRule, type Violation } from './envelope';
import { fileEventId, hash64, SEPARATOR } from './hash';
import { hasUnknownMember, isObject, readHead, type Head } from './head';
import type { Keyring } from './keys';
import { NO_ORDER } from './order';
import type { Cell, Target } from './readers';
import { MICROS_PER_DAY, microsText } from './time';

export type { SilverRow } from './compiled';
export type { AnyRule, Violation } from './envelope';

export interface ConformContext {
  keys: Keyring;
  /** Greatest length of a record in bytes. */
  maxBytes: number;
  /** Make event_id of what the event says, where the source gives none (file rows). */
  deriveEventId?: boolean;
}

/** What is known of a record besides what it says, and kept with it: reading it again gives the same. */
export interface Received {
  /** Arrival at the stream, or when the file landed: microseconds since 1970 UTC. */
  arrivedAt: number;
  /** Source order of an event without a source_sequence. */
  order?: bigint;
}

/**
 * Whether somebody claims to have known at a time what arrived long before it; both in microseconds since 1970. A source's clock may be a
 * day ahead of ours.
 */
export const isAhead = (recordedAt: number, arrivedAt: number): boolean => recordedAt > arrivedAt + MICROS_PER_DAY;

export type Conformed =
  | { ok: true; entity: EntityName; version: number; row: SilverRow; flags: AnyRule[] }
  | { ok: false; violations: Violation[]; entity?: EntityName; version?: number };

function refused(violations: Violation[], head: Head): Conformed {
  return { ok: false, violations, entity: head.entity, version: head.contract?.version };
}

/** What a profile has to say of a record that it made of a row. */
export interface Making {
  /** Members that could not be made (`payload/<name>`, `source_sequence`), with the rule that says why. */
  readonly faults: ReadonlyMap<string, AnyRule> | null;
  /** Rules that flag what was made. */
  readonly flags: readonly AnyRule[];
}

const NOTHING: Making = { faults: null, flags: [] };

/**
 * Who assigned the ids of a record, as part of what it says: the same ids of another authority are other people. A record that names nobody
 * has the hash that it had before authorities could be named.
 */
const saidOf = ({ assigned }: Compiled, authorities: Authorities | undefined): string =>
  authorities === undefined
    ? ''
    : assigned.map((e) => (authorities[e] === undefined ? '' : `|${e}=${authorities[e]}`)).join('');

function validate(
  envelope: unknown,
  escaped: boolean,
  ctx: ConformContext,
  received: Received,
  making: Making,
): Conformed {
  if (!isObject(envelope)) return { ok: false, violations: [{ rule: 'ENV-OBJECT', pointer: '' }] };
  const violations: Violation[] = [];
  const head = readHead(envelope, violations, { deriveEventId: ctx.deriveEventId === true, escaped });
  if (isAhead(head.recordedAt, received.arrivedAt)) violations.push({ rule: 'ENV-AHEAD', pointer: '/recorded_at' });
  if (hasUnknownMember(envelope)) violations.push({ rule: 'ENV-UNKNOWN', pointer: '' });
  const { contract } = head;
  // Without a contract the payload cannot be validated; readHead has reported why there is none, or no payload.
  if (!contract || !isObject(envelope.payload)) return refused(violations, head);
  const plan = compile(contract);
  const op = plan.opOf(head.op, head.payload);
  const row = new Array<Cell>(plan.size).fill(null);
  const target: Target = {
    row,
    violations,
    flags: [...making.flags],
    escaped,
    canonical: `${contract.name}${SEPARATOR}${contract.version}${SEPARATOR}${op}${SEPARATOR}${head.sourceSystem}${saidOf(plan, head.authorities)}${SEPARATOR}${microsText(head.effectiveAt)}${SEPARATOR}${microsText(head.recordedAt)}`,
  };
  plan.readPayload(head, op, target, making.faults);
  if (violations.length > 0) return refused(violations, head);
  const payloadHash = hash64(target.canonical);
  // Only now: a sequence that cannot be read says nothing of what happened, so that no hash may rest on it.
  target.flags.push(...head.flags);
  if (making.faults?.has('source_sequence')) target.flags.push('ENV-SEQUENCE');
  plan.fillEnvelope(row, {
    event_id:
      head.eventId || fileEventId({ ...head, entity: contract.name, naturalKey: plan.naturalKey(row), payloadHash }),
    op,
    source_system: head.sourceSystem,
    effective_at: head.effectiveAt,
    recorded_at: head.recordedAt,
    source_order: head.sourceOrder === NO_ORDER ? (received.order ?? NO_ORDER) : head.sourceOrder,
    payload_hash: payloadHash,
  });
  plan.complete(target, head, ctx.keys);
  return { ok: true, entity: contract.name, version: contract.version, row, flags: target.flags };
}

/**
 * Validates the bytes of one record and makes its silver row: JSON (envelope.ts), the envelope's members (head.ts), the
 * payload field by field (compiled.ts, readers.ts), then keys and flags. A pure function of the bytes, their
 * arrival, the contracts and the key secret.
 * A rejection contains nothing of the record, only rule ids and JSON pointers made of names that the contracts know.
 */
export function conform(bytes: Uint8Array, ctx: ConformContext, received: Received): Conformed {
  const decoded = decodeRecord(bytes, ctx.maxBytes);
  if (!decoded.ok) return { ok: false, violations: [decoded.violation] };
  return validate(decoded.value, decoded.escaped, ctx, received, NOTHING);
}

/** As `conform`, for callers that hold the envelope as an object (rows of files). */
export function conformEnvelope(
  envelope: unknown,
  ctx: ConformContext,
  received: Received,
  making: Making = NOTHING,
): Conformed {
  return validate(envelope, true, ctx, received, making);
}
