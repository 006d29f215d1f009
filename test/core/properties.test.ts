import fc from 'fast-check';
import { conform } from '../../core/records/conform';
import { planBatch } from '../../core/ingest';
import { writeQuarantine } from '../../core/lake/parquet';
import { decodeRecord } from '../../core/records/envelope';
import { trimmed } from '../../core/records/text';
import { ENTITY_NAMES } from '../../contracts';
import { bytes, ctx, envelope, keys, PAYLOADS, received, validator } from './samples';

type Json = Record<string, unknown>;
const entity = fc.constantFrom(...ENTITY_NAMES);

/** Any of the good envelopes with some members replaced by anything, so that some are accepted and many are not. */
const disturbed = entity.chain((name) => {
  const members = Object.keys(PAYLOADS[name]);
  const changes = fc.dictionary(
    fc.constantFrom(...members, 'stranger'),
    fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined)),
    { maxKeys: 2 },
  );
  const around = fc.dictionary(
    fc.constantFrom('event_id', 'op', 'effective_at', 'recorded_at', 'source_system'),
    fc.oneof(fc.string(), fc.integer(), fc.constant(undefined)),
    { maxKeys: 1 },
  );
  return fc.tuple(changes, around).map(([c, a]) => envelope(name, c, a));
});

const shuffled = (o: Json, order: number[]): Json =>
  Object.fromEntries(
    Object.entries(o)
      .map((e, i) => [order[i % order.length] ?? 0, e] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, e]) => e),
  );

describe('validating a record', () => {
  it('is a pure function of its bytes', () => {
    fc.assert(
      fc.property(disturbed, disturbed, (a, between) => {
        const first = conform(bytes(a), ctx, received);
        conform(bytes(between), ctx, received);
        expect(conform(bytes(a), ctx, received)).toEqual(first);
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (b) =>
        expect(typeof conform(b, ctx, received).ok).toBe('boolean'),
      ),
    );
    fc.assert(
      fc.property(fc.json(), (text) => expect(typeof conform(Buffer.from(text), ctx, received).ok).toBe('boolean')),
    );
  });

  it('does not depend on the order of JSON members', () => {
    fc.assert(
      fc.property(entity, fc.array(fc.integer(), { minLength: 8, maxLength: 16 }), (name, order) => {
        const one = envelope(name);
        const other = shuffled({ ...one, payload: shuffled(one.payload as Json, order) }, order);
        expect(conform(bytes(other), ctx, received)).toEqual(conform(bytes(one), ctx, received));
      }),
    );
  });

  it('gives events that differ different hashes', () => {
    const name = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, name, name, (a, b, c, d) => {
        fc.pre(a !== c || b !== d);
        const hash = (first_name: string, last_name: string) => {
          const result = conform(bytes(envelope('patient', { first_name, last_name })), ctx, received);
          return result.ok ? result.row[6] : null;
        };
        expect(hash(a, b)).not.toEqual(hash(c, d));
      }),
    );
  });

  it('accepts nothing without a flag that the derived JSON Schema refuses', () => {
    const accepts = Object.fromEntries(ENTITY_NAMES.map((e) => [e, validator(e)]));
    let accepted = 0;
    fc.assert(
      fc.property(disturbed, (value) => {
        const result = conform(bytes(value), ctx, received);
        if (!result.ok || result.flags.length > 0) return;
        accepted++;
        // Ingest drops blanks around a text and takes an empty one for an absent member; the schema asks producers to send neither.
        const told = JSON.parse(
          JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? trimmed(v) || undefined : v)),
        ) as { entity: string };
        expect(accepts[told.entity](told)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('values of a record', () => {
  const CANARY = 'Zq7Canary';

  it('never stand in a rejection or in quarantine bytes', () => {
    const places = fc.constantFrom(
      'payload member',
      'member name',
      'payload member name',
      'entity',
      'op',
      'source_system',
      'effective_at',
      'event_id',
      'text',
    );
    let rejected = 0;
    fc.assert(
      fc.property(places, entity, fc.nat(20), (place, name, n) => {
        const members = Object.keys(PAYLOADS[name]);
        const member = members[n % members.length];
        const value =
          place === 'payload member'
            ? envelope(name, { [member]: `${CANARY}\u0000` })
            : place === 'payload member name'
              ? envelope(name, { [CANARY]: 1 })
              : place === 'member name'
                ? envelope(name, {}, { [CANARY]: 1 })
                : place === 'text'
                  ? `{"${CANARY}": ${CANARY}`
                  : envelope(name, {}, { [place]: `${CANARY} \u0000` });
        const result = conform(bytes(value), ctx, received);
        if (result.ok) return;
        rejected++;
        const row = {
          recordSource: 's/shardId-0',
          recordPosition: '1',
          byteOffset: null,
          entity: result.entity ?? null,
          version: result.version ?? null,
          violations: result.violations,
          profile: null,
          arrivedAt: received.arrivedAt,
          bronzeObject: 'b/k',
          bronzeRow: 0,
          byteLength: 1,
          sha256: null,
        };
        expect(JSON.stringify(result)).not.toContain(CANARY);
        expect(Buffer.from(writeQuarantine([row])).includes(CANARY)).toBe(false);
      }),
      { numRuns: 400 },
    );
    expect(rejected).toBeGreaterThan(300);
  });

  it('never stand in the name of an object', () => {
    const records = [
      envelope('patient', { patient_id: CANARY, last_name: CANARY }, { event_id: CANARY }),
      `{"${CANARY}`,
    ].map((v, i) => ({ sequence: String(i + 1), partitionKey: CANARY, arrivedAt: received.arrivedAt, data: bytes(v) }));
    const plan = planBatch({ stream: 's', shardId: 'shardId-000000000000', records }, keys, 'bronze');
    const names = [plan.bronze, ...plan.silver, ...(plan.quarantine ? [plan.quarantine] : [])].map((o) => o.key);
    expect(names).toHaveLength(3);
    expect(names.join(' ')).not.toContain(CANARY);
    expect(Buffer.from(plan.quarantine!.body).includes(CANARY)).toBe(false);
  });

  it('are read only up to the size limit', () => {
    expect(decodeRecord(Buffer.from('{}'), 1)).toEqual({ ok: false, violation: { rule: 'ENV-SIZE', pointer: '' } });
  });
});
