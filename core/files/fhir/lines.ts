import { type FileRecord, RecordReader } from '../records';
import { ALONE, bundleAt } from './bundle';
import { readEntry, readResource } from './resource';
import { skipBlanks } from './scan';

/** NDJSON of FHIR: a resource per line, or a Bundle whose entries are records of their own. */
export class FhirLines extends RecordReader {
  /** Entries of the line that were not taken yet, the next last. */
  private entries: FileRecord[] = [];

  override get isWithinRow(): boolean {
    return this.entries.length > 0;
  }

  override get done(): boolean {
    return !this.isWithinRow && super.done;
  }

  override take(): FileRecord | undefined {
    return this.entries.pop() ?? super.take();
  }

  protected record(start: number, stop: number, next: number): FileRecord | undefined {
    const { window } = this;
    const offset = window.offsetOf(start);
    const bytes = Buffer.from(window.bytesAt(offset, window.bytesBetween(start, stop)));
    const read = readResource(bytes, ALONE);
    const mayPack = 'fault' in read ? read.fault === 'DQ-FMT-02' : read.row.resource.resourceType === 'Bundle';
    const found = mayPack ? bundleAt(bytes, skipBlanks(bytes, 0)) : undefined;
    if (!found || found.isBroken)
      return 'row' in read
        ? this.emit(start, stop, next, { value: read.row })
        : { ...this.cut(stop, next, read.fault), pointer: read.pointer };
    const { bundle } = found;
    if (!bundle.isRead) return { ...this.cut(stop, next, 'FIL-FHR-05'), pointer: '/type' };
    const { row } = this.emit(start, stop, next, {});
    this.entries = bundle.entries
      .map((range, i): FileRecord => {
        const entry = readEntry(bytes.subarray(range.start, range.end), bundle, bundle.timestamp);
        const place = { row, entry: i + 1, offset: offset + range.start, length: range.end - range.start };
        return 'row' in entry ? { ...place, value: entry.row } : { ...place, ...entry };
      })
      .reverse();
    return this.entries.pop() ?? this.take();
  }
}
