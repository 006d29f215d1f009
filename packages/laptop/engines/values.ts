import { DuckDBTypeId, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { RAISED } from './sql-casts';

/** A column of a result, in Redshift's names of types. */
export interface ColumnInfo {
  readonly name: string;
  /** int2, int4, int8, float4, float8, numeric, bool, varchar, date, timestamp, timestamptz, … */
  readonly type: string;
  readonly precision: number;
  readonly scale: number;
}

/** A result as rows of JavaScript values: numbers, strings, booleans, bigint (beyond 2^53), null. Dates, times and decimals are text. */
export interface QueryResult {
  readonly columns: readonly ColumnInfo[];
  readonly rows: unknown[][];
  readonly rowsChanged: number;
}

const NAMES: Partial<Record<DuckDBTypeId, readonly [string, number]>> = {
  [DuckDBTypeId.BOOLEAN]: ['bool', 1],
  [DuckDBTypeId.TINYINT]: ['int2', 5],
  [DuckDBTypeId.UTINYINT]: ['int2', 5],
  [DuckDBTypeId.SMALLINT]: ['int2', 5],
  [DuckDBTypeId.USMALLINT]: ['int4', 10],
  [DuckDBTypeId.INTEGER]: ['int4', 10],
  [DuckDBTypeId.UINTEGER]: ['int8', 19],
  [DuckDBTypeId.BIGINT]: ['int8', 19],
  // The local engine adds integers up in 128 bits where Redshift uses 64.
  [DuckDBTypeId.HUGEINT]: ['int8', 19],
  [DuckDBTypeId.UBIGINT]: ['int8', 19],
  [DuckDBTypeId.FLOAT]: ['float4', 8],
  [DuckDBTypeId.DOUBLE]: ['float8', 17],
  [DuckDBTypeId.DATE]: ['date', 13],
  [DuckDBTypeId.TIME]: ['time', 15],
  [DuckDBTypeId.TIMESTAMP]: ['timestamp', 29],
  [DuckDBTypeId.TIMESTAMP_TZ]: ['timestamptz', 35],
};

/** Describes a column; names are lower case as Redshift folds them. */
export function columnInfo(name: string, type: DuckDBType): ColumnInfo {
  const known = NAMES[type.typeId];
  if (known) return { name: name.toLowerCase(), type: known[0], precision: known[1], scale: 0 };
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type.toString());
  if (decimal)
    return { name: name.toLowerCase(), type: 'numeric', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  return { name: name.toLowerCase(), type: 'varchar', precision: 65_535, scale: 0 };
}

/** A value as plain JavaScript: numbers and booleans as such, integers beyond 2^53 as bigint, everything else as text. */
export function plainValue(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  return String(value);
}

/** From a text's first quote to its last one, since what is quoted may hold quotes; the one of "can't" begins no text. */
const TEXTS = /"?(?<![A-Za-z])'(?:.*'"?|.*)/;
const QUOTED = /(?<![A-Za-z])['"](?:.*['"]|.*)/;

/** What a translated statement fails with by itself: Redshift's sentence, and a column. Nothing else may come through here. */
const RAISED_BY_STATEMENT = new RegExp(
  `^(?:Error: )?Invalid Input Error: redshift: ((?:${Object.values(RAISED)
    .map((sentence) => sentence.replace(/[()…]/g, '\\$&'))
    .join('|')})(?:: column [\\w$]+)?)$`,
);

/** The system's words for a disk that is used up, and the engine's for the part of it that one statement may fill. */
const NO_ROOM: readonly (readonly [RegExp, string])[] = [
  [
    /no space left on device|disk quota exceeded|not enough space on the disk/i,
    'disk full: the warehouse could not write what the statement needs, and kept none of it. Free some space on that disk and run it again',
  ],
  [
    /failed to offload data block/i,
    'out of disk space: the intermediate results of the statement need more than is free. Ask for less, or free some space on that disk',
  ],
];
/** How an engine begins that answers nothing any more until it is started again. */
export const BROKEN =
  "ERROR: connection lost: the warehouse's engine failed in an earlier statement; it was stopped and is available again for the next one";

const roomOf = (message: string): Error | undefined => {
  const room = NO_ROOM.find(([words]) => words.test(message));
  return room && new Error(`ERROR: ${room[1]}`);
};

/**
 * An error of the local engine in the words Redshift uses where callers look for them, without values of the data or texts of the
 * statement: a message travels further than the statement does.
 */
export function engineError(error: unknown): Error {
  const raised = RAISED_BY_STATEMENT.exec(error instanceof Error ? error.message : String(error));
  if (raised) return new Error(`ERROR: ${raised[1]}`);
  // Errors carry one prefix more that come while a statement or its result is read.
  const message = (error instanceof Error ? error.message : String(error)).replace(
    /^(Error|Failed to extract statements): /,
    '',
  );
  // It tells so of every statement after one that broke it, and quotes that one's error.
  if (/database has been invalidated/i.test(message)) return roomOf(message) ?? new Error(BROKEN);
  // What is quoted may be data, and says nothing of the disk. At a commit the engine tells it as a failed transaction.
  const room = roomOf(message.replace(/'[^']*'|"[^"]*"/g, ''));
  if (room) return room;
  const missing = /NOT NULL constraint failed: (?:[^\s.]+\.)*([^\s.]+)/.exec(message);
  if (missing) return new Error(`ERROR: Cannot insert a NULL value into column ${missing[1]}`);
  if (/conflict|TransactionContext Error/i.test(message) && /transaction|conflict on/i.test(message))
    return new Error('ERROR: could not complete because of conflict with concurrent transaction');
  if (/INTERRUPT/i.test(message)) return new Error("ERROR: Query cancelled on user's request");
  // What follows the first line quotes the statement. These kinds name tables, columns and functions in quotes; what any other quotes is data.
  const first = message.split('\n')[0] ?? message;
  const full = /^Out of Memory Error.*\/([\d.]+ \w+) used\)/.exec(first);
  if (full)
    return new Error(`ERROR: out of memory: the statement needs more than the ${full[1]} that the warehouse has`);
  const names = /^(Parser|Binder|Catalog) Error/.test(first);
  const withheld = first
    .replace(names ? TEXTS : QUOTED, '(withheld)')
    .replace(/(?<![\w.])-?\d{2,}(\.\d+)?/g, '(withheld)');
  return new Error(`ERROR: ${withheld}`);
}
