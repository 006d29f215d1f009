import { once } from './sql-once';
import { DialectError, quoteText } from './sql-tokens';

/** What a part of a format writes, as an expression over the value `v`. */
const WRITES: readonly (readonly [string, (v: string) => string])[] = [
  ['YYYY', strf('%Y')],
  ['YY', strf('%y')],
  ['MONTH', (v) => `rpad(upper(monthname(${v})), 9, ' ')`],
  ['Month', (v) => `rpad(monthname(${v}), 9, ' ')`],
  ['month', (v) => `rpad(lower(monthname(${v})), 9, ' ')`],
  ['MON', (v) => `upper(left(monthname(${v}), 3))`],
  ['Mon', (v) => `left(monthname(${v}), 3)`],
  ['mon', (v) => `lower(left(monthname(${v}), 3))`],
  ['MM', strf('%m')],
  ['DAY', (v) => `rpad(upper(dayname(${v})), 9, ' ')`],
  ['Day', (v) => `rpad(dayname(${v}), 9, ' ')`],
  ['day', (v) => `rpad(lower(dayname(${v})), 9, ' ')`],
  ['DY', (v) => `upper(left(dayname(${v}), 3))`],
  ['Dy', (v) => `left(dayname(${v}), 3)`],
  ['dy', (v) => `lower(left(dayname(${v}), 3))`],
  ['DDD', strf('%j')],
  ['DD', strf('%d')],
  ['IYYY', (v) => `CAST(isoyear(${v}) AS VARCHAR)`],
  ['IW', (v) => `lpad(CAST(weekofyear(${v}) AS VARCHAR), 2, '0')`],
  ['ID', (v) => `CAST(isodow(${v}) AS VARCHAR)`],
  ['D', (v) => `CAST(dayofweek(${v}) + 1 AS VARCHAR)`],
  ['Q', (v) => `CAST(quarter(${v}) AS VARCHAR)`],
  ['HH24', strf('%H')],
  ['HH12', strf('%I')],
  ['HH', strf('%I')],
  ['MI', strf('%M')],
  ['SS', strf('%S')],
  ['MS', strf('%g')],
  ['US', strf('%f')],
  ['AM', strf('%p')],
  ['PM', strf('%p')],
  ['am', (v) => `lower(${strf('%p')(v)})`],
  ['pm', (v) => `lower(${strf('%p')(v)})`],
];

function strf(format: string): (v: string) => string {
  return (v) => `strftime(${v}, '${format}')`;
}

/** Parts of a format that is read, as the local engine spells them. */
const READS: Readonly<Record<string, string>> = {
  YYYY: '%Y', MM: '%m', DD: '%d', MON: '%b', MONTH: '%B', HH24: '%H', HH12: '%I', HH: '%I', MI: '%M', SS: '%S', MS: '%g', US: '%f', AM: '%p', PM: '%p', DDD: '%j',
}; // prettier-ignore

/** Parts of a format and what stands between them. Names of months and days are told by their case, numbers are not. */
function partsOf(format: string, known: readonly string[]): { part?: string; between?: string }[] {
  const parts: { part?: string; between?: string }[] = [];
  for (let at = 0; at < format.length;) {
    const rest = format.slice(at);
    const quoted = /^"([^"]*)"/.exec(rest);
    const part = longest(rest, known);
    const word = /^[A-Za-z]+/.exec(rest)?.[0];
    if (!quoted && part === undefined && (word !== undefined || /^[09]/.test(rest)))
      throw new DialectError(
        `the part ${word ?? rest[0]} of a format is not supported here; write one of: ${known.join(', ')}`,
      );
    parts.push(part === undefined ? { between: quoted ? quoted[1] : rest[0] } : { part });
    at += part?.length ?? quoted?.[0].length ?? 1;
  }
  return parts;
}

function longest(text: string, known: readonly string[]): string | undefined {
  const found = known.filter((k) => text.startsWith(k)).sort((a, b) => b.length - a.length)[0];
  if (found !== undefined) return found;
  const numbers = known.filter((k) => !/^(MONTH|MON|DAY|DY|AM|PM)$/i.test(k));
  return numbers
    .filter((k) => text.toUpperCase().startsWith(k))
    .sort((a, b) => b.length - a.length)
    .map((k) => text.slice(0, k.length))[0];
}

/** TO_CHAR of a time by a literal format. @throws DialectError for a part that is not known. */
export function toChar(value: string, format: string): string {
  const names = WRITES.map(([name]) => name);
  const write = new Map(WRITES);
  const parts = partsOf(format, names);
  if (parts.length === 0) return quoteText('');
  const texts = (time: string): string[] =>
    parts.map(({ part, between = '' }) =>
      part === undefined ? quoteText(between) : (write.get(part) ?? write.get(part.toUpperCase()))!(time),
    );
  return `(${once((time) => texts(time).join(' || '), `CAST(${value} AS TIMESTAMP)`)})`;
}

/** A literal format for reading a time. @throws DialectError for a part that is not known. */
export function readingFormat(format: string): string {
  const known = Object.keys(READS);
  return partsOf(format.toUpperCase(), known)
    .map(({ part, between = '' }) => (part === undefined ? between.replaceAll('%', '%%') : READS[part.toUpperCase()]))
    .join('');
}
