import { isAscii, isUtf8 } from 'node:buffer';
import type { RuleId } from '../../contracts';
import type { FileRule } from '../../profiles/rules';

/** A rule of the contracts, or of the profile that made the record of a row. */
export type AnyRule = RuleId | FileRule;

/** A rule that a record broke, and where: a JSON pointer into the record; empty for the record as a whole. */
export interface Violation {
  rule: AnyRule;
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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return reject(bytes.includes(0) ? 'DQ-FMT-01' : 'DQ-FMT-02');
  }
  if (namesTwice(text, value)) return reject('DQ-FMT-07');
  return { ok: true, value, escaped: text.includes('\\u') };
}

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;

/** Members that a JSON text writes: its colons outside strings. */
function writtenMembers(text: string): number {
  let members = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (inString) {
      if (code === BACKSLASH) i++;
    } else if (code === COLON) members++;
  }
  return members;
}

/** Members of a JSON value and of all that it holds. */
function heldMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = Array.isArray(value) ? 0 : Object.keys(value).length;
  // A stack of its own: a record of a megabyte may be nested deeper than calls may be.
  const rest: unknown[] = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop())
    for (const child of Object.values(next as object))
      if (typeof child === 'object' && child !== null) {
        if (!Array.isArray(child)) members += Object.keys(child).length;
        rest.push(child);
      }
  return members;
}

/** Whether an object of a JSON text names a member twice. JSON.parse keeps the last without a word, other readers the first. */
export const namesTwice = (text: string, value: unknown): boolean => writtenMembers(text) !== heldMembers(value);

/** Pointer as the quarantine table shows it: `#` stands for the whole record, so that a list has no empty entry. */
export function shownPointer(pointer: string): string {
  return pointer === '' ? '#' : pointer;
}
