/** The time that schedules, windows, retention and token lifetimes follow. Milliseconds since 1970-01-01 UTC. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The machine's time as it is when the clock is made, and from then on by its monotonic clock: a time that is set back or forward meanwhile
 * makes nothing wait or time out.
 */
export class RealClock implements Clock {
  private readonly from = performance.now();
  private readonly start: number;

  /**
   * @param atLeast the latest time of an earlier process: time does not go back between two either
   * @param wall the machine's time
   */
  constructor(atLeast = 0, wall: () => number = Date.now) {
    this.start = Math.max(wall(), atLeast);
  }

  now(): number {
    return this.start + Math.floor(performance.now() - this.from);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
}

interface Sleeper {
  readonly due: number;
  readonly order: number;
  wake(): void;
}

/** Time that does not pass until a test moves it. Sleepers wake in the order of their due times. */
export class VirtualClock implements Clock {
  private readonly sleepers: Sleeper[] = [];
  private order = 0;

  /** @param current start, in milliseconds since 1970-01-01 UTC. */
  constructor(private current = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.current;
  }

  /** How many callers sleep: lets a test wait until what it drives has come to rest. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        const at = this.sleepers.indexOf(sleeper);
        if (at >= 0) this.sleepers.splice(at, 1);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        due: this.current + Math.max(0, ms),
        order: this.order++,
        wake: () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.sleepers.push(sleeper);
    });
  }

  /** Moves time on by `ms`, waking sleepers one due time after another, so that what they start is seen by the next. */
  async advance(ms: number): Promise<void> {
    const end = this.current + ms;
    for (;;) {
      const next = this.sleepers.filter((s) => s.due <= end).sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next) break;
      this.sleepers.splice(this.sleepers.indexOf(next), 1);
      this.current = Math.max(this.current, next.due);
      next.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.current = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
