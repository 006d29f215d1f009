import type { Profile } from '../../profiles/schema';
import { type FileRecord, type Position, type RecordFault, RecordReader } from './records';
import type { ByteSource } from './source';

const LF = 10;
const CR = 13;
const BLANK = 32;

/** What a try to read quoted cells found: the cells, a fault, or that the window ends before it can be told. */
type Quoted = { cells: string[]; stop: number; next: number } | { fault: RecordFault } | 'more';

/**
 * CSV after RFC 4180 with the profile's delimiter and quote: a quote means something only at the start of a cell, two
 * quotes inside a quoted cell are one, a quoted cell may hold line breaks. Lines end with LF or CRLF. Where the profile trims
 * values, blanks may stand around a quoted cell.
 */
export class CsvReader extends RecordReader {
  private readonly delimiter: string;
  private readonly delimiterUnit: number;
  /** -1: the profile knows no quotes. */
  private readonly quoteUnit: number;
  /** Position of the next quote in the window, so that lines without one are found without looking at every cell. */
  private nextQuote = -1;
  private quoteSearched: unknown = null;

  constructor(
    source: ByteSource,
    file: Profile['file'],
    from: Position,
    /** Number of cells that a row must have; 0: any (the header itself). */
    private readonly width: number,
    blockBytes?: number,
  ) {
    super(source, file, from, blockBytes);
    this.delimiter = file.delimiter;
    this.delimiterUnit = file.delimiter.charCodeAt(0);
    this.quoteUnit = file.quote === '' ? -1 : file.quote.charCodeAt(0);
  }

  protected record(start: number, stop: number, next: number): FileRecord | undefined {
    const { window } = this;
    if (this.quoteBefore(start, stop)) {
      const quoted = this.quotedRecord(start);
      if (quoted === 'more') return undefined;
      if ('fault' in quoted) return this.cut(stop, next, quoted.fault);
      if (this.ragged(quoted.cells)) return this.cut(stop, next, 'DQ-FMT-01');
      return this.emit(start, quoted.stop, quoted.next, { value: quoted.cells });
    }
    const text = window.text.decode(start, stop);
    if (text === null) return this.cut(stop, next, 'DQ-FMT-01');
    const cells = text.split(this.delimiter);
    if (this.ragged(cells)) return this.cut(stop, next, 'DQ-FMT-01');
    return this.emit(start, stop, next, { value: cells });
  }

  private ragged(cells: string[]): boolean {
    return this.width > 0 && cells.length !== this.width;
  }

  private quoteBefore(start: number, stop: number): boolean {
    if (this.quoteUnit < 0) return false;
    const { text } = this.window;
    if (this.quoteSearched !== text || (this.nextQuote >= 0 && this.nextQuote < start)) {
      this.quoteSearched = text;
      const found = text.indexOf(this.quoteUnit, start);
      this.nextQuote = found < 0 ? Infinity : found;
    }
    return this.nextQuote < stop;
  }

  private quotedRecord(start: number): Quoted {
    const { window } = this;
    const { text } = window;
    const cells: string[] = [];
    for (let at = start; ; at++) {
      const quote = this.pastBlanks(at);
      const isQuoted = quote < text.length && text.at(quote) === this.quoteUnit;
      let cell = isQuoted ? this.quotedCell(start, quote) : this.plainCell(at);
      // After a blank a quote may be a character like any other: `5, "A" ward`.
      if (quote > at && cell !== 'more' && 'fault' in cell) cell = this.plainCell(at);
      if (cell === 'more') {
        if (!window.complete && !this.certainlyTooLong(start)) return 'more';
        return { fault: isQuoted ? 'FIL-ROW-02' : 'FIL-ROW-01' };
      }
      if ('fault' in cell) return cell;
      if (window.bytesBetween(start, cell.end) > this.file.max_record_bytes) return { fault: 'FIL-ROW-01' };
      cells.push(cell.value);
      at = cell.end;
      if (at >= text.length || text.at(at) !== this.delimiterUnit)
        return { cells, stop: at, next: this.afterLineEnd(at) };
    }
  }

  /** The first place from one on that has no blank; the place itself where blanks are part of values. */
  private pastBlanks(at: number): number {
    const { text } = this.window;
    if (!this.file.trim || this.delimiterUnit === BLANK) return at;
    while (at < text.length && text.at(at) === BLANK) at++;
    return at;
  }

  /** A cell without quotes: up to the delimiter or the end of the line. A quote inside it is a character like any other. */
  private plainCell(start: number): { value: string; end: number } | { fault: RecordFault } | 'more' {
    const { text, complete } = this.window;
    let end = start;
    while (end < text.length && text.at(end) !== this.delimiterUnit && text.at(end) !== LF) end++;
    if (end >= text.length && !complete) return 'more';
    if (end > start && text.at(end - 1) === CR && (end >= text.length || text.at(end) === LF)) end--;
    const value = text.decode(start, end);
    return value === null ? { fault: 'DQ-FMT-01' } : { value, end };
  }

  private quotedCell(record: number, start: number): { value: string; end: number } | { fault: RecordFault } | 'more' {
    const { window, quoteUnit } = this;
    const { text } = window;
    let doubled = false;
    for (let at = start + 1; ; at += 2) {
      at = text.indexOf(quoteUnit, at);
      if (at < 0) return 'more';
      if (window.bytesBetween(record, at) >= this.file.max_record_bytes) return { fault: 'FIL-ROW-02' };
      const after = at + 1;
      if (after >= text.length && !window.complete) return 'more';
      if (after < text.length && text.at(after) === quoteUnit) {
        doubled = true;
        continue;
      }
      const end = this.pastBlanks(after);
      if (end >= text.length && !window.complete) return 'more';
      const ends = this.cellEnds(end);
      if (ends === 'more') return 'more';
      if (!ends) return { fault: 'FIL-ROW-02' };
      const value = text.decode(start + 1, at);
      if (value === null) return { fault: 'DQ-FMT-01' };
      return {
        value: doubled ? value.replaceAll(this.file.quote + this.file.quote, this.file.quote) : value,
        end,
      };
    }
  }

  /** Whether a closing quote is followed by what may follow it: delimiter, end of line, end of file. */
  private cellEnds(at: number): boolean | 'more' {
    const { text, complete } = this.window;
    if (at >= text.length) return true;
    const unit = text.at(at);
    if (unit === this.delimiterUnit || unit === LF) return true;
    if (unit !== CR) return false;
    if (at + 1 >= text.length) return complete ? true : 'more';
    return text.at(at + 1) === LF;
  }

  private afterLineEnd(at: number): number {
    const { text } = this.window;
    let next = at;
    if (next < text.length && text.at(next) === CR) next++;
    if (next < text.length && text.at(next) === LF) next++;
    return next;
  }
}
