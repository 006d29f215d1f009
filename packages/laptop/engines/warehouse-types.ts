import type { QueryResult } from './values';

export interface SqlParameter {
  readonly name: string;
  readonly value: string;
}

export interface RunOptions {
  readonly parameters?: readonly SqlParameter[];
  /** False commits every statement by itself; a failure then leaves the others. Default true. */
  readonly transaction?: boolean;
  /** Database role whose grants hold; absent: the owner, who may do everything. */
  readonly role?: string;
  readonly signal?: AbortSignal;
  /** Called when a statement (0-based) has begun and when it has ended. */
  readonly onStatement?: (index: number, event: { readonly result?: QueryResult; readonly error?: Error }) => void;
}

/** A statement failed; its transaction is gone. */
export class StatementError extends Error {
  constructor(
    readonly index: number,
    message: string,
  ) {
    super(message);
    this.name = 'StatementError';
  }
}

/** The warehouse behind Redshift's dialect. */
export interface Warehouse {
  /** Runs statements on a session of their own, in one transaction unless told otherwise. @throws StatementError. */
  run(sqls: readonly string[], options?: RunOptions): Promise<QueryResult[]>;
  /** One statement of the dialect. */
  query(sql: string, parameters?: readonly SqlParameter[]): Promise<QueryResult>;
  /** One statement of the local engine, past the dialect: for measurements and checks in-process only. */
  queryEngine(sql: string): Promise<QueryResult>;
  /** True while a statement runs or waits. */
  readonly busy: boolean;
  /** Folds the write-ahead log into the file. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}
