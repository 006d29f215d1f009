/** Name of a column that has none: an operation, a literal, a query. */
export const NAMELESS = '?column?';

/** Functions whose columns are named otherwise than they are. */
const NAMES: Readonly<Record<string, string>> = {
  NVL: 'coalesce',
  NVL2: 'case',
  DECODE: 'case',
  DATEADD: 'date_add',
  DATEDIFF: 'date_diff',
  EXTRACT: 'date_part',
  DATE_PART: 'pgdate_part',
  TRIM: 'btrim',
  SUBSTR: 'substring',
  EXISTS: NAMELESS,
};

/** The name that Redshift gives to the column of a function. */
export const columnName = (fn: string): string => NAMES[fn] ?? fn.toLowerCase();
