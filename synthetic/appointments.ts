import { isoLocal, momentAt, momentOf, Moment, weekday, Zone } from './calendar';
import { Random } from './random';
import { EventIds, SourceEvent } from './events';
import { APPOINTMENT_TYPES, badNpi, Clinic, LAST_DAY, Patient, Provider, PROVIDERS_PER_CLINIC } from './world';

/** What one appointment is about, before anything was said of it. */
export interface Appointment {
  index: number;
  id: string;
  source: string;
  /** `null`: a patient number that no source ever describes. */
  patient: Patient | null;
  patientId: string;
  clinic: Clinic;
  /** Differs from `clinic.id` for the few appointments of a place that no source describes. */
  clinicId: string;
  npi: string | null;
  npiIsBad: boolean;
  type: string;
  duration: number;
  created: Moment | null;
  start: Moment;
}

/** One event about an appointment, with the facts that the model needs from it. */
export interface AppointmentEvent extends SourceEvent {
  status: string;
  start: Moment;
  created: Moment | null;
  reminders: number | null;
}

/** A place of care that never describes itself: it must appear as an inferred clinic. */
const UNDESCRIBED_CLINIC = 'POP-UP-VAN';

/** Draws one appointment that is booked on the given day. */
export function drawAppointment(
  random: Random,
  index: number,
  day: number,
  people: { patients: Patient[]; active: number; providers: Provider[] },
): Appointment {
  const described = !random.chance(0.002);
  const patient = people.patients[random.below(people.active)]!;
  const clinic = patient.clinic;
  const lead = drawLead(random);
  const negative = lead === 0 && random.chance(0.002);
  let startDay = negative ? day - 1 : day + lead;
  while (weekday(startDay) === 0 || (weekday(startDay) === 6 && random.chance(0.8)))
    startDay += negative ? -1 : random.between(1, 5);
  const startMinute = 480 + 15 * random.below(38);
  const start = momentAt(clinic.zone, startDay, startMinute);
  const createdMinute = startDay === day ? startMinute - random.between(20, 110) : random.between(420, 1140);
  const npiIsBad = random.chance(0.001);
  const provider = random.chance(0.97) ? pickProvider(random, people.providers, clinic) : null;
  return {
    index,
    id: `A${String(index + 1).padStart(9, '0')}`,
    source: clinic.source,
    patient: described ? patient : null,
    patientId: described ? patient.id : `WALK-IN-${index}`,
    clinic,
    clinicId: random.chance(0.0015) ? UNDESCRIBED_CLINIC : clinic.id,
    npi: npiIsBad ? badNpi(300_000_000 + index) : (provider?.npi ?? null),
    npiIsBad,
    type: random.pick(APPOINTMENT_TYPES),
    duration: random.pick([15, 20, 30, 30, 45, 60]),
    created: random.chance(0.004) ? null : momentAt(clinic.zone, day, createdMinute, random.below(60_000)),
    start,
  };
}

function pickProvider(random: Random, providers: Provider[], clinic: Clinic): Provider {
  return providers[clinic.index * PROVIDERS_PER_CLINIC + random.below(PROVIDERS_PER_CLINIC)]!;
}

function drawLead(random: Random): number {
  if (random.chance(0.24)) return 0;
  return Math.min(170, 1 + Math.floor(random.exponential(random.chance(0.35) ? 4 : 24)));
}

/**
 * Everything that is ever said about one appointment, in the order of the events: booked, perhaps moved, its outcome,
 * perhaps a correction, perhaps an erasure. What lies after the last day has not happened yet.
 */
export function appointmentLife(random: Random, ids: EventIds, a: Appointment, bookedOn: number): AppointmentEvent[] {
  const say = speaker(ids, a);
  const plus = (moment: Moment, milliseconds: number) => momentOf(a.clinic.zone, moment.utc + milliseconds);
  const booked = a.created ?? momentAt(a.clinic.zone, bookedOn, random.between(420, 600), random.below(1000));
  const reminders = !a.clinic.reminds ? null : leadDays(a, bookedOn) < 2 ? 0 : random.below(4);
  const life = [say('booked', plus(booked, random.below(90_000)), a.clinic.reminds ? 0 : null, {})];
  let start = a.start;
  if (start.localDay > bookedOn + 3 && random.chance(0.05)) {
    start = momentAt(
      a.clinic.zone,
      start.localDay + (weekday(start.localDay) < 5 ? 1 : 3),
      480 + 15 * random.below(38),
    );
    const moved = momentAt(
      a.clinic.zone,
      bookedOn + random.between(1, 2),
      random.between(480, 1000),
      random.below(1000),
    );
    life.push(say('booked', moved, reminders, {}, start));
  }
  if (start.localDay > LAST_DAY || random.chance(0.02)) return life;
  life.push(...outcome(random, say, a, start, booked, reminders));
  if (random.chance(0.004)) {
    const erased = later(a.clinic, start, random.between(1, 20), random);
    if (erased.localDay <= LAST_DAY)
      life.push({ ...say('deleted', erased, null, {}), op: 'delete', payload: { appointment_id: a.id } });
  }
  return life;
}

type Speaker = (
  status: string,
  proposed: Moment,
  reminders: number | null,
  more: Record<string, Moment>,
  start?: Moment,
  eventId?: string,
) => AppointmentEvent;

/** Each event is recorded after the one before it, whatever order the records arrive in. */
function speaker(ids: EventIds, a: Appointment): Speaker {
  let last = 0;
  return (status, proposed, reminders, more, start = a.start, eventId = ids.next()) => {
    const recorded = proposed.utc > last ? proposed : momentOf(a.clinic.zone, last + 1000);
    last = recorded.utc;
    return {
      entity: 'appointment',
      eventId,
      op: 'upsert',
      source: a.source,
      effective: recorded,
      recorded,
      index: a.index,
      status,
      start,
      created: a.created,
      reminders,
      payload: payloadOf(a, status, start, reminders, more),
    };
  };
}

function outcome(
  random: Random,
  say: Speaker,
  a: Appointment,
  start: Moment,
  booked: Moment,
  reminders: number | null,
): AppointmentEvent[] {
  const plus = (moment: Moment, milliseconds: number) => momentOf(a.clinic.zone, moment.utc + milliseconds);
  const missed = random.chance(missProbability(a, start, booked, reminders));
  if (start.utc > booked.utc && random.chance(0.11)) {
    const cancelled = momentOf(a.clinic.zone, booked.utc + Math.floor((start.utc - booked.utc) * random.fraction()));
    return [say('cancelled', cancelled, reminders, { cancelled_at: cancelled }, start)];
  }
  if (random.chance(0.005)) return [say('entered-in-error', plus(start, 3_600_000), reminders, {}, start)];
  if (missed) {
    const noticed = plus(start, random.between(30, 120) * 60_000 + random.below(1000));
    const list = [say('noshow', noticed, reminders, {}, start)];
    // Found later to have been seen after all; a few systems even use the same event id again for another payload.
    if (random.chance(0.04)) {
      const found = later(a.clinic, start, random.between(1, 6), random);
      const times = attendance(random, a.clinic.zone, start).times;
      const mended = say(
        'fulfilled',
        found,
        reminders,
        times,
        start,
        random.chance(0.05) ? list[0]!.eventId : undefined,
      );
      // Now and then the correction carries the very instant of the mistake: then the greater event id wins.
      const tie = mended.eventId !== list[0]!.eventId && random.chance(0.1);
      list.push(tie ? { ...mended, effective: list[0]!.effective, recorded: list[0]!.recorded } : mended);
    }
    return list;
  }
  const { times, done } = attendance(random, a.clinic.zone, start);
  const list: AppointmentEvent[] = [];
  if (random.chance(0.15))
    list.push(
      say('arrived', plus(times.arrived_at!, random.below(1000)), reminders, { arrived_at: times.arrived_at! }, start),
    );
  if (!random.chance(0.004)) list.push(say('fulfilled', plus(done, random.below(90_000)), reminders, times, start));
  if (list.length > 0 && random.chance(0.006))
    list.push(say('noshow', later(a.clinic, start, random.between(1, 6), random), reminders, {}, start));
  return list;
}

function payloadOf(
  a: Appointment,
  status: string,
  start: Moment,
  reminders: number | null,
  more: Record<string, Moment>,
): Record<string, unknown> {
  const payload: Record<string, unknown> = { appointment_id: a.id, patient_id: a.patientId, clinic_id: a.clinicId };
  if (a.npi !== null) payload.provider_npi = a.npi;
  payload.appointment_type_code = a.type;
  payload.status_code = status;
  if (a.created !== null) payload.created_at = isoLocal(a.created);
  payload.scheduled_start_at = isoLocal(start);
  payload.planned_duration_min = a.duration;
  for (const name in more) payload[name] = isoLocal(more[name]!);
  if (reminders !== null) payload.reminder_count = reminders;
  return payload;
}

function attendance(random: Random, zone: Zone, start: Moment): { times: Record<string, Moment>; done: Moment } {
  const plus = (moment: Moment, milliseconds: number) => momentOf(zone, moment.utc + milliseconds);
  const arrived = plus(start, (random.between(-25, 12) * 60 + random.below(60)) * 1000);
  const begun = plus(
    start,
    Math.max(arrived.utc - start.utc, Math.floor(random.exponential(9) - 3) * 60_000) + random.below(120) * 1000,
  );
  const done = plus(begun, random.between(8, 55) * 60_000);
  return { times: { arrived_at: arrived, actual_start_at: begun, completed_at: done }, done };
}

/** The chance that a patient does not come: longer waits, younger adults and some clinics miss more, reminders help. */
function missProbability(a: Appointment, start: Moment, booked: Moment, reminders: number | null): number {
  const lead = Math.max(0, start.localDay - booked.localDay);
  const birth = a.patient?.birthDay ?? null;
  const age = birth === null ? (a.patient?.reportedAge ?? 40) : (start.localDay - birth) / 365.25;
  const day = weekday(start.localDay);
  const logit =
    -2.9 +
    0.42 * Math.log1p(lead) +
    (age < 18 ? 0.15 : age < 40 ? 0.35 : age < 65 ? 0 : -0.35) +
    (day === 1 ? 0.1 : day === 5 ? 0.15 : 0) +
    (reminders !== null && reminders > 0 ? -0.35 : 0) +
    a.clinic.tendency +
    (a.patient?.tendency ?? 0.3);
  return 1 / (1 + Math.exp(-logit));
}

function leadDays(a: Appointment, bookedOn: number): number {
  return a.start.localDay - bookedOn;
}

/** Office hours some days after an appointment. */
function later(clinic: Clinic, start: Moment, days: number, random: Random): Moment {
  return momentAt(clinic.zone, start.localDay + days, random.between(480, 1020), random.below(1000));
}
