import type { FileRule } from '../../profiles/rules';
import type { Profile } from '../../profiles/schema';
import { type Encoding, textOf, unitBytes } from './text';

const LF = 10;
const CR = 13;

/** What stands above the columns of a file, or above its first record. */
export interface Above {
  lines: string[];
  /** Bytes from the byte-order mark to the columns. */
  bytes: number;
}

interface Wrong {
  rule: FileRule;
  pointer: string;
  message: string;
}

/**
 * Excel's line that says how it separates, which is no line of anybody's, then as many lines as the profile says.
 * @param head the first bytes of the file after its byte-order mark
 * @param isWhole whether these are all
 */
export function linesAbove(file: Profile['file'], head: Buffer, isWhole: boolean): Above | Wrong {
  const [first] = linesOf(head, file.encoding, 1, isWhole) ?? [];
  const excel = file.format === 'csv' ? /^\s*"?sep=(.)"?\s*$/i.exec(first?.text ?? '') : null;
  if (excel && excel[1] !== file.delimiter)
    return {
      rule: 'FIL-HDR-02',
      pointer: '/file/delimiter',
      message: `the first line says that the file is separated by ${JSON.stringify(excel[1])}, but the profile says ${JSON.stringify(file.delimiter)}`,
    };
  const begin = excel ? first!.end : 0;
  const count = file.preamble_lines ?? 0;
  const lines = linesOf(head.subarray(begin), file.encoding, count, isWhole);
  const pointer = '/file/preamble_lines';
  if (!lines)
    return {
      rule: 'FIL-HDR-08',
      pointer,
      message: `the file does not start with ${count} lines followed by its columns, or these lines are longer than 64 KiB`,
    };
  const texts = lines.flatMap(({ text }) => text ?? []);
  if (texts.length < count)
    return {
      rule: 'FIL-ENC-01',
      pointer,
      message: `the lines above the columns are not text in ${file.encoding}`,
    };
  return { lines: texts, bytes: begin + (lines.at(-1)?.end ?? 0) };
}

/** So many lines, each with the byte at which the next begins; undefined where there are fewer. The text of a line that has none is null. */
function linesOf(
  bytes: Buffer,
  encoding: Encoding,
  count: number,
  isWhole: boolean,
): { text: string | null; end: number }[] | undefined {
  const unit = unitBytes(encoding);
  const units = textOf(bytes.subarray(0, bytes.length - (bytes.length % unit)), encoding);
  const lines: { text: string | null; end: number }[] = [];
  for (let at = 0; lines.length < count;) {
    const found = units.indexOf(LF, at);
    if (at >= units.length || (found < 0 && !isWhole)) return undefined;
    const stop = found < 0 ? units.length : found;
    const last = stop > at && units.at(stop - 1) === CR ? stop - 1 : stop;
    lines.push({ text: units.decode(at, last), end: Math.min(stop + 1, units.length) * unit });
    at = stop + 1;
  }
  return lines;
}
