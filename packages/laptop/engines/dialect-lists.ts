const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/**
 * Functions that Redshift and DuckDB have under one name with one meaning for the types this platform uses. A function that is
 * missing here is refused: it would either not exist in the account, or answer differently there.
 */
export const FUNCTIONS = words(`
  COUNT SUM AVG MIN MAX STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP MEDIAN PERCENTILE_CONT PERCENTILE_DISC BOOL_AND BOOL_OR
  ROW_NUMBER RANK DENSE_RANK NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE PERCENT_RANK CUME_DIST
  COALESCE NULLIF GREATEST LEAST CAST EXTRACT
  ABS CEIL CEILING FLOOR ROUND SQRT POWER EXP LN SIGN MOD TRUNC PI SIN COS TAN ASIN ACOS ATAN ATAN2 RADIANS DEGREES
  LOWER UPPER TRIM LTRIM RTRIM SUBSTRING REPLACE LPAD RPAD LEFT RIGHT REVERSE REPEAT POSITION STRPOS CHR ASCII
  LENGTH LEN CHAR_LENGTH CHARACTER_LENGTH SPLIT_PART TRANSLATE MD5
  DATE_TRUNC DATE_PART LAST_DAY
`);

/** Words that a parenthesis may follow without being a function. */
export const KEYWORDS = words(`
  IN AND OR NOT EXISTS ANY SOME ALL ON USING OVER AS FROM JOIN WHERE WHEN THEN ELSE CASE END UNION EXCEPT INTERSECT SELECT DISTINCT
  BY SET VALUES INTO TABLE VIEW WITH RECURSIVE INTERVAL KEY CHECK DEFAULT FILTER GROUP HAVING LIMIT OFFSET BETWEEN LIKE ILIKE SIMILAR
  IS QUALIFY PARTITION ORDER INSERT TO ROLLUP CUBE SETS EXCLUDE TEMP TEMPORARY
  VARCHAR CHAR CHARACTER NVARCHAR DECIMAL NUMERIC TIMESTAMP TIMESTAMPTZ TIME TIMETZ FLOAT VARYING BPCHAR
  SORTKEY DISTKEY
`);

/** Constructs of DuckDB, PostgreSQL or newer Redshift that the platform's portable SQL does not use, by their words. */
export const REFUSED: readonly (readonly [string, string])[] = [
  ['ON CONFLICT', 'Redshift has no ON CONFLICT; use MERGE or delete and insert'],
  ['OR IGNORE', 'Redshift has no INSERT OR IGNORE'],
  ['INSERT OR', 'Redshift has no INSERT OR'],
  ['INSERT BY', 'Redshift has no INSERT BY NAME'],
  ['BY NAME', 'Redshift has no BY NAME'],
  ['BY POSITION', 'Redshift has no BY POSITION'],
  ['RETURNING', 'Redshift has no RETURNING'],
  ['ASOF JOIN', 'Redshift has no ASOF JOIN'],
  ['ASOF LEFT', 'Redshift has no ASOF JOIN'],
  ['POSITIONAL JOIN', 'Redshift has no POSITIONAL JOIN'],
  ['SEMI JOIN', 'Redshift has no SEMI JOIN; use EXISTS'],
  ['ANTI JOIN', 'Redshift has no ANTI JOIN; use NOT EXISTS'],
  ['LATERAL', 'Redshift has no LATERAL'],
  ['TABLESAMPLE', 'Redshift has no TABLESAMPLE'],
  ['USING SAMPLE', 'Redshift has no USING SAMPLE'],
  ['ORDER BY ALL', 'Redshift has no ORDER BY ALL'],
  ['PRIMARY KEY', 'Redshift does not enforce it and the local engine would; leave it out'],
  ['FOREIGN KEY', 'Redshift does not enforce it and the local engine would; leave it out'],
  ['REFERENCES', 'Redshift does not enforce it and the local engine would; leave it out'],
  ['IDENTITY', 'its values depend on the order of loads; keys are hashes'],
  ['GENERATED', 'its values depend on the order of loads; keys are hashes'],
  ['COLLATE', 'collations differ between the engines'],
  ['FROM ONLY', 'Redshift has no ONLY'],
  ['OVERLAPS', 'the engines differ in it'],
  ['PIVOT', 'it is not part of the portable subset; use CASE'],
  ['UNPIVOT', 'it is not part of the portable subset; use UNION ALL'],
  ['DESCRIBE', 'Redshift has no DESCRIBE; ask information_schema.columns'],
  ['SUMMARIZE', 'Redshift has no SUMMARIZE'],
];

/** Names, quoted or not, that belong to the local engine alone, by how they begin. */
export const ENGINE_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^local_security$/, 'the tables of roles and grants are changed by GRANT and REVOKE only'],
  [/^(duckdb|pragma|sqlite)_/, 'the local engine alone has it; ask information_schema'],
];

/** Column types, with the parenthesis they may carry. */
export const TYPES = words(`
  SMALLINT INT2 INTEGER INT INT4 BIGINT INT8 DECIMAL NUMERIC REAL FLOAT4 DOUBLE FLOAT8 FLOAT BOOLEAN BOOL CHAR CHARACTER VARCHAR
  DATE TIMESTAMP TIMESTAMPTZ
`);
