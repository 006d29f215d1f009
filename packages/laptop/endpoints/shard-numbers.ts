import { disk } from '../disk';
import { readOrNone } from './files';

/** Numbers that are set aside at once; one write and sync for so many records. */
const BLOCK = 65_536;

interface Kept {
  /** No record has a number from here on. */
  readonly reserved: number;
  /** Where the log ended at a stop in order. */
  readonly closed?: number;
}

/**
 * Which numbers of a shard were given away. A power failure may take the end of the log; records that came later and took the numbers of
 * those would be taken for them, since objects in the lake are named after numbers. So they are set aside before they are given.
 */
export class Numbers {
  private kept: Kept | undefined;
  private isOpen = false;

  constructor(private readonly path: string) {
    // A folder of before this file was kept, or one that lost it, goes on where its readers stand.
    this.kept = readOrNone<Kept>(path, ({ reserved }) => Number.isInteger(reserved));
  }

  /** Ordinal before which everything was acknowledged, as far as is known. */
  get acknowledged(): number {
    return this.kept?.closed ?? 0;
  }

  /** Where a log with this end goes on: there after a stop in order, above all that may have been given away after any other. */
  next(end: number): number {
    return this.kept === undefined || this.kept.closed === end || this.isOpen ? end : Math.max(end, this.kept.reserved);
  }

  /** Must be called before numbers below `end` are given. */
  take(end: number): void {
    if (this.isOpen && this.kept && end <= this.kept.reserved) return;
    this.keep({ reserved: Math.max(end, this.kept?.reserved ?? 0) + BLOCK });
    this.isOpen = true;
  }

  close(end: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      this.keep({ reserved: end, closed: end });
    } catch {
      // A disk that is full does not take it: then the log goes on above what is set aside, as after a kill.
    }
  }

  private keep(kept: Kept): void {
    disk.replace(this.path, JSON.stringify(kept), true);
    this.kept = kept;
  }
}
