import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENTITIES, UNKNOWN_KEY, type EntityContract } from '../../contracts';
import { MeasureError, parseMeasures, warehouseLists, warehouseSql } from '../../contracts/derive';
import { TemplateError, render } from '../../contracts/derive/template';
import { parseSql } from '../../core/warehouse/sql';
import { newMigrations } from '../../core/warehouse/table-changes';
import { generatedSql, readLists } from '../../core/warehouse/generated-sql';

const ROOT = join(__dirname, '../..');
const GENERATED = join(ROOT, 'sql/generated');
const sqlTemplates = (): [string, string][] =>
  readdirSync(join(ROOT, 'sql/templates'), { recursive: true, encoding: 'utf8' })
    .filter((n) => n.endsWith('.sql'))
    .map((n) => [n, readFileSync(join(ROOT, 'sql/templates', n), 'utf8')]);

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
    ['a measure without a type', section('e.a + 1 AS b -- B.'), 'm.sql, line 3: b must be CAST'],
    ['a measure without a meaning', section('CAST(e.a AS integer) AS b'), 'm.sql, line 3: b must be CAST'],
    [
      'an expression without a name',
      section('CAST(e.a AS integer) -- B.'),
      'm.sql, line 3: "CAST(e.a AS integer)" has no name',
    ],
    ['a SELECT without a heading', 'SELECT\n  e.a\nFROM event e;\n', 'm.sql, line 1: a section must be a heading'],
    [
      'a comma that is missing',
      section('CAST(e.a AS integer) AS b -- B.\n  CAST(e.c AS integer) AS d -- D.'),
      'm.sql, line 4: a comma is missing',
    ],
    [
      'a comma that is missing between values',
      '-- values: x\nSELECT\n  e.a AS b\n  e.c AS d\nFROM event e;\n',
      'm.sql, line 4: a comma is missing',
    ],
    [
      'a type of a part only',
      section('CAST(e.a AS smallint) * CAST(e.c AS integer) AS b -- B.'),
      'line 3: b must be CAST',
    ],
    ['a section that stands twice', section('e.a AS b').repeat(2), 'm.sql, line 6: the section occurs twice'],
    [
      'a heading that is none',
      section('e.a AS b').replace('measures', 'measure'),
      'm.sql, line 2: a section must be a',
    ],
    ['a section without its end', '-- measures: x\nSELECT\n  e.a AS b,\n', 'm.sql: the last section has no FROM'],
  ])('%s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(MeasureError);
    expect(() => read(text)).toThrow(message);
  });
});

describe('names of a fact', () => {
  const { patient, clinic, provider, appointment }: Record<string, EntityContract> = ENTITIES;
  const lists = (text: string, change: Partial<EntityContract> = {}) =>
    warehouseLists(
      [patient, clinic, provider, { ...appointment, ...change }],
      new Map([['appointment', parseMeasures('m.sql', text)]]),
    );
  const measures = (line: string) => `-- measures: x\nSELECT\n  ${line}\nFROM event e;\n`;

  it('the key member as of which members are taken is found', () => {
    const key = ['appointment_id', 'scheduled_start_at'];
    const files = warehouseSql(lists('', { naturalKey: key }), new Map(sqlTemplates()));
    expect(files['views/gold_phi.obt_appointment.sql']).toContain(
      'with its members as they were at scheduled_start_at.',
    );
  });

  it('a flag is set by the rule that it is called after, and one of no rule is refused', () => {
    const flags = (name: string) =>
      lists(
        `-- flags: x\nSELECT\n  CAST(CASE WHEN clinic.city = 'Q' THEN 1 END AS smallint) AS ${name} -- F.\nFROM fact f;\n`,
      );
    const sql = warehouseSql(flags('dq_obs_02'), new Map(sqlTemplates()))['load/appointment.sql'];
    expect(sql).toContain(
      "CASE WHEN CAST(CASE WHEN clinic.city = 'Q' THEN 1 END AS smallint) = 1 THEN ' DQ-OBS-02' ELSE",
    );
    expect(() => flags('dq_obs_99')).toThrow('dq_obs_99 is not the name of a rule');
  });

  it('a reference of a later version is added to the table as the unknown member', () => {
    const fields = appointment.fields.map((f) => (f.name === 'provider_npi' ? { ...f, since: 2 } : f));
    const references = appointment.references.filter((r) => r.entity !== 'provider');
    const names = ['provider_id', 'provider_npi'];
    const tables = (change: Partial<EntityContract>) => warehouseSql(lists('', change), new Map(sqlTemplates()))['tables.sql']; // prettier-ignore
    const before = new Map([
      ['001-x', `-- generated: true\n${tables({ references, fields: fields.filter((f) => !names.includes(f.name)) })}`],
    ]);
    const [{ text }] = newMigrations(before, tables({ version: 2, fields }), 'add-provider');
    expect(text).toContain(
      `ALTER TABLE core.appointment ADD COLUMN provider_key varchar(32) DEFAULT '${UNKNOWN_KEY}';`,
    );
  });

  it.each([
    ['a measure called like a reference', measures('CAST(1 AS integer) AS clinic_key -- C.'), {}, 'clinic_key appears in the fact twice'], // prettier-ignore
    ['a measure called like what every fact has', measures('CAST(1 AS integer) AS load_id -- L.'), {}, 'load_id appears in the fact twice'], // prettier-ignore
    ['a measure called like a word of SQL', measures('CAST(1 AS integer) AS percent -- P.'), {}, 'percent is a reserved word of SQL'], // prettier-ignore
    ['a value called like a member', '-- values: x\nSELECT\n  1 AS status_code\nFROM event e;\n', {}, 'status_code appears in the event twice'], // prettier-ignore
    ['a column shown twice', '-- one big table: x\nSELECT\n  f.status_code,\n  f.created_at AS status_code\nFROM fact f;\n', {}, 'status_code appears in the one big table twice'], // prettier-ignore
    ['a value of a local day, which no restating would make again', '-- values: x\nSELECT\n  e.scheduled_date AS day\nFROM event e;\n', {}, 'day depends on a local day'], // prettier-ignore
    ['a measure of a local day and of what is not stored', measures('CAST(CASE WHEN e.patient_id IS NULL THEN e.scheduled_date END AS date) AS seen_on -- S.'), {}, 'seen_on depends on a local day and on patient_id'], // prettier-ignore
    ['a layout of a column that is none', '', { layout: { distKey: 'pateint_key', sortKey: [] } }, 'the layout names pateint_key'], // prettier-ignore
  ])('%s is refused', (_, text, change, message) => {
    expect(() => lists(text, change)).toThrow(MeasureError);
    expect(() => lists(text, change)).toThrow(`sql/measures/appointment.sql: ${message}`);
  });

  it('a file of measures of no fact is refused', () => {
    const root = mkdtempSync(join(tmpdir(), 'carelake-measures-'));
    try {
      mkdirSync(join(root, 'sql/measures'), { recursive: true });
      writeFileSync(join(root, 'sql/measures/apointment.sql'), '');
      expect(() => readLists(root)).toThrow('sql/measures/apointment.sql: no fact has this name');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
