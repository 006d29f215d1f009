const COMMENTS = /^(?:--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\s)*/;

/** True for a statement that answers with rows. */
export const hasRows = (sql: string): boolean => /^(SELECT|WITH|EXPLAIN|SHOW)\b/i.test(sql.replace(COMMENTS, ''));
