/** A date as yyyymmdd: two of them differ by 10,000 per birthday. */
const ymd = (date: string): string =>
  `CAST(extract(year FROM ${date}) * 10000 + extract(month FROM ${date}) * 100 + extract(day FROM ${date}) AS integer)`;

/** Whether the birthday of that year may be before or after the day: the birth date is the first of a period in which it may lie. */
const isOpen = (role: string, day: string): string =>
  `${role}.birth_date_precision = 'year' OR (${role}.birth_date_precision = 'month' AND extract(month FROM ${day}) = extract(month FROM ${role}.birth_date))`;

/** Completed years on a day; null before birth, and where the day of birth that decides is not known. */
const age = (role: string, day: string): string =>
  `CASE WHEN ${isOpen(role, day)} THEN NULL
      WHEN ${day} >= ${role}.birth_date THEN (${ymd(day)}
        - ${ymd(`${role}.birth_date`)}) / 10000 END`;

/** The band of the age; null where the age is not known and may lie in either of two bands. */
function band(role: string, day: string): string {
  const most = `(${ymd(day)} - ${ymd(`${role}.birth_date`)})`;
  const least = `${most} - CASE WHEN ${isOpen(role, day)} THEN 10000 ELSE 0 END`;
  return `CASE WHEN ${day} < ${role}.birth_date THEN NULL
      WHEN ${most} < 180000 THEN '0-17'
      WHEN ${least} >= 650000 THEN '65+'
      WHEN ${least} >= 400000 AND ${most} < 650000 THEN '40-64'
      WHEN ${least} >= 180000 AND ${most} < 400000 THEN '18-39' END`;
}

const FORMS: Readonly<Record<string, (role: string, day: string) => string>> = { AGE: age, AGE_BAND: band };

/**
 * Writes out `AGE(role, f.day)` and `AGE_BAND(role, f.day)` of a file of measures: every table counts years in one way, and none states an age
 * that follows from the year of birth alone.
 */
export const withAges = (sql: string): string =>
  sql.replace(/\b(AGE|AGE_BAND)\((\w+), (f\.\w+)\)/g, (_, form: string, role: string, day: string) =>
    FORMS[form](role, day),
  );
