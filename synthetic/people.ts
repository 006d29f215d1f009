import { MS_PER_DAY, momentAt, Moment } from './calendar';
import { Random } from './random';
import { EventIds, SourceEvent } from './events';
import {
  Clinic,
  FIRST_DAY,
  LAST_DAY,
  Patient,
  PAYERS,
  patientPayload,
  Provider,
  registrationMoment,
  zipOf,
} from './world';

/** What an event needs beside its time and payload. */
function event(
  base: Pick<SourceEvent, 'entity' | 'source' | 'index'>,
  ids: EventIds,
  effective: Moment,
  recorded: Moment,
  payload: Record<string, unknown>,
  op: 'upsert' | 'delete' = 'upsert',
): SourceEvent {
  return { ...base, eventId: ids.next(), op, effective, recorded, payload };
}

function later(moment: Moment, milliseconds: number): Moment {
  return { ...moment, utc: moment.utc + milliseconds };
}

/** Every clinic is described once; every seventh changes its name in the second year. */
export function clinicEvents(ids: EventIds, clinics: Clinic[]): SourceEvent[] {
  return clinics.flatMap((clinic, index) => {
    const base = { entity: 'clinic' as const, source: clinic.source, index };
    const payload = {
      clinic_id: clinic.id,
      clinic_name: clinic.name,
      city: clinic.city,
      state: clinic.state,
      timezone: clinic.zone.name,
    };
    const opened = momentAt(clinic.zone, FIRST_DAY - 3000, 540);
    const renamed = momentAt(clinic.zone, FIRST_DAY + 400, 540);
    const first = event(base, ids, opened, later(opened, 1000), payload);
    if (index % 7 !== 3) return [first];
    return [first, event(base, ids, renamed, renamed, { ...payload, clinic_name: `${clinic.name} and Partners` })];
  });
}

/** Every provider is described once; every twentieth changes the specialty. */
export function providerEvents(ids: EventIds, providers: Provider[]): SourceEvent[] {
  return providers.flatMap((provider, index) => {
    const base = { entity: 'provider' as const, source: provider.clinic.source, index };
    const payload = { npi: provider.npi, full_name: provider.name, specialty: provider.specialty };
    const hired = momentAt(provider.clinic.zone, FIRST_DAY - 2000, 540);
    const changed = momentAt(provider.clinic.zone, FIRST_DAY + 300, 540);
    const first = event(base, ids, hired, later(hired, 1000), payload);
    if (index % 20 !== 7) return [first];
    return [first, event(base, ids, changed, changed, { ...payload, specialty: 'Internal Medicine' })];
  });
}

/**
 * What the record system says about one patient over the years: registration, moves, changes of payer, repeats of what
 * was known, corrections of the first event (same instant, known later), back-dated moves, and rarely an erasure.
 */
export function patientEvents(random: Random, ids: EventIds, patient: Patient): SourceEvent[] {
  const base = { entity: 'patient' as const, source: patient.source, index: patient.index };
  const zone = patient.clinic.zone;
  const from = patient.registered + 1;
  const registered = registrationMoment(random, patient);
  const payload = patientPayload(patient);
  const list = [event(base, ids, registered, later(registered, random.below(5000)), payload)];
  const someDay = () => momentAt(zone, random.between(from, LAST_DAY), random.between(480, 1080), random.below(1000));

  let known = payload;
  if (random.chance(0.2)) {
    const moved = someDay();
    known = { ...known, zip5: zipOf(random, patient.state) };
    list.push(event(base, ids, moved, moved, known));
  }
  if (random.chance(0.08)) {
    const insured = someDay();
    list.push(event(base, ids, insured, insured, { ...known, primary_payer_id: random.pick(PAYERS) }));
  }
  if (random.chance(0.03)) {
    const repeated = someDay();
    list.push(event(base, ids, repeated, repeated, payload));
  }
  if (random.chance(0.01)) list.push(correction(random, ids, base, patient, registered, payload, someDay()));
  if (random.chance(0.01)) {
    // Back-dated: true since before the first day, known only now; it splits an old version.
    const since = momentAt(zone, FIRST_DAY - random.between(1, 400), 600);
    list.push(event(base, ids, since, someDay(), { ...payload, zip5: zipOf(random, patient.state) }));
  }
  if (patient.birthDay === null) list.push(...birthdays(random, ids, base, patient, payload, from));
  if (random.chance(0.002)) {
    const erased = someDay();
    list.push(event(base, ids, erased, erased, { patient_id: patient.id }, 'delete'));
  }
  return list;
}

/** The first event again, at the same instant, known later, with the right birth date: it must win. */
function correction(
  random: Random,
  ids: EventIds,
  base: Pick<SourceEvent, 'entity' | 'source' | 'index'>,
  patient: Patient,
  registered: Moment,
  payload: Record<string, unknown>,
  known: Moment,
): SourceEvent {
  if (patient.birthDay === null)
    return event(base, ids, registered, known, { ...payload, reported_age_years: patient.reportedAge + 1 });
  const birthDay = patient.birthDay - random.between(300, 4000);
  return event(base, ids, registered, known, patientPayload({ ...patient, birthDay }));
}

/** A source without birth dates reports the age again each year. */
function birthdays(
  random: Random,
  ids: EventIds,
  base: Pick<SourceEvent, 'entity' | 'source' | 'index'>,
  patient: Patient,
  payload: Record<string, unknown>,
  from: number,
): SourceEvent[] {
  const list: SourceEvent[] = [];
  for (let day = from + random.below(365), age = patient.reportedAge + 1; day <= LAST_DAY; day += 365, age++) {
    const told = momentAt(patient.clinic.zone, day, 600);
    list.push(event(base, ids, told, later(told, MS_PER_DAY / 24), { ...payload, reported_age_years: age }));
  }
  return list;
}
