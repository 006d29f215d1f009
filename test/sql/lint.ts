/** The SQL that Redshift, DuckDB and PostgreSQL read alike, as rules over one statement. */
export type Place = 'migrations' | 'load' | 'marts' | 'checks' | 'security';

export interface Finding {
  rule: string;
  found: string;
}

const FUNCTIONS = new Set(
  ['count', 'sum', 'min', 'max', 'coalesce', 'nullif', 'cast', 'extract', 'floor', 'row_number', 'lower', 'translate', 'lag', 'lead', 'substring', 'split_part', 'date_trunc', 'varchar', 'decimal', 'in', 'exists', 'over', 'as', 'values', 'and', 'or', 'not', 'on', 'when', 'then', 'from', 'where', 'join', 'union', 'all', 'distkey', 'sortkey', 'with', 'ref', 'source', 'interval', 'else', 'select', 'by', 'between', 'case'], // prettier-ignore
);

const FORBIDDEN: { rule: string; pattern: RegExp; places?: Place[] }[] = [
  { rule: 'QUALIFY is not PostgreSQL', pattern: /\bQUALIFY\b/i },
  { rule: 'IDENTITY cannot be made again by a replay', pattern: /\bIDENTITY\b/i },
  { rule: 'LISTAGG is not DuckDB as Redshift means it', pattern: /\bLISTAGG\b/i },
  { rule: 'DATEDIFF and DATEADD differ or are missing: subtract floored epochs or dates', pattern: /\b(DATEDIFF|DATEADD|DATE_DIFF|DATE_ADD)\b/i },
  { rule: 'no statement reads the clock', pattern: /\b(GETDATE|SYSDATE|NOW|CURRENT_DATE|CURRENT_TIMESTAMP|CURRENT_TIME|LOCALTIMESTAMP|TIMEOFDAY)\b/i },
  { rule: 'AVG of integers is an integer on Redshift: divide a double sum by nullif(count, 0)', pattern: /\bAVG\s*\(/i },
  { rule: 'MERGE takes no target alias and no condition in WHEN', pattern: /\bMERGE\s+INTO\s+\S+\s+(AS\s+)?(?!USING)\w+\s+USING|\bWHEN\s+(NOT\s+)?MATCHED\s+AND\b/i },
  { rule: 'IS DISTINCT FROM is not Redshift', pattern: /\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b/i },
  { rule: 'DISTINCT ON is not Redshift', pattern: /\bDISTINCT\s+ON\b/i },
  { rule: 'FILTER on aggregates is not Redshift', pattern: /\bFILTER\s*\(/i },
  { rule: 'named windows are not Redshift', pattern: /\bWINDOW\s+\w+\s+AS\b/i },
  { rule: 'semi and anti joins are DuckDB words', pattern: /\b(SEMI|ANTI|ASOF|POSITIONAL)\s+JOIN\b/i },
  { rule: 'column lists of DuckDB', pattern: /\bEXCLUDE\s*\(|\bREPLACE\s*\(|\bGROUP\s+BY\s+ALL\b|\bCOLUMNS\s*\(/i },
  { rule: 'upserts and RETURNING are not Redshift', pattern: /\bON\s+CONFLICT\b|\bRETURNING\b/i },
  { rule: 'CREATE TABLE LIKE loses policies: use CREATE TABLE AS', pattern: /\bCREATE\b[^;]*\(\s*LIKE\b/i },
  { rule: 'booleans are not numbers: sum a CASE', pattern: /\bsum\s*\(\s*(is_|has_|not\b|(?!CASE\b)[^()]*[<>=])/i, places: ['migrations', 'load', 'checks'] },
  { rule: 'keys and uniqueness are not enforced by Redshift, and cost an index elsewhere', pattern: /\b(PRIMARY\s+KEY|FOREIGN\s+KEY|REFERENCES|UNIQUE)\b/i },
  { rule: 'a load keeps its transaction: TRUNCATE and APPEND commit, VACUUM and ALTER cannot run in it', pattern: /\b(TRUNCATE|APPEND|VACUUM|ALTER|ANALYZE|COMMIT|BEGIN|ROLLBACK)\b/i, places: ['load'] },
  { rule: 'stages of a load are temporary', pattern: /\bCREATE\s+(OR\s+REPLACE\s+)?(TABLE|VIEW)\b|\bDROP\b/i, places: ['load'] },
  { rule: 'a parameter cannot stand in CREATE TABLE AS', pattern: /\bCREATE\b[^;]*(?<![:\w]):[a-z_]+\b/i },
  { rule: 'time zones are resolved at ingest', pattern: /\bAT\s+TIME\s+ZONE\b|\bTIMESTAMPTZ\b|\bCONVERT_TIMEZONE\b/i },
]; // prettier-ignore

const MAX_BYTES = 100 * 1024;

function withoutTexts(sql: string): string {
  return sql.replace(/--[^\n]*/g, '').replace(/'(?:[^']|'')*'/g, "''");
}

function placeholders(sql: string, place: Place): Finding[] {
  const found = sql.match(/\{\{[^}]*\}\}|\{%[^%]*%\}|\{#/g) ?? [];
  const allowed = (text: string): boolean =>
    place === 'marts'
      ? /^\{\{ (ref\('\w+'\)|source\('\w+', '\w+'\)) \}\}$/.test(text)
      : place === 'load' &&
        ((/^COPY\b/i.test(sql.trim()) && /^\{\{\w+\}\}$/.test(text)) || /^\{\{ (versions|elsewhere) \}\}$/.test(text));
  return found
    .filter((text) => !allowed(text))
    .map((text) => ({
      rule: 'placeholders: {{word}} in COPY and lists of versions in a load, ref() and source() in a mart',
      found: text,
    }));
}

/** Items of every select list of a statement whose texts are blanked; what stands in parentheses belongs to its item. */
function selectItems(code: string): string[] {
  const items: string[] = [];
  const nested = (index: number): boolean =>
    [...code.slice(0, index)].reduce((depth, c) => depth + (c === '(' ? 1 : c === ')' ? -1 : 0), 0) > 0;
  for (const { index, 0: word } of code.matchAll(/\bSELECT\b(\s+DISTINCT\b)?/gi)) {
    // The columns that an INSERT names give its own list their types, and the first SELECT of a union those of the others.
    if (/^\s*INSERT\b/i.test(code) && !nested(index)) continue;
    if (/\b(UNION|EXCEPT|INTERSECT)(\s+ALL)?\s*$/i.test(code.slice(0, index))) continue;
    let [depth, from] = [0, index + word.length];
    for (let at = from; ; at++) {
      const ends =
        at >= code.length ||
        (depth === 0 && (code[at] === ')' || /^\b(FROM|UNION|WHERE|GROUP|ORDER|EXCEPT|INTERSECT)\b/i.test(code.slice(at, at + 10)) && /\W/.test(code[at - 1]))); // prettier-ignore
      if (ends || (depth === 0 && code[at] === ',')) {
        items.push(code.slice(from, at).trim());
        from = at + 1;
      }
      if (ends) break;
      if (code[at] === '(') depth++;
      if (code[at] === ')') depth--;
    }
  }
  return items;
}

/** Where the subquery that begins after `open` is a condition among alternatives: `x IN (SELECT …) OR …`. */
function isBesideOr(code: string, open: number): boolean {
  let [depth, at] = [1, open];
  for (; depth > 0 && at < code.length; at++) depth += code[at] === '(' ? 1 : code[at] === ')' ? -1 : 0;
  return /^\s*OR\b/i.test(code.slice(at));
}

/** What needs more than a pattern: where an item, or a parenthesis, ends. */
function structure(code: string): Finding[] {
  const literals = selectItems(code).filter((item) => /^(''|NULL)(\s+(AS\s+)?\w+)?$/i.test(item));
  const subqueries = [...code.matchAll(/\b(?:IN|EXISTS)\s*\((?=\s*SELECT\b)/gi)].filter(
    ({ index, 0: word }) =>
      isBesideOr(code, index + word.length) || /\bOR\s+(NOT\s+)?([\w.]+\s+(NOT\s+)?)?$/i.test(code.slice(0, index)),
  );
  return [
    ...literals.map((found) => ({ rule: 'a literal in a select list has no type on Redshift: cast it', found })),
    ...subqueries.map(({ 0: found }) => ({
      rule: 'a subquery under OR cannot become a join, and planners may refuse it: use UNION ALL',
      found: found.replace(/\s+/g, ' '),
    })),
  ];
}

/** Violations in one statement of a file that lies in sql/<place>. */
export function lint(sql: string, place: Place): Finding[] {
  const findings = placeholders(sql, place);
  if (Buffer.byteLength(sql) > MAX_BYTES)
    findings.push({ rule: 'a statement of the Data API has at most 100 KB', found: `${Buffer.byteLength(sql)} bytes` });
  if (place === 'security') return findings;
  const code = withoutTexts(sql);
  for (const { rule, pattern, places } of FORBIDDEN) {
    const match = (!places || places.includes(place)) && code.match(pattern);
    if (match) findings.push({ rule, found: match[0].replace(/\s+/g, ' ').slice(0, 60) });
  }
  findings.push(...structure(code));
  // A column list follows the name of a table; every other word before a parenthesis is a function.
  const calls = code
    .replace(/\bINSERT\s+INTO\s+[\w.]+\s*\(/gi, '')
    .replace(/\bCREATE\s+(TEMP\s+)?TABLE\s+(IF\s+NOT\s+EXISTS\s+)?[\w.]+\s*\(/gi, '')
    .replace(/\b\w+\s+AS\s+\(/gi, '');
  for (const [, name] of calls.matchAll(/\b([a-z_][a-z_0-9]*)\s*\(/gi))
    if (!FUNCTIONS.has(name.toLowerCase()))
      findings.push({ rule: 'a function that not all three engines answer equally', found: name });
  return findings;
}
