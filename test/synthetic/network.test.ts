import { createHash } from 'node:crypto';
import { ENTITIES } from '../../contracts';
import { generate } from '../../synthetic';
import type { AppointmentEvent } from '../../synthetic/appointments';
import { civil, dateText, dayNumber, momentAt, momentOf, offsetOf, weekday, ZONES } from '../../synthetic/calendar';
import { DEFECTS } from '../../synthetic/defects';
import { Model } from '../../synthetic/model';
import { badNpi, npiOf } from '../../synthetic/world';
import { broken } from '../core/samples';

interface Envelope {
  event_id: string;
  entity: string;
  source_system: string;
  effective_at: string;
  recorded_at: string;
  payload: Record<string, string | number>;
}

const SMALL = { patients: 300, events: 4000, seed: 7 };

/** Which of two events about one appointment holds: by what is latest in effect, latest known, furthest along, and the greater id. */
function beats(a: Envelope & { op: string }, b: Envelope & { op: string }): boolean {
  const far = (e: Envelope & { op: string }): number => {
    const state = String(e.payload.status_code);
    if (e.op === 'delete' || state === 'entered-in-error') return 9;
    if (['fulfilled', 'noshow', 'cancelled'].includes(state)) return 8;
    return ['proposed', 'pending', 'booked', 'arrived', 'checked-in'].indexOf(state);
  };
  const place = (e: Envelope & { op: string }) => [Date.parse(e.effective_at), Date.parse(e.recorded_at), far(e)];
  const [one, other] = [place(a), place(b)];
  const at = one.findIndex((value, i) => value !== other[i]);
  return at < 0 ? a.event_id > b.event_id : one[at]! > other[at]!;
}

/** The records that parse as envelopes; planted defects may not. */
function envelopes(options = SMALL): Envelope[] {
  return [...generate(options)].flatMap((record) => {
    try {
      return [JSON.parse(Buffer.from(record.data).toString('utf8')) as Envelope];
    } catch {
      return [];
    }
  });
}

function digest(options: typeof SMALL): string {
  const hash = createHash('sha256');
  for (const record of generate(options))
    hash.update(record.partitionKey).update('\n').update(record.data).update('\n');
  return hash.digest('hex');
}

describe('the calendar of the generator', () => {
  it('agrees with the platform on dates, weekdays and the offsets of every zone, changes of the clocks included', () => {
    for (let day = dayNumber(2022, 12, 25); day <= dayNumber(2025, 1, 5); day++) {
      const date = new Date(day * 86_400_000);
      expect(dateText(day)).toBe(date.toISOString().slice(0, 10));
      expect(weekday(day)).toBe(date.getUTCDay());
      expect(civil(day)).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      });
    }
    for (const zone of ZONES) {
      const clock = new Intl.DateTimeFormat('en-US', { timeZone: zone.name, timeZoneName: 'longOffset' });
      const platform = (utc: number) => {
        const name = clock.formatToParts(utc).find((part) => part.type === 'timeZoneName')!.value;
        const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(name)!;
        return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
      };
      for (let day = dayNumber(2023, 1, 1); day <= dayNumber(2024, 12, 31); day++) {
        const moment = momentAt(zone, day, 540);
        expect(moment.offset).toBe(offsetOf(zone, day));
        expect(platform(moment.utc)).toBe(moment.offset);
      }
      for (const change of [dayNumber(2024, 3, 10), dayNumber(2024, 11, 3)]) {
        for (let hour = -6; hour < 30; hour++) {
          const utc = change * 86_400_000 + hour * 3_600_000;
          expect(momentOf(zone, utc).offset).toBe(platform(utc));
        }
      }
    }
  });

  it('makes NPIs that pass the check of 45 CFR 162.406, and bad ones that do not', () => {
    expect(npiOf(123_456_789)).toBe('1234567893');
    expect(npiOf(199_399_999)).toBe('1993999998');
    expect(badNpi(123_456_789)).toBe('1234567894');
  });
});

describe('the synthetic network', () => {
  it('is the same for the same seed, in every iteration, and another for another seed', () => {
    expect(digest(SMALL)).toBe(digest(SMALL));
    expect(digest({ ...SMALL, seed: 8 })).not.toBe(digest(SMALL));
    const network = generate(SMALL);
    const first = [...network].map((record) => Buffer.from(record.data).toString('hex'));
    expect([...network].map((record) => Buffer.from(record.data).toString('hex'))).toEqual(first);
  });

  it('yields exactly the events it was asked for and names what must become of them', () => {
    for (const options of [SMALL, { patients: 50, events: 600, seed: 1 }]) {
      const network = generate(options);
      expect([...network]).toHaveLength(options.events);
      const { ingest, load, quarantinedByRule } = network.expected();
      expect(ingest.received).toBe(options.events);
      expect(ingest.accepted + ingest.quarantined).toBe(ingest.received);
      expect(load.read).toBe(ingest.accepted);
      expect(load.applied + load.superseded + load.duplicate).toBe(load.read);
      expect(Object.values(quarantinedByRule).reduce((a, b) => a + b)).toBe(ingest.quarantined);
    }
    expect(() => generate({ patients: 1000, events: 500 })).toThrow('at least');
  });

  it('counts exact repeats as its records show them', () => {
    const seen = new Set<string>();
    let repeats = 0;
    const network = generate(SMALL);
    for (const record of network) {
      const text = Buffer.from(record.data).toString('latin1');
      if (seen.has(text)) repeats++;
      seen.add(text);
    }
    expect(repeats).toBe(network.expected().load.duplicate);
  });

  it('describes as many patients as asked, with numbers that overlap between the two systems', () => {
    const keys = new Set<string>();
    const numbers = new Set<string>();
    for (const envelope of envelopes()) {
      if (envelope.entity !== 'patient' || envelope.event_id?.startsWith('defect')) continue;
      keys.add(`${envelope.source_system}|${envelope.payload.patient_id}`);
      numbers.add(String(envelope.payload.patient_id));
    }
    expect(keys.size).toBe(SMALL.patients);
    expect(numbers.size).toBeLessThan(SMALL.patients);
  });

  it('answers as a plain reading of its own records does', () => {
    const latest = new Map<string, Envelope & { op: string }>();
    for (const envelope of envelopes() as (Envelope & { op: string })[]) {
      if (
        envelope.entity !== 'appointment' ||
        envelope.event_id === undefined ||
        envelope.event_id.startsWith('defect')
      )
        continue;
      const key = `${envelope.source_system}|${envelope.payload.appointment_id}`;
      const known = latest.get(key);
      if (!known || beats(envelope, known)) latest.set(key, envelope);
    }
    const living = [...latest.values()].filter(
      ({ op, payload }) => op === 'upsert' && payload.scheduled_start_at && payload.status_code !== 'entered-in-error',
    );
    const all = generate(SMALL)
      .expected()
      .answers.find((answer) => answer.by === 'all')!;
    const missed = living.filter((e) => e.payload.status_code === 'noshow').length;
    const seen = living.filter((e) => e.payload.status_code === 'fulfilled').length;
    expect(all).toEqual({
      kpi: 'no_show_rate',
      by: 'all',
      key: 'all',
      numerator: missed,
      denominator: missed + seen,
      n: living.length,
      value: missed / (missed + seen),
    });
    expect(missed).toBeGreaterThan(20);
    expect(living.length).toBeLessThan(latest.size);
  });

  it('has the structure of real missed appointments: waits raise them, and every way of asking is answered', () => {
    const answers = generate({ patients: 2000, events: 20_000, seed: 3 }).expected().answers;
    const rate = (by: string, key: string) => answers.find((answer) => answer.by === by && answer.key === key)!.value!;
    expect(rate('lead_days', '31-90')).toBeGreaterThan(rate('lead_days', '1-7'));
    expect(rate('lead_days', '1-7')).toBeGreaterThan(rate('lead_days', '0'));
    expect(rate('age_band', '18-39')).toBeGreaterThan(rate('age_band', '65+'));
    const groups = new Map<string, number>();
    for (const answer of answers) groups.set(answer.by, (groups.get(answer.by) ?? 0) + answer.n);
    expect([...groups.keys()].sort()).toEqual(['age_band', 'all', 'clinic', 'lead_days', 'reminded', 'weekday']);
    expect(new Set(groups.values()).size).toBe(1);
    expect(answers.filter((answer) => answer.by === 'lead_days').map((answer) => answer.key)).toEqual(
      expect.arrayContaining(['negative', 'unknown']),
    );
  });

  it('places the states of an appointment as the contract does where its times say nothing', () => {
    const levels = ENTITIES.appointment.stateOrder!.furthestFirst;
    const at = momentOf(Object.values(ZONES)[0]!, 0);
    const event = (status: string, eventId: string): AppointmentEvent => ({
      ...{ entity: 'appointment', op: 'upsert', source: 's', effective: at, recorded: at, start: at, created: null },
      ...{ index: 0, reminders: null, status, eventId, payload: { appointment_id: '1', clinic_id: status } },
    });
    /** The state that wins over the other one, whose event has the greater id. */
    const winner = (first: string, second: string): string => {
      const model = new Model();
      for (const [i, status] of [first, second].entries()) model.add(event(status, String(i)), null);
      // What was entered in error is in no answer.
      return model.answers().find(({ by }) => by === 'clinic')?.key ?? 'entered-in-error';
    };
    const ranked = levels.flatMap((states, level) => states.map((state) => ({ state, level })));
    for (const a of ranked)
      for (const b of ranked.filter(({ state }) => state !== a.state))
        expect([a.state, b.state, winner(a.state, b.state)]).toEqual([
          a.state,
          b.state,
          (a.level < b.level ? a : b).state,
        ]);
  });

  it('plants only defects that the contracts reject', () => {
    const rulesOf = (bytes: Uint8Array) => broken(bytes).map((found) => found.split(' ')[0]);
    expect(DEFECTS.map(({ name, bytes }) => [name, rulesOf(bytes(1))])).toEqual(
      DEFECTS.map(({ name, rule }) => [name, [rule]]),
    );
  });
});
