import { civil, MS_PER_DAY, type Moment, WEEKDAYS, weekday } from './calendar';
import { AppointmentEvent } from './appointments';
import { SourceEvent } from './events';

/** One line of the answers: the contract of `docs/answers.md`. */
export interface Answer {
  kpi: string;
  by: string;
  key: string;
  numerator: number;
  denominator: number;
  n: number;
  value: number | null;
}

interface PatientVersion {
  effective: number;
  recorded: number;
  eventId: string;
  birthDay: number | null;
  age: number | null;
  /** What the event says, erased: nothing. */
  said: string;
  /** Since when it has been said without a change: an age is one of that day. */
  since: number;
}

interface AppointmentState {
  effective: number;
  recorded: number;
  progress: number;
  eventId: string;
  deleted: boolean;
  status: string;
  start: Moment;
  createdDay: number | null;
  reminders: number | null;
  patient: string;
  clinicId: string;
}

interface Cell {
  numerator: number;
  denominator: number;
  n: number;
}

/**
 * The generator's own reading of what it says: winners, histories and answers worked out from the definitions of the
 * data (README, docs/answers.md) with plain maps, sharing no code with what is tested.
 */
export class Model {
  events = 0;
  private readonly instants = new Map<string, Set<string>>();
  private readonly versions = new Map<string, PatientVersion[]>();
  private readonly facts = new Map<string, AppointmentState>();
  private readonly described = { clinic: new Set<string>(), provider: new Set<string>() };

  /** Takes in one accepted event; an exact repeat must not be given here. */
  add(event: SourceEvent, birth: { birthDay: number | null; age: number | null } | null): void {
    this.events++;
    if (event.entity === 'appointment') return this.addAppointment(event as AppointmentEvent);
    const payload = event.payload;
    const key =
      event.entity === 'provider' ? `${payload.npi}` : `${event.source}|${payload.clinic_id ?? payload.patient_id}`;
    const instants = this.instants.get(event.entity) ?? new Set();
    this.instants.set(event.entity, instants.add(`${key}|${event.effective.utc}`));
    if (event.entity !== 'patient') {
      this.described[event.entity].add(key);
      return;
    }
    const list = this.versions.get(key) ?? [];
    this.versions.set(key, list);
    const erased = event.op === 'delete';
    list.push({
      effective: event.effective.utc,
      recorded: event.recorded.utc,
      eventId: event.eventId,
      birthDay: erased ? null : birth!.birthDay,
      age: erased ? null : birth!.age,
      said: erased ? '' : JSON.stringify(payload),
      since: event.effective.utc,
    });
  }

  private addAppointment(s: AppointmentEvent): void {
    const key = `${s.source}|${s.payload.appointment_id}`;
    const known = this.facts.get(key);
    const said = { effective: s.effective.utc, recorded: s.recorded.utc, progress: progressOf(s), eventId: s.eventId };
    const differing = (['effective', 'recorded', 'progress', 'eventId'] as const).find(
      (m) => known && known[m] !== said[m],
    );
    if (known && (differing === undefined || known[differing] > said[differing])) return;
    this.facts.set(key, {
      effective: s.effective.utc,
      progress: said.progress,
      recorded: s.recorded.utc,
      eventId: s.eventId,
      deleted: s.op === 'delete',
      status: s.status,
      start: s.start,
      createdDay: s.created?.localDay ?? null,
      reminders: s.reminders,
      patient: `${s.source}|${s.payload.patient_id}`,
      clinicId: `${s.payload.clinic_id}`,
    });
  }

  /** Events that are winners: one per key and instant for what has a history, one per key for appointments. */
  applied(): number {
    return [...this.instants.values()].reduce((sum, set) => sum + set.size, 0) + this.facts.size;
  }

  rows(): { clinics: number; providers: number; patients: number; inferredPatients: number; appointments: number } {
    const living = [...this.facts.values()].filter((fact) => !fact.deleted);
    const named = new Set(living.map((fact) => fact.patient).filter((key) => !this.versions.has(key)));
    return {
      clinics: this.described.clinic.size,
      providers: this.described.provider.size,
      patients: this.versions.size,
      inferredPatients: named.size,
      appointments: living.length,
    };
  }

  /** The no-show rate over everything and by each published dimension, in the order by dimension, then key. */
  answers(): Answer[] {
    for (const list of this.versions.values()) {
      list.sort((a, b) => a.effective - b.effective || a.recorded - b.recorded || (a.eventId < b.eventId ? -1 : 1));
      const winners = list.filter((v, i) => v.effective !== list[i + 1]?.effective);
      winners.forEach(
        (v, i) => (v.since = i > 0 && winners[i - 1]!.said === v.said ? winners[i - 1]!.since : v.effective),
      );
    }
    const cells = new Map<string, Cell>();
    for (const fact of this.facts.values())
      if (!fact.deleted && fact.status !== 'entered-in-error') this.count(cells, fact);
    return [...cells]
      .map(([name, cell]) => {
        const [by, key] = name.split('\u001f') as [string, string];
        return {
          kpi: 'no_show_rate',
          by,
          key,
          ...cell,
          value: cell.denominator === 0 ? null : cell.numerator / cell.denominator,
        };
      })
      .sort((a, b) => order(a.by, b.by) || order(a.key, b.key));
  }

  private count(cells: Map<string, Cell>, fact: AppointmentState): void {
    const groups = {
      all: 'all',
      clinic: fact.clinicId,
      weekday: WEEKDAYS[weekday(fact.start.localDay)]!,
      age_band: ageBand(this.ageAt(fact)),
      lead_days: leadBand(fact.createdDay === null ? null : fact.start.localDay - fact.createdDay),
      reminded: fact.reminders === null ? 'unknown' : fact.reminders > 0 ? 'yes' : 'no',
    };
    const missed = fact.status === 'noshow';
    const seen = fact.status === 'fulfilled';
    for (const [by, key] of Object.entries(groups)) {
      const name = `${by}\u001f${key}`;
      const cell = cells.get(name) ?? { numerator: 0, denominator: 0, n: 0 };
      cell.n += 1;
      if (missed) cell.numerator += 1;
      if (missed || seen) cell.denominator += 1;
      cells.set(name, cell);
    }
  }

  /** Completed years on the local day of the appointment, by what was true of the patient at its start. */
  private ageAt(fact: AppointmentState): number | null {
    const list = this.versions.get(fact.patient);
    if (!list) return null;
    // The last event at the latest instant not after the start; before the first instant the first one holds.
    let reached = -1;
    for (let i = 0; i < list.length && list[i]!.effective <= fact.start.utc; i++) reached = i;
    if (reached < 0) while (reached + 1 < list.length && list[reached + 1]!.effective === list[0]!.effective) reached++;
    const version = list[reached]!;
    if (version.birthDay === null) {
      if (version.age === null) return null;
      const reported = Math.floor((version.since + fact.start.offset * 60_000) / MS_PER_DAY);
      const years =
        reported <= fact.start.localDay
          ? wholeYears(reported, fact.start.localDay)
          : -wholeYears(fact.start.localDay, reported);
      return Math.max(0, version.age + years);
    }
    return wholeYears(version.birthDay, fact.start.localDay);
  }
}

/** How far a state is along the way of an appointment: it decides between events of the same instant and knowledge. */
function progressOf(s: AppointmentEvent): number {
  if (s.op === 'delete' || s.status === 'entered-in-error') return 7;
  if (['fulfilled', 'noshow', 'cancelled'].includes(s.status)) return 6;
  if (s.status === 'waitlist') return 2;
  return ['', 'proposed', 'pending', 'booked', 'arrived', 'checked-in'].indexOf(s.status);
}

/** Birthdays between two days, the earlier first. */
function wholeYears(from: number, to: number): number {
  const [birth, day] = [civil(from), civil(to)];
  return day.year - birth.year - (day.month * 100 + day.day < birth.month * 100 + birth.day ? 1 : 0);
}

function ageBand(age: number | null): string {
  if (age === null || age < 0) return 'unknown';
  return age < 18 ? '0-17' : age < 40 ? '18-39' : age < 65 ? '40-64' : '65+';
}

function leadBand(days: number | null): string {
  if (days === null) return 'unknown';
  if (days < 0) return 'negative';
  return days === 0 ? '0' : days < 8 ? '1-7' : days < 31 ? '8-30' : days < 91 ? '31-90' : '91+';
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
