import { DateTime, IANAZone } from 'luxon';
import { heard } from '../background';
import type { Clock } from '../clock';
import { sleepLong } from './checkpoints';

/** One schedule of the template. */
export interface ScheduleSpec {
  readonly name: string;
  /** `rate(n unit)`, `cron(minutes hours day-of-month month day-of-week year)` or `at(yyyy-mm-ddThh:mm:ss)`. */
  readonly expression: string;
  /** IANA name; `rate` does not depend on it. */
  readonly timezone: string;
}

/** Next time after `from` (both in milliseconds since 1970), undefined when there is none. */
export type NextTime = (from: number) => number | undefined;

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** A cron that never comes again is given up after so many years. */
const HORIZON_YEARS = 12;

/** Reads an expression. @throws Error naming the schedule and what cannot be read. */
export function parseSchedule({ name, expression, timezone }: ScheduleSpec): NextTime {
  const refuse = (what: string): never => {
    throw new Error(`schedule ${name}: ${what}`);
  };
  if (!IANAZone.isValidZone(timezone)) refuse(`there is no time zone ${timezone}`);
  const [, kind, body] = /^(rate|cron|at)\((.+)\)$/.exec(expression) ?? refuse(`cannot read ${expression}`);
  if (kind === 'rate') {
    const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(body!) ?? refuse(`cannot read ${expression}`);
    const every = Number(count) * UNITS[unit!]!;
    return every > 0 ? (from) => from + every : refuse(`cannot read ${expression}`);
  }
  if (kind === 'at') {
    const time = DateTime.fromISO(body!, { zone: timezone });
    return time.isValid
      ? (from) => (time.toMillis() > from ? time.toMillis() : undefined)
      : refuse(`cannot read ${expression}`);
  }
  return cron(body!, timezone, refuse);
}

type Refuse = (what: string) => never;

function cron(body: string, zone: string, refuse: Refuse): NextTime {
  const fields = body.trim().split(/\s+/);
  if (fields.length !== 6) refuse(`cron(${body}) needs six fields`);
  const [minutes, hours, days, months, weekdays, years] = fields as [string, string, string, string, string, string];
  if ((days === '?') === (weekdays === '?'))
    refuse(`cron(${body}): exactly one of day of month and day of week is "?"`);
  const minute = values(minutes, 0, 59, [], refuse);
  const hour = values(hours, 0, 23, [], refuse);
  const month = new Set(values(months, 1, 12, MONTHS, refuse));
  const year = new Set(values(years, 1970, 2199, [], refuse));
  const day = days === '?' || days === 'L' ? undefined : new Set(values(days, 1, 31, [], refuse));
  const weekday = weekdays === '?' ? undefined : new Set(values(weekdays, 1, 7, DAYS, refuse));
  const due = (d: DateTime): boolean =>
    year.has(d.year) &&
    month.has(d.month) &&
    (days !== 'L' || d.day === d.daysInMonth) &&
    (day?.has(d.day) ?? true) &&
    (weekday?.has((d.weekday % 7) + 1) ?? true);
  return (from) => {
    let date = DateTime.fromMillis(from, { zone }).startOf('day');
    for (const last = date.plus({ years: HORIZON_YEARS }); date < last; date = date.plus({ days: 1 })) {
      if (!due(date)) continue;
      for (const h of hour)
        for (const m of minute) {
          const time = date.set({ hour: h, minute: m });
          // An hour that the zone skips does not come on that day.
          if (time.hour === h && time.toMillis() > from) return time.toMillis();
        }
    }
    return undefined;
  };
}

/** Numbers that a field names, ascending: lists, ranges, steps and names. */
function values(field: string, min: number, max: number, names: readonly string[], refuse: Refuse): number[] {
  const number = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    const value = named >= 0 ? named + 1 : Number(word);
    if (!/^\w+$/.test(word) || !Number.isInteger(value) || value < min || value > max) refuse(`cannot read "${field}"`);
    return value;
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range, step = '1'] = part.split('/') as [string, string?];
    const [first, last] = range.split('-') as [string, string?];
    const start = range === '*' ? min : number(first);
    const end = range === '*' || (part.includes('/') && last === undefined) ? max : number(last ?? first);
    if (!/^[1-9]\d*$/.test(step) || end < start) refuse(`cannot read "${field}"`);
    for (let v = start; v <= end; v += Number(step)) found.add(v);
  }
  return [...found].sort((a, b) => a - b);
}

/** Calls `fire` at every time of a schedule until the signal aborts. Times while the platform was off do not come back. */
export async function runSchedule(next: NextTime, clock: Clock, signal: AbortSignal, fire: () => void): Promise<void> {
  const heardFire = heard('what a schedule starts', fire);
  for (let due = next(clock.now()); due !== undefined; due = next(Math.max(due, clock.now()))) {
    await sleepLong(clock, due - clock.now(), signal);
    if (signal.aborted) return;
    heardFire();
  }
}
