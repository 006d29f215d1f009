import type { Role } from './load-sql';

/**
 * Why a transaction ended without success, as a code. The engine's texts quote values and SQL, so that they are turned into these codes
 * where they are received and go no further.
 */
export type Failure =
  /** Another load is between its transactions. */
  | 'LEASE_BUSY'
  /** The ledger already holds an object of the batch. */
  | 'ALREADY_LOADED'
  /** The list of objects or what COPY read is not what was planned. */
  | 'PLAN_STALE'
  /** The warehouse was keyed with another secret. */
  | 'KEY_MISMATCH'
  /** The warehouse went back to a time before an earlier transaction of this load. */
  | 'STEPS_LOST'
  /** Not exactly the decided facts were written. */
  | 'FACTS_NOT_WHOLE'
  /** The log does not hold exactly the events that the load added to it. */
  | 'LOG_NOT_WHOLE'
  /** A fact has not followed a member that changed, or a member is left that no fact names: the plan had no phase for it. */
  | 'LEFT_OVER'
  /** COPY refused the content of an object. */
  | 'COPY_REFUSED'
  /** COPY failed in a way that is neither known as the content's fault nor as an outage. */
  | 'COPY_UNKNOWN'
  /** COPY could not read: rights, keys, network, throttling. */
  | 'COPY_UNREADABLE'
  /** A concurrent transaction won. */
  | 'CONFLICT'
  /** Cancelled, or ran longer than the warehouse allows. */
  | 'ABORTED'
  /** The warehouse is over its limits or not there. */
  | 'UNAVAILABLE'
  /** The statement is not known any more (results are kept for 24 hours). */
  | 'FORGOTTEN'
  /** The database role may not do this. */
  | 'DENIED'
  | 'UNKNOWN';

/** What the engine said about a transaction that failed. */
export interface EngineFault {
  readonly status: 'FAILED' | 'ABORTED';
  /** Engine text of the failed statement. */
  readonly text: string;
  /** Role of the failed statement, where it is known. */
  readonly role?: Role;
}

/** Columns of `ops.guard`, `ops.load_count` and `ops.reread`: the engine names the one that refused NULL. */
const GUARDS: readonly [column: string, failure: Failure][] = [
  ['lease_is_ours', 'LEASE_BUSY'],
  ['object_is_new', 'ALREADY_LOADED'],
  ['object_list_is_whole', 'PLAN_STALE'],
  ['key_is_ours', 'KEY_MISMATCH'],
  ['earlier_steps_are_there', 'STEPS_LOST'],
  ['facts_are_whole', 'FACTS_NOT_WHOLE'],
  ['touched_are_restated', 'LEFT_OVER'],
  ['unreferenced_are_pruned', 'LEFT_OVER'],
  // Of ops.load_count, whose counts cannot be written unless they are true.
  ['rows_read', 'PLAN_STALE'],
  ['events_added', 'LOG_NOT_WHOLE'],
  // Of ops.reread, likewise.
  ['rows_before', 'PLAN_STALE'],
  ['events_before', 'STEPS_LOST'],
];

const CONFLICT = /\b1023\b|serializ|concurrent|deadlock|write-write conflict|transaction conflict|Conflict on /i;
const ABORTED = /\bcancell?ed\b|\baborted\b|\btimed? ?out\b|\btimeout\b|query monitoring|execution time/i;
const UNAVAILABLE =
  /could not (connect|establish)|connection (was |is )?(closed|lost|refused|reset)|out of memory|disk full|usage limit|workgroup .*(unavailable|not available)|internal error|service unavailable/i;
/** The object has changed or gone since it was planned. */
const STALE =
  /content.?length|does not match the manifest|NoSuchKey|(manifest|mandatory|object|file|path|key).*(not found|not exist|no such)|no such file/i;
const UNREADABLE =
  /S3ServiceException|S3CurlException|AccessDenied|access denied|forbidden|not authori[sz]ed|assume ?role|iam_?role|\bkms\b|credential|signature|SlowDown|throttl|too many requests|NoSuchBucket|bucket \S* ?does not exist|presigned|expired/i;
/**
 * What Redshift says when the content of an object does not fit the table. Its code 15007 is no help: refused access and outages carry it
 * too. Only what is known here is refused, since a refused object is left out of the warehouse for good.
 */
const CONTENT = [
  /length of the data column .*is longer than/i,
  /incompatible Parquet schema/i,
  /(unmatched|different|wrong) number of columns|has \d+ columns, the table has \d+/i,
  /(is no|not an?|invalid|corrupt(ed)?|malformed) Parquet|magic (number|bytes)|corrupt (file|page|footer)|invalid (page|footer)/i,
  /NULL value in column|cannot insert a NULL|not-null constraint/i,
  /invalid (value|digit|UTF-?8|byte sequence|timestamp|date)|multibyte|out of range|overflow|precision/i,
];
const DENIED = /permission denied|must be owner|not authori[sz]ed|insufficient privilege|access denied/i;

/** An engine's words without what it quotes: object names, columns and values would be taken for its own. */
const ownWords = (text: string): string =>
  text.replace(/\b(?:https?|s3):\/\/[^\s'"]+/g, ' ').replace(/'[^']*'|"[^"]*"|\bValue: .*/g, ' ');

/**
 * Distinguishes failures. A COPY of silver whose failure is known neither as an outage nor as the content's fault is its own kind: the load
 * is halved as for a refused object, so that one object does not hold the others, but none is refused on a guess.
 */
export function classify(fault: EngineFault): Failure {
  const { role } = fault;
  if (role === undefined || role.kind === 'guard') {
    // NULL into a guard's column is the only way in which these names occur in an engine's text.
    const guard = GUARDS.find(([column]) => fault.text.includes(column));
    if (guard) return guard[1];
  }
  const text = ownWords(fault.text);
  if (CONFLICT.test(text)) return 'CONFLICT';
  if (fault.status === 'ABORTED' || ABORTED.test(text)) return 'ABORTED';
  if (UNAVAILABLE.test(text)) return 'UNAVAILABLE';
  if (role?.kind === 'copy' || role?.kind === 'copyList') {
    if (STALE.test(text)) return 'PLAN_STALE';
    if (UNREADABLE.test(text)) return 'COPY_UNREADABLE';
    if (role.kind === 'copy') return CONTENT.some((known) => known.test(text)) ? 'COPY_REFUSED' : 'COPY_UNKNOWN';
  }
  return DENIED.test(text) ? 'DENIED' : 'UNKNOWN';
}

/** Names of errors by which the Data API says: later. Throttling comes as HTTP 400. */
const LATER = new Set([
  'ThrottlingException',
  'ActiveStatementsExceededException',
  'ActiveSessionsExceededException',
  'TooManyRequestsException',
  'InternalServerException',
  'DatabaseConnectionException',
  'QueryTimeoutException',
  'ServiceUnavailableException',
  'TimeoutError',
  'RequestTimeout',
]);

/** What a call of the Data API failed with: `later` asks to repeat the call, `forgotten` knows no such statement. */
export function classifyCall(error: unknown): 'later' | 'forgotten' | 'refused' {
  const e = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number }; $retryable?: unknown };
  const status = e?.$metadata?.httpStatusCode ?? 0;
  if (e?.name === 'ResourceNotFoundException') return 'forgotten';
  if (LATER.has(e?.name ?? '') || status === 429 || status >= 500 || e?.$retryable) return 'later';
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(e?.code ?? '')
    ? 'later'
    : 'refused';
}
