import { type Argument, count, counted, literal, numberOf, trunc } from './sql-arguments';
import { asText as textOfValue, cast, raise, RAISED, readType } from './sql-casts';
import { readingFormat, toChar } from './sql-formats';
import { notTooMuch, once } from './sql-once';
import { DialectError, quoteText } from './sql-tokens';
import { textOf, tokenOf } from './sql-tree';

type Translation = (args: readonly Argument[], name: string) => string;

/** Parts of a date or time by all their names; `m` is minutes. */
const PARTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    year: 'y yr yrs year years', quarter: 'qtr qtrs quarter quarters', month: 'mon mons month months', week: 'w week weeks',
    day: 'd day days', hour: 'h hr hrs hour hours', minute: 'm min mins minute minutes', second: 's sec secs second seconds',
    millisecond: 'ms msec msecs millisecond milliseconds millisec millisecs millisecon', microsecond: 'us usec usecs microsec microsecs microsecond microseconds',
    dayofweek: 'dow weekday dayofweek dw', dayofyear: 'doy dayofyear dy yearday', epoch: 'epoch', century: 'c cent cents century centuries', decade: 'decade decades',
  }).flatMap(([part, names]) => names.split(' ').map((name) => [name, part])),
); // prettier-ignore

/** The part of a date that an argument names, with or without quotes. @throws DialectError for none. */
function partOf({ nodes }: Argument, allowed: readonly string[]): string {
  const written = (nodes.length === 1 ? (textOf(nodes[0]) ?? tokenOf(nodes[0])?.text ?? '') : '').toLowerCase();
  const part = Object.hasOwn(PARTS, written) ? PARTS[written]! : '';
  if (!allowed.includes(part))
    throw new DialectError(`the first argument names a part of the date; write one of: ${allowed.join(', ')}`);
  return part;
}

const SPANS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'];
const OF_TIMES = SPANS.filter((span) => span !== 'week');

const takes =
  (least: number, most: number, translate: (...texts: string[]) => string): Translation =>
  (args, name) => {
    count(args, name, least, most);
    return translate(...args.map((a) => a.text));
  };

const time = (text: string): string => `CAST(${text} AS TIMESTAMP)`;
const asText = (text: string): string => `CAST(${text} AS VARCHAR)`;
/** The time of the statement; Redshift's clock has UTC. */
const NOW = 'CAST(now() AS TIMESTAMP)';

function dateAdd(args: readonly Argument[], name: string): string {
  count(args, name, 3, 3);
  const part = partOf(args[0]!, SPANS);
  const from = time(args[2]!.text);
  const span = `CAST(${args[1]!.text} AS INTEGER) * INTERVAL '${part === 'quarter' ? '3 months' : `1 ${part}`}'`;
  if (part !== 'year') return `(${from} + ${span})`;
  // A year after 29 February is 1 March, while twelve months after it are 28 February.
  return once(
    (t, years) =>
      `CASE WHEN extract(month FROM ${t}) = 2 AND extract(day FROM ${t}) = 29 THEN ${t} - INTERVAL '1 day' + ${years} + INTERVAL '1 day' ELSE ${t} + ${years} END`,
    from,
    span,
  );
}

function dateDiff(args: readonly Argument[], name: string): string {
  count(args, name, 3, 3);
  const part = partOf(args[0]!, OF_TIMES);
  return `date_diff('${part}', ${time(args[1]!.text)}, ${time(args[2]!.text)})`;
}

const COUNTED = [...SPANS.slice(0, 8), 'dayofweek', 'dayofyear', 'epoch'];
/** The part that EXTRACT takes. Smaller ones than seconds, decades and centuries are counted otherwise. */
export const extractedPart = (part: Argument): string => partOf(part, COUNTED);

/** DATE_PART gives a double, and seconds with their fraction. */
function datePart(args: readonly Argument[], name: string): string {
  count(args, name, 2, 2);
  const part = extractedPart(args[0]!);
  const { nodes, text } = args[1]!;
  const from = nodes.length === 1 && textOf(nodes[0]) !== undefined ? time(text) : text;
  return part === 'second'
    ? `extract(microsecond FROM ${from}) / CAST(1000000 AS DOUBLE)`
    : `CAST(date_part('${part}', ${from}) AS DOUBLE)`;
}

function addMonths(args: readonly Argument[], name: string): string {
  count(args, name, 2, 2);
  const span = `CAST(${args[1]!.text} AS INTEGER) * INTERVAL '1 month'`;
  // The last day of a month goes to the last day of a month.
  return once(
    (t, months) =>
      `CASE WHEN CAST(${t} AS DATE) = last_day(${t}) THEN last_day(${t} + ${months}) + (${t} - CAST(CAST(${t} AS DATE) AS TIMESTAMP)) ELSE ${t} + ${months} END`,
    time(args[0]!.text),
    span,
  );
}

function decode(args: readonly Argument[], name: string): string {
  count(args, name, 3, 99);
  const [value, ...rest] = args.map((a) => `(${a.text})`);
  const whens: string[] = [];
  while (rest.length >= 2) whens.push(`WHEN ${value} IS NOT DISTINCT FROM ${rest.shift()} THEN ${rest.shift()}`);
  return notTooMuch(`CASE ${whens.join(' ')}${rest.length > 0 ? ` ELSE ${rest[0]}` : ''} END`);
}

/** Starts before the first letter take of the length what lies before it. */
function substring(args: readonly Argument[], name: string): string {
  count(args, name, 2, 3);
  const value = asText(args[0]!.text);
  const [, start, length] = args;
  const at = numberOf(start!);
  const size = length && numberOf(length);
  if (size !== undefined && size < 0) throw new DialectError(RAISED.substring);
  if (at !== undefined && at >= 1 && (!length || size !== undefined))
    return `substring(${value}, ${at}${length ? `, ${size}` : ''})`;
  // Not greatest and least: they leave NULL out.
  const from = once((s) => `CASE WHEN ${s} < 1 THEN 1 ELSE ${s} END`, start!.text);
  if (!length) return `substring(${value}, ${from})`;
  const letters = once(
    (s, n) =>
      `CASE WHEN ${n} < 0 THEN ${raise('substring')} WHEN ${s} >= 1 THEN ${n} WHEN ${s} + ${n} < 1 THEN 0 ELSE ${s} + ${n} - 1 END`,
    start!.text,
    length.text,
  );
  return `substring(${value}, ${from}, ${letters})`;
}

const NO_PERL = /\(\?[=!<]|\\[1-9]/;

/** Options of a regular expression: letter case, and nothing that only one of the engines knows. */
function matching(
  args: readonly Argument[],
  at: { pattern: number; position: number; options: number },
): { pattern: string; options: string } {
  const pattern = literal(args[at.pattern]!, 'the pattern');
  if (NO_PERL.test(pattern))
    throw new DialectError('patterns with look-around or back-references are not supported here; write two conditions');
  const position = args[at.position];
  if (position && numberOf(position) !== 1)
    throw new DialectError(
      'the position of a regular expression must be 1 here; write substring(text, position) as the text',
    );
  const options = args[at.options] ? literal(args[at.options]!, 'the last argument') : '';
  if (!/^[ci]?$/.test(options))
    throw new DialectError('the last argument of a regular expression is not supported here; write i or c');
  return { pattern: quoteText(pattern), options: options === 'i' ? 'i' : 'c' };
}

function regexpReplace(args: readonly Argument[], name: string): string {
  count(args, name, 2, 5);
  const { pattern, options } = matching(args, { pattern: 1, position: 3, options: 4 });
  const put = args[2] ? literal(args[2], 'the replacement') : '';
  const local = put.replace(/\\/g, '\\\\').replace(/\$(\d)/g, '\\$1');
  return `regexp_replace(${args[0]!.text}, ${pattern}, ${quoteText(local)}, 'g${options}')`;
}

function regexpSubstr(args: readonly Argument[], name: string): string {
  count(args, name, 2, 5);
  const { pattern, options } = matching(args, { pattern: 1, position: 2, options: 4 });
  const which = args[3] ? numberOf(args[3]) : 1;
  if (which === undefined || which < 1)
    throw new DialectError('the occurrence is not supported here; write a number, 1 or greater');
  if (which === 1) return `regexp_extract(${args[0]!.text}, ${pattern}, 0, '${options}')`;
  return once(
    (text) =>
      `CASE WHEN ${text} IS NOT NULL THEN coalesce(regexp_extract_all(${text}, ${pattern}, 0, '${options}')[${which}], '') END`,
    args[0]!.text,
  );
}

function regexpCount(args: readonly Argument[], name: string): string {
  count(args, name, 2, 4);
  const { pattern, options } = matching(args, { pattern: 1, position: 2, options: 3 });
  return `len(regexp_extract_all(${args[0]!.text}, ${pattern}, 0, '${options}'))`;
}

function convertTimezone(args: readonly Argument[], name: string): string {
  count(args, name, 2, 3);
  const zones = args.slice(0, -1).map((a) => literal(a, 'the zone'));
  for (const zone of zones)
    if (!/^(UTC|GMT|[A-Za-z]+\/[A-Za-z_/+-]+)$/.test(zone))
      throw new DialectError(
        'the engines interpret zone abbreviations and offsets differently; write a name such as America/New_York',
      );
  const [from, to] = zones.length === 2 ? zones : ['UTC', zones[0]];
  return `timezone(${quoteText(to!)}, timezone(${quoteText(from!)}, ${time(args.at(-1)!.text)}))`;
}

const WORDS = "'[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+'";
const initcap = (text: string): string =>
  `array_to_string(list_transform(regexp_extract_all(${text}, ${WORDS}), lambda word: upper(word[1]) || lower(word[2:])), '')`;

/** Functions of Redshift that the local engine has under another name or with another meaning. */
export const EVERYDAY: Readonly<Record<string, Translation>> = {
  NVL: takes(1, 99, (...texts) => `coalesce(${texts.join(', ')})`),
  NVL2: takes(3, 3, (value, some, none) => `CASE WHEN (${value}) IS NOT NULL THEN ${some} ELSE ${none} END`),
  DECODE: decode,
  GETDATE: takes(0, 0, () => `date_trunc('second', ${NOW})`),
  SYSDATE: takes(0, 0, () => NOW),
  DATEADD: dateAdd,
  DATE_ADD: dateAdd,
  DATEDIFF: dateDiff,
  DATE_DIFF: dateDiff,
  ADD_MONTHS: addMonths,
  DATE_PART: datePart,
  DATE_TRUNC: (args, name) => {
    count(args, name, 2, 2);
    return `date_trunc('${partOf(args[0]!, SPANS)}', ${time(args[1]!.text)})`;
  },
  LAST_DAY: takes(1, 1, (date) => `last_day(${time(date!)})`),
  CONVERT_TIMEZONE: convertTimezone,
  TO_CHAR: (args, name) => {
    count(args, name, 2, 2);
    return toChar(args[0]!.text, literal(args[1]!, 'the format'));
  },
  TO_DATE: (args, name) => {
    count(args, name, 2, 2);
    return `CAST(strptime(${asText(args[0]!.text)}, ${quoteText(readingFormat(literal(args[1]!, 'the format')))}) AS DATE)`;
  },
  TO_TIMESTAMP: (args, name) => {
    count(args, name, 2, 2);
    return `timezone('UTC', strptime(${asText(args[0]!.text)}, ${quoteText(readingFormat(literal(args[1]!, 'the format')))}))`;
  },
  CONVERT: (args, name) => {
    count(args, name, 2, 2);
    return cast(args[1]!.nodes, args[1]!.text, readType(args[0]!.nodes, 0).type);
  },
  SUBSTRING: substring,
  SUBSTR: substring,
  CHARINDEX: takes(2, 2, (part, text) => `strpos(${text}, ${part})`),
  CONCAT: (args, name) => {
    count(args, name, 2, 2);
    return `(${args.map(({ nodes, text }) => textOfValue(nodes, text)).join(' || ')})`;
  },
  LEFT: (args, name) => counted(args, name, 2, 0, 'length'),
  RIGHT: (args, name) => counted(args, name, 2, 0, 'length'),
  SPLIT_PART: (args, name) => counted(args, name, 3, 1, 'position'),
  TRUNC: trunc,
  BTRIM: takes(1, 2, (...texts) => `trim(${texts.join(', ')})`),
  LPAD: takes(2, 3, (text, size, fill = "' '") => `lpad(${text}, ${size}, ${fill})`),
  RPAD: takes(2, 3, (text, size, fill = "' '") => `rpad(${text}, ${size}, ${fill})`),
  INITCAP: takes(1, 1, (text) => initcap(text!)),
  OCTET_LENGTH: takes(1, 1, (text) => `strlen(${asText(text!)})`),
  REGEXP_REPLACE: regexpReplace,
  REGEXP_SUBSTR: regexpSubstr,
  REGEXP_COUNT: regexpCount,
  LOG: takes(1, 1, (x) => `log10(${x})`),
  DLOG10: takes(1, 1, (x) => `log10(${x})`),
  STDDEV: takes(1, 1, (x) => `stddev_samp(${x})`),
  VARIANCE: takes(1, 1, (x) => `var_samp(${x})`),
};
