import type { FileRule } from '../../profiles/rules';
import { MICROS_PER_DAY, parseDate, parseInstant } from '../records/time';

const OLDEST_YEARS = 110;

/** Whether a person born on a day (since 1970) has an age of 0 to 110 on another. A day's grace: offsets reach that far. */
const isAge = (born: number, known: number): boolean =>
  born <= known + 1 && (known - born) / 365.2425 < OLDEST_YEARS + 1;

/**
 * The century of a day of birth with a two-digit year: the one in which the person lives when the source knows of them. Where both
 * do (15: 1915 and 2015) the later one is taken and flagged; where neither does, the later one is left to the rules of the contract.
 * @param days the day in both centuries, the earlier first
 * @param recordedAt as mapped; may be no time at all, and then the record is rejected for it
 */
export function birthDay(days: readonly [string, string], recordedAt: unknown): { day: string; flag?: FileRule } {
  const [earlier, later] = days;
  const instant = typeof recordedAt === 'string' ? parseInstant(recordedAt) : undefined;
  if (!instant) return { day: later };
  const known = Math.floor(instant.micros / MICROS_PER_DAY);
  const possible = days.filter((day) => isAge(parseDate(day), known));
  if (possible.length === 2) return { day: later, flag: 'FIL-TIM-02' };
  return { day: possible[0] === earlier ? earlier : later };
}
