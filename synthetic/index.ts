import { MS_PER_DAY } from './calendar';
import { appointmentLife, drawAppointment } from './appointments';
import { defectPlan, defectRecords } from './defects';
import { Answer, Model } from './model';
import { clinicEvents, patientEvents, providerEvents } from './people';
import { Random } from './random';
import { encode, EventIds, SourceEvent, SyntheticRecord } from './events';
import { FIRST_DAY, LAST_DAY, makeClinics, makePatient, makeProviders, Patient } from './world';

export type { Answer } from './model';
export type { SyntheticRecord } from './events';

export interface NetworkOptions {
  /** Patients with at least one event. */
  patients: number;
  /** Records in all: events, exact repeats and planted defects together. */
  events: number;
  /** Any whole number; the same seed gives the same bytes. */
  seed: number;
}

export const DEFAULT_NETWORK: NetworkOptions = { patients: 20_000, events: 200_000, seed: 20_240_310 };

/** What the platform must answer for the network, from the generator's own model. */
export interface Expected {
  ingest: { received: number; accepted: number; quarantined: number };
  /** Quarantined records per rule id; each planted defect breaks exactly one rule. */
  quarantinedByRule: Record<string, number>;
  load: { read: number; applied: number; superseded: number; duplicate: number; withdrawn: number };
  /** Distinct members as the current views must hold them (`patients` and `clinics`: described by an event). */
  rows: { clinics: number; providers: number; patients: number; inferredPatients: number; appointments: number };
  answers: Answer[];
}

/** A record that waits for its day; only what goes out for the first time moves repeats and defects along. */
interface Pending {
  record: SyntheticRecord;
  repeat: boolean;
}

/**
 * A seeded clinic network over two years. Iterating yields the records in the order in which a stream would bring them:
 * by day of recording, shuffled within the day, some days or weeks late, some twice, some broken. Each iteration
 * starts over and yields the same bytes; `expected()` is known after one pass (and makes one if there was none).
 */
export class ClinicNetwork implements Iterable<SyntheticRecord> {
  private known: Expected | undefined;

  constructor(readonly options: NetworkOptions) {
    if (minimumEvents(options.patients) > options.events) {
      throw new RangeError(
        `a network of ${options.patients} patients needs at least ${minimumEvents(options.patients)} events, not ${options.events}`,
      );
    }
  }

  expected(): Expected {
    if (!this.known) for (const record of this) void record;
    return this.known!;
  }

  *[Symbol.iterator](): Iterator<SyntheticRecord> {
    const { events } = this.options;
    const repeats = Math.round(events * 0.01);
    const defects = defectRecords(events);
    const said = new Days(this.options.seed);
    const model = new Model();
    const base = events - repeats - defects.length;
    const days = tell(this.options, base, said, model);

    // Repeats and defects are spread evenly over the stream, by counting what has gone out.
    let told = 0;
    let repeated = 0;
    let broken = 0;
    for (const day of days) {
      for (const { record, repeat } of said.take(day)) {
        yield record;
        if (repeat) continue;
        told++;
        if (repeated < Math.floor((repeats * told) / base)) {
          repeated++;
          said.put(day + 1 + said.random.below(9), { record, repeat: true });
        }
        while (broken < Math.floor((defects.length * told) / base)) yield defects[broken++]!;
      }
    }
    this.known = summary(this.options.events, repeats, model);
  }
}

/** A stream must have room for everybody's events, some repeats and every kind of defect. */
export function minimumEvents(patients: number): number {
  return Math.ceil(patients * 1.7) + 150;
}

/** The generator behind a stream; see `ClinicNetwork`. */
export function generate(options: Partial<NetworkOptions> = {}): ClinicNetwork {
  return new ClinicNetwork({ ...DEFAULT_NETWORK, ...options });
}

/** Says everything about the network, day by day, and yields each day once what it brings has been put down. */
function* tell(options: NetworkOptions, base: number, said: Days, model: Model): Generator<number> {
  const random = new Random(options.seed, 1);
  const ids = new EventIds();
  const clinics = makeClinics(random, options.patients);
  const providers = makeProviders(random, clinics);
  const patients: Patient[] = [];
  let spoken = 0;
  const say = (event: SourceEvent, birth: { birthDay: number | null; age: number | null } | null) => {
    model.add(event, birth);
    said.put(arrivalDay(random, event), { record: encode(event), repeat: false });
    spoken++;
  };
  for (const event of [...clinicEvents(ids, clinics), ...providerEvents(ids, providers)]) say(event, null);
  for (let i = 0; i < options.patients; i++) {
    const patient = makePatient(random, clinics, i, options.patients);
    patients.push(patient);
    for (const event of patientEvents(random, ids, patient)) say(event, birthOf(event));
  }
  const appointments = base - spoken;
  let active = 0;
  let index = 0;
  for (let day = FIRST_DAY; day <= LAST_DAY; day++) {
    while (active < patients.length && patients[active]!.registered <= day) active++;
    const due = Math.floor((appointments * (day - FIRST_DAY + 1)) / (LAST_DAY - FIRST_DAY + 1));
    while (spoken - (base - appointments) < due) {
      const drawn = drawAppointment(random, index++, day, { patients, active, providers });
      const room = base - spoken;
      for (const event of appointmentLife(random, ids, drawn, day).slice(0, room)) say(event, null);
    }
    yield day;
  }
  for (let day = LAST_DAY + 1; said.last >= day; day++) yield day;
}

/** The day on which a record reaches the stream: mostly the day of recording, one in a hundred days or weeks late. */
function arrivalDay(random: Random, event: SourceEvent): number {
  const day = Math.max(FIRST_DAY, Math.floor(event.recorded.utc / MS_PER_DAY));
  return random.chance(0.01) ? day + 1 + random.below(21) : day;
}

function birthOf(event: SourceEvent): { birthDay: number | null; age: number | null } {
  const { birth_date: birthDate, reported_age_years: age } = event.payload as {
    birth_date?: string;
    reported_age_years?: number;
  };
  return {
    birthDay: birthDate === undefined ? null : Date.parse(`${birthDate}T00:00:00Z`) / MS_PER_DAY,
    age: age ?? null,
  };
}

function summary(events: number, repeats: number, model: Model): Expected {
  const quarantinedByRule: Record<string, number> = {};
  for (const { defect, count } of defectPlan(events))
    quarantinedByRule[defect.rule] = (quarantinedByRule[defect.rule] ?? 0) + count;
  const quarantined = Object.values(quarantinedByRule).reduce((sum, count) => sum + count, 0);
  const applied = model.applied();
  const accepted = events - quarantined;
  return {
    ingest: { received: events, accepted, quarantined },
    quarantinedByRule,
    load: { read: accepted, applied, superseded: model.events - applied, duplicate: repeats, withdrawn: 0 },
    rows: model.rows(),
    answers: model.answers(),
  };
}

/** What will arrive on which day. A day is shuffled when it comes, since records of one day keep no order. */
class Days {
  readonly random: Random;
  last = 0;
  private readonly byDay = new Map<number, Pending[]>();

  constructor(seed: number) {
    this.random = new Random(seed, 2);
  }

  put(day: number, pending: Pending): void {
    const list = this.byDay.get(day);
    if (list) list.push(pending);
    else this.byDay.set(day, [pending]);
    if (day > this.last) this.last = day;
  }

  take(day: number): Pending[] {
    const list = this.byDay.get(day) ?? [];
    this.byDay.delete(day);
    this.random.shuffle(list);
    return list;
  }
}
