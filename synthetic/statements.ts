import { isoLocal, isoUtc, Moment } from './calendar';
import { mix32 } from './random';

export type Entity = 'clinic' | 'provider' | 'patient' | 'appointment';

/** One envelope as the generator knows it before it is written down. */
export interface Statement {
  entity: Entity;
  eventId: string;
  op: 'upsert' | 'delete';
  source: string;
  effective: Moment;
  recorded: Moment;
  payload: Record<string, unknown>;
  /** Which record of its entity this is about; scrambled it becomes the partition key, so that no id travels in clear. */
  index: number;
}

/** One record for Kinesis: an envelope as UTF-8 JSON (or, for a planted defect, the bytes that are no such thing). */
export interface SyntheticRecord {
  partitionKey: string;
  data: Uint8Array;
}

/** Ids that never repeat and whose order says nothing about time. */
export class EventIds {
  private counter = 0;

  next(): string {
    const n = this.counter++;
    return `${mix32(n).toString(16).padStart(8, '0')}-${n.toString(36)}`;
  }
}

const ENTITY_SALT: Record<Entity, number> = {
  clinic: 0x11111111,
  provider: 0x22222222,
  patient: 0x33333333,
  appointment: 0x44444444,
};

/**
 * Writes a statement down. One system writes local offsets, the other UTC: both name the same instants. The envelope is
 * put together by hand, since its members need no escaping and this is the generator's hottest line.
 */
export function encode(statement: Statement): SyntheticRecord {
  const utc = statement.source === 'south-ehr';
  const effective = utc ? isoUtc(statement.effective.utc) : isoLocal(statement.effective);
  const recorded =
    statement.recorded === statement.effective
      ? effective
      : utc
        ? isoUtc(statement.recorded.utc)
        : isoLocal(statement.recorded);
  const text = `{"event_id":"${statement.eventId}","entity":"${statement.entity}","schema_version":1,"op":"${statement.op}","source_system":"${statement.source}","effective_at":"${effective}","recorded_at":"${recorded}","payload":${JSON.stringify(statement.payload)}}`;
  return {
    partitionKey: mix32((statement.index ^ ENTITY_SALT[statement.entity]) >>> 0).toString(16),
    data: Buffer.from(text, 'utf8'),
  };
}
