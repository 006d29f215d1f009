import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { MAX_RECORD_BYTES } from '../contracts/envelope';
import { membersOf } from '../core/records/members';
import { CliError } from './errors';
import { withInstead } from './hints';
import { isFile } from './paths';

/** One record for the stream. */
export interface OutRecord {
  partitionKey: string;
  data: Uint8Array;
}

/** A record of a file, at its line, or in a document at its place, from 1. */
interface Placed {
  line: number;
  bytes: Buffer;
}

/** One that no stream would take. */
export interface RefusedLine {
  line: number;
  bytes: number;
  rule: 'ENV-SIZE';
}

/**
 * The lines of a file as bytes, not validated: what is no JSON goes to the stream too and ends in quarantine with
 * its pointer. Empty lines are no records. CR before LF belongs to the line end; so does a byte-order mark to the file.
 */
export async function* linesOf(source: Readable): AsyncGenerator<Placed> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  const trimmed = (bytes: Buffer): Buffer => {
    const from = line === 1 && bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
    return bytes.subarray(from, bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length);
  };
  for await (const chunk of source) {
    const data = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = data.indexOf(0x0a, from); end >= 0; from = end + 1, end = data.indexOf(0x0a, from)) {
      line++;
      const bytes = trimmed(data.subarray(from, end));
      if (bytes.length > 0) yield { line, bytes };
    }
    rest = data.subarray(from);
  }
  if (rest.length > 0) {
    line++;
    const bytes = trimmed(rest);
    if (bytes.length > 0) yield { line, bytes };
  }
}

/** Opens `-` (standard input) or a file. */
export function openInput(path: string): Readable {
  if (path === '-') return process.stdin;
  if (existsSync(path) && !statSync(path).isFile() && !statSync(path).isFIFO()) {
    throw new CliError('this is not a file', {
      where: path,
      next: `${withInstead(path, ['FILE.ndjson'])}: one file at a time`,
    });
  }
  if (!existsSync(path)) {
    throw new CliError('no such file', {
      where: path,
      next: `${withInstead(path, ['FILE.ndjson'])}; to read standard input: ${withInstead(path, ['-'])}`,
    });
  }
  return createReadStream(path, { highWaterMark: 1 << 20 });
}

/** A partition key that spreads records evenly and tells nothing about what they hold. */
export function partitionKeyOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** A file that may be one document of many lines is read as a whole to tell. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/**
 * The events of a file that is one JSON document of several lines: an envelope that was indented to be read, or an array of them.
 * Line by line every one of them would be refused.
 * @returns undefined where it is something else
 */
export function documentOf(path: string): Placed[] | undefined {
  if (path === '-' || !isFile(path) || statSync(path).size > MAX_DOCUMENT_BYTES) return undefined;
  const bytes = readFileSync(path);
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (!/^[{[]/.test(text) || !text.includes('\n')) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const one = Buffer.from(text);
  const members = membersOf(one);
  return (Array.isArray(members) ? (members as readonly Buffer[]) : [one]).map((event, i) => ({
    line: i + 1,
    bytes: event,
  }));
}

/** Those that the stream takes; the others go to `refused`. */
export async function* outRecords(
  placed: Iterable<Placed> | AsyncIterable<Placed>,
  refused: RefusedLine[],
): AsyncGenerator<OutRecord> {
  for await (const { line, bytes } of placed) {
    if (bytes.length > MAX_RECORD_BYTES) refused.push({ line, bytes: bytes.length, rule: 'ENV-SIZE' });
    else yield { partitionKey: partitionKeyOf(bytes), data: bytes };
  }
}
