import { LocalTimePolicy, type Resolved, zone } from './zones';

/** A date or time as a pattern reads it: the local clock as if it were UTC, the microseconds below the second, the offset if the text has one. */
export interface ParsedTime {
  /** ms since 1970 of the local clock read as UTC, whole seconds. */
  local: number;
  micros: number;
  /** Minutes east of UTC if the pattern has an offset, else null: the zone decides. */
  offset: number | null;
  /** The same day a century before or after, where the text has a two-digit year and the day exists there. */
  otherCentury?: number;
}

export type TimeParser = (text: string) => ParsedTime | null;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const TOKENS: Record<string, string> = {
  yyyy: '(?<y>\\d{4})',
  yy: '(?<y2>\\d{2})',
  MMM: '(?<mon>[A-Za-z]{3})',
  MM: '(?<M>\\d{2})',
  M: '(?<M>\\d{1,2})',
  dd: '(?<d>\\d{2})',
  d: '(?<d>\\d{1,2})',
  HH: '(?<H>\\d{2})',
  H: '(?<H>\\d{1,2})',
  hh: '(?<h>\\d{2})',
  h: '(?<h>\\d{1,2})',
  mm: '(?<m>\\d{2})',
  m: '(?<m>\\d{1,2})',
  ss: '(?<s>\\d{2})',
  s: '(?<s>\\d{1,2})',
  f: '(?<f>\\d{1,9})',
  a: '(?<a>[AaPp][Mm])',
  Z: '(?<o>[Zz]|[+-]\\d{2}:?\\d{2})',
};

/** Thrown for a pattern that cannot be read; the message says what of it. */
export class PatternError extends Error {}

/**
 * Compiles a pattern: yyyy yy MMM MM M dd d HH H hh h mm m ss s f (1-9 digits of a second, cut to microseconds) a (AM/PM) Z (offset), text in 'quotes',
 * everything else that is no letter literally; or `epoch_s`, `epoch_ms`; or `iso` (ISO-8601, time of day and offset may lack); or `fhir` (date, dateTime and instant of FHIR,
 * of which a year or a month alone stands for its first day).
 * @throws PatternError
 */
export function compilePattern(pattern: string): TimeParser {
  if (pattern === 'epoch_s' || pattern === 'epoch_ms') return epochParser(pattern === 'epoch_s' ? 1000 : 1);
  if (pattern === 'iso') return regexParser(ISO);
  if (pattern === 'fhir') return regexParser(FHIR);
  const seen = new Set<string>();
  const source = pattern.replace(
    /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g,
    (part: string, quoted: string | undefined, letter: string | undefined) => {
      if (quoted !== undefined) return literal(quoted.replaceAll("''", "'"));
      if (part === "'") throw new PatternError('a quote in the pattern is not closed');
      if (!letter) return literal(part);
      const token = Object.hasOwn(TOKENS, part) ? TOKENS[part] : undefined;
      if (!token) throw new PatternError(`the pattern has the unknown letters ${part}; put literal text in 'quotes'`);
      const name = part === 'yy' || part === 'yyyy' ? 'y' : letter === 'M' ? 'M' : letter;
      if (seen.has(name)) throw new PatternError(`the pattern has ${part} twice or in two lengths`);
      seen.add(name);
      return token;
    },
  );
  for (const need of ['y', 'M', 'd'])
    if (!seen.has(need)) throw new PatternError('the pattern needs year, month and day');
  if (seen.has('h') !== seen.has('a') || (seen.has('h') && seen.has('H')))
    throw new PatternError('use hh with a (AM/PM), HH without');
  if (seen.has('m') && !seen.has('H') && !seen.has('h')) throw new PatternError('the pattern has minutes but no hours');
  if ((seen.has('s') && !seen.has('m')) || (seen.has('f') && !seen.has('s')))
    throw new PatternError('the pattern has seconds but no minutes, or a fraction but no seconds');
  return regexParser(new RegExp(`^${source}$`));
}

const ISO =
  /^(?<y>\d{4})-(?<M>\d{2})-(?<d>\d{2})(?:[Tt ](?<H>\d{2}):(?<m>\d{2})(?::(?<s>\d{2})(?:[.,](?<f>\d+))?)?(?:(?<o>[Zz]|[+-]\d{2}:?\d{2})(?:\[[^\]]*\])?)?)?$/;

const FHIR =
  /^(?<y>\d{4})(?:-(?<M>\d{2})(?:-(?<d>\d{2})(?:T(?<H>\d{2}):(?<m>\d{2}):(?<s>\d{2})(?:\.(?<f>\d+))?(?<o>Z|[+-]\d{2}:\d{2}))?)?)?$/;

/** How much of a date of FHIR is stated; null for what is none. */
export function fhirPrecision(text: string): 'year' | 'month' | 'day' | 'instant' | null {
  const g = regexParser(FHIR)(text) && FHIR.exec(text)?.groups;
  if (!g) return null;
  return g.H !== undefined ? 'instant' : g.d !== undefined ? 'day' : g.M !== undefined ? 'month' : 'year';
}

/** A regular expression of a text that stands for itself. */
export const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * Milliseconds that no calendar of a source reaches, from 1970 or from one time to another. A time and what is added to it, each within
 * them, give one that Date and Intl can still show.
 */
export const FURTHEST_MS = 4e15;

function epochParser(unit: number): TimeParser {
  return (text) => {
    if (!/^-?\d{1,14}$/.test(text)) return null;
    const ms = Number(text) * unit;
    if (Math.abs(ms) > FURTHEST_MS) return null;
    const local = Math.floor(ms / 1000) * 1000;
    return { local, micros: (ms - local) * 1000, offset: 0 };
  };
}

function regexParser(regex: RegExp): TimeParser {
  return (text) => {
    const g = regex.exec(text)?.groups;
    if (!g) return null;
    const short = g.y === undefined ? Number(g.y2) : null;
    const year = short === null ? Number(g.y) : short + (short < 69 ? 2000 : 1900);
    const month = g.mon !== undefined ? MONTHS.indexOf(g.mon.toLowerCase()) + 1 : Number(g.M ?? 1);
    const half = g.h === undefined ? null : Number(g.h);
    if (half !== null && (half < 1 || half > 12)) return null;
    const hour = half === null ? Number(g.H ?? 0) : (half % 12) + (g.a?.toLowerCase() === 'pm' ? 12 : 0);
    const [day, minute, second] = [Number(g.d ?? 1), Number(g.m ?? 0), Number(g.s ?? 0)];
    if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
    const local = utc(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1000;
    const other = short === null ? NaN : utc(year < 2000 ? year + 100 : year - 100, month, day);
    const otherCentury = new Date(other).getUTCDate() === day ? other : undefined;
    // 30 February. A 29th that 1900 lacks is one of 2000, which stands for 00.
    if (new Date(local).getUTCDate() !== day) return null;
    return {
      ...(otherCentury === undefined ? {} : { otherCentury }),
      local,
      micros: Number((g.f ?? '').slice(0, 6).padEnd(6, '0')),
      offset: g.o === undefined ? null : parseOffset(g.o),
    };
  };
}

/** Date.UTC reads the years 0-99 as 1900-1999; a file's year 0016 must not become 1916. */
function utc(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

function parseOffset(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return text.startsWith('-') ? -minutes : minutes;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const pad = (n: number, width: number): string => String(n).padStart(width, '0');

/** `YYYY-MM-DDTHH:mm:ss[.ffffff]±HH:MM` of a local clock. */
function formatIso(local: number, micros: number, offset: number): string {
  const head = new Date(local).toISOString().slice(0, 19);
  const minutes = Math.abs(offset);
  const fraction = micros === 0 ? '' : `.${pad(micros, 6)}`;
  return `${head}${fraction}${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`;
}

/** `YYYY-MM-DD` of a local clock. */
export const formatDate = (local: number): string => new Date(local).toISOString().slice(0, 10);

export interface TimeOptions extends LocalTimePolicy {
  /** IANA zone of times that carry no offset. */
  zone?: string | undefined;
  /** The clock to show times by that do carry one; without it they keep their own. */
  showIn?: string | undefined;
  /** `start`: midnight of the local day; `end`: its last microsecond. */
  day?: 'start' | 'end' | undefined;
}

/**
 * A parsed time as ISO-8601 with its offset, or the time so many ms later, by the clock that shows it.
 * @returns null where the zone's clock skips or repeats the time and the policy refuses it.
 * @throws RangeError if neither the text nor the options say how the time lies to UTC
 */
export function toIso(time: ParsedTime, options: TimeOptions, elapsedMs = 0): string | null {
  const { day } = options;
  // The zone of the file is that of times without an offset of their own.
  const clock = time.offset === null ? options.zone : options.showIn;
  if (time.offset === null && clock === undefined) throw new RangeError('a local time needs a zone');
  if (day && time.offset === null) return zonedDay(time.local, clock!, day);
  const at = resolved(time, clock, options);
  if (!at) return null;
  const local = at.instant + at.offset * MINUTE;
  if (day)
    return clock === undefined ? dayEdge(Math.floor(local / DAY) * DAY, at.offset, day) : zonedDay(local, clock, day);
  if (elapsedMs === 0) return formatIso(local, time.micros, at.offset);
  const micros = at.instant * 1000 + time.micros + Math.round(elapsedMs * 1000);
  const instant = Math.floor(micros / 1_000_000) * 1000;
  const offset = clock === undefined ? at.offset : zone(clock).offsetAt(instant);
  return formatIso(instant + offset * MINUTE, micros - instant * 1000, offset);
}

/** The instant of a time and the offset of the clock that shows it, which is its own where no clock is named. */
function resolved({ local, offset }: ParsedTime, clock: string | undefined, policy: LocalTimePolicy): Resolved | null {
  if (offset === null) return zone(clock!).resolve(local, policy);
  const instant = local - offset * MINUTE;
  return { instant, offset: clock === undefined ? offset : zone(clock).offsetAt(instant) };
}

function dayEdge(midnight: number, offset: number, day: 'start' | 'end'): string {
  return day === 'start' ? formatIso(midnight, 0, offset) : formatIso(midnight + DAY - 1000, 999_999, offset);
}

function zonedDay(local: number, name: string, day: 'start' | 'end'): string {
  const z = zone(name);
  if (day === 'start') {
    const start = z.startOfDay(local);
    return formatIso(start.instant + start.offset * MINUTE, 0, start.offset);
  }
  const last = z.startOfNextDay(local).instant - 1000;
  const offset = z.offsetAt(last);
  return formatIso(last + offset * MINUTE, 999_999, offset);
}
