import { newMigrations } from '../../core/warehouse/table-changes';
import { readTexts } from '../../core/warehouse/sql-files';
import { schemaOf } from '../../core/warehouse/tables';
import { engines, type Engine } from '../sql/engines';
import { SQL, sqlFile } from '../sql/warehouse';
import { applyFiles, catalogueOf } from './schema-of-engine';

const first = `CREATE TABLE IF NOT EXISTS core.dim_payer_history (
  payer_key varchar(32) ENCODE RAW NOT NULL,
  payer_name varchar(64),
  rate decimal(12, 2),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL SORTKEY (payer_key);
INSERT INTO core.dim_payer_history (payer_key, load_id) SELECT '0', 'migration' WHERE NOT EXISTS (SELECT 1 FROM core.dim_payer_history);
`;
const second = first.replace('  rate', '  since date,\n  share double precision,\n  city varchar(64),\n  rate') + 'CREATE TABLE IF NOT EXISTS core.plan (plan_key varchar(32) NOT NULL, n bigint) DISTSTYLE KEY DISTKEY (plan_key);\n'; // prettier-ignore
const third = second.replace('payer_name varchar(64)', 'payer_name varchar(256)').replace('city varchar(64)', 'city varchar(128)'); // prettier-ignore

const files = readTexts(SQL, 'migrations');
const rendered = sqlFile('generated/tables.sql');

it('the migrations lead to the rendered tables: if not, run npm run migration -- <words>', () => {
  expect(newMigrations(files, rendered, 'check').map((m) => m.text)).toEqual([]);
  const more = rendered.replace('  load_id varchar(32) NOT NULL', '  one_more date,\n  load_id varchar(32) NOT NULL');
  expect(newMigrations(files, more, 'check')).toHaveLength(1);
});

describe.each(engines)('generated migrations on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  }, 60_000);
  afterAll(() => engine.close());

  it('and the hand-written ones lead to the rendered tables', async () => {
    await applyFiles(engine, files);
    const tables = [...schemaOf(new Map([['tables', rendered]])).tables.keys()];
    expect([...schemaOf(files).derived].sort()).toEqual([...tables].sort());
    const led = await catalogueOf(engine, tables);
    await engine.batch(['DROP SCHEMA core CASCADE']);
    await engine.batch(['CREATE SCHEMA core']);
    await applyFiles(engine, new Map([['tables', rendered]]));
    expect(await catalogueOf(engine, tables)).toEqual(led);
    expect(new Set(led.map((c) => c.split('.').slice(0, 2).join('.'))).size).toBe(tables.length);
    await engine.batch(['DROP SCHEMA core CASCADE']);
  }, 60_000);

  it('lead to the rendered tables, release by release', async () => {
    const files = new Map([['001-schemas', 'CREATE SCHEMA IF NOT EXISTS core;']]);
    await applyFiles(engine, files);
    const led: string[][] = [];
    for (const rendered of [first, second, third]) {
      const made = new Map(newMigrations(files, rendered, 'sample').map((m) => [m.name, m.text]));
      for (const [name, text] of made) files.set(name, text);
      await applyFiles(engine, made);
      led.push(await catalogueOf(engine, [...schemaOf(files).derived]));
    }
    expect([...files.keys()]).toEqual(['001-schemas', '002-sample', '003-sample', '004-sample', '005-sample-2']);
    expect(await engine.batch(['SELECT payer_key, city FROM core.dim_payer_history'])).toEqual([['0', null]]);
    for (const [i, rendered] of [first, second, third].entries()) {
      await engine.batch(['DROP SCHEMA core CASCADE']);
      await engine.batch(['CREATE SCHEMA core']);
      await applyFiles(engine, new Map([['tables', rendered]]));
      const tables = [...schemaOf(new Map([['tables', rendered]])).tables.keys()];
      expect(await catalogueOf(engine, tables)).toEqual(led[i]);
    }
    expect(led.map((l) => l.length)).toEqual([4, 9, 9]);
    // The catalogue that is compared tells lengths and nullability.
    expect(led[0].join('\n')).not.toEqual(led[2].slice(0, 4).join('\n'));
    expect(led[2].filter((c) => /payer_name .*256/.test(c) && c.endsWith('YES'))).toHaveLength(1);
    expect(led[2].filter((c) => /load_id .*32/.test(c) && c.endsWith('NO'))).toHaveLength(1);
  }, 60_000);
});
