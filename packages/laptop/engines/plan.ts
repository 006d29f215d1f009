import type { ColumnDefinition } from './column-definition';
import type { CreateTable } from './ddl';
import type { GrantPlan } from './grants';
import type { Held } from './held-lengths';
import type { Name } from './sql-tokens';

/** What a statement asks of the local engine. */
export type Plan =
  | { readonly kind: 'query'; readonly sql: string }
  | {
      readonly kind: 'write';
      readonly sql: string;
      readonly target: Name;
      readonly verb: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
      /** The same with the lengths of texts held; absent where none is written. */
      readonly held?: Held;
    }
  | {
      readonly kind: 'merge';
      readonly sql: string;
      readonly target: Name;
      readonly verb: 'MERGE';
      readonly duplicates: string;
      readonly held: Held;
    }
  | ({ readonly kind: 'create-table' } & CreateTable)
  | { readonly kind: 'alter-table'; readonly sql?: string; readonly target: Name; readonly column?: ColumnDefinition }
  | {
      readonly kind: 'ddl';
      readonly sql: string;
      readonly target: Name;
      /** A view that is bound when it is read, and so holds nothing that it reads. */
      readonly lateBinding?: boolean;
      readonly drops?: 'relation' | 'schema';
      /** What depends on it goes with it. */
      readonly cascade?: boolean;
    }
  | { readonly kind: 'lock'; readonly tables: readonly Name[] }
  | {
      readonly kind: 'copy';
      readonly target: Name;
      readonly columns?: readonly string[];
      readonly uri: string;
      readonly manifest: boolean;
    }
  | {
      readonly kind: 'unload';
      readonly sql: string;
      /** The query as it was given, by which the caller's grants are judged. */
      readonly query: string;
      readonly uri: string;
      readonly overwrite: boolean;
    }
  | ({ readonly kind: 'grant' } & GrantPlan);
