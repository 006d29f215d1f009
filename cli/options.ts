import { InvalidArgumentError } from 'commander';
import type { Read } from './source';

/** A whole number of a range. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high)
      throw new InvalidArgumentError(`a whole number from ${low} to ${high} is expected.`);
    return value;
  };
}

export const DATA = [
  '--data <dir>',
  'data folder (default: .carelake/demo, or .carelake/<profile> for a file)',
] as const;
export const JSON_OUT = ['--json', 'print the result as JSON on stdout, and nothing else there'] as const;

/** A day of the calendar, `YYYY-MM-DD`. */
export function day(text: string): string {
  const at = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('a day is expected, YYYY-MM-DD.');
  return text;
}

/** A moment from which on records are meant: a day, a time, or so long ago; as ISO-8601, UTC. */
export function moment(text: string): string {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago) {
    const ms = { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 'm' | 'h' | 'd'];
    return new Date(Date.now() - Number(ago[1]) * ms).toISOString();
  }
  const given = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?$/.test(text);
  const at = new Date(text.length === 10 ? `${text}T00:00:00Z` : text.endsWith('Z') ? text : `${text}Z`);
  if (!given || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError(
      'a day (2026-03-28), a UTC time (2026-03-28T10:00) or a time ago (90m, 12h, 7d) is expected.',
    );
  return at.toISOString();
}

/** Profiles, sources and files in the order in which the command line names them: what is read is read by what stands before it, or by the only one. */
export class Reads {
  private readonly named: Read[] = [];

  readonly profile = (profile: string): string => this.add({ profile }, profile);
  readonly source = (source: string): string => this.add({ source }, source);
  readonly input = (input: string): string => this.add({ input }, input);

  private add(read: Read, value: string): string {
    this.named.push(read);
    return value;
  }

  /** Each file with its profile, each folder with its source. What has nothing to read, and a file without a profile, stand alone. */
  pairs(): Read[] {
    const readers = this.named.filter((one) => one.input === undefined);
    const found: Read[] = [];
    const used = new Set<Read>();
    let current = readers.length === 1 ? readers[0] : undefined;
    for (const one of this.named) {
      if (one.input === undefined) current = one;
      else {
        found.push({ ...current, input: one.input });
        if (current) used.add(current);
      }
    }
    return [...found, ...readers.filter((one) => !used.has(one))];
  }
}
