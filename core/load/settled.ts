/** What of silver is settled: hours up to which every object of a prefix has its receipt. */

/** First hour (`YYYY-MM-DDTHH`) that is not settled, by `<entity>/v<k>`; a prefix that is missing has none settled. */
export type Settled = Readonly<Record<string, string>>;

/** Somebody is about to write into hours that may be settled: nothing from `hour` on is settled until `until`. */
export interface Reopened {
  readonly hour: string;
  /** ms since 1970. */
  readonly until: number;
}

export const SETTLED_KEY = 'loads/_settled.json';
export const REOPENED_KEY = 'loads/_reopened.json';

const HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}$/;
const isHour = (value: unknown): value is string => typeof value === 'string' && HOUR.test(value);
const parsed = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
};

/** Reads the mark. One that cannot be read settles nothing: a sweep then looks through everything. */
export function readSettled(text: string | undefined): Settled {
  const value = parsed(text);
  if (!value || typeof value !== 'object' || !Object.values(value).every(isHour)) return {};
  return value as Settled;
}

export function readReopened(text: string | undefined): Reopened | undefined {
  const value = parsed(text) as Partial<Reopened> | null;
  return value && isHour(value.hour) && typeof value.until === 'number' ? (value as Reopened) : undefined;
}

/** What an end that is later by less is not written for: many files that are read at once must not queue for one small object. */
const NEAR_MS = 12 * 3_600_000;

/** The earlier hour and the later end of both; the same where it holds for nearly as long. */
export function reopenedBy(before: Reopened | undefined, next: Reopened, nowMs: number): Reopened {
  if (!before || before.until <= nowMs) return next;
  if (before.hour <= next.hour && before.until >= next.until - NEAR_MS) return before;
  return { hour: before.hour < next.hour ? before.hour : next.hour, until: Math.max(before.until, next.until) };
}

/** Where a sweep begins in a prefix; undefined: at its first hour. */
export function sweepFrom(
  settled: Settled,
  prefix: string,
  reopened: Reopened | undefined,
  nowMs: number,
): string | undefined {
  const from = settled[prefix];
  if (from === undefined || !reopened || reopened.until <= nowMs) return from;
  return reopened.hour < from ? reopened.hour : from;
}

/** What a pass saw of one prefix. */
export interface Seen {
  /** First hour that it looked at; absent: the first there is. */
  readonly from?: string;
  /** First hour in which it found something open. */
  readonly found?: string;
  /** First hour that it did not look at whole; absent: it came to the end. */
  readonly to?: string;
}

/**
 * The mark after a pass. It moves on over hours in which nothing is open, and back to an hour in which something was found.
 * @param latest no hour from this one on is settled: objects may still come to it
 */
export function settledBy(
  before: Settled,
  seen: Readonly<Record<string, Seen>>,
  latest: string,
  reopened: Reopened | undefined,
  nowMs: number,
): Settled {
  const held = reopened && reopened.until > nowMs ? reopened.hour : undefined;
  const after: Record<string, string> = { ...before };
  for (const [prefix, { from, found, to }] of Object.entries(seen)) {
    const mark = before[prefix];
    const reached = [latest, found, to, held].filter((h) => h !== undefined).sort()[0]!;
    // What lies between the mark and the beginning of the pass was not looked at.
    const isJoined = from === undefined || (mark !== undefined && from <= mark);
    if (mark !== undefined && found !== undefined && found < mark) after[prefix] = found;
    else if (isJoined && (mark === undefined || reached > mark)) after[prefix] = reached;
  }
  return after;
}
