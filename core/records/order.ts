import { SEQUENCE_MAX_DIGITS } from '../../contracts/envelope';

/**
 * Source order: where an event stands in the order of its source, as one number that SQL compares (`source_order`). It belongs to the event
 * and never to its arrival. None is below every file, and a file below every sequence, so that a source which begins to number its events
 * is believed over its earlier files.
 */
export const NO_ORDER = 0n;
const FILE = 10n ** 37n;
const SEQUENCE = 2n * FILE;
/** Room between two microseconds for the rows of a file, and between two rows for the elements of the lists in one. */
const PER_MICROSECOND = 10n ** 18n;
const PER_ROW = 1_000_000n;

const DIGITS = new RegExp(`^\\d{1,${SEQUENCE_MAX_DIGITS}}$`);

/** Order of a source_sequence; undefined where the value is none. A number beyond 2^53 has lost digits already. */
export function sequenceOrder(value: unknown): bigint | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? SEQUENCE + BigInt(value) : undefined;
  return typeof value === 'string' && DIGITS.test(value) ? SEQUENCE + BigInt(value) : undefined;
}

/**
 * Orders of the rows of a file.
 * @param fileTime microseconds since 1970 UTC
 * @returns the order of a 1-based data row
 */
export function fileOrder(fileTime: number): (row: number) => bigint {
  const base = FILE + BigInt(fileTime) * PER_MICROSECOND;
  return (row) => base + BigInt(row) * PER_ROW;
}
