import type { EntityName } from '../../contracts';
import type { SilverRow, Violation } from './conform';

/** Why something feeds no row, and the entity that it speaks of as far as that is known. */
export interface Refused {
  ok: false;
  violations: readonly Violation[];
  entity?: EntityName;
  version?: number;
}

/** Rows that a record, or a part of one, feeds; why it feeds none; or its kind where nothing reads it. */
export type Outcome =
  | { ok: true; events: readonly { entity: EntityName; version: number; row: SilverRow }[] }
  | Refused
  | { unmapped: string };
