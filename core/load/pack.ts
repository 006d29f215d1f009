import { MAX_SQL_BYTES, MAX_STATEMENTS, SqlError } from '../warehouse/sql';

/** What a part of a transaction takes of its limits. */
export interface Size {
  readonly statements: number;
  /** Bytes of SQL. */
  readonly bytes: number;
}

/** Limits of one transaction: those of one call of the Data API. */
export const LIMITS: Size = { statements: MAX_STATEMENTS, bytes: MAX_SQL_BYTES };

export const plus = (a: Size, b: Size): Size => ({ statements: a.statements + b.statements, bytes: a.bytes + b.bytes });
/** Whether one transaction holds it. */
export const fits = (size: Size): boolean => size.statements <= LIMITS.statements && size.bytes <= LIMITS.bytes;

/**
 * Packs phases into as few transactions as hold them, in their order. Packing starts at the end: what may share the last transaction
 * with the closing of the load does, so that a load that is given up half-way has left as little as possible.
 * @param opening what every transaction begins with
 * @param boundary place of a phase that does not share a transaction with the one before it, if there are both
 * @throws SqlError for a phase that fills more than one transaction by itself
 */
export function pack<P extends string>(
  phases: readonly P[],
  sizeOf: (phase: P) => Size,
  opening: Size,
  boundary?: number,
): P[][] {
  const steps: P[][] = [];
  let filled: Size | undefined;
  for (let at = phases.length - 1; at >= 0; at--) {
    const size = sizeOf(phases[at]);
    if (!fits(plus(opening, size))) throw new SqlError(tooLarge(phases[at], plus(opening, size)));
    const mayJoin = filled !== undefined && at + 1 !== boundary && fits(plus(filled, size));
    if (!mayJoin) steps.unshift([]);
    filled = plus(mayJoin ? filled! : opening, size);
    steps[0].unshift(phases[at]);
  }
  return steps;
}

const tooLarge = (phase: string, size: Size): string =>
  `phase ${phase}: a transaction of ${size.statements} statements and ${size.bytes} bytes of SQL, the Data API takes ${LIMITS.statements} and ${LIMITS.bytes}`;
