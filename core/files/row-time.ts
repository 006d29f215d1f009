import type { Profile } from '../../profiles/schema';
import { columnsOf, placedFileTime } from '../../profiles/walk';
import { isAhead } from '../records/conform';
import { fileOrder } from '../records/order';
import { isoInstant, parseInstant } from '../records/time';
import { columnPointer } from './cells';
import { type CellReader, Fault, type FileFacts, type Maker, type Row } from './making';
import { compileValue } from './values';

/** File time: of each row, where the profile names a column, else one for all rows. */
export class FileTime {
  readonly pointers: string[];
  private readonly make: Maker;
  /** For which time `order` is: rows of one time follow one another. */
  private ordered: number | undefined;
  private order: (row: number) => bigint = () => 0n;

  constructor(
    profile: Profile,
    private readonly facts: FileFacts,
    cell: (column: string) => CellReader,
  ) {
    const placed = placedFileTime(profile);
    const columns = placed ? columnsOf(placed.expression) : [];
    this.pointers = columns.map((c) => columnPointer(c, profile.file.format));
    if (columns.length === 0) this.pointers.push(`profile:${placed?.pointer ?? '/file_time'}`);
    const field = { name: 'file_time', type: 'ts' } as const;
    const make = placed ? compileValue(placed.expression, field, profile, facts, cell) : () => undefined;
    const fixed = columns.length ? undefined : make([]);
    this.make = columns.length ? make : () => fixed;
  }

  /** Microseconds since 1970. An empty cell leaves it at that of the file. */
  of(row: Row): number | Fault {
    const made = this.make(row);
    if (made === undefined || made instanceof Fault) return made ?? this.facts.fileTime;
    const micros = parseInstant(String(made))?.micros;
    if (micros === undefined) return Fault.of('FLD-TIME');
    // A clock that runs ahead would place the file above all that come after it.
    return isAhead(micros, this.facts.lastModifiedMs * 1000) ? Fault.of('ENV-AHEAD') : micros;
  }

  orderOf(row: Row, number: number): bigint | Fault {
    const time = this.of(row);
    if (time instanceof Fault) return time;
    if (time !== this.ordered) this.order = fileOrder((this.ordered = time));
    return this.order(number);
  }
}

/** A time as the envelope states it. */
export const textOfTime = (time: number | Fault): string | Fault => (time instanceof Fault ? time : isoInstant(time));
