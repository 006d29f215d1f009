import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A record in a shard's log. */
export interface LogRecord {
  readonly partitionKey: string;
  readonly data: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly arrivedAt: number;
}
export interface LogEntry {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** Frame: length of the body, CRC of the body; body: arrival, length of the key, key, data. */
const HEAD = 8;
const BODY_HEAD = 10;
const STRIDE = 256;
const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

interface Segment {
  readonly path: string;
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
 * last segment; opening cuts it off. Nothing is synced to the disk, so records survive the process, not a power failure.
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
      this.segments.push({ path: join(folder, file), first: Number(file.slice(0, 16)), count: 0, bytes: 0 });
    this.segments.forEach((segment, i) => {
      segment.count = (this.segments[i + 1]?.first ?? segment.first) - segment.first;
    });
    const last = this.segments.at(-1);
    if (last) this.recover(last);
    else this.roll(0);
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

  /** Appends all entries by one write. @returns the ordinal of the first. */
  append(entries: readonly LogEntry[], arrivedAt: number): number {
    if (this.last().bytes >= this.segmentBytes) this.roll(this.end);
    const segment = this.last();
    const index = this.indexOf(segment);
    const keys = entries.map((e) => Buffer.from(e.partitionKey, 'utf8'));
    const total = entries.reduce((sum, e, i) => sum + HEAD + BODY_HEAD + (keys[i]?.length ?? 0) + e.data.length, 0);
    const buffer = Buffer.allocUnsafe(total);
    const marks: number[] = [];
    let at = 0;
    entries.forEach((entry, i) => {
      if ((segment.count + i) % STRIDE === 0) marks.push(segment.bytes + at);
      at = writeFrame(buffer, at, keys[i] ?? Buffer.alloc(0), entry.data, arrivedAt);
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

  /** Records from an ordinal on, at most `limit` and `maxBytes` (but always one). */
  read(from: number, limit: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    let ordinal = Math.max(from, this.start);
    while (records.length < limit && ordinal < this.end) {
      const segment = this.segments.findLast((s) => s.first <= ordinal);
      if (!segment) break;
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
    const path = join(this.folder, `${String(first).padStart(16, '0')}.log`);
    this.segments.push({
      path,
      first,
      count: 0,
      bytes: 0,
      index: { offsets: [], arrivals: [] },
      fd: openSync(path, 'a+', 0o600),
    });
  }

  private write(segment: Segment, buffer: Buffer): void {
    const fd = this.fdOf(segment);
    try {
      let written = 0;
      while (written < buffer.length) written += writeSync(fd, buffer, written);
    } catch (error) {
      // A full disk must not leave half a frame in front of the next one.
      ftruncateSync(fd, segment.bytes);
      throw error;
    }
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
    const bytes = this.frames(segment, 0, (body, offset, crc) => {
      if (crc32(body) !== crc) return false;
      if (count % STRIDE === 0) {
        index.offsets.push(offset);
        index.arrivals.push(body.readDoubleLE(0));
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
    segment.bytes = this.frames(segment, 0, (body, offset) => {
      if (count % STRIDE === 0) {
        index.offsets.push(offset);
        index.arrivals.push(body.readDoubleLE(0));
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
    this.frames(segment, offset, (body) => {
      if (ordinal++ < skip) return true;
      const keyEnd = BODY_HEAD + body.readUInt16LE(8);
      return visit({
        arrivedAt: body.readDoubleLE(0),
        partitionKey: body.toString('utf8', BODY_HEAD, keyEnd),
        data: body.subarray(keyEnd),
      });
    });
  }

  /** Visits whole frames from an offset on until the visitor declines. @returns the offset after the last accepted frame. */
  private frames(
    segment: Segment,
    from: number,
    visit: (body: Buffer, offset: number, crc: number) => boolean,
  ): number {
    const fd = this.fdOf(segment);
    let want = 1024 * 1024;
    let offset = from;
    for (;;) {
      const chunk = Buffer.allocUnsafe(want);
      const size = readSync(fd, chunk, 0, want, offset);
      let at = 0;
      while (at + HEAD <= size) {
        const length = chunk.readUInt32LE(at);
        if (length < BODY_HEAD || at + HEAD + length > size) break;
        if (!visit(chunk.subarray(at + HEAD, at + HEAD + length), offset + at, chunk.readUInt32LE(at + 4)))
          return offset + at;
        at += HEAD + length;
      }
      if (size < want && at === 0) return offset;
      // A frame that does not fit into the buffer asks for a larger one.
      if (at === 0) want *= 4;
      offset += at;
    }
  }
}

function writeFrame(buffer: Buffer, at: number, key: Buffer, data: Uint8Array, arrivedAt: number): number {
  const body = at + HEAD;
  const end = body + BODY_HEAD + key.length + data.length;
  buffer.writeUInt32LE(end - body, at);
  buffer.writeDoubleLE(arrivedAt, body);
  buffer.writeUInt16LE(key.length, body + 8);
  key.copy(buffer, body + BODY_HEAD);
  buffer.set(data, body + BODY_HEAD + key.length);
  buffer.writeUInt32LE(crc32(buffer.subarray(body, end)), at + 4);
  return end;
}
