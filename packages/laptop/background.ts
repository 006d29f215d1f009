/**
 * Work that nobody waits for: a statement, a schedule, an execution that goes on. Its failure is told and ends nothing but itself; unheard, it
 * would end the platform.
 * @param what names the work, never its data
 */
export function inBackground(what: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => tellFailure(what, error));
}

/** A callback of a timer, a stream or an event, which has no caller to throw to. */
export function heard<A extends unknown[]>(what: string, work: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      work(...args);
    } catch (error) {
      tellFailure(what, error);
    }
  };
}

/** Tells of a failure by its kind and place. Its text stays here: it could quote data. */
export function tellFailure(what: string, error: unknown): void {
  const { code, name = typeof error, stack } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const why = code === 'ENOSPC' ? 'disk full' : code === undefined ? name : `${name} ${code}`;
  const where = stack?.split('\n').find((line) => /^\s+at /.test(line));
  console.error(`carelake: ${what} failed: ${why}${where ? ` ${where.trim()}` : ''}`);
}
