import {
  compilePattern,
  formatDate,
  FURTHEST_MS,
  type ParsedTime,
  type TimeOptions,
  type TimeParser,
  toIso,
} from '../../profiles/patterns';
import type { FileRule } from '../../profiles/rules';
import type { Expression, Profile } from '../../profiles/schema';
import { type CellReader, Fault, type Made, type Maker, type Row, type Text, TwoCenturies } from './making';
import { asText, notation, plainNumber } from './numbers';

/** Distinct times of a file are far fewer than its rows; beyond this many the memory is started afresh. */
const REMEMBERED_TIMES = 20_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
const UNIT_MS = { seconds: 1000, minutes: MINUTE, hours: 60 * MINUTE, days: DAY } as const;

interface Around {
  /** Compiles the other time that this one is compared with. */
  compileOther: (e: Expression) => Maker;
  notes: Set<FileRule> | undefined;
  cell: (column: string) => CellReader;
  /** The day lies before the source knew it: that tells the century of a two-digit year. */
  isPast: boolean;
}

/** What the patterns read in a text. */
interface Found {
  time: ParsedTime | null;
  /** More than one pattern fits, and another makes another day of it. */
  isAmbiguous: boolean;
}

/** Compiles how a text becomes a time or a date: its patterns, its zone, and what is added. */
export function timeMaker(
  e: Expression,
  type: 'ts' | 'date',
  profile: Profile,
  { compileOther, notes, cell, isPast }: Around,
): (value: Text, row: Row, element?: unknown) => Made {
  const given = e.datetime ?? e.date ?? (e.last_modified && (e.day || e.zone) ? 'iso' : undefined);
  if (given === undefined) return asText;
  const read = remembered(readerOf([given].flat().map(compilePattern)));
  const options: TimeOptions = {
    zone: e.zone ?? profile.file.zone,
    showIn: e.zone,
    day: e.day,
    nonexistent: e.nonexistent ?? 'forward',
    ambiguous: e.ambiguous ?? 'earlier',
  };
  const show = (time: ParsedTime, elapsedMs = 0): Made => {
    if (type === 'date' && isPast && time.otherCentury !== undefined) {
      const [first, second] = [time.local, time.otherCentury].sort((a, b) => a - b);
      return new TwoCenturies([formatDate(first!), formatDate(second!)]);
    }
    if (type === 'date') return formatDate(time.local);
    if (time.offset === null && options.zone === undefined) return Fault.of('FIL-MAP-02');
    return toIso(time, options, elapsedMs) ?? Fault.of('FIL-MAP-04');
  };
  const steps = stepsOf(e, profile, { compileOther, cell }, show);
  const shown = remembered((text) => {
    const { time } = read(text);
    return time ? show(time) : Fault.of('FIL-MAP-02');
  });
  return (value, row, element) => {
    const text = String(value);
    const { time, isAmbiguous } = read(text);
    if (isAmbiguous) notes?.add('FIL-TIM-01');
    if (!steps) return shown(text);
    return time ? steps({ ...time }, row, element) : Fault.of('FIL-MAP-02');
  };
}

function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let made = known.get(text);
    if (made === undefined) {
      made = make(text);
      if (known.size >= REMEMBERED_TIMES) known.clear();
      known.set(text, made);
    }
    return made;
  };
}

const dayOf = (time: ParsedTime): number => Math.floor(time.local / DAY);

function readerOf(parsers: readonly TimeParser[]): (text: string) => Found {
  return (text) => {
    const [first, ...others] = parsers.map((parse) => parse(text)).filter((time) => time !== null);
    return {
      time: first ?? null,
      isAmbiguous: first !== undefined && others.some((other) => dayOf(other) !== dayOf(first)),
    };
  };
}

/** What is added to a time, row by row; undefined where nothing is. */
function stepsOf(
  e: Expression,
  profile: Profile,
  { compileOther, cell }: Pick<Around, 'compileOther' | 'cell'>,
  show: (time: ParsedTime, elapsedMs?: number) => Made,
): ((time: ParsedTime, row: Row, element?: unknown) => Made) | undefined {
  if (e.minutes_of_day === undefined && !e.next_day_when_before && !e.plus) return undefined;
  const minutes = e.minutes_of_day === undefined ? undefined : amountReader(e, profile, cell(e.minutes_of_day));
  const other = e.next_day_when_before && compileOther(e.next_day_when_before);
  const plus = e.plus && {
    read: e.plus.column === undefined ? () => e.plus!.constant : amountReader(e, profile, cell(e.plus.column)),
    unit: e.plus.unit,
  };
  return (time, row, element) => {
    if (minutes) {
      const n = minutes(row);
      if (n === undefined || n instanceof Fault) return n;
      if (n < 0 || n >= DAY / MINUTE) return Fault.of('FIL-MAP-03');
      time.local = dayOf(time) * DAY + Math.floor(Math.round(n * MINUTE) / 1000) * 1000;
    }
    if (other) {
      const begin = other(row, element);
      const made = show(time);
      if (typeof begin === 'string' && typeof made === 'string' && Date.parse(made) < Date.parse(begin))
        time.local += DAY;
    }
    if (!plus) return show(time);
    const n = plus.read(row);
    if (n === undefined || n instanceof Fault) return n;
    const ms = n * UNIT_MS[plus.unit];
    if (Math.abs(ms) > FURTHEST_MS) return Fault.of('FIL-MAP-03');
    if (plus.unit !== 'days') return show(time, ms);
    time.local += ms;
    return Number.isInteger(n) ? show(time) : Fault.of('FIL-MAP-03');
  };
}

/** Reads a duration; a cell without a value is none, and what is added to nothing known is nothing. */
function amountReader(e: Expression, profile: Profile, read: CellReader): (row: Row) => number | undefined | Fault {
  const marks = notation(e, profile);
  const nulls = new Set([...profile.file.null_values, ...(e.null_values ?? [])]);
  return (row) => {
    const raw = read(row);
    if (typeof raw === 'number') return raw;
    if (raw === undefined || raw === null) return undefined;
    const text = typeof raw === 'string' ? raw.trim() : '';
    if (typeof raw === 'string' && (text === '' || nulls.has(text))) return undefined;
    const plain = plainNumber(text, marks);
    return plain === null ? Fault.of('FIL-MAP-03') : Number(plain);
  };
}
