import type { Name } from './sql-tokens';

/** A column as Redshift knows it; the local engine forgets lengths. */
export interface ColumnDefinition {
  readonly name: string;
  /** Lower case, with its parenthesis: `varchar(64)`. */
  readonly type: string;
  /** Bytes that a varchar or char may have. */
  readonly maxBytes?: number;
  readonly notNull: boolean;
}

/** A column that a query makes, and the length that its text has where the query says it: a plain column's own, or that of a cast. */
export interface Made {
  readonly name: string;
  /** `varchar(20)` or `char(2)`. */
  readonly type?: string;
  readonly maxBytes?: number;
}

/** Columns of a table; none where nothing is known of it. */
export type Catalogue = (table: Name) => Promise<readonly Made[]>;

/** Texts with lengths that CREATE TABLE … AS makes, by what the tables say that it reads. */
export type Lengths = (
  catalogue: Catalogue,
) => Promise<ReadonlyMap<string, Pick<ColumnDefinition, 'type' | 'maxBytes'>>>;
