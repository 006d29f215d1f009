import type { ColumnInfo } from './values';
import type { RunOptions } from './warehouse-types';

/** How the engine's process is begun: one message before all others. */
export interface Begin {
  readonly kind: 'begin';
  readonly dataDir: string;
  readonly memory: string;
  readonly residentBytes: number;
  readonly threads?: number;
  readonly readOnly?: boolean;
  readonly maxQuerySeconds?: number;
}

/** What the platform says to the engine's process. */
export type ToEngine =
  | Begin
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly sqls: readonly string[];
      readonly options: Pick<RunOptions, 'parameters' | 'transaction' | 'role'>;
    }
  | { readonly kind: 'query-engine'; readonly id: number; readonly sql: string }
  | { readonly kind: 'checkpoint'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'lake'; readonly id: number; readonly value?: unknown; readonly error?: string };

/** What the engine's process says. The rows of a result come in pieces before it. */
export type FromEngine =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: unknown[][] }
  | {
      readonly kind: 'statement';
      readonly id: number;
      readonly at: number;
      readonly result?: { readonly columns: readonly ColumnInfo[]; readonly rowsChanged: number };
      readonly error?: string;
    }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly index: number; readonly message: string }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly name: 'files' | 'admit' | 'store';
      readonly args: readonly unknown[];
    }
  /** It ends itself, and why. */
  | { readonly kind: 'ending'; readonly message: string };
