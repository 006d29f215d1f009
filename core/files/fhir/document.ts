import { type FileRecord, holdsTwiceEncoded, type Position, type Records } from '../records';
import { ALONE, type Bundle, bundleAt } from './bundle';
import { readEntry, readResource, type ReadResource } from './resource';
import { type Range, skipBlanks } from './scan';

/** Bytes of the longest file that is read as one JSON document: it lies in memory as a whole, since any entry may refer to any other. */
export const DOCUMENT_BYTES = 64 * 1024 * 1024;

/** One JSON document: a Bundle, whose entries are the records, or a resource. */
export class FhirDocument implements Records {
  readonly isWithinRow = false;
  private readonly records: Range[];
  private readonly bundle: Bundle | undefined;
  private readonly begin: number;
  private taken: number;

  constructor(
    private readonly bytes: Buffer,
    skip: number,
    from: Position,
    private readonly maxRecordBytes: number,
  ) {
    this.begin = skipBlanks(bytes, skip);
    const found = bundleAt(bytes, this.begin);
    // A Bundle that was cut off before it says its type is read as far as it goes where it does, and is one faulty record where not.
    this.bundle = found && (found.bundle.isRead || !found.isBroken) ? found.bundle : undefined;
    this.records = this.bundle?.isRead ? this.bundle.entries : [{ start: this.begin, end: endOf(bytes) }];
    this.taken = from.row;
  }

  get position(): Position {
    const next = this.records[this.taken];
    return {
      offset: next && this.taken > 0 ? next.start : this.done ? this.bytes.length : this.begin,
      row: this.taken,
    };
  }

  get done(): boolean {
    return this.taken >= this.records.length;
  }

  take(): FileRecord | undefined {
    const range = this.records[this.taken];
    if (!range) return undefined;
    const place = { row: ++this.taken, offset: range.start, length: range.end - range.start };
    if (this.bundle && !this.bundle.isRead) return { ...place, fault: 'FIL-FHR-05', pointer: '/type' };
    if (place.length > this.maxRecordBytes) return { ...place, length: this.maxRecordBytes, fault: 'FIL-ROW-01' };
    const read = this.read(this.bytes.subarray(range.start, range.end));
    return 'row' in read ? { ...place, value: read.row } : { ...place, ...read };
  }

  private read(bytes: Buffer): ReadResource {
    return this.bundle ? readEntry(bytes, this.bundle, this.bundle.timestamp) : readResource(bytes, ALONE);
  }

  fill(): Promise<void> {
    return Promise.resolve();
  }

  settle(): boolean {
    return true;
  }

  bytesOf({ offset, length }: FileRecord): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }

  isTwiceEncoded(record: FileRecord): boolean {
    return holdsTwiceEncoded(this.bytesOf(record));
  }
}

/** The byte after the last that is no blank. */
function endOf(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1]! <= 0x20) end--;
  return end;
}
