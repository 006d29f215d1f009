import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

/** Events of a record; `broken` where it begins as a batch and cannot be taken apart: it is then refused as a whole. */
type Packing = readonly Uint8Array[] | 'broken' | undefined;

/** Bytes that one compressed record may unfold to: a stream's record of 1 MiB, packed well. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;
/** Members of one record. The shortest envelope has some 150 bytes; more members than this are none. */
const MAX_MEMBERS = 100_000;

const KPL_MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const MD5_BYTES = 16;
const LF = 10;
const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;

const isBlank = (byte: number): boolean => byte === 32 || byte === 9 || byte === 10 || byte === 13;

/**
 * The events that a producer packed into one record of the stream, each to be accepted or rejected by itself: aggregated by the Kinesis Producer
 * Library, compressed by gzip, one under the other on lines, or as a JSON array. What is packed twice (gzip of lines) is unpacked twice.
 * Depends on the bytes alone.
 * @returns undefined where the record is one event; `broken` where it begins as a batch and cannot be read as one
 */
export function membersOf(data: Uint8Array): Packing {
  // Nearly every record is one object on one line: it is told by its first byte and one native search.
  const first = data[0];
  if (first === OPEN && data.indexOf(LF) < 0) return undefined;
  const packed = unpack(Buffer.from(data.buffer, data.byteOffset, data.length));
  if (!Array.isArray(packed)) return packed;
  return packed.length === 0 || packed.length > MAX_MEMBERS ? 'broken' : packed;
}

function unpack(bytes: Buffer): Packing {
  if (bytes.subarray(0, KPL_MAGIC.length).equals(KPL_MAGIC)) {
    const records = aggregated(bytes);
    return records ? records.flatMap((record) => textMembers(record) ?? [record]) : 'broken';
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const text = gunzipped(bytes);
    return text?.length ? (textMembers(text) ?? [text]) : 'broken';
  }
  return textMembers(bytes);
}

function gunzipped(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    return undefined; // cut short, not gzip after all, or longer than a record may unfold to
  }
}

/** Records of the KPL's format: magic number, protobuf message, MD5 of the message; undefined where a part of it is wrong. */
function aggregated(bytes: Buffer): Buffer[] | undefined {
  const end = bytes.length - MD5_BYTES;
  if (end < KPL_MAGIC.length) return undefined;
  const message = bytes.subarray(KPL_MAGIC.length, end);
  if (!createHash('md5').update(message).digest().equals(bytes.subarray(end))) return undefined;
  const records: Buffer[] = [];
  for (const field of fieldsOf(message)) {
    if (!field) return undefined;
    // AggregatedRecord: tables of keys 1 and 2, which only the stream needs; records 3. Record: indexes 1 and 2, data 3, tags 4.
    if (field.number !== 3 || !field.bytes) continue;
    let data: Buffer | undefined;
    for (const part of fieldsOf(field.bytes)) {
      if (!part) return undefined;
      if (part.number === 3) data = part.bytes;
    }
    if (!data) return undefined;
    records.push(data);
  }
  return records;
}

interface ProtobufField {
  number: number;
  /** Of a field with a length; a number has none. */
  bytes?: Buffer;
}

/** Fields of a protobuf message, whose wire types here are numbers and bytes; undefined once something cannot be read. */
function* fieldsOf(message: Buffer): Generator<ProtobufField | undefined> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag % 8;
    const value = varint();
    if (Number.isNaN(value) || (type !== 0 && type !== 2)) return yield undefined;
    if (type === 0) {
      yield { number: Math.floor(tag / 8) };
      continue;
    }
    if (at + value > message.length) return yield undefined;
    yield { number: Math.floor(tag / 8), bytes: message.subarray(at, at + value) };
    at += value;
  }
}

/** Events of a text: elements of a JSON array, or lines; undefined where it is one event, or none that could be told apart. */
function textMembers(bytes: Buffer): Buffer[] | undefined {
  let from = 0;
  while (from < bytes.length && isBlank(bytes[from])) from++;
  return bytes[from] === OPEN_LIST ? elements(bytes, from) : lines(bytes);
}

/**
 * Lines, if one of them is an object from its first byte to its last. A document that is indented over many lines is one
 * event: its first line is its opening brace alone, and the lines of its members are indented or begin with a name.
 */
function lines(bytes: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  let isBatch = false;
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LF, from);
    const stop = end < 0 ? bytes.length : end;
    let last = stop;
    while (last > from && isBlank(bytes[last - 1])) last--;
    const line = bytes.subarray(from, last);
    if (line.length > 0) found.push(line);
    isBatch ||= line.length > 2 && line[0] === OPEN && line[line.length - 1] === CLOSE;
    from = stop + 1;
  }
  return isBatch && found.length > 1 && !isOneDocument(bytes) ? found : undefined;
}

/** Whether the lines are those of one JSON document after all. */
function isOneDocument(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Elements of a JSON array, as they stand; undefined where its brackets do not close, or something follows them. */
function elements(bytes: Buffer, open: number): Buffer[] | undefined {
  const found: Buffer[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
      continue;
    }
    if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    else if (byte !== COMMA || depth !== 1) continue;
    else {
      found.push(trimmed(bytes.subarray(start, at)));
      start = at + 1;
      continue;
    }
    if (depth > 0) continue;
    const last = trimmed(bytes.subarray(start, at));
    if (last.length > 0 || found.length > 0) found.push(last);
    return trimmed(bytes.subarray(at + 1)).length === 0 && found.length > 0 ? found : undefined;
  }
  return undefined;
}

function trimmed(bytes: Buffer): Buffer {
  let from = 0;
  let to = bytes.length;
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}
