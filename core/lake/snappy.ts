/**
 * Snappy's raw block format (github.com/google/snappy, format_description.txt), compression only. The pure-JS
 * compressor at hand appends byte by byte to a growing buffer; half of the time of ingest went there.
 */

const TABLE_BITS = 14;
const MAX_OFFSET = 0xffff;
/** Matches are looked for only where at least this many bytes follow, so that reads of four stay inside. */
const MARGIN = 15;
const table = new Int32Array(1 << TABLE_BITS);

/** Greatest length that `length` bytes can have after compression. */
export function snappyBound(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

function emitVarint(out: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    out[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

function emitLiteral(input: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  const n = to - from - 1;
  if (n < 60) {
    out[at++] = n << 2;
  } else {
    const bytes = n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x1000000 ? 3 : 4;
    out[at++] = (59 + bytes) << 2;
    for (let i = 0; i < bytes; i++) out[at++] = (n >>> (8 * i)) & 0xff;
  }
  // A call costs more than copying a few bytes one by one.
  if (n < 32) for (let i = from; i < to; i++) out[at++] = input[i];
  else {
    out.set(input.subarray(from, to), at);
    at += to - from;
  }
  return at;
}

function emitCopy(out: Uint8Array, at: number, offset: number, length: number): number {
  // The last piece must be at least 4 long, hence 68 and 60.
  while (length >= 68) {
    out[at++] = 2 + (63 << 2);
    out[at++] = offset & 0xff;
    out[at++] = offset >>> 8;
    length -= 64;
  }
  if (length > 64) {
    out[at++] = 2 + (59 << 2);
    out[at++] = offset & 0xff;
    out[at++] = offset >>> 8;
    length -= 60;
  }
  if (length < 12 && offset < 2048) {
    out[at++] = 1 + ((length - 4) << 2) + ((offset >>> 8) << 5);
    out[at++] = offset & 0xff;
  } else {
    out[at++] = 2 + ((length - 1) << 2);
    out[at++] = offset & 0xff;
    out[at++] = offset >>> 8;
  }
  return at;
}

/**
 * Compresses `length` bytes of `input` into `out` from `start` on.
 * @param out must have room for `snappyBound(length)` bytes
 * @returns the place after the last byte written
 */
export function snappyInto(input: Uint8Array, length: number, out: Uint8Array, start: number): number {
  let at = emitVarint(out, start, length);
  let emitted = 0;
  if (length > MARGIN) {
    const view = new DataView(input.buffer, input.byteOffset, length);
    const bits = Math.min(TABLE_BITS, Math.max(8, 32 - Math.clz32(length - 1)));
    const shift = 32 - bits;
    table.fill(-1, 0, 1 << bits);
    const limit = length - MARGIN;
    let i = 0;
    let misses = 32;
    while (i < limit) {
      const word = view.getInt32(i, true);
      const slot = Math.imul(word, 0x1e35a7bd) >>> shift;
      const candidate = table[slot];
      table[slot] = i;
      if (candidate < 0 || i - candidate > MAX_OFFSET || view.getInt32(candidate, true) !== word) {
        // The longer nothing repeats, the wider the steps: text that cannot shrink is passed quickly.
        i += misses++ >>> 5;
        continue;
      }
      misses = 32;
      if (i > emitted) at = emitLiteral(input, emitted, i, out, at);
      let end = i + 4;
      let from = candidate + 4;
      while (end < limit && view.getInt32(end, true) === view.getInt32(from, true)) {
        end += 4;
        from += 4;
      }
      while (end < length && input[end] === input[from]) {
        end++;
        from++;
      }
      at = emitCopy(out, at, i - candidate, end - i);
      emitted = end;
      i = end;
    }
  }
  if (emitted < length) at = emitLiteral(input, emitted, length, out, at);
  return at;
}
