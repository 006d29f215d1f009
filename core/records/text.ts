const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a string cannot stand in the lake: it holds a NUL, or half a surrogate pair that UTF-8 cannot write. */
export function isUnstorable(text: string): boolean {
  return text.includes('\u0000') || LONE_SURROGATE.test(text);
}

/** Whether a text is longer than `maxBytes` in UTF-8; most are so short that their characters settle it. */
export function isTooLong(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/** White space, and characters without width that exports and copied text leave around a value. */
function isBlank(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 9 && code <= 13);
  if (code < 0x2000) return code === 0xa0 || code === 0x85 || code === 0x1680;
  if (code <= 0x2060)
    return (
      code <= 0x200b ||
      code === 0x200e ||
      code === 0x200f ||
      code === 0x2028 ||
      code === 0x2029 ||
      code === 0x202f ||
      code >= 0x205f
    );
  return code === 0x3000 || code === 0xfeff;
}

/** A text without what `isBlank` says of its ends. A regular expression would take the square of a long run of blanks. */
function stripped(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

const isPlain = (code: number): boolean => code > 0x20 && code < 0x7f;

/**
 * A value without the blanks around it. Two texts that differ in them alone would be two people to one reader and one to another:
 * Redshift compares as if blanks at the end were not there, and nobody sees a U+200B.
 */
export function trimmed(value: unknown): unknown {
  if (typeof value !== 'string' || value.length === 0) return value;
  if (isPlain(value.charCodeAt(0)) && isPlain(value.charCodeAt(value.length - 1))) return value;
  return stripped(value);
}

const FORMULA = /^="(.*)"$/s;
/** Much of Europe writes the mark of decimals as a comma. */
const SCIENTIFIC = /^\d+(?:[.,]\d+)?[eE]\+\d{1,3}$/;
/** Characters that nobody sees: soft hyphen, zero width, marks of direction, byte-order mark. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;
const DECIMAL = /^(\d{1,15})\.00?$/;
const EQUALS = 61;
const APOSTROPHE = 39;

/**
 * What was made of an identifier on its way, undone where nothing is lost: `="00123"` (a spreadsheet, to keep it from being a number),
 * `'00124` (typed as text), `123.0` (a column with gaps, read as numbers), a U+200B in its middle (copied from a page). `2.98725E+13` has
 * lost its digits and stays.
 * @returns null where nothing shows
 */
export function restoredIdentifier(text: string): string | null {
  const seen = text.search(INVISIBLE) < 0 ? text : stripped(text.replace(INVISIBLE, ''));
  return ofSpreadsheet(seen) ?? (seen === text ? null : seen);
}

function ofSpreadsheet(text: string): string | null {
  const first = text.charCodeAt(0);
  if (first === EQUALS) {
    const inner = FORMULA.exec(text)?.[1];
    return inner === undefined ? null : stripped(inner.replaceAll('""', '"'));
  }
  if (first === APOSTROPHE) return text.length > 1 && !text.endsWith("'") ? stripped(text.slice(1)) : null;
  if (first < 48 || first > 57) return null;
  if (text.includes('+') && SCIENTIFIC.test(text)) return text;
  return DECIMAL.exec(text)?.[1] ?? null;
}

/** The text by which an identifier is known, or undefined where there is none: as the readers of a record take it. */
export function identifierText(value: unknown): string | undefined {
  const text = trimmed(value);
  if (typeof text !== 'string' || text === '') return undefined;
  return restoredIdentifier(text) ?? text;
}
