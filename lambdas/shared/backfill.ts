import { SafeError } from './errors';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const isDay = (text: unknown): text is string =>
  typeof text === 'string' && DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

/** A backfill's days and name. */
export interface Backfill {
  from: string;
  to: string;
  id: string;
}

/** The backfill of an event; undefined for a sweep. @throws SafeError that says what is wrong */
export function backfillOf(event: Partial<Backfill>): Backfill | undefined {
  if (event.from === undefined && event.to === undefined) return undefined;
  const { from, to, id } = event;
  if (!isDay(from) || !isDay(to) || from > to)
    throw new SafeError('BACKFILL-EVENT', 'from and to are days, YYYY-MM-DD, the first not after the last');
  if (typeof id !== 'string' || !/^[A-Za-z0-9_-]{1,60}$/.test(id))
    throw new SafeError('BACKFILL-EVENT', 'id is 1 to 60 letters, digits, hyphens and underscores');
  return { from, to, id };
}
