import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSql } from '../../core/warehouse/sql';
import { translate } from '@carelake/laptop/engines/dialect';
import { failure, open, type Opened } from './open';

let opened: Opened;
beforeAll(async () => {
  opened = await open();
  await opened.batch([
    'CREATE SCHEMA s',
    'CREATE TABLE s.t (a integer, b varchar(20), c timestamp)',
    "INSERT INTO s.t VALUES (1, 'one', timestamp '2026-01-01 10:00:00'), (2, 'two', NULL), (NULL, NULL, NULL)",
  ]);
});
afterAll(() => opened.close());

describe('answers are Redshift’s', () => {
  test.each([
    ['integers divide to integers', 'SELECT 7 / 2, -7 / 2', [[3, -3]]],
    ['nulls sort as the greatest, descending', 'SELECT a FROM s.t ORDER BY a DESC', [[null], [2], [1]]],
    ['nulls sort as the greatest, ascending', 'SELECT a FROM s.t ORDER BY a', [[1], [2], [null]]],
    ['dates subtract to days', "SELECT date '2026-03-01' - date '2026-02-01'", [[28]]],
    ['the sum of integers is an integer', 'SELECT sum(a) FROM s.t', [[3]]],
    ['a rate', 'SELECT sum(a)::double precision / nullif(count(a), 0) FROM s.t', [[1.5]]],
    ['avg of what is cast', 'SELECT avg(a::double precision) FROM s.t', [[1.5]]],
    [
      'extract and date_trunc',
      "SELECT extract(year FROM c), date_trunc('month', c) FROM s.t WHERE a = 1",
      [[2026, '2026-01-01 00:00:00']],
    ],
    [
      'windows',
      'SELECT a, row_number() OVER (ORDER BY a), lag(a) OVER (ORDER BY a) FROM s.t WHERE a IS NOT NULL ORDER BY a',
      [
        [1, 1, null],
        [2, 2, 1],
      ],
    ],
    [
      'a common table expression with column names',
      'WITH x (n, m) AS (SELECT 1, 2), y (k) AS (SELECT 3) SELECT n + m + k FROM x CROSS JOIN y',
      [[6]],
    ],
    [
      'texts are values everywhere else',
      "SELECT extract(year FROM timestamp '2026-01-01 00:00:00'), trim(both 'x' FROM 'xax'), substring('abc' FROM 2), 'a', 'b' FROM s.t, s.t u WHERE s.t.b IN ('one', 'z') AND u.b = 'two'",
      [[2026, 'a', 'bc', 'a', 'b']],
    ],
    ['comments, and a semicolon at the end', '/* a ; */ SELECT 1 -- ; more\n;', [[1]]],
    [
      'quoted words are no constructs',
      "SELECT 'ON CONFLICT', 'FROM read_csv(x)' AS \"primary key\"",
      [['ON CONFLICT', 'FROM read_csv(x)']],
    ],
    ['casts with a double colon beside parameters', "SELECT '5'::integer + 1", [[6]]],
    ['qualify', 'SELECT a FROM s.t QUALIFY row_number() OVER (ORDER BY a DESC) = 1', [[null]]],
    [
      'the clock is UTC',
      "SELECT timestamptz '2026-01-01 00:00:00+02' = timestamptz '2025-12-31 22:00:00+00'",
      [[true]],
    ],
  ])('%s', async (_, sql, rows) => {
    expect(await opened.rows(sql)).toEqual(rows);
  });

  test.each([
    ['count(*), sum(a), count(DISTINCT b) + 1', ['count', 'sum', '?column?']],
    ['s.t.a, a AS x, a y, "b"', ['a', 'x', 'y', 'b']],
    ['a::varchar(4), CAST(a AS bigint), CAST(1 AS bigint)', ['a', 'a', 'int8']],
    ['CASE WHEN a = 1 THEN 2 END, CASE WHEN a = 1 THEN 2 ELSE a END', ['case', 'a']],
    ['nvl(a, 1), coalesce(a, 1), nvl2(a, 1, 2), decode(a, 1, 2)', ['coalesce', 'coalesce', 'case', 'case']],
    [
      'extract(year FROM c), date_part(year, c), dateadd(day, 1, c), datediff(day, c, c), trim(b)',
      ['date_part', 'pgdate_part', 'date_add', 'date_diff', 'btrim'],
    ],
    [
      "row_number() OVER (ORDER BY a), 'x', 1, true, date '2026-01-01', (SELECT 1), -a, (a)",
      ['row_number', '?column?', '?column?', 'bool', 'date', '?column?', '?column?', 'a'],
    ],
  ])('a column without a name is named as there: %s', async (list, names) => {
    const { columns } = await opened.warehouse.query(
      `SELECT ${list} FROM s.t ${list.startsWith('count') ? '' : 'GROUP BY a, b, c'}`,
    );
    expect(columns.map((c) => c.name)).toEqual(names);
  });

  test('such a column can be asked for by that name, in a query over it and in a table made of it', async () => {
    expect(
      await opened.rows(
        'SELECT count, upper FROM (SELECT count(*), upper(b) FROM s.t GROUP BY upper(b)) x ORDER BY upper',
      ),
    ).toEqual([
      [1, 'ONE'],
      [1, 'TWO'],
      [1, null],
    ]);
    await opened.batch(['CREATE TABLE s.named AS SELECT max(a), min(a) FROM s.t']);
    expect(await opened.rows('SELECT max - min FROM s.named')).toEqual([[1]]);
    await opened.batch(['DROP TABLE s.named']);
  });

  test('column names come in lower case', async () => {
    expect((await opened.warehouse.query('SELECT 1 AS Mixed, 2 AS "Quoted"')).columns.map((c) => c.name)).toEqual([
      'mixed',
      'quoted',
    ]);
  });
});

describe('physical attributes change nothing', () => {
  test.each([
    "CREATE TABLE s.p (a integer NOT NULL ENCODE az64 DISTKEY SORTKEY, b varchar(10) DEFAULT 'x' ENCODE zstd NOT NULL) BACKUP NO",
    "CREATE TABLE s.p (a integer NOT NULL, b varchar(10) NOT NULL DEFAULT 'x') DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (a, b)",
    "CREATE TABLE IF NOT EXISTS s.p (a integer NOT NULL, b character varying(10) DEFAULT ('x') NOT NULL) DISTSTYLE AUTO SORTKEY AUTO ENCODE AUTO",
  ])('%s', async (sql) => {
    await opened.batch([sql, 'INSERT INTO s.p (a) VALUES (1)']);
    expect(await opened.rows('SELECT a, b FROM s.p')).toEqual([[1, 'x']]);
    expect(await failure(opened.batch(['INSERT INTO s.p (a, b) VALUES (2, NULL)']))).toContain(
      'NULL value into column b',
    );
    await opened.batch(['DROP TABLE s.p']);
  });

  test('in CREATE TABLE … AS too', async () => {
    await opened.batch(['CREATE TABLE s.q DISTSTYLE ALL SORTKEY (n) AS SELECT 1 AS n UNION ALL SELECT 2']);
    expect(await opened.rows('SELECT sum(n) FROM s.q')).toEqual([[3]]);
    await opened.batch([
      'ALTER TABLE s.q ALTER DISTSTYLE EVEN',
      'ALTER TABLE s.q ADD COLUMN label varchar(8)',
      "UPDATE s.q SET label = 'l'",
    ]);
    expect(await opened.rows('SELECT DISTINCT label FROM s.q')).toEqual([['l']]);
  });

  test('a table that exists is left as it is by IF NOT EXISTS', async () => {
    await opened.batch(['CREATE TABLE s.twice (a varchar(5))', 'CREATE TABLE IF NOT EXISTS s.twice (other integer)']);
    expect((await opened.warehouse.query('SELECT * FROM s.twice')).columns.map((c) => c.name)).toEqual(['a']);
  });
});

describe('a view holds what it reads', () => {
  const usage = 'SELECT view_schema, view_name, table_schema, table_name FROM information_schema.view_table_usage ORDER BY 1, 2, 3, 4'; // prettier-ignore
  test('until it goes; a late-binding one holds nothing', async () => {
    await opened.batch([
      'CREATE SCHEMA v',
      'CREATE TABLE v.base (a varchar(8), b varchar(8))',
      `CREATE VIEW v.low AS SELECT a, 'v.top' AS note FROM v.base`,
      'CREATE VIEW v.top AS SELECT l.a FROM v.low l',
      'CREATE VIEW v.free AS SELECT a FROM v.low WITH NO SCHEMA BINDING',
    ]);
    expect(await opened.rows(usage)).toEqual([
      ['v', 'low', 'v', 'base'],
      ['v', 'top', 'v', 'low'],
    ]);
    for (const sql of ['DROP VIEW v.low', 'DROP TABLE v.base', 'ALTER TABLE v.base ALTER COLUMN a TYPE varchar(16)'])
      expect(await failure(opened.rows(sql))).toMatch(/because other objects depend on it: view v\.(low|top)/);
    await opened.batch(['DROP VIEW v.top', 'DROP VIEW v.low', 'CREATE VIEW v.low AS SELECT b AS a FROM v.base']);
    expect(await opened.rows('SELECT a FROM v.free')).toEqual([]);
    await opened.batch(['DROP VIEW v.low', 'ALTER TABLE v.base ALTER COLUMN a TYPE varchar(16)', 'DROP TABLE v.base']);
    expect(await opened.rows(usage)).toEqual([]);
    expect(await failure(opened.rows('SELECT a FROM v.free'))).toMatch(/low/);
  });

  test('a text is resized, not given the size that it has', async () => {
    await opened.batch(['CREATE SCHEMA z', 'CREATE TABLE z.t (a varchar(8))']);
    expect(await failure(opened.rows('ALTER TABLE z.t ALTER COLUMN a TYPE varchar(8)'))).toContain(
      'should be different',
    );
  });
});

describe('MERGE', () => {
  beforeEach(() =>
    opened.batch([
      'DROP TABLE IF EXISTS s.target',
      'CREATE TABLE s.target (k integer, v varchar(5))',
      "INSERT INTO s.target VALUES (1, 'old'), (2, 'stay')",
    ]),
  );
  const merge =
    'MERGE INTO s.target USING src ON s.target.k = src.k WHEN MATCHED THEN UPDATE SET v = src.v WHEN NOT MATCHED THEN INSERT VALUES (src.k, src.v)';

  test('updates and inserts', async () => {
    await opened.batch([
      'CREATE TEMP TABLE src (k integer, v varchar(5))',
      "INSERT INTO src VALUES (1, 'new'), (3, 'in')",
      merge,
    ]);
    expect(await opened.rows('SELECT k, v FROM s.target ORDER BY k')).toEqual([
      [1, 'new'],
      [2, 'stay'],
      [3, 'in'],
    ]);
  });

  test('raises when two source rows match one target row, and nothing is changed', async () => {
    const work = opened.batch([
      'CREATE TEMP TABLE src (k integer, v varchar(5))',
      "INSERT INTO src VALUES (1, 'a'), (1, 'b'), (3, 'c')",
      merge,
    ]);
    expect(await failure(work)).toContain('Found multiple matches');
    expect(await opened.rows('SELECT k, v FROM s.target ORDER BY k')).toEqual([
      [1, 'old'],
      [2, 'stay'],
    ]);
  });
});

describe('what is not one of the supported is refused, and says why', () => {
  test.each([
    ["ATTACH 'x.db'", /ATTACH is not one of the supported/],
    ['INSTALL httpfs', /INSTALL is not one of the supported/],
    ['LOAD json', /LOAD is not/],
    ['PRAGMA version', /PRAGMA is not/],
    ['SET threads = 1', /SET is not/],
    ['RESET ALL', /RESET is not/],
    ["EXPORT DATABASE 'x'", /EXPORT is not/],
    ['CHECKPOINT', /CHECKPOINT is not/],
    ['VACUUM', /VACUUM is not/],
    ['ANALYZE', /ANALYZE is not/],
    ['CALL proc()', /CALL is not/],
    ['BEGIN', /BEGIN is not/],
    ['COMMIT', /COMMIT is not/],
    ['PREPARE p AS SELECT 1', /PREPARE is not/],
    ['SHOW TABLES', /show tables from schema/],
    ['DESCRIBE s.t', /DESCRIBE is not/],
    ['SUMMARIZE s.t', /SUMMARIZE is not/],
    ['FROM s.t', /FROM is not a supported statement/],
    ['USE s', /USE is not/],
    ["COMMENT ON TABLE s.t IS 'x'", /COMMENT is not/],
    ["COPY s.t TO 'x.csv'", /expected FROM/],
    ["COPY (SELECT 1) TO 'x.csv'", /expected a name/],
    ["COPY s.t FROM 'x.csv'", /FORMAT AS PARQUET/],
    ["COPY s.t FROM '/etc/passwd' IAM_ROLE default FORMAT AS PARQUET", /s3:\/\/bucket\/key/],
    ["COPY s.t FROM 's3://b/k' IAM_ROLE default CSV", /MANIFEST, found CSV/],
    ["COPY s.t FROM 's3://b/k' FORMAT AS PARQUET", /IAM_ROLE/],
    ["SELECT * FROM read_parquet('x')", /function read_parquet/],
    ["SELECT * FROM read_csv('/etc/passwd')", /function read_csv/],
    ["SELECT * FROM s.read_text('x')", /function read_text/],
    ["SELECT * FROM glob('*')", /function glob/],
    ["SELECT * FROM 'x.parquet'", /only COPY reads files/],
    ["SELECT * FROM s.t, 'x.parquet'", /syntax error/],
    ["SELECT * FROM s.t JOIN s.t u ON s.t.a = u.a AND u.b IN ('a', 'b'), 'x.parquet'", /syntax error/],
    ["SELECT * FROM (s.t CROSS JOIN 'x.parquet')", /only COPY reads files/],
    ["SELECT * FROM ('x.parquet' CROSS JOIN s.t)", /syntax error/],
    ["SELECT (SELECT count(*) FROM 'x.parquet')", /only COPY reads files/],
    [
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM s.t WHERE b = 'one' UNION SELECT 1 FROM 'x.parquet')",
      /only COPY reads files/,
    ],
    ["DELETE FROM s.t USING 'x.parquet' WHERE true", /only COPY reads files/],
    ["UPDATE s.t SET a = 1 FROM 'x.parquet'", /only COPY reads files/],
    ['SELECT * FROM (FROM s.t)', /begins with SELECT/],
    ['SELECT * FROM (DESCRIBE s.t)', /no DESCRIBE/],
    ["SELECT * FROM (PIVOT 'x.parquet' ON a USING sum(b))", /PIVOT/],
    ['SELECT * FROM "x.parquet"', /looks like a file/],
    ['SELECT * FROM s.t, "a/b.csv"', /looks like a file/],
    ['SELECT * FROM "read_csv"(\'x\')', /without quotes/],
    ['SELECT * FROM range(5)', /function range/],
    ['SELECT * FROM generate_series(1, 5)', /function generate_series/],
    ["SELECT getenv('HOME')", /function getenv/],
    ['SELECT * FROM duckdb_settings()', /function duckdb_settings/],
    ['SELECT now()', /function now .*; write getdate\(\)$/],
    ['SELECT datediff(week, c, c) FROM s.t', /names a part of the date; write one of: year/],
    ['SELECT extract(decade FROM c) FROM s.t', /names a part of the date/],
    ['SELECT #1 FROM s.t', /# has no meaning here/],
    ['SELECT current_user', /has no users/],
    ['SELECT nvl2(a, 0) FROM s.t', /nvl2 takes 3 arguments/],
    ['SELECT to_char(c, b) FROM s.t', /the format must be a text literal here/],
    ["SELECT regexp_replace(b, '(?=x)') FROM s.t", /look-around/],
    ['SELECT concat(b, b, b) FROM s.t', /concat takes 2 arguments/],
    ['SELECT CAST(a AS tinyint) FROM s.t', /the type tinyint is not one/],
    ['SELECT a::hugeint FROM s.t', /the type hugeint is not one/],
    ['SELECT CASE WHEN a = 1 THEN 2 FROM s.t', /CASE has no END/],
    ['SELECT (a FROM s.t', /parenthesis is not closed/],
    ['SELECT a) FROM s.t', /closed that was not opened/],
    ['SELECT TOP 2 a FROM s.t UNION SELECT 1', /TOP beside UNION/],
    ["SELECT a FROM s.t WHERE b ~ 'x'", /regexp_count/],
    ['SELECT avg(a) FROM s.t', /avg of an integer/],
    ['SELECT avg(a::numeric) FROM s.t', /avg of a decimal has the digits of its argument; write avg\(CAST/],
    ['SELECT [1, 2]', /character "\["/],
    ['SELECT {a: 1}', /character "\{"/],
    ['SELECT $1', /character "\$"/],
    ['SELECT 1; SELECT 2', /one statement at a time/],
    ["SELECT 'open", /quote is left open/],
    ['', /empty/],
    ['INSERT INTO s.t VALUES (1) ON CONFLICT DO NOTHING', /ON CONFLICT/],
    ['INSERT OR REPLACE INTO s.t VALUES (1)', /expected INSERT INTO/],
    ['DELETE FROM s.t RETURNING a', /RETURNING/],
    ['SELECT * FROM s.t ASOF JOIN s.t u ON true', /ASOF/],
    ['SELECT * FROM s.t SEMI JOIN s.t u ON true', /SEMI JOIN/],
    ['SELECT a FROM s.t ORDER BY ALL', /ORDER BY ALL/],
    ['CREATE TABLE s.k AS FROM s.t', /begins with SELECT/],
    ['SELECT a FROM s.t UNION ALL FROM s.t', /begins with SELECT/],
    ['WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x', /no hint for WITH/],
    ["SELECT 'a' 'b'", /two string literals stand side by side; write 'a' \|\| 'b', or a comma between them/],
    ['SELECT * FROM s.t FETCH FIRST 1 ROWS ONLY', /write LIMIT/],
    ['INSERT INTO s.t (a,) VALUES (1)', /a trailing comma/],
    ['SELECT a -> a + 1 FROM s.t', /no -> and no lambda/],
    ['SELECT * FROM s.t USING SAMPLE 1', /USING SAMPLE/],
    ['CREATE TABLE s.k (a integer PRIMARY KEY)', /PRIMARY KEY/],
    ['CREATE TABLE s.k (a integer IDENTITY(1,1))', /IDENTITY/],
    ['CREATE TABLE s.k (a super)', /type super is not one of/],
    ['CREATE TABLE s.k (a varchar(70000))', /1 to 65535 bytes/],
    ['CREATE TABLE s.k (LIKE s.t)', /type .* is not one of|expected/],
    ['CREATE TABLE s.k (a integer) DISTSTYLE SIDEWAYS', /AUTO, EVEN, KEY or ALL/],
    ['CREATE TABLE #tmp (a integer)', /CREATE TEMP TABLE/],
    ['CREATE OR REPLACE TABLE s.k (a integer)', /VIEW after CREATE OR REPLACE/],
    ['CREATE MACRO m() AS 1', /expected TABLE/],
    ['CREATE SEQUENCE q', /expected TABLE/],
    ['CREATE INDEX i ON s.t (a)', /expected TABLE/],
    ['CREATE SECRET x (TYPE s3)', /expected TABLE/],
    ['CREATE FUNCTION f() AS 1', /expected TABLE/],
    ["CREATE TABLE s.k AS SELECT * FROM read_csv('x')", /function read_csv/],
    ['ALTER TABLE s.t ALTER COLUMN a TYPE bigint', /resize varchar/],
    ['ALTER TABLE s.t APPEND FROM s.u', /ALTER TABLE accepts/],
    ['ALTER TABLE s.t ADD COLUMN z integer NOT NULL', /without NOT NULL/],
    ['MERGE INTO s.t x USING s.u ON x.a = s.u.a WHEN MATCHED THEN DELETE', /cannot have an alias/],
    ['MERGE INTO s.t USING (SELECT 1 AS a) u ON s.t.a = u.a WHEN MATCHED THEN DELETE', /not a query/],
    ['MERGE INTO s.t USING s.u ON s.t.a = s.u.a WHEN MATCHED AND s.u.a > 1 THEN DELETE', /MATCHED AND/],
    ["UNLOAD ('DELETE FROM s.t') TO 's3://b/k' IAM_ROLE default FORMAT AS PARQUET", /requires a SELECT/],
    ['GRANT SELECT ON s.t TO PUBLIC', /given to roles/],
    ['GRANT FLY ON s.t TO ROLE r', /FLY is not a privilege/],
    ['SELECT * FROM local_security.role_grant', /only GRANT and REVOKE/],
    ['SELECT * FROM "local_security"."role_grant"', /only GRANT and REVOKE/],
    ['SELECT * FROM warehouse.local_security.role_grant', /only GRANT and REVOKE/],
    ['INSERT INTO "Local_Security".role_grant VALUES (1)', /only GRANT and REVOKE/],
    ['SELECT sql FROM duckdb_views', /query information_schema/],
    ['SELECT * FROM "pragma_database_list"', /query information_schema/],
    ['EXPLAIN ANALYZE SELECT 1', /EXPLAIN requires a SELECT/],
  ])('%s', async (sql, message) => {
    expect(await failure(opened.warehouse.query(sql))).toMatch(message);
  });

  test('TRUNCATE ends a transaction in Redshift: alone it runs, in a batch it is refused', async () => {
    await opened.batch(['CREATE TABLE s.gone AS SELECT 1 AS n']);
    expect(await failure(opened.batch(['SELECT 1', 'TRUNCATE s.gone']))).toContain('TRUNCATE commits');
    await opened.batch(['TRUNCATE TABLE s.gone']);
    expect(await opened.rows('SELECT count(*) FROM s.gone')).toEqual([[0]]);
  });

  test('a batch with one refused statement changes nothing at all', async () => {
    expect(await failure(opened.batch(['CREATE TABLE s.never (a integer)', 'PRAGMA version']))).toContain('PRAGMA');
    expect(await failure(opened.rows('SELECT * FROM s.never'))).toContain('never');
  });

  test('behind the list the engine itself reaches no file and cannot be told to', async () => {
    for (const sql of [
      "SELECT * FROM read_text('/etc/passwd')",
      "ATTACH '/tmp/x.db'",
      'SET enable_external_access = true',
      "COPY (SELECT 1) TO '/tmp/x.csv'",
    ])
      expect(await failure(opened.warehouse.queryEngine(sql))).toMatch(
        /disabled by configuration|locked|Cannot (access|change)/,
      );
  });
});

test('every SQL file of the platform is inside the dialect', () => {
  const root = join(__dirname, '../../sql');
  let count = 0;
  // Templates and measures are no SQL by themselves; what is rendered of them lies in generated/.
  const folders = ['migrations', 'load', 'marts', 'checks', 'security', 'generated'];
  for (const folder of folders)
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.sql')) continue;
      const text = readFileSync(join(root, folder, file), 'utf8')
        .replace(/\{\{\s*objects_uri\s*\}\}/g, 's3://b/k')
        .replace(/\{\{\s*(versions|elsewhere)\s*\}\}/g, '1')
        .replace(/\{\{\s*(ref|source)\([^)]*\)\s*\}\}/g, 'core.x');
      for (const sql of parseSql(file, folder === 'marts' ? `${text};` : text).statements) {
        translate(sql);
        count++;
      }
    }
  expect(count).toBeGreaterThan(150);
});
