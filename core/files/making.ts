import type { RuleId } from '../../contracts';
import type { FileRule } from '../../profiles/rules';
import type { Origin } from './origin';

/** What a row looks like to the mapper: CSV cells, or a JSON object. */
export type Row = readonly string[] | Record<string, unknown>;

/** What is known of the file besides its rows. */
export interface FileFacts {
  /** Name of the landing object. */
  objectKey: string;
  /** When it landed, ms since 1970. */
  lastModifiedMs: number;
  /** When it was made, as far as the profile does not say so: microseconds since 1970. */
  fileTime: number;
  /** The lines above its columns, where the profile says that there are some. */
  preamble?: readonly string[];
  /** Where its rows were before they were replayed. */
  origin?: Origin | undefined;
  /** Where what is worth telling of a row is noted, though the row is read. */
  notes?: Set<FileRule>;
}

/** Stands for a value that could not be made, with the rule that says why. */
export class Fault {
  private constructor(readonly rule: RuleId | FileRule) {}
  private static readonly made = new Map<string, Fault>();

  static of(rule: RuleId | FileRule): Fault {
    let fault = Fault.made.get(rule);
    if (!fault) Fault.made.set(rule, (fault = new Fault(rule)));
    return fault;
  }
}

/** A day of a two-digit year: the centuries are told apart by when the source knew it. */
export class TwoCenturies {
  constructor(
    /** `YYYY-MM-DD`, the earlier first. */
    readonly days: readonly [string, string],
  ) {}
}

/** A value of the contract, undefined for "no value", or a fault. */
export type Made = string | number | boolean | undefined | Fault | TwoCenturies;
/** Makes a value of a row and, in an entity with `each`, of the element of its list. */
export type Maker = (row: Row, element?: unknown) => Made;
/** What a source gives for a value. */
export type Text = string | number | boolean;
/** The raw cell of a column: text, a JSON value, or undefined. */
export type CellReader = (row: Row) => unknown;
