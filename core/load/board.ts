import type { EntityName } from '../../contracts';
import type { CopyGroup } from './plan';

/**
 * What loads leave for the next selection: the load that is under way, which is to be finished first, and objects of which one
 * cannot be loaded. One small object in the control bucket; a hint, since lease and ledger stand in the warehouse.
 */
export interface Board {
  /** Load under way, by whom it was started or by the lease. It is finished before another begins. */
  readonly open: string | null;
  readonly suspects: readonly Suspects[];
  /** Objects refused since the last load that was committed. */
  readonly refusedInARow: number;
}

/**
 * Refusals without one committed load in between, after which loads fail instead of refusing more: so many bad objects in a row
 * are an outage that was not recognized, and would empty the lake into quarantine.
 */
export const MAX_REFUSED_IN_A_ROW = 10;

/** Objects one of which made a load fail. */
export interface Suspects {
  /** `refused` by COPY, `unreadable` before any COPY, or `slow`: too much for the warehouse's time limit. */
  readonly reason: 'refused' | 'unreadable' | 'slow';
  /** Keys in the silver bucket, sorted. */
  readonly objects: readonly string[];
  /** How many there were when they failed together; more than `objects` once some were loaded. */
  readonly size: number;
}

export const BOARD_KEY = 'loads/_board.json';
export const EMPTY_BOARD: Board = { open: null, suspects: [], refusedInARow: 0 };

/** Most suspects kept: above it the smallest groups, which are nearest to the culprit, stay. */
const MAX_GROUPS = 200;

const sameSet = (a: Suspects, b: Suspects) => a.objects.join('\n') === b.objects.join('\n');

/** Adds a group that failed together; a group that is noted already and failed again is one that failed as it is now. */
export function withSuspects(board: Board, group: Omit<Suspects, 'size'>): Board {
  const sorted = { ...group, objects: [...group.objects].sort(), size: group.objects.length };
  if (sorted.size === 0) return board;
  const suspects = [...board.suspects.filter((s) => !sameSet(s, sorted)), sorted];
  suspects.sort((a, b) => a.objects.length - b.objects.length);
  return { ...board, suspects: suspects.slice(0, MAX_GROUPS) };
}

/** Takes objects that are settled (loaded, refused or gone) out of all groups, and empty groups off the board. */
export function withoutObjects(board: Board, settled: ReadonlySet<string>): Board {
  const suspects = board.suspects
    .map((s) => ({ ...s, objects: s.objects.filter((o) => !settled.has(o)) }))
    .filter((s) => s.objects.length > 0);
  return { ...board, suspects };
}

/** Takes an object off that was found guilty, and with it all groups that were under suspicion because of it: they go with the others again. */
export function withoutCulprit(board: Board, culprit: string): Board {
  return { ...board, suspects: board.suspects.filter((s) => !s.objects.includes(culprit)) };
}

/** Names the load that is under way. */
export const withOpen = (board: Board, loadId: string): Board => ({ ...board, open: loadId });

/** Forgets a load that is under way no longer. */
export const withoutOpen = (board: Board, loadId: string): Board =>
  board.open === loadId ? { ...board, open: null } : board;

/** Reads a board. A text that is none reads as an empty one: everything on it is found out again. */
export function readBoard(text: string | undefined): Board {
  try {
    const board = JSON.parse(text ?? '{}') as Partial<Board>;
    return {
      open: typeof board.open === 'string' && /^[0-9a-f]{32}$/.test(board.open) ? board.open : null,
      suspects: (board.suspects ?? [])
        .filter((s) => Array.isArray(s?.objects) && s.objects.length > 0)
        .map((s) => ({ ...s, size: Number(s.size) || s.objects.length })),
      refusedInARow: Number(board.refusedInARow) || 0,
    };
  } catch {
    return EMPTY_BOARD;
  }
}

/**
 * Objects that a refused COPY is about, of the load's.
 * @param copy entity and version of the COPY; absent: all of them
 */
export function accused<T extends { readonly object: string; readonly entity: EntityName; readonly version: number }>(
  objects: readonly T[],
  copy?: CopyGroup,
): T[] {
  return copy ? objects.filter((o) => o.entity === copy.entity && o.version === copy.version) : [...objects];
}
