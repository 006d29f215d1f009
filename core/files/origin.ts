/**
 * Rows and files that were rejected come back through landing when they are replayed. What they say is still from the file that they came in, so
 * the replayed object carries what decides their place in time: whatever landed in between is not undone by an older row that was sent again.
 */

/** Where a replayed row or file was first. */
export interface Origin {
  /** 16 hex digits of the landing object that it came in. */
  readonly object: string;
  /** When that one landed, ms since 1970. */
  readonly landedMs: number;
  /** Its data rows that follow one another here; absent of a whole file. */
  readonly rows?: readonly number[];
}

const OBJECT = 'replay-of';
const LANDED = 'replay-landed';
const ROWS = 'replay-rows';

/** An origin as the metadata of an object. */
export const originMetadata = ({ object, landedMs, rows }: Origin): Record<string, string> => ({
  [OBJECT]: object,
  [LANDED]: String(landedMs),
  ...(rows ? { [ROWS]: rows.join(' ') } : {}),
});

/**
 * The origin that an object's metadata states; undefined where there is none that can be believed.
 * @param landedMs when the object itself landed
 */
export function originOf(metadata: Readonly<Record<string, string>> | undefined, landedMs: number): Origin | undefined {
  const { [OBJECT]: object = '', [LANDED]: landed = '', [ROWS]: rows } = metadata ?? {};
  if (!/^[0-9a-f]{16}$/.test(object) || !/^\d{1,15}$/.test(landed) || Number(landed) > landedMs) return undefined;
  if (rows !== undefined && !/^\d{1,12}( \d{1,12})*$/.test(rows)) return undefined;
  return { object, landedMs: Number(landed), ...(rows === undefined ? {} : { rows: rows.split(' ').map(Number) }) };
}

/** Number of a data row in the file that it came in. What a mended row was made of beyond it stands where that did. */
export const originalRow = (row: number, origin: Origin | undefined): number =>
  origin?.rows?.[Math.min(row, origin.rows.length) - 1] ?? row;
