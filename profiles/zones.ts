/** Local wall time ↔ instants in IANA zones, by the runtime's own zone data. */
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What a profile wants of a local time that a clock change skips or repeats. */
export interface LocalTimePolicy {
  /** A time that the clock skips: moved forward by the gap (as clocks do), or refused. */
  nonexistent: 'forward' | 'refuse';
  /** A time that the clock shows twice: its first or second occurrence, or refused. */
  ambiguous: 'earlier' | 'later' | 'refuse';
}

/** An instant (ms since 1970, UTC) and the offset (minutes east of UTC) of its local clock. */
export interface Resolved {
  instant: number;
  offset: number;
}

const zones = new Map<string, Zone>();

/** The zone of a name, shared, so that its cache of hours serves every row of a file. @throws RangeError for an unknown zone. */
export function zone(name: string): Zone {
  let found = zones.get(name);
  if (!found) zones.set(name, (found = new Zone(name)));
  return found;
}

export class Zone {
  private readonly format: Intl.DateTimeFormat;
  /** Local hour → offset, where the whole hour has one and only one offset. A file has few distinct hours. */
  private readonly plainHours = new Map<number, number>();

  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** Minutes east of UTC at an instant; offsets with seconds (before about 1920) are rounded to the minute. */
  offsetAt(instant: number): number {
    const name = this.format.formatToParts(instant).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
    const found = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
    if (!found) throw new RangeError('the runtime gives an offset in an unknown form');
    if (!found[1]) return 0;
    const minutes = Number(found[2]) * 60 + Number(found[3]) + Math.round(Number(found[4] ?? 0) / 60);
    return found[1] === '-' ? -minutes : minutes;
  }

  /**
   * The instant of a local wall time, given as ms since 1970 as if it were UTC.
   * @returns null where the policy refuses a skipped or repeated time.
   */
  resolve(local: number, policy: LocalTimePolicy): Resolved | null {
    const hour = Math.floor(local / HOUR);
    let offset = this.plainHours.get(hour);
    if (offset === undefined) {
      const candidates = this.candidates(hour * HOUR);
      const last = this.candidates(hour * HOUR + HOUR - 1);
      if (candidates.length !== 1 || last.length !== 1 || candidates[0] !== last[0])
        return this.resolveExactly(local, policy);
      offset = candidates[0] as number;
      this.plainHours.set(hour, offset);
    }
    return { instant: local - offset * MINUTE, offset };
  }

  /** The offsets under which the local time exists, the greater (earlier instant) first: none in a gap, two in an overlap. */
  private candidates(local: number): number[] {
    const near = new Set([this.offsetAt(local - DAY), this.offsetAt(local), this.offsetAt(local + DAY)]);
    return [...near].filter((o) => this.offsetAt(local - o * MINUTE) === o).sort((a, b) => b - a);
  }

  private resolveExactly(local: number, policy: LocalTimePolicy): Resolved | null {
    const found = this.candidates(local);
    if (found.length === 0) {
      if (policy.nonexistent === 'refuse') return null;
      const instant = local - this.offsetAt(local - DAY) * MINUTE; // read by the clock before the change, it lies after it
      return { instant, offset: this.offsetAt(instant) };
    }
    if (found.length > 1 && policy.ambiguous === 'refuse') return null;
    const offset = (policy.ambiguous === 'later' ? found.at(-1) : found[0]) as number;
    return { instant: local - offset * MINUTE, offset };
  }

  /** The first instant of the local day in which the instant lies (a day whose midnight is skipped starts when the clock resumes). */
  startOfDay(local: number): Resolved {
    return this.resolve(Math.floor(local / DAY) * DAY, { nonexistent: 'forward', ambiguous: 'earlier' }) as Resolved;
  }

  /** The first instant of the next local day; the end of a day is one microsecond before it. */
  startOfNextDay(local: number): Resolved {
    return this.startOfDay(local + DAY);
  }
}
