/** What the state machine hands over: a daily sweep says nothing, a backfill says of which days. */
export interface SweepEvent {
  /** First and last day of landing, `YYYY-MM-DD`, UTC: everything that landed then is started again. */
  from?: string;
  to?: string;
  /** Names the backfill; its progress lies under this name in control. */
  id?: string;
  /** Ask S3 to fetch what lies in an archive. */
  restore?: boolean;
  /** Age after which an unread object is started again, for a sweep by hand. */
  unread_after_minutes?: number;
  /** From the invocation before: when the sweep or backfill began, whether all of landing was looked through, what was counted. */
  since?: string;
  listed?: boolean;
  counts?: Partial<Counts>;
  /** How often it was asked what is not read yet. */
  polls?: number;
  /** What rebuilding silver from bronze has counted. */
  bronze?: Record<string, number>;
}

export interface Counts {
  /** Objects that were started. */
  started: number;
  /** Objects that lie in an archive, and those of them that S3 was asked for or is fetching. */
  archived: number;
  restoring: number;
  /** Hours until what was asked for can be read. */
  restore_hours: number;
  /** Of a sweep: objects that nobody has read. */
  unread: number;
}

/** The event of the next invocation while `done` is false: counts and days, never the name of an object. */
export interface SweepResult extends SweepEvent {
  counts: Counts;
  /** Backfilled objects that are not read yet. */
  waiting?: number;
  /** Seconds until it is worth asking again. */
  wait_seconds?: number;
  done: boolean;
}

export const countsOf = (event: SweepEvent): Counts => ({
  started: 0,
  archived: 0,
  restoring: 0,
  restore_hours: 0,
  unread: 0,
  ...event.counts,
});
