import { UNKNOWN_KEY, type EntityContract, type EntityName, type RuleId } from '../../contracts';
import type { Op } from '../../contracts/envelope';
import { silverColumns } from '../../contracts/derive';
import { SEPARATOR } from './hash';
import { memberCount } from './head';
import type { Keyring } from './keys';
import { readerOf, withoutTrailingBlanks, type Cell, type Reader, type Target } from './readers';

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
  at: number;
  read: Reader;
  isKey: boolean;
  required: boolean;
  fallback: string | null;
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
      let value = withoutTrailingBlanks(payload[step.name]);
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
    if (memberCount(payload, seen) !== seen) target.violations.push({ rule: 'FLD-UNKNOWN', pointer: '/payload' });
    if (upsert && target.violations.length === 0) this.checkOneOf(target);
  }

  private checkOneOf(target: Target): void {
    for (const o of this.oneOf) {
      if (o.places.every((p) => target.row[p] === null)) target.violations.push({ rule: o.rule, pointer: '/payload' });
    }
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
  complete(target: Target, sourceSystem: string, recordedLocalDay: number, keys: Keyring): void {
    const { row, flags } = target;
    row[this.keyAt] = keys.key(this.contract.name, sourceSystem, this.naturalKey(row));
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
    row[this.flagsAt] = flags.length === 0 ? null : flags.sort().join(' ');
  }

  naturalKey(row: SilverRow): string[] {
    return this.keyPlaces.map((p) => row[p] as string);
  }
}

const compiled = new Map<EntityContract, Compiled>();

/** The compiled form of a contract, made once. */
export function compile(contract: EntityContract): Compiled {
  let c = compiled.get(contract);
  if (!c) compiled.set(contract, (c = new Compiled(contract)));
  return c;
}
