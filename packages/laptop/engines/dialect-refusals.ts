import { DialectError, type Token } from './sql-tokens';

/** A construct that the local engine takes and Redshift does not, or that the two understand differently. */
export interface Refusal {
  /** Its words, in their order; `#` is any number, `@` any name. */
  readonly words: string;
  readonly why: string;
  /** What to write in its place. */
  readonly instead?: string;
}

const none = (words: string, instead?: string): Refusal => ({ words, why: `Redshift has no ${words}`, instead });
const PLATFORM = 'the platform’s SQL is kept to what two engines answer equally';

/** The order is that of the message: the first that is found is told. */
export const REFUSALS: readonly Refusal[] = [
  none('ON CONFLICT', 'MERGE, or delete and insert'),
  none('OR IGNORE', 'INSERT … SELECT … WHERE NOT EXISTS'),
  { words: 'INSERT OR', why: 'Redshift has no INSERT OR', instead: 'MERGE, or delete and insert' },
  { words: 'INSERT BY', why: 'Redshift has no INSERT BY NAME', instead: 'the columns behind the name of the table' },
  none('BY NAME', 'the columns in their order'),
  none('BY POSITION', 'the columns in their order'),
  none('RETURNING', 'a SELECT after it'),
  { words: 'ASOF JOIN', why: 'Redshift has no ASOF JOIN', instead: 'a join on valid_from <= t AND t < valid_to' },
  { words: 'ASOF LEFT', why: 'Redshift has no ASOF JOIN', instead: 'a join on valid_from <= t AND t < valid_to' },
  none('POSITIONAL JOIN', 'row_number() on both sides and a join on it'),
  none('SEMI JOIN', 'EXISTS'),
  none('ANTI JOIN', 'NOT EXISTS'),
  none('LATERAL', 'a join of two queries'),
  none('TABLESAMPLE', 'a condition on a column'),
  none('USING SAMPLE', 'a condition on a column'),
  none('ORDER BY ALL', 'ORDER BY 1, 2, 3'),
  {
    words: 'PRIMARY KEY',
    why: 'Redshift does not enforce it and the local engine would',
    instead: 'the table without it',
  },
  {
    words: 'FOREIGN KEY',
    why: 'Redshift does not enforce it and the local engine would',
    instead: 'the table without it',
  },
  {
    words: 'REFERENCES',
    why: 'Redshift does not enforce it and the local engine would',
    instead: 'the table without it',
  },
  { words: 'IDENTITY', why: 'its values depend on the order of loads', instead: 'a hash as the key' },
  { words: 'GENERATED', why: 'its values depend on the order of loads', instead: 'a hash as the key' },
  { words: 'COLLATE', why: 'collations differ between the engines', instead: 'lower(x) on both sides' },
  none('FROM ONLY', 'FROM'),
  { words: 'OVERLAPS', why: 'the engines differ in it', instead: 'a_start < b_end AND b_start < a_end' },
  { words: 'PIVOT', why: PLATFORM, instead: 'sum(CASE WHEN … THEN … END) per column' },
  { words: 'UNPIVOT', why: PLATFORM, instead: 'UNION ALL' },
  none('DESCRIBE', 'show columns from table s.t, or carelake describe s.t'),
  none('SUMMARIZE', 'count, min and max of the columns'),
  { words: 'FILTER (', why: 'Redshift has no FILTER on aggregates', instead: 'sum(CASE WHEN … THEN 1 ELSE 0 END)' },
  none('DISTINCT ON', 'QUALIFY row_number() OVER (PARTITION BY … ORDER BY …) = 1'),
  {
    words: 'IS DISTINCT FROM',
    why: 'Redshift has no IS DISTINCT FROM',
    instead: 'NOT coalesce(a = b, a IS NULL AND b IS NULL)',
  },
  {
    words: 'IS NOT DISTINCT FROM',
    why: 'Redshift has no IS NOT DISTINCT FROM',
    instead: 'coalesce(a = b, a IS NULL AND b IS NULL)',
  },
  { words: '= =', why: 'Redshift has no ==', instead: 'a = b' },
  { words: '/ /', why: 'Redshift has no //', instead: 'a / b, which is whole for integers' },
  { words: '* *', why: 'Redshift has no **', instead: 'power(a, b)' },
  { words: '- >', why: 'Redshift has no -> and no lambda', instead: 'CASE, or a join' },
  { words: '= >', why: 'Redshift has no named arguments', instead: 'the arguments in their order' },
  { words: '* REPLACE', why: 'Redshift has no * REPLACE', instead: 'the columns by name' },
  { words: '* RENAME', why: 'Redshift has no * RENAME', instead: 'the columns by name' },
  { words: '* LIKE', why: 'Redshift chooses no columns by pattern', instead: 'the columns by name' },
  { words: 'LIMIT # %', why: 'Redshift has no share as a limit', instead: 'LIMIT with a number of rows' },
  { words: 'EXCEPT ALL', why: 'Redshift has no EXCEPT ALL', instead: 'EXCEPT, or count(*) per row on both sides' },
  { words: 'INTERSECT ALL', why: 'Redshift has no INTERSECT ALL', instead: 'INTERSECT' },
  {
    words: 'SIMILAR TO',
    why: 'the engines read its patterns differently',
    instead: "LIKE, or regexp_count(text, 'pattern') > 0",
  },
  none('GLOB', 'LIKE with % and _'),
  { words: 'AS MATERIALIZED', why: 'Redshift has no hint for WITH', instead: 'WITH name AS ( … )' },
  { words: 'AS NOT MATERIALIZED', why: 'Redshift has no hint for WITH', instead: 'WITH name AS ( … )' },
  none('FETCH FIRST', 'LIMIT'),
  none('FETCH NEXT', 'LIMIT'),
  { words: 'AS FROM', why: 'a query begins with SELECT', instead: 'SELECT * FROM …' },
  { words: 'UNION FROM', why: 'a query begins with SELECT', instead: 'SELECT * FROM …' },
  { words: 'ALL FROM', why: 'a query begins with SELECT', instead: 'SELECT * FROM …' },
  { words: 'WINDOW @ AS', why: 'Redshift has no named windows', instead: 'the window behind each OVER' },
  { words: 'APPROXIMATE PERCENTILE_DISC', why: 'the engines approximate differently', instead: 'percentile_disc' },
  { words: 'CURRENT_TIMESTAMP', why: 'Redshift runs it beside no table', instead: 'getdate()' },
  { words: 'CURRENT_TIME', why: 'Redshift runs it beside no table', instead: 'getdate()' },
  { words: 'CURRENT_USER', why: 'the laptop’s warehouse has no users', instead: 'the query without it' },
  { words: 'SESSION_USER', why: 'the laptop’s warehouse has no users', instead: 'the query without it' },
  { words: 'LOCALTIMESTAMP', why: 'Redshift runs it beside no table', instead: 'getdate()' },
  { words: 'LOCALTIME', why: 'Redshift runs it beside no table', instead: 'getdate()' },
];

/** Functions of other databases, and what Redshift calls them. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  NOW: 'getdate()', TODAY: 'current_date', IFNULL: 'nvl(a, b)', ISNULL: 'nvl(a, b)', IF: 'CASE WHEN … THEN … ELSE … END', IIF: 'CASE WHEN … THEN … ELSE … END',
  STRING_AGG: "listagg(x, ', ')", GROUP_CONCAT: "listagg(x, ', ')", ARRAY_AGG: "listagg(x, ', ')", STRFTIME: "to_char(t, 'YYYY-MM-DD')", STRPTIME: "to_date(x, 'YYYY-MM-DD')",
  DATE_FORMAT: "to_char(t, 'YYYY-MM-DD')", AGE: 'datediff(day, a, b)', DATESUB: 'datediff(day, a, b)', DATE_SUB: 'dateadd(day, -n, d)', YEAR: 'extract(year FROM d)',
  MONTH: 'extract(month FROM d)', DAY: 'extract(day FROM d)', HOUR: 'extract(hour FROM t)', MINUTE: 'extract(minute FROM t)', SECOND: 'extract(second FROM t)',
  WEEK: 'extract(week FROM d)', QUARTER: 'extract(quarter FROM d)', DAYNAME: "to_char(d, 'Day')", MONTHNAME: "to_char(d, 'Month')", DAYOFWEEK: 'extract(dow FROM d)',
  QUANTILE: 'percentile_cont(0.5) WITHIN GROUP (ORDER BY x)', QUANTILE_CONT: 'percentile_cont(0.5) WITHIN GROUP (ORDER BY x)', MODE: 'count(*) per value, and the first of them',
  APPROX_COUNT_DISTINCT: 'approximate count(distinct x)', COUNT_IF: 'sum(CASE WHEN … THEN 1 ELSE 0 END)', TRY_CAST: 'CASE WHEN … THEN CAST(x AS …) END',
  REGEXP_MATCHES: "regexp_count(text, 'pattern') > 0", REGEXP_EXTRACT: "regexp_substr(text, 'pattern')", CONTAINS: "text LIKE '%part%'", STARTS_WITH: "text LIKE 'part%'",
  CONCAT_WS: "a || ', ' || b", FORMAT: "a || ', ' || b", PRINTF: "a || ', ' || b", ROWNUM: 'row_number() OVER (ORDER BY …)', INSTR: 'strpos(text, part)', LOCATE: 'strpos(text, part)',
  POW: 'power(a, b)', LOG10: 'log(x)', LOG2: 'ln(x) / ln(2)', FDIV: 'a / b', LCASE: 'lower(x)', UCASE: 'upper(x)', SUBSTRING_INDEX: "split_part(text, ',', 1)",
  TO_DAYS: 'dateadd(day, n, d)', DATE: 'CAST(x AS date)', RANGE: 'a table of numbers, such as core.dim_date', GENERATE_SERIES: 'a table of numbers, such as core.dim_date', UNNEST: 'a join',
}; // prettier-ignore

/** A refusal as a sentence; what follows `write` is what the caller may do. */
export const sentence = ({ words, why, instead }: Refusal): string =>
  `${words.replace(/ [#@(]/, '')}: ${why}${instead === undefined ? '' : `; write ${instead}`}`;

interface Wanted {
  readonly refusal: Refusal;
  readonly words: readonly string[];
}
const WANTED: ReadonlyMap<string, readonly Wanted[]> = REFUSALS.reduce((map, refusal) => {
  const words = refusal.words.split(' ');
  return map.set(words[0]!, [...(map.get(words[0]!) ?? []), { refusal, words }]);
}, new Map<string, Wanted[]>());

/**
 * Refuses constructs by their words: a text or a quoted name may say anything, and `a.identity` is a column.
 * @throws DialectError
 */
export function refuseConstructs(tokens: readonly Token[]): void {
  tokens.forEach((token, i) => {
    if (!isCode(token) || tokens[i - 1]?.text === '.') return;
    const found = WANTED.get(token.upper)?.find(({ words }) => words.every((_, k) => stands(tokens, i, k, words)));
    if (found) throw new DialectError(sentence(found.refusal));
  });
  refuseCommas(tokens);
  refuseValues(tokens);
}

const isCode = (token: Token | undefined): token is Token => token?.kind === 'word' || token?.kind === 'symbol';

function stands(tokens: readonly Token[], from: number, k: number, words: readonly string[]): boolean {
  const [token, word] = [tokens[from + k], words[k]];
  if (word === '#') return token?.kind === 'number';
  if (word === '@') return token?.kind === 'word' || token?.kind === 'quoted';
  if (!isCode(token) || token.upper !== word) return false;
  // Two signs are one operator only where nothing stands between them.
  const isOperator = words.length === 2 && words.every((w) => /^[=/*>-]$/.test(w));
  return !isOperator || k === 0 || tokens[from]!.end === token.start;
}

const AFTER_COMMA = new Set(['FROM', 'WHERE', 'GROUP', 'ORDER', 'HAVING', 'LIMIT', 'UNION', ')']);

function refuseCommas(tokens: readonly Token[]): void {
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    if (
      token.text === ',' &&
      token.kind === 'symbol' &&
      (next === undefined || (isCode(next) && AFTER_COMMA.has(next.upper)))
    )
      throw new DialectError('a comma with nothing behind it: Redshift takes none; write the list without it');
  });
}

/** VALUES gives rows to INSERT and MERGE, and is no table. */
function refuseValues(tokens: readonly Token[]): void {
  const isInsert = ['INSERT', 'MERGE'].includes(tokens[0]?.upper ?? '');
  let depth = 0;
  tokens.forEach((token, i) => {
    if (token.kind === 'symbol') depth += token.text === '(' ? 1 : token.text === ')' ? -1 : 0;
    if (token.kind === 'word' && token.upper === 'VALUES' && tokens[i + 1]?.text === '(' && !(isInsert && depth === 0))
      throw new DialectError(
        'VALUES as a table: Redshift takes it in INSERT alone; write SELECT 1, 2 UNION ALL SELECT 3, 4',
      );
  });
}
