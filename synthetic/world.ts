import { dateText, dayNumber, momentAt, Moment, Zone, ZONES } from './calendar';
import { Random } from './random';

/** First and last day on which the network's systems write anything down. */
export const FIRST_DAY = dayNumber(2023, 1, 2);
export const LAST_DAY = dayNumber(2024, 12, 31);

/** The two record systems of the network. Their patient numbers overlap on purpose: the same number is another person. */
const SOURCES = ['north-ehr', 'south-ehr'] as const;

export interface Clinic {
  index: number;
  id: string;
  name: string;
  city: string;
  state: string;
  zone: Zone;
  source: string;
  /** What this clinic adds to the log-odds of a missed appointment. */
  tendency: number;
  /** A clinic without a reminder system says nothing about reminders (null, which is not zero). */
  reminds: boolean;
}

export interface Provider {
  npi: string;
  name: string;
  specialty: string;
  clinic: Clinic;
}

export interface Patient {
  index: number;
  id: string;
  source: string;
  clinic: Clinic;
  firstName: string;
  lastName: string;
  gender: 'male' | 'female' | 'other' | 'unknown';
  /** `null` when the source knows only an age; then `reportedAge` is dated by each event. */
  birthDay: number | null;
  reportedAge: number;
  zip5: string;
  state: string;
  payer: string;
  /** First local day from which appointments may name this patient. */
  registered: number;
  tendency: number;
}

const FIRST_NAMES = [
  'Ada', 'Amara', 'Ana', 'Benjamin', 'Björn', 'Carmen', 'Chen', 'Daniel', 'Elena', 'Farah', 'Grace', 'Hiroshi', 'Ines', 'Jamal',
  'José', 'Kofi', 'Lena', 'Liam', 'Mateo', 'Nadia', 'Noor', 'Olivia', 'Priya', 'Rosa', 'Samuel', 'Sofía', 'Tomás', 'Uma', 'Wei', 'Zoë',
]; // prettier-ignore
const LAST_NAMES = [
  'Abebe', 'Ahmed', 'Andersson', 'Brown', 'Castillo', 'Cohen', 'Díaz', 'Fischer', 'García', 'Ibrahim', 'Johnson', 'Kim', 'Kowalski', 'Lee',
  'Martínez', 'Müller', 'Nguyen', "O'Brien", 'Okafor', 'Patel', 'Rossi', 'Sato', 'Silva', 'Smith', 'Tran', 'Walker', 'Yilmaz', 'Zhang',
]; // prettier-ignore
const PLACES = [
  ['Albany', 'NY', '122', 0], ['Buffalo', 'NY', '142', 0], ['Atlanta', 'GA', '303', 0], ['Richmond', 'VA', '232', 0],
  ['Chicago', 'IL', '606', 1], ['Austin', 'TX', '787', 1], ['Memphis', 'TN', '381', 1],
  ['Denver', 'CO', '802', 2], ['Boise', 'ID', '837', 2], ['Phoenix', 'AZ', '850', 3], ['Tucson', 'AZ', '857', 3],
  ['Seattle', 'WA', '981', 4], ['Fresno', 'CA', '937', 4],
] as const; // prettier-ignore
const SPECIALTIES = [
  'Family Medicine',
  'Pediatrics',
  'Cardiology',
  'Dermatology',
  'Orthopedics',
  'Psychiatry',
  'Endocrinology',
];
export const PAYERS = ['PAYER-01', 'PAYER-02', 'PAYER-03', 'PAYER-04', 'PAYER-05', 'SELF-PAY'];
export const APPOINTMENT_TYPES = ['new-patient', 'follow-up', 'annual-wellness', 'procedure', 'telehealth'];

/** A ten-digit NPI with its check digit: Luhn over 80840 and the first nine digits (45 CFR 162.406). */
export function npiOf(nineDigits: number): string {
  const digits = `80840${nineDigits}`;
  let sum = 0;
  for (let i = digits.length - 1, double = true; i >= 0; i--, double = !double) {
    const digit = Number(digits[i]) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return `${nineDigits}${(10 - (sum % 10)) % 10}`;
}

/** An NPI whose check digit is wrong: the right one plus one. */
export function badNpi(nineDigits: number): string {
  const good = npiOf(nineDigits);
  return good.slice(0, 9) + ((Number(good[9]) + 1) % 10);
}

/** Clinics of the network: about one per 800 patients, an even number, spread over zones and both record systems. */
export function makeClinics(random: Random, patients: number): Clinic[] {
  const count = 2 * Math.max(2, Math.min(30, Math.round(patients / 1600)));
  return Array.from({ length: count }, (_, i) => {
    const [city, state, , zone] = PLACES[(i * 5) % PLACES.length]!;
    return {
      index: i,
      id: `CLINIC-${String(i + 1).padStart(3, '0')}`,
      name: `${city} Clinic ${i + 1}`,
      city,
      state,
      zone: ZONES[zone]!,
      source: SOURCES[i % 2]!,
      tendency: random.fraction() * 0.9 - 0.4,
      reminds: i % 8 !== 5,
    };
  });
}

export const PROVIDERS_PER_CLINIC = 6;

export function makeProviders(random: Random, clinics: Clinic[]): Provider[] {
  return clinics.flatMap((clinic, c) =>
    Array.from({ length: PROVIDERS_PER_CLINIC }, (_, i) => ({
      npi: npiOf(100_000_000 + (c * PROVIDERS_PER_CLINIC + i) * 7919 + (i % 2) * 100_000_000),
      name: `Dr. ${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
      specialty: SPECIALTIES[(c + i) % SPECIALTIES.length]!,
      clinic,
    })),
  );
}

export function zipOf(random: Random, state: string): string {
  const place = PLACES.find(([, s]) => s === state)!;
  return `${place[2]}${String(random.between(1, 60)).padStart(2, '0')}`;
}

export function makePatient(random: Random, clinics: Clinic[], index: number, patients: number): Patient {
  const clinic = clinics[index % clinics.length]!;
  const age = Math.min(
    98,
    Math.floor(random.chance(0.22) ? random.fraction() * 18 : 18 + random.fraction() ** 1.3 * 80),
  );
  // Seven of ten were known before the first day; the others register over the two years, in the order of their index.
  const known = Math.floor(patients * 0.7);
  const registered =
    index < known
      ? FIRST_DAY
      : FIRST_DAY + Math.floor(((index - known) / (patients - known)) * (LAST_DAY - FIRST_DAY - 30));
  return {
    index,
    id: `P${String(Math.floor(index / 2) + 1).padStart(7, '0')}`,
    source: clinic.source,
    clinic,
    firstName: random.pick(FIRST_NAMES),
    lastName: random.pick(LAST_NAMES),
    gender: random.chance(0.52) ? 'female' : random.chance(0.97) ? 'male' : random.chance(0.5) ? 'other' : 'unknown',
    birthDay: random.chance(0.03) ? null : FIRST_DAY - Math.floor((age + random.fraction()) * 365.25) - 1,
    reportedAge: age,
    zip5: zipOf(random, clinic.state),
    state: clinic.state,
    payer: random.pick(PAYERS),
    registered,
    tendency: random.fraction() * 1.3 - 0.5,
  };
}

/** When the record system first knew the patient: for those known before the first day, some day of the years before, but born. */
export function registrationMoment(random: Random, patient: Patient): Moment {
  const before = Math.max(FIRST_DAY - random.between(1, 2500), patient.birthDay ?? -Infinity);
  const day = patient.registered === FIRST_DAY ? before : patient.registered;
  return momentAt(patient.clinic.zone, day, random.between(480, 960), random.below(1000));
}

/** The payload of a patient event: always the full state. */
export function patientPayload(patient: Patient): Record<string, unknown> {
  return {
    patient_id: patient.id,
    first_name: patient.firstName,
    last_name: patient.lastName,
    gender_code: patient.gender,
    ...(patient.birthDay === null
      ? { reported_age_years: patient.reportedAge }
      : { birth_date: dateText(patient.birthDay) }),
    zip5: patient.zip5,
    state: patient.state,
    primary_payer_id: patient.payer,
  };
}
