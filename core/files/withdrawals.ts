import { namesOver, readingOfKey } from './readings';

/**
 * What was decided about landed objects and their readings, as names in the control bucket: each decision is an object of its own that is never
 * written again, and the last one about a name holds. `done` beside it says that the warehouse has followed. So a listing tells everything,
 * two that decide at once do not overwrite each other, and what happened stays visible.
 */

const PREFIX = 'withdrawals/';

export type Standing = 'withdrawn' | 'standing';

/** The last decision about an object, a reading, or what a reading lacks. */
export interface Decision {
  readonly name: string;
  /** From 1. */
  readonly n: number;
  readonly state: Standing;
  /** Whether a load has followed it. */
  readonly done: boolean;
}

/** What a decision's object holds. */
export interface DecisionBody {
  /** Arrival hour of what was made of the object, `YYYY-MM-DDTHH`. */
  readonly arrival_hour: string;
}

export type Decisions = ReadonlyMap<string, Decision>;

type Named = Pick<Decision, 'name' | 'n' | 'state'>;
const stem = ({ name, n, state }: Named): string => `${PREFIX}${name}/${String(n).padStart(6, '0')}-${state}`;

/** Key in control of a decision, and of the mark that it is done. */
export const decisionKey = (d: Named): string => `${stem(d)}.json`;
export const doneKey = (d: Named): string => `${stem(d)}.done`;
/** Prefix of the decisions about a name and the longer names that it begins; of all of them without one. */
export const decisionsPrefix = (name = ''): string => `${PREFIX}${name}`;

const KEY = /(?:^|\/)withdrawals\/([0-9a-ftp-]+)\/(\d{6})-(withdrawn|standing)\.(json|done)$/;

/** The last decision about each name. @param keys of control, in any order; what is none is passed over */
export function decisionsOf(keys: Iterable<string>): Decisions {
  const last = new Map<string, Decision>();
  const done = new Set<string>();
  for (const key of keys) {
    const [, name, number, state, kind] = KEY.exec(key) ?? [];
    if (name === undefined) continue;
    const decision = { name, n: Number(number), state: state as Standing, done: false };
    if (kind === 'done') done.add(stem(decision));
    else if ((last.get(name)?.n ?? 0) < decision.n) last.set(name, decision);
  }
  for (const [name, decision] of last) if (done.has(stem(decision))) last.set(name, { ...decision, done: true });
  return last;
}

/** Whether a reading is withdrawn, by what was decided about it or about its object. */
export const isWithdrawn = (decisions: Decisions, reading: string): boolean =>
  namesOver(reading).some((name) => decisions.get(name)?.state === 'withdrawn');

/** The same for an object of silver or quarantine; those of the stream always stand. */
export function isObjectWithdrawn(decisions: Decisions, key: string): boolean {
  const reading = readingOfKey(key);
  return reading !== undefined && isWithdrawn(decisions, reading);
}

/** Whether something was ever decided about an object of silver. */
export function isDecidedOn(decisions: Decisions, key: string): boolean {
  const reading = readingOfKey(key);
  return reading !== undefined && namesOver(reading).some((name) => decisions.has(name));
}

/**
 * Whether another reading took this one's place: its records were received once all the same, by the reading that stands. What a person withdrew
 * by the object's name was received and accepted.
 */
export const isReplaced = (decisions: Decisions, reading: string): boolean =>
  namesOver(reading)
    .slice(1)
    .some((name) => decisions.get(name)?.state === 'withdrawn');
