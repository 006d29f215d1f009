/**
 * Days and times without a clock and without the platform's own date code: the generator must be able to disagree with
 * what it tests. Days count from 1970-01-01; minutes and milliseconds are whole numbers.
 */

export const MS_PER_DAY = 86_400_000;

export interface CivilDay {
  year: number;
  month: number;
  day: number;
}

/** The day number of a date of the proleptic Gregorian calendar (Howard Hinnant's days_from_civil). */
export function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** The date of a day number: the inverse of `dayNumber`. */
export function civil(days: number): CivilDay {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** The weekday of a day number, 0 = Sunday (1970-01-01 was a Thursday). */
export function weekday(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

const two = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));
const dateTexts = new Map<number, string>();

/** `2024-03-10` of a day number. */
export function dateText(days: number): string {
  let text = dateTexts.get(days);
  if (text === undefined) {
    const { year, month, day } = civil(days);
    text = `${year}-${two[month]}-${two[day]}`;
    dateTexts.set(days, text);
  }
  return text;
}

export interface Zone {
  name: string;
  /** Minutes east of UTC in winter. */
  standard: number;
  /** Whether the United States' daylight saving applies (second Sunday of March to first Sunday of November). */
  daylight: boolean;
}

export const ZONES: readonly Zone[] = [
  { name: 'America/New_York', standard: -300, daylight: true },
  { name: 'America/Chicago', standard: -360, daylight: true },
  { name: 'America/Denver', standard: -420, daylight: true },
  { name: 'America/Phoenix', standard: -420, daylight: false },
  { name: 'America/Los_Angeles', standard: -480, daylight: true },
];

const daylightSpans = new Map<number, { from: number; to: number }>();

function daylightSpan(year: number): { from: number; to: number } {
  let span = daylightSpans.get(year);
  if (span === undefined) {
    const march = dayNumber(year, 3, 1);
    const november = dayNumber(year, 11, 1);
    span = { from: march + ((7 - weekday(march)) % 7) + 7, to: november + ((7 - weekday(november)) % 7) };
    daylightSpans.set(year, span);
  }
  return span;
}

/**
 * The offset from UTC, in minutes, at a zone's local day after two in the morning. Clinics work by day, so no event of
 * the network falls into the hour that a change of the clocks repeats or leaves out.
 */
export function offsetOf(zone: Zone, localDay: number): number {
  if (!zone.daylight) return zone.standard;
  const { from, to } = daylightSpan(civil(localDay).year);
  return localDay >= from && localDay < to ? zone.standard + 60 : zone.standard;
}

/** An instant and how its source writes it down. */
export interface Moment {
  /** Milliseconds since 1970-01-01 UTC. */
  utc: number;
  offset: number;
  localDay: number;
}

/** The moment at a local wall time of a zone. `minute` may have a fraction; it counts from local midnight. */
export function momentAt(zone: Zone, localDay: number, minute: number, milliseconds = 0): Moment {
  const offset = offsetOf(zone, localDay);
  return { utc: localDay * MS_PER_DAY + (minute - offset) * 60_000 + milliseconds, offset, localDay };
}

/** The moment of an instant as a zone's clocks show it: the change happens at two in the morning, local time. */
export function momentOf(zone: Zone, utc: number): Moment {
  let offset = zone.standard;
  if (zone.daylight) {
    const { from, to } = daylightSpan(civil(Math.floor(utc / MS_PER_DAY)).year);
    const begins = from * MS_PER_DAY + (120 - zone.standard) * 60_000;
    const ends = to * MS_PER_DAY + (60 - zone.standard) * 60_000;
    if (utc >= begins && utc < ends) offset += 60;
  }
  return { utc, offset, localDay: Math.floor((utc + offset * 60_000) / MS_PER_DAY) };
}

const offsetTexts = new Map<number, string>();

function offsetText(offset: number): string {
  let text = offsetTexts.get(offset);
  if (text === undefined) {
    const size = Math.abs(offset);
    text = `${offset < 0 ? '-' : '+'}${two[Math.floor(size / 60)]}:${two[size % 60]}`;
    offsetTexts.set(offset, text);
  }
  return text;
}

function clockText(msOfDay: number): string {
  const seconds = Math.floor(msOfDay / 1000);
  const text = `${two[Math.floor(seconds / 3600)]}:${two[Math.floor(seconds / 60) % 60]}:${two[seconds % 60]}`;
  const ms = msOfDay % 1000;
  return ms === 0 ? text : `${text}.${String(ms).padStart(3, '0')}`;
}

/** ISO 8601 with the local offset: `2024-07-01T09:30:00-04:00`. */
export function isoLocal(moment: Moment): string {
  const local = moment.utc + moment.offset * 60_000;
  const days = Math.floor(local / MS_PER_DAY);
  return `${dateText(days)}T${clockText(local - days * MS_PER_DAY)}${offsetText(moment.offset)}`;
}

/** ISO 8601 in UTC: `2024-07-01T13:30:00Z`. */
export function isoUtc(utc: number): string {
  const days = Math.floor(utc / MS_PER_DAY);
  return `${dateText(days)}T${clockText(utc - days * MS_PER_DAY)}Z`;
}
