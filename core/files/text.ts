import { isAscii, isUtf8 } from 'node:buffer';
import type { Profile } from '../../profiles/schema';

export type Encoding = Profile['file']['encoding'];

/** Windows-1252 differs from Latin-1 in 0x80-0x9F; five of these bytes have no character ('\uFFFD' here). */
const CP1252 = '€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ';
const C1 = /[\u0080-\u009f]/g;

const BOMS: { encoding: Encoding; bytes: number[] }[] = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
];

/** The byte-order mark that leads a file: what it says and how many bytes it takes. */
export function byteOrderMark(head: Uint8Array): { encoding: Encoding; length: number } | null {
  const found = BOMS.find((b) => b.bytes.every((byte, i) => head[i] === byte));
  return found ? { encoding: found.encoding, length: found.bytes.length } : null;
}

const SIGNATURES: [number[], string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive or a workbook (.xlsx)'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old workbook or document (.xls, .doc)'],
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x42, 0x5a, 0x68], 'a bzip2 archive'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a Zstandard archive'],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], 'a PDF document'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
  [[0x89, 0x50, 0x4e, 0x47], 'an image'],
  [[0xff, 0xd8, 0xff], 'an image'],
  [[0x4f, 0x62, 0x6a, 0x01], 'an Avro file'],
];

/**
 * What kind of binary file this is, or null for text. A NUL among the first bytes tells one too: text in a one-byte
 * encoding or UTF-8 has none, and text in UTF-16 has one in nearly every second byte, which is told with its name.
 */
export function binaryKind(head: Uint8Array, encoding: Encoding): string | null {
  const signature = SIGNATURES.find(([bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (signature) return signature[1];
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return null;
  const sample = head.subarray(0, 4096);
  let [even, odd] = [0, 0];
  sample.forEach((byte, i) => {
    if (byte !== 0) return;
    if (i % 2 === 0) even++;
    else odd++;
  });
  if (even + odd === 0) return null;
  if (odd * 3 > sample.length && even === 0) return 'text in utf-16le';
  if (even * 3 > sample.length && odd === 0) return 'text in utf-16be';
  return 'a binary file';
}

/** Whether an encoding has one byte for every letter, so that any bytes are text in it. */
const isOneByte = (encoding: Encoding): boolean => encoding === 'windows-1252' || encoding === 'iso-8859-1';

/** Whether bytes that a profile takes for one byte per letter are UTF-8: letters beyond ASCII fall into its patterns by no chance. */
export const isUtf8Instead = (bytes: Uint8Array, encoding: Encoding): boolean =>
  isOneByte(encoding) && !isAscii(bytes) && isUtf8(bytes);

/** The same of the head of a file, which may be cut within a letter: what is left of that says nothing. */
export function isUtf8Head(head: Uint8Array, encoding: Encoding): boolean {
  if (!isOneByte(encoding)) return false;
  try {
    return /[\u0080-\uffff]/.test(new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }));
  } catch {
    return false;
  }
}

/** What UTF-8 looks like that was read as one byte per letter and written as UTF-8 again: Ã¼, Ã©, â€™, Â°. */
const TWICE_ENCODED =
  /[ÃÂ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|â€/;
export const isTwiceEncoded = (text: string): boolean => TWICE_ENCODED.test(text);

/** A stretch of a file as code units (bytes, or 16-bit units), searched natively and decoded piece by piece. */
export interface Text {
  readonly length: number;
  /** Position of a code unit from `from` on, or -1. */
  indexOf(unit: number, from: number): number;
  at(index: number): number;
  /** The text between two positions; `null` if it is not valid in the encoding or holds a NUL. */
  decode(start: number, end: number): string | null;
}

export const unitBytes = (encoding: Encoding): 1 | 2 => (encoding.startsWith('utf-16') ? 2 : 1);

/** Code units of a window of bytes in an encoding. The window starts and ends on a unit. */
export function textOf(bytes: Buffer, encoding: Encoding): Text {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return utf16(bytes, encoding);
  const hasNul = bytes.indexOf(0) >= 0;
  const decode =
    encoding === 'utf-8' ? decodeUtf8(bytes, hasNul) : decodeLatin(bytes, hasNul, encoding === 'windows-1252');
  return {
    length: bytes.length,
    indexOf: (unit, from) => bytes.indexOf(unit, from),
    at: (i) => bytes[i] as number,
    decode,
  };
}

/** One look at the whole window spares the look at every row; only a window that holds a fault is validated row by row. */
function decodeUtf8(bytes: Buffer, hasNul: boolean): Text['decode'] {
  const suspicious = hasNul || !isUtf8(bytes);
  return (start, end) => {
    if (suspicious) {
      const slice = bytes.subarray(start, end);
      if (!isUtf8(slice) || slice.includes(0)) return null;
    }
    return bytes.toString('utf8', start, end);
  };
}

function decodeLatin(bytes: Buffer, hasNul: boolean, cp1252: boolean): Text['decode'] {
  return (start, end) => {
    let text = bytes.toString('latin1', start, end);
    if (hasNul && text.includes('\0')) return null;
    if (cp1252) {
      text = text.replace(C1, (c) => CP1252[c.charCodeAt(0) - 0x80] as string);
      if (text.includes('\uFFFD')) return null;
    }
    return text;
  };
}

function utf16(bytes: Buffer, encoding: Encoding): Text {
  // A copy: it aligns the units for the typed array, and swapping must not touch the reader's bytes.
  const own = Buffer.alloc(bytes.length & ~1);
  bytes.copy(own);
  if (encoding === 'utf-16be') own.swap16();
  const units = new Uint16Array(own.buffer, own.byteOffset, own.length / 2);
  return {
    length: units.length,
    indexOf: (unit, from) => units.indexOf(unit, from),
    at: (i) => units[i] as number,
    decode: (start, end) => {
      const text = own.toString('utf16le', start * 2, end * 2);
      return /[\0\p{Surrogate}]/u.test(text) ? null : text;
    },
  };
}
