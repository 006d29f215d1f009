import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITIES, type EntityContract } from '../../contracts';
import { MeasureError, parseMeasures } from '../../contracts/derive';
import { TemplateError, render } from '../../contracts/derive/template';
import { parseSql } from '../../core/warehouse/sql';
import { generatedSql } from '../../scripts/generated-sql';

const ROOT = join(__dirname, '../..');
const GENERATED = join(ROOT, 'sql/generated');

describe('the SQL that is derived', () => {
  it('is committed as it is rendered', () => {
    const committed = readdirSync(GENERATED, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.sql'));
    const rendered = generatedSql(ROOT);
    expect(committed.sort()).toEqual(Object.keys(rendered).sort());
    for (const [name, text] of Object.entries(rendered))
      if (readFileSync(join(GENERATED, name), 'utf8') !== text)
        throw new Error(`sql/generated/${name} is out of date: npm run generate`);
  });

  it('names every column in full', () => {
    const loads = Object.entries(generatedSql(ROOT)).filter(([name]) => /^(load|views)\//.test(name));
    for (const [name, text] of loads)
      for (const sql of parseSql(name, text).statements)
        expect(sql).not.toMatch(/^(INSERT INTO \S+\s+SELECT|SELECT \*)/);
  });

  it('a fact with ten references and two older versions fits one transaction with its stage and its restating', () => {
    const dimension = (i: number): EntityContract => ({ ...ENTITIES.clinic, name: `place_${i}` as never });
    const dimensions = Array.from({ length: 10 }, (_, i) => dimension(i));
    const { asOf, layout, oneOf, doc } = ENTITIES.appointment;
    const fact: EntityContract = {
      ...{ name: 'visit' as never, kind: 'fact', version: 3, doc, keyScope: 'source', naturalKey: ['visit_id'] },
      ...{
        asOf,
        layout: { ...layout!, distKey: 'place_0_key', sortKey: ['place_0_key'] },
        oneOf,
        orders: [],
        derived: [],
      },
      fields: [
        { name: 'visit_id', type: 'string', maxBytes: 64, required: true, phi: 'none', doc: '' },
        { name: 'scheduled_start_at', type: 'ts', required: true, phi: 'none', doc: '' },
        ...dimensions.map(
          (d) => ({ name: `${d.name}_id`, type: 'string', maxBytes: 64, phi: 'none', doc: '' }) as const,
        ),
      ],
      references: dimensions.map((d) => ({
        column: `${d.name}_key`,
        field: `${d.name}_id`,
        entity: d.name,
        rule: 'DQ-ID-06',
      })),
    };
    const files = generatedSql(ROOT, [...dimensions, fact]);
    const count = (path: string) => parseSql(path, path.startsWith('load/begin') ? readFileSync(join(ROOT, 'sql', path), 'utf8') : files[path]).statements.length; // prettier-ignore
    const staged = 2 + 2 * 3;
    expect(
      count('load/begin.sql') + staged + count('load/visit.sql') + count('load/visit-restate.sql'),
    ).toBeLessThanOrEqual(40);
  });
});

describe('a template', () => {
  const columns = { columns: [{ name: 'a', type: 'integer' }, { name: 'b', type: 'date' }], nones: [], table: 't' }; // prettier-ignore
  it.each([
    ['INSERT INTO {table} ({columns})', 'INSERT INTO t (a, b)'],
    ['SELECT {x.columns}', 'SELECT x.a, x.b'],
    ['  {column} {column.type},\n  z date', '  a integer,\n  b date,\n  z date'],
    ['  {column}  -- each ,', '  a,\n  b'],
    ['  s.{column} IS NULL  -- each AND', '  s.a IS NULL\n  AND s.b IS NULL'],
    [
      '-- each column, UNION ALL\nSELECT {column}\nFROM {table}\n-- end\n;',
      'SELECT a\nFROM t\nUNION ALL\nSELECT b\nFROM t;',
    ],
    ['SELECT\n  {none},\n  z', 'SELECT\n  z'],
  ])('%j', (template, sql) => expect(render(template, columns)).toBe(sql));

  it('an entity in a block brings its own words and lists', () => {
    const dimensions = [{ name: 'c', key: 'c_key', columns: [{ name: 'd' }] }];
    expect(render('-- each dimension\n{dimension}: {key} {columns} {table}\n-- end', { ...columns, dimensions })).toBe('c: c_key d t'); // prettier-ignore
  });

  it('breaks a long list between its names', () => {
    const many = { longs: Array.from({ length: 30 }, (_, i) => ({ name: `a_rather_long_name_${i}` })) };
    const lines = render('INSERT INTO t ({longs})', many).split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(132);
    expect(lines.join(' ').replace(/\s+/g, ' ')).toBe(`INSERT INTO t (${many.longs.map((l) => l.name).join(', ')})`);
  });

  it.each([
    ['SELECT {nothing}', 'there is no list nothing'],
    ['SELECT {x.nothing}', 'there is no list nothing'],
    ['SELECT {nones}', '{nones} is an empty list'],
    ['{column.colour}', '{column.colour} has no value'],
    ['-- each column\nSELECT 1', '"-- each column" is not closed'],
    ['-- each row\n-- end', 'there is no list rows'],
  ])('%j is refused', (template, message) =>
    expect(() => render(template, columns)).toThrow(new TemplateError(message)),
  );
});

describe('a file of measures', () => {
  const read = (text: string) => parseMeasures('m.sql', text);
  it('has expressions over several lines, each with its type and meaning', () => {
    const { values, measures, attributes, obt } = read(`-- values: not stored
SELECT
  extract(epoch FROM e.a_at) AS a_s
FROM event e;
-- measures: stored
SELECT
  e.code AS kind,
  CAST(CASE WHEN e.a_s > 1
    THEN 1 ELSE 0 END AS smallint) AS is_a, -- 1: it is.
  CAST(coalesce(e.x, 0) AS decimal(10, 2)) AS x -- Amount, USD.
FROM event e;
-- attributes: of members
SELECT
  place.city,
  place.state AS home
FROM fact f;
`);
    expect(values.map((v) => [v.name, v.sql])).toEqual([['a_s', 'extract(epoch FROM e.a_at)']]);
    expect(measures.map((m) => [m.name, m.type, m.doc, m.column])).toEqual([
      ['kind', undefined, undefined, 'code'],
      ['is_a', 'smallint', '1: it is.', undefined],
      ['x', 'decimal(10, 2)', 'Amount, USD.', undefined],
    ]);
    expect(attributes.map((a) => [a.alias, a.column, a.name, a.isNamed])).toEqual([
      ['place', 'city', 'city', false],
      ['place', 'state', 'home', true],
    ]);
    expect(obt).toBeUndefined();
  });

  const section = (line: string) => `-- measures: x\nSELECT\n  ${line}\nFROM event e;\n`;
  it.each([
    ['a measure without a type', section('e.a + 1 AS b -- B.'), 'm.sql, line 3: b is CAST'],
    ['a measure without a meaning', section('CAST(e.a AS integer) AS b'), 'm.sql, line 3: b is CAST'],
    [
      'an expression without a name',
      section('CAST(e.a AS integer) -- B.'),
      'm.sql, line 3: "CAST(e.a AS integer)" has no name',
    ],
    ['a SELECT without a heading', 'SELECT\n  e.a\nFROM event e;\n', 'm.sql, line 1: a section is a heading'],
    ['a section without its end', '-- measures: x\nSELECT\n  e.a AS b,\n', 'm.sql: the last section has no FROM'],
  ])('%s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(MeasureError);
    expect(() => read(text)).toThrow(message);
  });
});
