import { MAX_YEAR, MIN_YEAR } from '../../contracts/envelope';

/**
 * ISO-8601 reading by character codes. A general parser costs several times as much, and Date accepts days that do
 * not exist (Feb 30 becomes Mar 1), which would turn a mistake of a source into a wrong date.
 */

/** Microseconds of a day of 24 hours. */
export const MICROS_PER_DAY = 86_400_000_000;
const MICROS_PER_MINUTE = 60_000_000;
/** UTC offsets in use reach from -12:00 to +14:00. */
const MAX_OFFSET_MIN = 14 * 60;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970-01-01 of a calendar day (proleptic Gregorian); the day must exist. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** `YYYY-MM-DDTHH` in UTC of milliseconds since 1970, as object names carry the arrival hour. */
export function isoHour(ms: number): string {
  return new Date(ms).toISOString().slice(0, 13);
}

const FIRST_MICROS = daysFromCivil(MIN_YEAR, 1, 1) * MICROS_PER_DAY;
const END_MICROS = daysFromCivil(MAX_YEAR + 1, 1, 1) * MICROS_PER_DAY;

/** Two digits at `at`, or a number below zero. */
function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const units = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : -1;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29;
  return DAYS_IN_MONTH[month - 1];
}

/** Days since 1970 of the `YYYY-MM-DD` that the text begins with, or NaN. */
function leadingDate(text: string): number {
  const century = two(text, 0);
  const rest = two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (century < 0 || rest < 0 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return NaN;
  const year = century * 100 + rest;
  if (year < MIN_YEAR || year > MAX_YEAR || month < 1 || month > 12 || day < 1) return NaN;
  if (day > 28 && day > daysInMonth(year, month)) return NaN;
  return daysFromCivil(year, month, day);
}

/** Days since 1970 of a text that is exactly `YYYY-MM-DD`, a real day of the years 1900 to 2200; else NaN. */
export function parseDate(text: string): number {
  return text.length === 10 ? leadingDate(text) : NaN;
}

/** An instant as its text gave it. */
export interface Instant {
  /** Microseconds since 1970 UTC. */
  readonly micros: number;
  /** Minutes by which the text's local time is ahead of UTC. */
  readonly offsetMin: number;
  /** The same instant and offset in its one canonical notation. */
  readonly canonical: string;
}

const FRACTION_AT = 20;
const KEPT_DIGITS = 6;

/** Digits of the fraction after the dot at 19. */
function fractionDigits(text: string): number {
  let at = FRACTION_AT;
  while (at < text.length && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at - FRACTION_AT;
}

/** The fraction of that many digits, cut to microseconds. */
function fractionMicros(text: string, digits: number): number {
  let micros = 0;
  for (let i = 0; i < KEPT_DIGITS; i++) micros = micros * 10 + (i < digits ? text.charCodeAt(FRACTION_AT + i) - 48 : 0);
  return micros;
}

/** Minutes of the offset that stands at `at` and ends the text, or NaN. */
function offsetAt(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if (sign === 90) return at + 1 === text.length ? 0 : NaN;
  if ((sign !== 43 && sign !== 45) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 58) return NaN;
  const hours = two(text, at + 1);
  const minutes = two(text, at + 4);
  const total = hours * 60 + minutes;
  if (hours < 0 || minutes < 0 || minutes > 59 || total > MAX_OFFSET_MIN) return NaN;
  return sign === 45 && total !== 0 ? -total : total;
}

function canonicalOf(text: string, micros: number, offsetMin: number): string {
  const tail = offsetMin === 0 ? 'Z' : text.slice(-6);
  if (micros === 0) return text.length === 19 + tail.length ? text : text.slice(0, 19) + tail;
  return text.slice(0, 20) + String(micros).padStart(6, '0') + tail;
}

const OTHER = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?([Zz]|[+-]\d\d):?(\d\d)?(?:\[[^\]]*\])?$/;

/** The usual notation of an instant that a standard library writes otherwise, or undefined. */
function usualNotation(text: string): string | undefined {
  const found = OTHER.exec(text);
  if (!found) return undefined;
  const [, date, clock, seconds, fraction, sign, minutes] = found;
  const isUtc = sign === 'Z' || sign === 'z';
  if (isUtc !== (minutes === undefined)) return undefined;
  const zone = isUtc ? 'Z' : `${sign}:${minutes}`;
  const usual = `${date}T${clock}:${seconds ?? '00'}${fraction === undefined ? '' : `.${fraction}`}${zone}`;
  return usual === text ? undefined : usual;
}

/**
 * Reads an ISO-8601 instant: `YYYY-MM-DDTHH:MM[:SS[.f…]](Z|±HH:MM|±HHMM)`, `t` and `z` too, a blank for the T (Python's str), a
 * zone's name in brackets behind it (Java) passed over; a fraction finer than microseconds (.NET, Java, Go) is cut.
 * @returns undefined if the text is not such an instant, the day or time does not exist, or the instant lies outside
 * the years 1900 to 2200 in UTC
 */
export function parseInstant(text: string): Instant | undefined {
  const usual = parseUsual(text);
  if (usual) return usual;
  const other = usualNotation(text);
  return other === undefined ? undefined : parseUsual(other);
}

/** Reads `YYYY-MM-DDTHH:MM:SS[.f…](Z|±HH:MM)`, which nearly every record has, without a regular expression. */
function parseUsual(text: string): Instant | undefined {
  const days = leadingDate(text);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (days !== days || text.charCodeAt(10) !== 84 || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58)
    return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
  let micros = 0;
  let zoneAt = 19;
  if (text.charCodeAt(19) === 46) {
    const digits = fractionDigits(text);
    if (digits === 0) return undefined;
    micros = fractionMicros(text, digits);
    zoneAt = FRACTION_AT + digits;
  }
  const offsetMin = offsetAt(text, zoneAt);
  if (offsetMin !== offsetMin) return undefined;
  const minutes = hour * 60 + minute - offsetMin;
  const utc = days * MICROS_PER_DAY + minutes * MICROS_PER_MINUTE + second * 1_000_000 + micros;
  if (utc < FIRST_MICROS || utc >= END_MICROS) return undefined;
  return {
    micros: utc,
    offsetMin,
    canonical: canonicalOf(text, micros, offsetMin),
  };
}

/** An instant of microseconds since 1970 as ISO-8601 in UTC. */
export function isoInstant(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros - seconds * 1_000_000).padStart(6, '0')}Z`;
}

/** Microseconds since 1970 as three small numbers in text, the canonical form of an instant without its offset. */
export function microsText(micros: number): string {
  const days = Math.floor(micros / MICROS_PER_DAY);
  const rest = micros - days * MICROS_PER_DAY;
  const seconds = Math.floor(rest / 1_000_000);
  return `${days}.${seconds}.${rest - seconds * 1_000_000}`;
}
