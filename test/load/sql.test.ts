import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { martViews } from '../../core/warehouse/marts';
import { MAX_STATEMENTS, fill, parameterNames, parseSql, transaction } from '../../core/warehouse/sql';
import { readSql, readViews } from '../../core/warehouse/sql-files';
import { orderViews } from '../../core/warehouse/views';

const ROOT = join(__dirname, '..', '..', 'sql');
const LOAD = '0123456789abcdef0123456789abcdef';

describe('SQL files', () => {
  it('are split at semicolons outside quotes and comments, and lose their comments', () => {
    const file = parseSql(
      'x.sql',
      `-- transactional: false\nSELECT ';', '--', "a;b" -- it's a note; really\n  FROM t; /* ; */\n\nSELECT 'it''s';`,
    );
    expect(file).toEqual({
      name: 'x.sql',
      transactional: false,
      statements: [`SELECT ';', '--', "a;b"\n  FROM t`, `SELECT 'it''s'`],
    });
  });

  it.each([
    ['SELECT 1', /does not end with a semicolon/],
    [`SELECT 'a;`, /line 1: ' is never closed/],
    ['SELECT 1; /* x', /never closed/],
    ['SELECT $$x$$;', /dollar quotes/],
    ['-- transactional: maybe\nSELECT 1;', /true or false/],
  ])('that are wrong are refused: %s', (text, message) => expect(() => parseSql('x.sql', text)).toThrow(message));

  it('of the repository parse, and each fits a transaction', () => {
    for (const folder of ['load', 'migrations', 'migrations/runner', 'checks', 'security']) {
      const files = readSql(ROOT, folder);
      const names = readdirSync(join(ROOT, folder)).filter((f) => f.endsWith('.sql'));
      expect([...files.keys()]).toEqual(names.map((f) => f.replace('.sql', '')));
      for (const [name, file] of files) {
        // Two places are kept for the lock and the note of what ran.
        if (folder === 'migrations') expect([name, file.statements.length <= MAX_STATEMENTS - 2]).toEqual([name, true]);
      }
    }
  });
});

describe('parameters', () => {
  it('are names after a single colon outside quotes', () => {
    expect(parameterNames(`SELECT :a, ':b', x::text, '12:30', CAST(:c_1 AS int), :a -- :d`)).toEqual(['a', 'c_1']);
  });

  it('are bound only where a statement refers to them, since the Data API refuses others', () => {
    expect(transaction('t', ['SELECT :b', 'SELECT 1'], { a: '1', b: '2' })).toEqual({
      sqls: ['SELECT :b', 'SELECT 1'],
      parameters: [{ name: 'b', value: '2' }],
    });
    expect(() => transaction('t', ['SELECT :c'], { a: '1' })).toThrow('t: parameter :c has no value');
  });

  it('limits of the Data API are held before it is called', () => {
    expect(() => transaction('t', new Array(41).fill('SELECT 1'))).toThrow('41 statements');
    expect(() => transaction('t', [`SELECT '${'x'.repeat(100_000)}'`])).toThrow('bytes of SQL');
    expect(() => transaction('t', [])).toThrow('without statements');
  });
});

describe('placeholders', () => {
  const uri = `s3://control-bucket/loads/${LOAD}/objects.parquet`;
  it('take URIs of a load and nothing else', () => {
    expect(fill(`COPY b FROM '{{objects_uri}}'`, { objects_uri: uri })).toBe(`COPY b FROM '${uri}'`);
  });
  it.each([
    ['a value of another shape', `'{{objects_uri}}'`, { objects_uri: `${uri}'; DROP TABLE x; --` }],
    ['a missing value', `'{{manifest_uri}}'`, {}],
    ['a name that is not on the list', `'{{table}}'`, { table: 'x' }],
    ['an inherited name', `'{{constructor}}'`, {}],
  ])('refuse %s', (_, sql, values) => expect(() => fill(sql, values as Record<string, string>)).toThrow('placeholder'));
});

describe('marts', () => {
  const texts = (o: Record<string, string>) => new Map(Object.entries(o));
  it('stand after those they read, in an order that does not depend on the files', () => {
    const marts = orderViews(
      martViews(
        texts({
          a: `SELECT * FROM {{ ref('c') }}`,
          b: `SELECT 1 AS x -- no; {{ semicolon }}`,
          c: `SELECT * FROM {{ source('gold_phi', 'obt') }}, {{ref('b')}}`,
        }),
      ),
    );
    expect(marts.map((m) => m.name)).toEqual(['gold_phi.b', 'gold_phi.c', 'gold_phi.a']);
    expect(marts[1].select).toBe('SELECT * FROM gold_phi.obt, gold_phi.b');
  });
  it.each([
    [{ a: `SELECT {{ ref('b') }}` }, /does not name a mart/],
    [{ a: `SELECT * FROM {{ ref('b') }}`, b: `SELECT * FROM {{ ref('a') }}` }, /circle: gold_phi.a, gold_phi.b/],
    [{ a: `SELECT {{ config(x=1) }}` }, /only ref\(\) and source\(\)/],
    [{ a: `{% if x %} SELECT 1` }, /only ref\(\) and source\(\)/],
    [{ a: `SELECT * FROM {{ source('pg_catalog', 'x') }}` }, /does not name a table/],
    [{ a: `SELECT 1; DROP TABLE x` }, /one SELECT without a semicolon/],
    [{ 'A b': `SELECT 1` }, /name is a-z/],
  ])('refuse %j', (files, message) => expect(() => orderViews(martViews(texts(files as never)))).toThrow(message));

  it('of the repository resolve', () => {
    expect(readViews(ROOT).map((v) => v.name)).toContain('gold_phi.no_show_rate');
  });
});
