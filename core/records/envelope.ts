import { isAscii, isUtf8 } from 'node:buffer';
import type { RuleId } from '../../contracts';

/** A rule that a record broke, and where: a JSON pointer into the record; empty for the record as a whole. */
export interface Violation {
  rule: RuleId;
  pointer: string;
}

/** A record that could be read as JSON text, or why it could not. */
export type Decoded = { ok: true; value: unknown; escaped: boolean } | { ok: false; violation: Violation };

const reject = (rule: RuleId): Decoded => ({ ok: false, violation: { rule, pointer: '' } });

/**
 * Reads the bytes of one record as JSON.
 * `escaped` tells that the text holds \u escapes: only through them can a NUL or half a surrogate pair be in a string.
 */
export function decodeRecord(bytes: Uint8Array, maxBytes: number): Decoded {
  if (bytes.length > maxBytes) return reject('ENV-SIZE');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let text: string;
  if (isAscii(bytes)) text = buffer.toString('latin1');
  else if (isUtf8(bytes)) text = buffer.toString('utf8');
  else return reject('DQ-FMT-01');
  try {
    return { ok: true, value: JSON.parse(text) as unknown, escaped: text.includes('\\u') };
  } catch {
    return reject(bytes.includes(0) ? 'DQ-FMT-01' : 'DQ-FMT-02');
  }
}

/** Pointer as the quarantine table shows it: `#` stands for the whole record, so that a list has no empty entry. */
export function shownPointer(pointer: string): string {
  return pointer === '' ? '#' : pointer;
}
