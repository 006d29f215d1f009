import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { disk, guarded } from '../disk';
import {
  arrivalOf,
  frameBytes,
  recordOf,
  visitFrames,
  writeFrame,
  type LogEntry,
  type LogRecord,
} from './shard-frames';

export type { LogEntry, LogRecord } from './shard-frames';

const STRIDE = 256;
const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Names sort by their first ordinal. */
const nameOf = (first: number, count?: number): string =>
  `${String(first).padStart(16, '0')}${count === undefined ? '' : `-${count}`}.log`;

interface Segment {
  path: string;
  /** Ordinal of the first record. */
  readonly first: number;
  count: number;
  bytes: number;
  /** Byte offset and arrival of every 256th record; built when a segment is first read. */
  index?: { offsets: number[]; arrivals: number[] };
  fd?: number;
}

/**
 * One shard: segments of frames, appended only. A process killed in the middle of a write leaves a torn frame at the end of the
 * last segment; opening cuts it off. Records survive the process; a power failure only once they are synced.
 */
export class ShardLog {
  private readonly segments: Segment[] = [];

  constructor(
    private readonly folder: string,
    private readonly segmentBytes = DEFAULT_SEGMENT_BYTES,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(folder)
      .filter((f) => f.endsWith('.log'))
      .sort())
      this.segments.push({
        path: join(folder, file),
        first: Number(file.slice(0, 16)),
        count: Number(/-(\d+)\.log$/.exec(file)?.[1] ?? -1),
        bytes: 0,
      });
    this.segments.forEach((segment, i) => {
      if (segment.count < 0) segment.count = (this.segments[i + 1]?.first ?? segment.first) - segment.first;
    });
    const last = this.segments.at(-1);
    if (last) {
      this.rename(last, nameOf(last.first));
      this.recover(last);
    } else this.roll(0);
  }

  /** Ordinal of the oldest record that is kept. */
  get start(): number {
    return this.segments[0]?.first ?? 0;
  }

  /** Ordinal after the newest record. */
  get end(): number {
    const last = this.last();
    return last.first + last.count;
  }

  /** Stretches of ordinals that are held: one, unless the log went on above what it had lost. `to` is after the last. */
  runs(): { from: number; to: number }[] {
    const runs: { from: number; to: number }[] = [];
    for (const { first, count } of this.segments) {
      const before = runs.at(-1);
      if (before?.to === first) before.to = first + count;
      else if (count > 0) runs.push({ from: first, to: first + count });
    }
    return runs;
  }

  /** Goes on at a higher ordinal: what was between is lost, and no record shall have its number. */
  goOnAt(ordinal: number): void {
    const last = this.last();
    if (ordinal <= this.end) return;
    // The count goes into the name, since the next segment no longer tells it.
    const kept = last.count > 0 ? last : this.segments.at(-2);
    if (kept) this.rename(kept, nameOf(kept.first, kept.count));
    this.roll(ordinal);
    if (last.count > 0) return;
    this.release(last);
    unlinkSync(last.path);
    this.segments.splice(-2, 1);
  }

  /** Ordinal of the first record at or after one; the end when there is none. */
  firstFrom(ordinal: number): number {
    return Math.max(ordinal, this.runs().find((run) => run.to > ordinal)?.from ?? this.end);
  }

  /** Resolves once all that was appended until now is on the disk. */
  sync(): Promise<void> {
    return disk.sync(this.last().path, this.fdOf(this.last()));
  }

  /** Appends all entries by one write. @returns the ordinal of the first. */
  append(entries: readonly LogEntry[], arrivedAt: number): number {
    if (this.last().bytes >= this.segmentBytes) this.roll(this.end);
    const segment = this.last();
    const index = this.indexOf(segment);
    const keys = entries.map((e) => Buffer.from(e.partitionKey, 'utf8'));
    const total = entries.reduce((sum, e, i) => sum + frameBytes(keys[i]!, e.data), 0);
    const buffer = Buffer.allocUnsafe(total);
    const marks: number[] = [];
    let at = 0;
    entries.forEach((entry, i) => {
      if ((segment.count + i) % STRIDE === 0) marks.push(segment.bytes + at);
      at = writeFrame(buffer, at, keys[i]!, entry.data, arrivedAt);
    });
    this.write(segment, buffer);
    for (const offset of marks) {
      index.offsets.push(offset);
      index.arrivals.push(arrivedAt);
    }
    const first = segment.first + segment.count;
    segment.count += entries.length;
    segment.bytes += total;
    return first;
  }

  /** Records that follow one another from `firstFrom` an ordinal on, at most `limit` and `maxBytes` (but always one). */
  read(from: number, limit: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    let ordinal = this.firstFrom(from);
    while (records.length < limit && ordinal < this.end) {
      const segment = this.segments.findLast((s) => s.first <= ordinal);
      if (!segment || ordinal >= segment.first + segment.count) break;
      let taken = 0;
      this.scan(segment, ordinal - segment.first, (record) => {
        const size = record.data.length + Buffer.byteLength(record.partitionKey);
        if (records.length >= limit || (records.length > 0 && bytes + size > maxBytes)) return false;
        records.push(record);
        bytes += size;
        taken++;
        return true;
      });
      ordinal += taken;
      if (taken === 0 || ordinal < segment.first + segment.count) break;
    }
    return records;
  }

  /** Ordinal of the first record that arrived at or after a time. */
  ordinalAt(time: number): number {
    for (const segment of this.segments) {
      const { arrivals } = this.indexOf(segment);
      // The last mark before the time; the record sought lies in its stride, or at the next segment's beginning.
      let mark = arrivals.findIndex((arrival) => arrival >= time);
      if (mark < 0) mark = arrivals.length;
      let found = -1;
      let ordinal = Math.max(0, mark - 1) * STRIDE;
      this.scan(segment, ordinal, (record) => {
        if (record.arrivedAt >= time) {
          found = ordinal;
          return false;
        }
        ordinal++;
        return true;
      });
      if (found >= 0) return segment.first + found;
    }
    return this.end;
  }

  /** Removes whole segments whose records are all older than a time; the one being written stays. */
  trim(before: number): void {
    while (this.segments.length > 1) {
      const [oldest, next] = this.segments;
      if (!oldest || !next || (this.indexOf(next).arrivals[0] ?? Infinity) >= before) return;
      this.release(oldest);
      unlinkSync(oldest.path);
      this.segments.shift();
    }
  }

  close(): void {
    for (const segment of this.segments) this.release(segment);
  }

  private last(): Segment {
    const last = this.segments.at(-1);
    if (!last) throw new Error(`${this.folder}: the log has no segment`);
    return last;
  }

  private roll(first: number): void {
    const path = join(this.folder, nameOf(first));
    const fd = guarded(path, () => openSync(path, 'a+', 0o600));
    this.segments.push({ path, first, count: 0, bytes: 0, index: { offsets: [], arrivals: [] }, fd });
    disk.syncFolder(this.folder);
  }

  private write(segment: Segment, buffer: Buffer): void {
    const fd = this.fdOf(segment);
    try {
      disk.write(segment.path, fd, buffer);
    } catch (error) {
      // A full disk must not leave half a frame in front of the next one.
      ftruncateSync(fd, segment.bytes);
      throw error;
    }
  }

  private rename(segment: Segment, name: string): void {
    const path = join(this.folder, name);
    if (path !== segment.path) renameSync(segment.path, path);
    segment.path = path;
  }

  private fdOf(segment: Segment): number {
    return (segment.fd ??= openSync(segment.path, 'a+', 0o600));
  }

  private release(segment: Segment): void {
    if (segment.fd !== undefined) closeSync(segment.fd);
    segment.fd = undefined;
  }

  /** Counts the last segment's whole frames and cuts off what follows them. */
  private recover(segment: Segment): void {
    segment.count = Number.MAX_SAFE_INTEGER;
    const index = { offsets: [] as number[], arrivals: [] as number[] };
    let count = 0;
    const bytes = visitFrames(this.fdOf(segment), 0, (body, offset, crc) => {
      if (crc32(body) !== crc) return false;
      if (count % STRIDE === 0) {
        index.offsets.push(offset);
        index.arrivals.push(arrivalOf(body));
      }
      count++;
      return true;
    });
    segment.count = count;
    segment.bytes = bytes;
    segment.index = index;
    if (fstatSync(this.fdOf(segment)).size > bytes) ftruncateSync(this.fdOf(segment), bytes);
  }

  private indexOf(segment: Segment): { offsets: number[]; arrivals: number[] } {
    if (segment.index) return segment.index;
    const index = { offsets: [] as number[], arrivals: [] as number[] };
    let count = 0;
    segment.bytes = visitFrames(this.fdOf(segment), 0, (body, offset) => {
      if (count % STRIDE === 0) {
        index.offsets.push(offset);
        index.arrivals.push(arrivalOf(body));
      }
      count++;
      return true;
    });
    return (segment.index = index);
  }

  private scan(segment: Segment, skip: number, visit: (record: LogRecord) => boolean): void {
    const mark = Math.floor(skip / STRIDE);
    const offset = this.indexOf(segment).offsets[mark];
    if (offset === undefined) return;
    let ordinal = mark * STRIDE;
    visitFrames(this.fdOf(segment), offset, (body) => {
      if (ordinal++ < skip) return true;
      return visit(recordOf(body));
    });
  }
}
