/**
 * Finds where the values of a JSON text begin and end, without making them: an entry of a Bundle is pointed at by its bytes, and one that is
 * no JSON must not cost the others. Only brackets and quotes are looked at; whether a value is right, JSON.parse tells later.
 */

/** First byte of a value, and the one after its last. */
export interface Range {
  start: number;
  end: number;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The first byte from `at` on that is no blank. */
export function skipBlanks(bytes: Uint8Array, at: number): number {
  let i = at;
  while (isBlank(bytes[i])) i++;
  return i;
}

/** Byte after the quote that closes a text; -1 where none does. */
function endOfText(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === QUOTE) return i + 1;
  }
  return -1;
}

/** Byte after a value that begins at `at`; -1 where it does not end. */
function endOfValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfText(bytes, at);
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) {
    let i = at;
    while (i < bytes.length && !isBlank(bytes[i]) && ![COMMA, CLOSE_LIST, CLOSE_OBJECT].includes(bytes[i]!)) i++;
    return i > at ? i : -1;
  }
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      i = endOfText(bytes, i) - 1;
      if (i < 0) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_LIST) && --depth === 0) return i + 1;
  }
  return -1;
}

/** What lies in an object or list, as far as it can be followed; `broken`: the byte from which on it cannot. An item that does not end is the last. */
export interface Scan<T> {
  items: T[];
  broken?: number;
}

export interface MemberRange extends Range {
  name: string;
}

/** Members of the object that begins at `at`. */
export const scanObject = (bytes: Uint8Array, at: number): Scan<MemberRange> => scan(bytes, at, CLOSE_OBJECT, memberAt);
/** Elements of the list that begins at `at`. */
export const scanList = (bytes: Uint8Array, at: number): Scan<Range> => scan(bytes, at, CLOSE_LIST, elementAt);

function scan<T extends Range>(
  bytes: Uint8Array,
  at: number,
  close: number,
  itemAt: (bytes: Uint8Array, at: number) => T | undefined,
): Scan<T> {
  const items: T[] = [];
  let i = skipBlanks(bytes, at + 1);
  if (bytes[i] === close) return { items };
  for (;;) {
    const item = itemAt(bytes, i);
    if (!item) return { items, broken: i };
    items.push(item);
    if (item.end < 0) {
      item.end = bytes.length;
      return { items, broken: i };
    }
    i = skipBlanks(bytes, item.end);
    if (bytes[i] === close) return { items };
    if (bytes[i] !== COMMA) return { items, broken: i };
    i = skipBlanks(bytes, i + 1);
  }
}

const elementAt = (bytes: Uint8Array, at: number): Range | undefined =>
  at < bytes.length ? { start: at, end: endOfValue(bytes, at) } : undefined;

function memberAt(bytes: Uint8Array, at: number): MemberRange | undefined {
  const end = bytes[at] === QUOTE ? endOfText(bytes, at) : -1;
  if (end < 0) return undefined;
  const colon = skipBlanks(bytes, end);
  if (bytes[colon] !== COLON) return undefined;
  const start = skipBlanks(bytes, colon + 1);
  if (start >= bytes.length) return undefined;
  return { name: textIn(bytes, { start: at, end }) ?? '', start, end: endOfValue(bytes, start) };
}

/** A value that is a text; undefined for any other. */
export function textIn(bytes: Uint8Array, range: Range | undefined): string | undefined {
  if (!range || bytes[range.start] !== QUOTE) return undefined;
  try {
    return JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset + range.start, range.end - range.start).toString(),
    ) as string;
  } catch {
    return undefined;
  }
}

/** Whether a value is an object. */
export const isObject = (bytes: Uint8Array, range: Range | undefined): boolean =>
  range !== undefined && bytes[range.start] === OPEN_OBJECT;
export const isList = (bytes: Uint8Array, range: Range | undefined): boolean =>
  range !== undefined && bytes[range.start] === OPEN_LIST;
