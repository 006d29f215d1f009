import { isAscii } from 'node:buffer';
import type { Profile } from '../../profiles/schema';
import { namesTwice } from '../records/envelope';
import { type ByteSource, Window } from './source';
import { isTwiceEncoded, isUtf8Instead } from './text';

export type RecordFault =
  | 'DQ-FMT-01'
  | 'DQ-FMT-02'
  | 'DQ-FMT-07'
  | 'FIL-ROW-01'
  | 'FIL-ROW-02'
  | 'FIL-ROW-05'
  | 'FIL-FHR-02'
  | 'FIL-FHR-03'
  | 'FIL-FHR-05';

/** One record of a file, by place: 1-based data row, first byte, length in bytes; its values, or why it has none. */
export interface FileRecord {
  row: number;
  /** Number of the entry, from 1, where the row packs several records. */
  entry?: number;
  offset: number;
  length: number;
  /** CSV: the cells as text. NDJSON: the parsed object. FHIR: the resource. */
  value?: string[] | Record<string, unknown>;
  fault?: RecordFault;
  /** Where in the record the fault is; without it the record as a whole. */
  pointer?: string;
}

/** Where to go on reading: the first byte that is not consumed and the number of data rows before it. */
export interface Position {
  offset: number;
  row: number;
}

/** Gives the records of a file one after the other: `take()` while it gives records, `fill()` when it gives none, until `done`. */
export interface Records {
  /** The place after the last record taken; one to go on from where it is not within a row. */
  readonly position: Position;
  readonly done: boolean;
  /** Whether the row that is read packs records that were not taken yet. */
  readonly isWithinRow: boolean;
  take(): FileRecord | undefined;
  fill(): Promise<void>;
  /** Passes what is left of a row; false: fill and call again. */
  settle(): boolean;
  /** The bytes of the record that was just taken. */
  bytesOf(record: FileRecord): Uint8Array;
  /** Whether the record that was just taken holds UTF-8 that was read as one byte per letter and written again. */
  isTwiceEncoded(record: FileRecord): boolean;
}

/** Whether bytes of UTF-8 hold text that was UTF-8 before, was read as one byte per letter and written again. */
export const holdsTwiceEncoded = (bytes: Uint8Array): boolean =>
  !isAscii(bytes) && isTwiceEncoded(Buffer.from(bytes).toString('utf8'));

const LF = 10;
const CR = 13;

/**
 * Reads records one after the other in bounded memory: `take()` while it gives records, `fill()` when it gives none,
 * until `done`. What is read at an offset depends on the file's bytes alone, never on the size of blocks or where an
 * invocation began. A record with a fault is cut back to its first line, so that a stray quote costs one line and not the rest of the file.
 */
export abstract class RecordReader implements Records {
  protected readonly window: Window;
  protected row: number;
  private skipping = false;

  constructor(
    source: ByteSource,
    protected readonly file: Profile['file'],
    from: Position,
    blockBytes?: number,
  ) {
    this.window = new Window(source, file.encoding, from.offset, blockBytes);
    this.row = from.row;
  }

  get isWithinRow(): boolean {
    return false;
  }

  /** The place after the last record taken. */
  get position(): Position {
    return { offset: this.window.offsetOf(this.window.at), row: this.row };
  }

  get done(): boolean {
    return this.window.complete && this.window.at >= this.window.text.length;
  }

  fill(): Promise<void> {
    return this.window.fill();
  }

  bytesOf({ offset, length }: FileRecord): Uint8Array {
    return this.window.bytesAt(offset, length);
  }

  isTwiceEncoded(record: FileRecord): boolean {
    return this.file.encoding === 'utf-8' && holdsTwiceEncoded(this.bytesOf(record));
  }

  /** Passes the rest of a line that was too long; false: fill and call again. A position is only one when settled. */
  settle(): boolean {
    const { window } = this;
    if (this.skipping) {
      const end = window.text.indexOf(LF, window.at);
      window.at = end < 0 ? window.text.length : end + 1;
      this.skipping = end < 0 && !window.complete;
    }
    return !this.skipping;
  }

  /** The next record of the window; undefined: fill first, or done. */
  take(): FileRecord | undefined {
    const { window } = this;
    for (;;) {
      if (!this.settle() || window.at >= window.text.length) return undefined;
      const end = window.text.indexOf(LF, window.at);
      if (end < 0 && !window.complete) {
        if (!this.certainlyTooLong(window.at)) return undefined;
        this.skipping = true; // the rest of the line is dropped block by block: a file of one endless line must not fill the memory
        return this.cut(window.text.length, window.text.length, 'FIL-ROW-01');
      }
      const next = end < 0 ? window.text.length : end + 1;
      let stop = end < 0 ? window.text.length : end;
      if (stop > window.at && window.text.at(stop - 1) === CR) stop--;
      if (stop === window.at) {
        window.at = next; // a line without a character is no record
        continue;
      }
      if (window.bytesBetween(window.at, stop) > this.file.max_record_bytes) return this.cut(stop, next, 'FIL-ROW-01');
      return this.record(window.at, stop, next);
    }
  }

  /**
   * Whether a record that starts here and has not ended in the window is longer than allowed, wherever the window ends:
   * the few bytes more are a line end or a doubled quote that the window may have cut.
   */
  protected certainlyTooLong(start: number): boolean {
    return this.window.bytesBetween(start, this.window.text.length) > this.file.max_record_bytes + 8;
  }

  /** Makes a record of the line between two positions, or of more lines; undefined if the window ends too early. */
  protected abstract record(start: number, stop: number, next: number): FileRecord | undefined;

  protected cut(stop: number, next: number, fault: RecordFault): FileRecord {
    const record = this.emit(this.window.at, stop, next, { fault });
    // Where a window ends must not show: two runs that began at other offsets write the same quarantine row.
    record.length = Math.min(record.length, this.file.max_record_bytes);
    return record;
  }

  protected emit(start: number, stop: number, next: number, content: Pick<FileRecord, 'value' | 'fault'>): FileRecord {
    const { window } = this;
    window.at = next;
    const [offset, length] = [window.offsetOf(start), window.bytesBetween(start, stop)];
    const isOther = content.value !== undefined && isUtf8Instead(window.bytesAt(offset, length), this.file.encoding);
    return { row: ++this.row, offset, length, ...(isOther ? { fault: 'FIL-ROW-05' } : content) };
  }
}

/** Newline-delimited JSON: one object per line; a line that is none is that line's fault alone. */
export class NdjsonReader extends RecordReader {
  protected record(start: number, stop: number, next: number): FileRecord {
    const { window } = this;
    const text = window.text.decode(start, stop);
    if (text === null) return this.cut(stop, next, 'DQ-FMT-01');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.cut(stop, next, 'DQ-FMT-02');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.cut(stop, next, 'DQ-FMT-02');
    if (namesTwice(text, value)) return this.cut(stop, next, 'DQ-FMT-07');
    return this.emit(start, stop, next, { value: value as Record<string, unknown> });
  }
}
