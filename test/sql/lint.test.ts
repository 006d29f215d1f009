import { lint, type Place } from './lint';
import { sqlFile, sqlNames, statementsOf } from './warehouse';

const PLACES: Place[] = ['migrations', 'load', 'marts', 'checks', 'security'];
const FOLDERS: [string, Place][] = [
  ['generated', 'migrations'],
  ['generated/load', 'load'],
  ['generated/views', 'migrations'],
  ['documents', 'migrations'],
  ['generated/checks', 'checks'],
  ...PLACES.map((place): [string, Place] => [place, place]),
  ['migrations/runner', 'migrations'],
];
const files = FOLDERS.flatMap(([folder, place]) =>
  sqlNames(folder).map((name) => ({
    place,
    name: `${folder}/${name}`,
    text: sqlFile(`${folder}/${name}`) + (place === 'marts' ? ';' : ''),
  })),
);
const MAX_STATEMENTS = 40;

describe('the SQL of the platform', () => {
  it.each(files)('$name keeps to the portable subset', ({ place, text }) => {
    expect(statementsOf(text).flatMap((sql) => lint(sql, place))).toEqual([]);
  });

  it.each(files.filter((f) => /^(migrations|security)\/\d/.test(f.name)))(
    '$name says whether it is transactional, and fits one batch',
    ({ text }) => {
      expect(text.split('\n')[0]).toMatch(/^-- transactional: (true|false)$/);
      expect(statementsOf(text).length).toBeLessThanOrEqual(MAX_STATEMENTS);
    },
  );

  it('the lock is the first statement of a load, before any snapshot is taken', () => {
    expect(statementsOf(sqlFile('load/begin.sql'))[0]).toBe('LOCK TABLE ops.load_lock');
    const others = files.filter((f) => f.place !== 'security').flatMap((f) => statementsOf(f.text));
    expect(others.filter((sql) => /\b(FROM|INTO|UPDATE)\s+ops\.load_lock\b/i.test(sql))).toEqual([]);
  });
});

describe('each rule of the lint fires', () => {
  const planted: [string, string, Place?][] = [
    ['QUALIFY', 'SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1'],
    ['IDENTITY', 'CREATE TABLE t (k bigint IDENTITY(1, 1))', 'migrations'],
    ['LISTAGG', "SELECT listagg(a, ',') FROM t"],
    ['DATEDIFF', 'SELECT datediff(minute, a, b) FROM t'],
    ['clock', 'SELECT getdate()'],
    ['clock', 'SELECT a FROM t WHERE b < now()'],
    ['clock', 'SELECT a FROM t WHERE b < current_date'],
    ['AVG', 'SELECT avg(a) FROM t'],
    ['MERGE', 'MERGE INTO core.t x USING s ON x.a = s.a WHEN MATCHED THEN DELETE'],
    ['MERGE', 'MERGE INTO core.t USING s ON t.a = s.a WHEN MATCHED AND s.b > 1 THEN DELETE'],
    ['IS DISTINCT FROM', 'SELECT a FROM t WHERE a IS DISTINCT FROM b'],
    ['DISTINCT ON', 'SELECT DISTINCT ON (a) a, b FROM t'],
    ['FILTER', 'SELECT count(*) FILTER (WHERE a > 1) FROM t'],
    ['named windows', 'SELECT lag(a) OVER w FROM t WINDOW w AS (ORDER BY a)'],
    ['semi and anti', 'SELECT a FROM t ANTI JOIN s ON t.a = s.a'],
    ['column lists', 'SELECT * EXCLUDE (a) FROM t'],
    ['a literal', "SELECT 'no_show_rate' AS kpi, count(a) AS n FROM t"],
    ['a literal', "CREATE TABLE t AS SELECT a, 'x' FROM s UNION ALL SELECT a, b FROM s"],
    ['a literal', 'SELECT a FROM (SELECT NULL AS a, b FROM t) t'],
    ['a subquery under OR', 'SELECT a FROM t WHERE a IN (SELECT b FROM s) OR a = 1'],
    ['a subquery under OR', 'SELECT a FROM t WHERE a = 1 OR NOT EXISTS (SELECT b FROM s WHERE s.b = t.a)'],
    ['a subquery under OR', 'SELECT a FROM t WHERE a = 1 OR a NOT IN (SELECT b FROM s)'],
    ['upserts', 'INSERT INTO t (a) SELECT 1 ON CONFLICT DO NOTHING'],
    ['LIKE loses', 'CREATE TEMP TABLE s (LIKE core.t)'],
    ['booleans', 'SELECT sum(is_current) FROM t'],
    ['keys and uniqueness', 'CREATE TABLE t (a integer PRIMARY KEY)', 'migrations'],
    ['keeps its transaction', 'TRUNCATE core.t'],
    ['keeps its transaction', 'ALTER TABLE core.t APPEND FROM s'],
    ['keeps its transaction', 'VACUUM core.t'],
    ['stages of a load', 'CREATE TABLE core.stage (a integer)'],
    ['parameter', 'CREATE TEMP TABLE s AS SELECT a FROM t WHERE load_id = :load_id'],
    ['time zones', "SELECT a AT TIME ZONE 'UTC' FROM t"],
    ['100 KB', `SELECT '${'x'.repeat(101 * 1024)}'`],
    ['function', "SELECT strftime(a, '%Y') FROM t"],
    ['placeholders', 'SELECT a FROM {{table}}'],
    ['placeholders', "SELECT a FROM {{ config(materialized='table') }}", 'marts'],
  ];
  it.each(planted)('%s: %.60s', (rule, sql, place = 'load') => {
    expect(lint(sql, place).map((f) => f.rule).join('\n')).toContain(rule); // prettier-ignore
  });

  it('and leaves alone what is allowed', () => {
    expect(lint("COPY batch_object FROM '{{objects_uri}}' IAM_ROLE default FORMAT AS PARQUET", 'load')).toEqual([]);
    expect(
      lint(
        "SELECT o.a FROM {{ ref('other_mart') }} o JOIN {{ source('gold_phi', 'obt_appointment') }} p ON p.a = o.a",
        'marts',
      ),
    ).toEqual([]);
    expect(
      lint(
        "SELECT CAST('x' AS varchar(8)) AS a, coalesce(t.b, 'y') AS b FROM t UNION ALL SELECT 'z', c FROM s",
        'load',
      ),
    ).toEqual([]);
    expect(lint("INSERT INTO t (a, b) SELECT 'x', s.b FROM s WHERE s.a IN (SELECT a FROM u)", 'load')).toEqual([]);
    expect(lint("SELECT CAST('now() is only a text' AS varchar(32)) AS a -- and avg(x) a comment", 'load')).toEqual([]);
  });
});
