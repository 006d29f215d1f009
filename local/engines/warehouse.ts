/** A result as rows of JavaScript values: numbers, strings, booleans, bigint (beyond 2^53), null. Dates and times are text. */
export interface QueryResult {
  readonly columns: { readonly name: string; readonly type: string }[];
  readonly rows: unknown[][];
  readonly rowsChanged: number;
}

export interface SqlParameter {
  readonly name: string;
  readonly value: string;
}

export type StatementStatus = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';

/** The warehouse behind Redshift's dialect. */
export interface Warehouse {
  /** Runs statements in one transaction on a session of their own; all or none. @returns the last one's result. */
  run(sqls: readonly string[], parameters?: readonly SqlParameter[]): Promise<QueryResult>;
  /** One statement. */
  query(sql: string, parameters?: readonly SqlParameter[]): Promise<QueryResult>;
  /** True while a statement runs or waits. */
  readonly busy: boolean;
  close(): Promise<void>;
}
