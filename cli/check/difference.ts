/** Something that two places which must agree say differently. Names hold no value of a record and no name that a sender gave. */
export interface Difference {
  readonly rule: CheckRule;
  /** The table, check, zone or shard. */
  readonly where: string;
  /** Rows, records or objects of the kind. */
  readonly count: number;
  /** The first of them: object names that the platform gave, ids of names that others gave, keys of rows. */
  readonly examples: readonly string[];
}

/** What a difference of each rule is, and the command that mends it. */
export const CHECK_RULES = {
  'CHK-OBJECT-01': { is: 'objects differ from what was stored', next: 'restore them from a copy of the folder; what cannot be restored must be sent again' },
  'CHK-OBJECT-02': { is: 'stored objects are gone', next: 'restore them from a copy of the folder; what cannot be restored must be sent again' },
  'CHK-OBJECT-03': { is: 'places cannot be read, and nothing derived from them was compared', next: 'repair what is named above, then: carelake check' },
  'CHK-LANDING-01': { is: 'landed files were not read', next: 'npm start: it reads them' },
  'CHK-LANDING-02': { is: 'files whose rows are in the lake are missing from landing', next: 'restore them from a copy of the folder: without them nothing can be read again' },
  'CHK-FILE-01': { is: 'files have a different number of rows in silver and quarantine than was read', next: 'npm start, and in another terminal read again the days on which they landed: carelake backfill --from DAY --to DAY' },
  'CHK-STREAM-01': { is: 'records that the stream acknowledged and delivered are neither in bronze nor held', next: 'send them again (docs/producers.md): repeats are recognized' },
  'CHK-STREAM-02': { is: 'records in bronze are beyond the end of the stream', next: 'nothing to do: the log of the stream lost its end after they were read' },
  'CHK-BRONZE-01': { is: 'received records are neither in silver, nor in quarantine, nor held', next: 'npm start, and in another terminal read again the days on which they arrived: carelake backfill --from DAY --to DAY' },
  'CHK-BRONZE-02': { is: 'records in silver or quarantine are not in bronze', next: 'restore bronze from a copy of the folder: without it nothing can be read again' },
  'CHK-LEDGER-01': { is: 'objects in silver were not loaded', next: 'npm start: it loads what is pending' },
  'CHK-LEDGER-02': { is: 'loaded objects are missing from silver', next: 'before any rebuild npm start, and in another terminal read again the days on which they arrived: carelake backfill --from DAY --to DAY' },
  'CHK-LEDGER-03': { is: 'loaded objects differ from the ledger in entity, version or number of rows', next: 'carelake rebuild' },
  'CHK-LEDGER-04': { is: 'the ledger disagrees with the decisions on which objects are withdrawn', next: 'npm start: its loads apply the decisions' },
  'CHK-RECEIPT-01': { is: 'objects have a receipt from a load that the warehouse has no record of', next: 'npm start: it loads them again' },
  'CHK-RECEIPT-02': { is: 'loaded objects have no receipt', next: 'npm start, and in another terminal: carelake load --full; it finds them loaded and writes the receipts' },
  'CHK-TABLE-01': { is: 'rows that follow from silver are missing', next: 'carelake rebuild' },
  'CHK-TABLE-02': { is: 'there are rows that do not follow from silver', next: 'carelake rebuild' },
  'CHK-TABLE-03': { is: 'the table cannot be read', next: 'carelake rebuild' },
  'CHK-SQL-02': { is: 'an abandoned load holds the lease', next: 'npm start: it finishes that load, or gives it up' },
  'CHK-SQL-01': { is: 'a check of the warehouse finds violations', next: 'carelake rebuild' },
} as const; // prettier-ignore

export type CheckRule = keyof typeof CHECK_RULES;

/** Examples that a difference shows. */
const SHOWN = 5;

/** A difference, or none where nothing was found. */
export function differenceOf(rule: CheckRule, where: string, found: readonly string[], count = found.length): Difference[] {
  return count === 0 ? [] : [{ rule, where, count, examples: found.slice(0, SHOWN) }];
} // prettier-ignore
