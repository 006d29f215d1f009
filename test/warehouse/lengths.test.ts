import { failure, open, type Opened } from './open';

let opened: Opened;
beforeAll(async () => {
  opened = await open();
  await opened.batch(['CREATE SCHEMA s', 'CREATE TABLE s.wide (a varchar(20), n integer)']);
  await opened.batch(["INSERT INTO s.wide VALUES ('four', 4), ('abc  ', 5)"]);
});
afterAll(() => opened.close());
beforeEach(() =>
  opened.batch([
    'DROP TABLE IF EXISTS s.t',
    "CREATE TABLE s.t (k integer, a varchar(3) DEFAULT 'x', b char(2), d timestamp)",
    "INSERT INTO s.t (k, a, b) VALUES (1, 'abc', 'xy')",
  ]),
);
const rows = () => opened.rows('SELECT k, a, b FROM s.t ORDER BY k, a');
const TOO_LONG = 'ERROR: Value too long for character type: column ';

describe('a text that is longer than its column', () => {
  test.each([
    ['a row of literals', "INSERT INTO s.t (k, a) VALUES (2, 'ok'), (3, 'four')", 'a'],
    ['without the names of the columns', "INSERT INTO s.t VALUES (2, 'ok', 'xyz')", 'b'],
    ['an expression in a row', "INSERT INTO s.t (k, a) VALUES (2, 'ab' || 'cd')", 'a'],
    ['bytes, not letters', "INSERT INTO s.t (k, a) VALUES (2, 'éé')", 'a'],
    ['a query', 'INSERT INTO s.t (k, a) SELECT n, a FROM s.wide', 'a'],
    ['a query in parentheses', 'INSERT INTO s.t (k, a) (SELECT n, a FROM s.wide)', 'a'],
    ['a query with its own tables', 'INSERT INTO s.t (k, a) WITH w AS (SELECT * FROM s.wide) SELECT n, a FROM w', 'a'],
    ['the second half of a union', "INSERT INTO s.t (k, a) SELECT 1, 'ok' UNION ALL SELECT n, a FROM s.wide", 'a'],
    ['a number as a text', 'INSERT INTO s.t (k, a) SELECT 1, 12345', 'a'],
    ['an update by a literal', "UPDATE s.t SET k = 9, a = 'four' WHERE k = 1", 'a'],
    ['an update by another table', 'UPDATE s.t SET a = w.a FROM s.wide w WHERE w.n = 4', 'a'],
    ['a merge that updates', 'MERGE INTO s.t USING s.wide ON s.t.k = 1 AND s.wide.n = 4 WHEN MATCHED THEN UPDATE SET a = wide.a WHEN NOT MATCHED THEN INSERT (k) VALUES (7)', 'a'], // prettier-ignore
    ['a merge that inserts', 'MERGE INTO s.t USING s.wide ON s.t.k = s.wide.n WHEN MATCHED THEN UPDATE SET k = 0 WHEN NOT MATCHED THEN INSERT (k, a) VALUES (s.wide.n, s.wide.a)', 'a'], // prettier-ignore
  ])('fails: %s', async (_, sql, column) => {
    expect(await failure(opened.rows(sql))).toBe(`${TOO_LONG}${column}`);
    expect(await rows()).toEqual([[1, 'abc', 'xy']]);
  });

  test('fails in a temporary table, and in one whose query says its lengths', async () => {
    const temp = opened.batch(['CREATE TEMP TABLE t (a varchar(3))', "INSERT INTO t VALUES ('four')"]);
    expect(await failure(temp)).toBe(`${TOO_LONG}a`);
    await opened.batch(['CREATE TABLE s.made AS SELECT CAST(a AS varchar(4)) AS a, n FROM s.wide']);
    expect(await opened.rows('SELECT a FROM s.made ORDER BY n')).toEqual([['four'], ['abc ']]);
    expect(await failure(opened.rows("INSERT INTO s.made VALUES ('five!', 1)"))).toBe(`${TOO_LONG}a`);
    await opened.batch(['DROP TABLE s.made']);
  });

  test('is held to the length that the column has now', async () => {
    await opened.batch(['ALTER TABLE s.t ALTER COLUMN a TYPE varchar(4)']);
    await opened.batch(["INSERT INTO s.t (k, a) VALUES (2, 'four')"]);
    await opened.batch(['DROP TABLE s.t', 'CREATE TABLE s.t (k integer, a varchar(2), b char(2), d timestamp)']);
    expect(await failure(opened.rows("INSERT INTO s.t (k, a) VALUES (2, 'abc')"))).toBe(`${TOO_LONG}a`);
  });
});

test('blanks beyond the length are cut, and what fits stays as it is', async () => {
  await opened.batch([
    "INSERT INTO s.t (k, a, d) VALUES (2, 'abc  ', NULL), (3, NULL, '2026-01-01'), (4, DEFAULT, NULL)",
    'INSERT INTO s.t (k, a, d) SELECT 5, a, NULL FROM s.wide WHERE n = 5',
    'INSERT INTO s.t SELECT 6, NULL, NULL, NULL',
    "UPDATE s.t SET b = 'z' WHERE k = 6",
  ]);
  expect(await rows()).toEqual([
    [1, 'abc', 'xy'],
    [2, 'abc', null],
    [3, null, null],
    [4, 'x', null],
    [5, 'abc', null],
    [6, null, 'z'],
  ]);
});

test('a cast cuts to bytes between letters', async () => {
  expect(
    await opened.rows(
      "SELECT a::varchar(3), CAST(a || 'é' AS varchar(5)), CAST(a AS char(4)), n::varchar(1), CAST(NULL AS varchar(2)), '日本'::varchar(4) FROM s.wide WHERE n = 4",
    ),
  ).toEqual([['fou', 'four', 'four', '4', null, '日']]);
});

test('a message about a text says nothing of the text', async () => {
  for (const sql of [
    "INSERT INTO s.t (a) VALUES ('CANARY')",
    "SELECT CAST(a AS integer) FROM (SELECT 'CANARY' AS a) t",
  ])
    expect(await failure(opened.rows(sql))).not.toContain('CANARY');
});

describe('CREATE TABLE AS gives a text the length of the column that it is, or of its cast', () => {
  const FROM = 's.wide w JOIN s.t ON s.t.k = w.n';
  test.each([
    ['a column', 'SELECT a FROM s.wide', { a: 20 }],
    ['a column by its table', 'SELECT s.wide.a, wide.a AS b FROM s.wide', { a: 20, b: 20 }],
    ['every column', 'SELECT * FROM s.t', { a: 3, b: 2 }],
    ['every column of one of two', `SELECT t.*, w.a AS c FROM ${FROM}`, { a: 3, b: 2, c: 20 }],
    ['a column that only one of two has', `SELECT b, w.a c FROM ${FROM} WHERE k > 0 ORDER BY 1`, { b: 2, c: 20 }],
    ['what is left of all', 'SELECT DISTINCT * EXCLUDE d, k FROM s.t', { a: 3, b: 2 }],
    ['a query within', 'SELECT q.x, (y) AS z FROM (SELECT a AS x, b y FROM s.t) q', { x: 3, z: 2 }],
    ['names that a query gets', 'SELECT x FROM (SELECT k, a FROM s.t) AS q (n, x)', { x: 3 }],
    ['tables of WITH', 'WITH one AS (SELECT a FROM s.wide), wide (c) AS (SELECT a FROM one) SELECT * FROM wide', { c: 20 }], // prettier-ignore
    ['equal halves of a union', 'SELECT a, b FROM s.t UNION ALL SELECT a, b FROM s.t', { a: 3, b: 2 }],
    ['unequal halves of a union', 'SELECT b, a FROM s.t UNION ALL SELECT b, a FROM (SELECT b, w.a FROM s.t, s.wide w) q', { b: 2, a: undefined }], // prettier-ignore
    ['casts', 'SELECT CAST(n AS varchar(5)) AS x, a::varchar(4), n::integer::char(3) z FROM s.wide', { x: 5, a: 4, z: 3 }], // prettier-ignore
    ['a cast in a longer expression', "SELECT CAST(a AS varchar(5)) || '-x' AS x, 'y' || a::varchar(4) AS y, a::varchar(4) || a::varchar(4) AS z FROM s.wide", { x: undefined, y: undefined, z: undefined }], // prettier-ignore
    ['functions, literals and conditions', "SELECT upper(a) AS u, 'x' AS v, CASE WHEN n = 1 THEN a END AS a, coalesce(a, 'y') AS w FROM s.wide", { u: undefined, v: undefined, a: undefined, w: undefined }], // prettier-ignore
  ])('%s', async (_, query, lengths) => {
    await opened.batch(['DROP TABLE IF EXISTS s.made', `CREATE TABLE s.made AS ${query}`]);
    for (const [column, bytes] of Object.entries(lengths)) {
      const write = (n: number) => opened.rows(`INSERT INTO s.made (${column}) VALUES ('${'x'.repeat(n)}')`);
      await write(bytes ?? 200);
      if (bytes !== undefined) expect(await failure(write(bytes + 1))).toBe(`${TOO_LONG}${column}`);
    }
    const temporary = [`CREATE TEMP TABLE made AS ${query}`, 'CREATE TEMP TABLE again AS SELECT * FROM made'];
    for (const [column, bytes] of Object.entries(lengths)) {
      const write = (n: number) =>
        opened.batch([...temporary, `INSERT INTO again (${column}) SELECT '${'x'.repeat(n)}'`]);
      await write(bytes ?? 200);
      if (bytes !== undefined) expect(await failure(write(bytes + 1))).toBe(`${TOO_LONG}${column}`);
    }
  });

  test('a temporary table hides the one that it was made of, and is held as it is altered and made again', async () => {
    await opened.batch(['CREATE TABLE IF NOT EXISTS public.plain (a varchar(4))']);
    const made = ['CREATE TEMP TABLE plain AS SELECT * FROM plain', 'CREATE TEMP TABLE b AS SELECT a FROM plain'];
    const again = [
      'DROP TABLE plain',
      'CREATE TEMP TABLE plain AS SELECT a FROM b',
      "INSERT INTO plain SELECT 'five!'",
    ];
    expect(await failure(opened.batch([...made, ...again]))).toBe(`${TOO_LONG}a`);
    const added = ['ALTER TABLE b ADD COLUMN c varchar(2)', "INSERT INTO b SELECT 'four', 'xy'"];
    expect(await opened.batch([...made, ...added, 'SELECT a, c FROM b'])).toEqual([['four', 'xy']]);
    expect(await failure(opened.batch([...made, ...added, "INSERT INTO b SELECT 'four', 'xyz'"]))).toBe(`${TOO_LONG}c`);
  });
});
