import { allFollowUps, type FollowUp } from './phases';

/**
 * What loads leave for the next selection, as one small object in the control bucket. It saves work and waiting, and may be lost: lease,
 * ledger and guards in the warehouse decide.
 */
export interface ControlState {
  /** The load under way, which is finished before another begins. */
  readonly current: string | null;
  readonly failedGroups: readonly FailedGroup[];
  /** Objects refused since the last load that was committed. */
  readonly refusedInARow: number;
  /** What loads that were given up have left, until a load that did it is closed. */
  readonly followUps: readonly FollowUp[];
}

/**
 * Refusals without one committed load in between, after which loads fail instead of refusing more: so many bad objects in a row
 * are an outage that was not recognized, and would empty the lake into quarantine.
 */
export const MAX_REFUSED_IN_A_ROW = 10;

/** Objects at least one of which made a load fail; they are bisected until it is found. */
export interface FailedGroup {
  /** `refused` by COPY, `unreadable` before any COPY, or `slow`: too much for the warehouse's time limit. */
  readonly reason: 'refused' | 'unreadable' | 'slow';
  /** Keys in the silver bucket, sorted. */
  readonly objects: readonly string[];
  /** How many there were when they failed together; more than `objects` once some were loaded. */
  readonly size: number;
}

export const CONTROL_STATE_KEY = 'loads/_state.json';
/** The state before the first load. */
export const EMPTY_STATE: ControlState = { current: null, failedGroups: [], refusedInARow: 0, followUps: [] };
/**
 * The state when what was written cannot be read, and may have said anything: the next refusal is taken for an outage, and the next load
 * does every follow-up.
 */
export const UNKNOWN_STATE: ControlState = {
  ...EMPTY_STATE,
  refusedInARow: MAX_REFUSED_IN_A_ROW,
  followUps: allFollowUps(),
};

/** Most groups kept: beyond it the smallest stay, which are nearest to the bad object. */
const MAX_GROUPS = 200;

const sameSet = (a: FailedGroup, b: FailedGroup) => a.objects.join('\n') === b.objects.join('\n');

/** Adds a group that failed together; one that is known already has failed again, with the objects that it has now. */
export function withFailedGroup(state: ControlState, group: Omit<FailedGroup, 'size'>): ControlState {
  const sorted = { ...group, objects: [...group.objects].sort(), size: group.objects.length };
  if (sorted.size === 0) return state;
  const failedGroups = [...state.failedGroups.filter((g) => !sameSet(g, sorted)), sorted];
  failedGroups.sort((a, b) => a.objects.length - b.objects.length);
  return { ...state, failedGroups: failedGroups.slice(0, MAX_GROUPS) };
}

/** Takes objects that are settled (loaded, refused or gone) out of all groups, and drops groups that are empty then. */
export function withoutObjects(state: ControlState, settled: ReadonlySet<string>): ControlState {
  const failedGroups = state.failedGroups
    .map((g) => ({ ...g, objects: g.objects.filter((o) => !settled.has(o)) }))
    .filter((g) => g.objects.length > 0);
  return { ...state, failedGroups };
}

/** Drops all groups that a bad object is in: it may alone have made them fail, so that the others are loaded as usual again. */
export function withoutGroupsOf(state: ControlState, badObject: string): ControlState {
  return { ...state, failedGroups: state.failedGroups.filter((g) => !g.objects.includes(badObject)) };
}

/** Names the load that is under way. */
export const withCurrent = (state: ControlState, loadId: string): ControlState => ({ ...state, current: loadId });

/** Forgets a load that is under way no longer. */
export const withoutCurrent = (state: ControlState, loadId: string): ControlState =>
  state.current === loadId ? { ...state, current: null } : state;

/** Adds what a load leaves that is given up. */
export const withFollowUps = (state: ControlState, left: readonly FollowUp[]): ControlState => ({
  ...state,
  followUps: [...new Set([...state.followUps, ...left])].sort(),
});

/** Forgets what a closed load has done. */
export const withoutFollowUps = (state: ControlState, done: readonly FollowUp[]): ControlState => ({
  ...state,
  followUps: state.followUps.filter((f) => !done.includes(f)),
});

const isLoadId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
const REASONS: readonly unknown[] = ['refused', 'unreadable', 'slow'] satisfies FailedGroup['reason'][];

function isGroup(value: unknown): value is FailedGroup {
  const g = value as Partial<FailedGroup> | null;
  const objects: unknown = g?.objects;
  return (
    REASONS.includes(g?.reason) &&
    Array.isArray(objects) &&
    objects.length > 0 &&
    objects.every((o) => typeof o === 'string') &&
    Number.isInteger(g?.size)
  );
}

/** Reads a state that was written before; undefined where the text is none. */
export function parseControlState(text: string): ControlState | undefined {
  let value: Partial<ControlState> | null;
  try {
    value = JSON.parse(text) as Partial<ControlState> | null;
  } catch {
    return undefined;
  }
  const { current, failedGroups, refusedInARow, followUps } = value ?? {};
  if (current !== null && !isLoadId(current)) return undefined;
  if (!Array.isArray(failedGroups) || !failedGroups.every(isGroup)) return undefined;
  if (!Number.isInteger(refusedInARow)) return undefined;
  const known = allFollowUps();
  if (!Array.isArray(followUps) || !followUps.every((f) => known.includes(f))) return undefined;
  return { current, failedGroups, refusedInARow: refusedInARow!, followUps };
}
