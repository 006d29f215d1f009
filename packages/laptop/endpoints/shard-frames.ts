import { readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Frame: length of the body, CRC of the body; body: arrival, length of the key, key, data. */
const HEAD = 8;
const BODY_HEAD = 10;

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

/** Visits whole frames from an offset on until the visitor declines. @returns the offset after the last accepted frame. */
export function visitFrames(
  fd: number,
  from: number,
  visit: (body: Buffer, offset: number, crc: number) => boolean,
): number {
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

/** Bytes of an entry's frame. */
export const frameBytes = (key: Buffer, data: Uint8Array): number => HEAD + BODY_HEAD + key.length + data.length;

export const arrivalOf = (body: Buffer): number => body.readDoubleLE(0);

/** What a frame's body says. */
export function recordOf(body: Buffer): LogRecord {
  const keyEnd = BODY_HEAD + body.readUInt16LE(8);
  return {
    arrivedAt: arrivalOf(body),
    partitionKey: body.toString('utf8', BODY_HEAD, keyEnd),
    data: body.subarray(keyEnd),
  };
}

/** Writes a frame into a buffer. @returns the place after it. */
export function writeFrame(buffer: Buffer, at: number, key: Buffer, data: Uint8Array, arrivedAt: number): number {
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
