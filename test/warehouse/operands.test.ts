import { translate } from '@carelake/laptop/engines/dialect';
import { failure, open, type Opened } from './open';

let opened: Opened;
beforeAll(async () => {
  opened = await open();
  await opened.batch([
    'CREATE TABLE visit (visit_id integer, clinic varchar(20), minutes integer, name varchar(9), letters varchar(9), started timestamp)',
    "INSERT INTO visit VALUES (1, 'North', 30, 'b', 'éé', '2024-02-29 09:15:00'), (2, 'North', 45, 'a', 'four', '2026-03-09 14:00:30'), (3, 'South', NULL, NULL, NULL, NULL)",
  ]);
});
afterAll(() => opened.close());

const DEEP = 40;
/** An expression around itself, again and again. */
const nested = (inner: string, around: (inner: string) => string): string =>
  Array.from({ length: DEEP }).reduce<string>(around, inner);

describe('an expression in an expression in an expression grows by what is written, not by its copies', () => {
  test.each([
    ['casts to a length', nested('clinic', (x) => `cast(${x} as varchar(4))`), [['Nort'], ['Nort'], ['Sout']]],
    ['casts to a length by colons', nested('clinic', (x) => `(${x} || 'x')::varchar(6)`), [['Northx'], ['Northx'], ['Southx']]], // prettier-ignore
    ['casts to char', nested("clinic || '  '", (x) => `cast(${x} as char(9))`), [['North'], ['North'], ['South']]],
    ['casts to an integer', nested('minutes', (x) => `cast(${x} as integer)`), [[30], [45], [null]]],
    ['divisors', nested('minutes', (x) => `(90 / ${x})`), [[30], [45], [null]]],
    ['divisors of mod', nested('minutes', (x) => `mod(1000, ${x} + 7)`), [[12], [12], [null]]],
    ['years', nested('started', (x) => `dateadd(year, 1, ${x})`), [['2064-03-01 09:15:00'], ['2066-03-09 14:00:30'], [null]]], // prettier-ignore
    ['months', nested('started', (x) => `add_months(${x}, 12)`), [['2064-02-29 09:15:00'], ['2066-03-09 14:00:30'], [null]]], // prettier-ignore
    ['counts of months', nested('minutes', (x) => `extract(month from add_months(date '2026-01-31', ${x}))::integer`), [[10], [1], [null]]], // prettier-ignore
    ['formats', nested('started', (x) => `to_char(${x}, 'YYYY-MM-DD')`), [['2024-02-29'], ['2026-03-09'], [null]]],
    ['starts of substrings', nested('visit_id', (x) => `len(substring('abcd', ${x} + 1)) - 1`), [[1], [2], [3]]],
    ['lengths of substrings', nested('minutes', (x) => `len(substring('abcd', 1, ${x}))`), [[4], [4], [null]]],
    ['patterns', nested("'a1 b22'", (x) => `('a1 ' || regexp_substr(${x}, '[0-9]+', 1, 2))`), [['a1 22'], ['a1 22'], ['a1 22']]], // prettier-ignore
  ])('%s', async (_, expression, rows) => {
    const sql = `SELECT ${expression} FROM visit ORDER BY visit_id`;
    expect(translated(sql).length).toBeLessThan(4000 + 15 * sql.length);
    expect(await opened.rows(sql)).toEqual(rows);
  });

  test('what is nested holds aggregates, windows, queries, and itself in GROUP BY', async () => {
    const long = (x: string): string => nested(x, (y) => `cast(${y} || '' as varchar(4))`);
    expect(await opened.rows(`SELECT ${long('clinic')}, ${long('max(clinic)')}, 100 / ${nested('count(*)', (x) => `(0 + ${x})`)} FROM visit GROUP BY ${long('clinic')} ORDER BY ${long('clinic')}`)).toEqual([['Nort', 'Nort', 50], ['Sout', 'Sout', 100]]); // prettier-ignore
    expect(await opened.rows(`SELECT ${long('max(clinic) OVER (PARTITION BY clinic)')} FROM visit WHERE ${long('(SELECT max(v.clinic) FROM visit v WHERE v.visit_id = visit.visit_id)')} = 'Sout'`)).toEqual([['Sout']]); // prettier-ignore
    await opened.batch([`CREATE VIEW deep AS SELECT ${long('clinic')} AS c, visit_id FROM visit`, 'CREATE TABLE made (c varchar(4))', `INSERT INTO made (c) VALUES (${long("'a' || 'bcdefg'")})`, `UPDATE made SET c = (SELECT ${long('max(clinic)')} FROM visit)`]); // prettier-ignore
    expect(await opened.rows('SELECT made.c FROM made JOIN deep ON made.c = deep.c')).toEqual([['Sout']]);
  });

  test('what is decided by another condition is not evaluated', async () => {
    const zero = nested('minutes', (x) => `(0 + ${x})`);
    expect(await opened.rows(`SELECT CASE WHEN minutes <> 30 THEN 90 / (${zero} - 30) END FROM visit ORDER BY visit_id`)).toEqual([[null], [6], [null]]); // prettier-ignore
    expect(await failure(opened.rows(`SELECT 90 / (${zero} - 30) FROM visit`))).toBe('ERROR: Divide by zero');
  });

  test('what has to be copied is refused when it becomes too much', async () => {
    const twelve = nested('minutes', (x) => `decode(${x}, 1, 2, 3, 4, 5, 6, 7)`);
    expect(await failure(opened.rows(`SELECT ${twelve} FROM visit`))).toMatch(
      /nested too deeply; write the inner part as a WITH/,
    );
  });
});

/** A query as the local engine gets it. */
function translated(sql: string): string {
  const plan = translate(sql);
  return plan.kind === 'query' ? plan.sql : '';
}

describe('an argument is one operand', () => {
  test.each([
    ['the value of decode', "SELECT decode(a = 1 OR b = 1, false, 'none', 'some')", [['some']]],
    ['what decode looks for', "SELECT decode(b = 1, a = 0 OR a = 1, 'same', 'other')", [['other']]],
    ['the value of nvl2', "SELECT nvl2(a = 1 OR b = NULL, 'known', 'none')", [['known']]],
    ['a value that is NULL by its last part', "SELECT nvl2(a OR NULL, 'known', 'none') FROM (SELECT b = 1 AS a FROM x) y", [['none']]], // prettier-ignore
    ['the length of lpad', "SELECT lpad('a', a + b + 1, 'xy')", [['xa']]],
    ['a date that is added to', "SELECT dateadd(year, a + 1, date '2024-02-28' + 1), date_part(year, date '2023-12-31' + 1)", [['2026-03-01 00:00:00', 2024]]], // prettier-ignore
    ['the text of a pattern', "SELECT regexp_count('a' || 'b', '[ab]'), initcap('a' || 'b')", [[2, 'Ab']]],
    ['the zone’s time', "SELECT convert_timezone('UTC', 'UTC', date '2024-02-28' + 1)", [['2024-02-29 00:00:00']]],
  ])('%s', async (_, sql, rows) => {
    const text = sql.includes('FROM') ? sql : `${sql} FROM x`;
    expect(await opened.rows(`WITH x AS (SELECT 1 AS a, 0 AS b) ${text}`)).toEqual(rows);
  });

  test.each([
    ["substring('abc', a)", null],
    ["substring('abc', a, 2)", null],
    ["substring('abc', 2, a)", null],
    ["substring('abc', a, a)", null],
    ["substring('abc', b, 3)", 'ab'],
    ["substring('abc', b - 9, 3)", ''],
    ["substring('abc', b + 2, 1)", 'b'],
  ])('%s', async (call, wanted) => {
    expect(await opened.rows(`SELECT ${call} FROM (SELECT NULL::integer AS a, 0 AS b) x`)).toEqual([[wanted]]);
  });

  test('a column may have any name, also where texts are cut between letters', async () => {
    expect(await opened.rows('SELECT letters::varchar(3) FROM visit ORDER BY visit_id')).toEqual([
      ['é'],
      ['fou'],
      [null],
    ]);
  });
});

describe('a divisor that becomes zero by its cast', () => {
  test.each(['0.4::integer', 'CAST(0.4 AS integer)', 'nullif(0.4, 0)::integer', '0.4::numeric', 'nullif(0, 0 + 1)'])(
    '1 / %s',
    async (divisor) => {
      expect(await failure(opened.rows(`SELECT 1 / ${divisor}`))).toBe('ERROR: Divide by zero');
    },
  );
});

describe('words of other constructs that are plain names and functions', () => {
  test.each([
    ["SELECT minutes * replace(clinic, 'North', '2')::int FROM visit WHERE visit_id = 1", [[60]]],
    ['SELECT visit_id FROM visit WHERE name IS NOT NULL ORDER BY name', [[2], [1]]],
    ['SELECT name, count(*) FROM visit GROUP BY name ORDER BY name', [['a', 1], ['b', 1], [null, 1]]], // prettier-ignore
    ['SELECT row_number() OVER (PARTITION BY name ORDER BY name) FROM visit', [[1], [1], [1]]],
    ['SELECT position FROM (SELECT 2 AS position UNION ALL SELECT 1) p ORDER BY position', [[1], [2]]],
    ['SELECT rename * rename FROM (SELECT 3 AS rename) r', [[9]]],
    ['SELECT generated FROM (SELECT 3 AS generated) r', [[3]]],
  ])('%s', async (sql, rows) => {
    expect(await opened.rows(sql)).toEqual(rows);
  });

  test.each([
    ['SELECT visit_id, * replace (0 AS minutes) FROM visit', /no \* REPLACE/],
    ['SELECT DISTINCT * replace (0 AS minutes) FROM visit', /no \* REPLACE/],
    ['SELECT TOP 5 * replace (0 AS minutes) FROM visit', /no \* REPLACE/],
    ['SELECT visit.* replace (0 AS minutes) FROM visit', /no \* REPLACE/],
    ["SELECT * LIKE 'n%' FROM visit", /by pattern/],
    ['SELECT * rename (minutes AS m) FROM visit', /rename/],
    ['SELECT 1 AS a UNION ALL BY NAME SELECT 2 AS a', /BY NAME/],
    ['SELECT 1 AS a UNION BY NAME SELECT 2 AS a', /BY NAME/],
    ['INSERT INTO visit BY NAME SELECT 4 AS visit_id', /BY NAME/],
    ['INSERT INTO visit BY POSITION SELECT 4', /BY POSITION/],
    ['CREATE TABLE k (a integer GENERATED BY DEFAULT AS IDENTITY(1, 1))', /order of loads/],
    ['CREATE TABLE k (a integer, b integer GENERATED ALWAYS AS (a))', /order of loads/],
  ])('and the constructs are refused: %s', async (sql, message) => {
    expect(await failure(opened.rows(sql))).toMatch(message);
  });
});
