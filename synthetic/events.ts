import { isoLocal, isoUtc, Moment } from './calendar';
import { mix32 } from './random';

export type Entity = 'clinic' | 'provider' | 'patient' | 'appointment';

/** One envelope as the generator knows it before it is written down. */
export interface SourceEvent {
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
 * Writes an event down. One system writes local offsets, the other UTC: both name the same instants. The envelope is
 * put together by hand, since its members need no escaping and this is the generator's hottest line.
 */
export function encode(event: SourceEvent): SyntheticRecord {
  const utc = event.source === 'south-ehr';
  const effective = utc ? isoUtc(event.effective.utc) : isoLocal(event.effective);
  const recorded =
    event.recorded === event.effective ? effective : utc ? isoUtc(event.recorded.utc) : isoLocal(event.recorded);
  const text = `{"event_id":"${event.eventId}","entity":"${event.entity}","schema_version":1,"op":"${event.op}","source_system":"${event.source}","effective_at":"${effective}","recorded_at":"${recorded}","payload":${JSON.stringify(event.payload)}}`;
  return {
    partitionKey: mix32((event.index ^ ENTITY_SALT[event.entity]) >>> 0).toString(16),
    data: Buffer.from(text, 'utf8'),
  };
}
