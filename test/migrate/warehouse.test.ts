import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorld, type World } from '../load/warehouse-world';
import { readTexts } from '../../core/warehouse/sql-files';
import { MART_SCHEMA } from '../../core/warehouse/marts';
import { SQL_DIR } from '../load/setup';

/** A role that reads the marts. */
const READER = 'exporter';

const rows = async (w: World, sql: string) => (await w.endpoints.warehouse.queryEngine(sql)).rows;

describe('migrations over the real engine', () => {
  let w: World;
  let next: string;
  beforeAll(async () => {
    w = await openWorld();
    next = mkdtempSync(join(tmpdir(), 'carelake-sql-'));
    cpSync(SQL_DIR, next, { recursive: true });
    // A release later: statements that cannot share a transaction, and a mart with other columns that another mart reads.
    writeFileSync(
      join(next, 'migrations', '900-later.sql'),
      '-- transactional: false\nCREATE TABLE IF NOT EXISTS ops.later (x integer NOT NULL);\nINSERT INTO ops.later (x) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ops.later);\n',
    );
    writeFileSync(
      join(next, 'marts', 'a_summary.sql'),
      `SELECT count(*) AS groups_of_kpi FROM {{ ref('no_show_rate') }} r\n`,
    );
  });
  afterAll(async () => {
    await w.close();
    rmSync(next, { recursive: true, force: true });
  });

  it('build the warehouse once; a second run changes nothing', async () => {
    const first = await w.migrate('one');
    expect(first.applied).toEqual([...readTexts(SQL_DIR, 'migrations').keys()]);
    expect(first).toMatchObject({ older: false });
    const book = await rows(w, 'SELECT name FROM ops.migration ORDER BY name');
    expect(book.flat()).toEqual([...first.applied, 'release-000001']);
    expect(await w.migrate('one')).toEqual({ older: false, applied: [], views: 0 });
    expect(await rows(w, 'SELECT name FROM ops.migration ORDER BY name')).toEqual(book);
    expect(await rows(w, 'SELECT count(*) FROM gold_phi.no_show_rate')).toEqual([[0]]);
  });

  it('go forward with a release and stay there when it is rolled back', async () => {
    expect(await w.migrate('two', next)).toMatchObject({ applied: ['900-later'] });
    expect(await rows(w, 'SELECT x FROM ops.later')).toEqual([[1]]);
    expect(await rows(w, 'SELECT * FROM gold_phi.a_summary')).toEqual([[0]]);
    expect(await w.migrate('one')).toEqual({ older: true, applied: [], views: 0 });
    expect(await rows(w, 'SELECT * FROM gold_phi.a_summary')).toEqual([[0]]);
    expect(await w.migrate(undefined, next)).toMatchObject({ applied: [] });
  });

  it('refuse a file that was changed after it ran', async () => {
    writeFileSync(join(next, 'migrations', '900-later.sql'), 'CREATE TABLE ops.other (x integer);\n');
    await expect(w.migrate('three', next)).rejects.toThrow('migrations/900-later.sql was changed after it ran');
    expect(await rows(w, `SELECT count(*) FROM ops.migration WHERE name = 'release-000003'`)).toEqual([[0]]);
  });
});

describe('views beside a release', () => {
  let w: World;
  let folder: string;
  beforeAll(async () => {
    w = await openWorld();
    folder = mkdtempSync(join(tmpdir(), 'carelake-sql-'));
    cpSync(SQL_DIR, folder, { recursive: true });
    await w.migrate('one', folder);
  });
  afterAll(async () => {
    await w.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const mart = join('marts', 'no_show_rate.sql');
  const change = (columns: string): void => writeFileSync(join(folder, mart), `SELECT ${columns}\n`);
  const notes = () => rows(w, 'SELECT view_name, sha256 FROM ops.view ORDER BY 1');

  it('of a hospital, late-binding, stay and answer through every release', async () => {
    await w.endpoints.warehouse.query(
      `CREATE VIEW custom.rates AS SELECT kpi FROM ${MART_SCHEMA}.no_show_rate WITH NO SCHEMA BINDING`,
    );
    change("'other' AS kpi, 2 AS value");
    expect((await w.migrate('two', folder)).views).toBe(1);
    expect(await rows(w, 'SELECT kpi FROM custom.rates')).toEqual([['other']]);
  });

  it('are made as the guide says', async () => {
    const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'deploy.md'), 'utf8');
    const [, sql] = /### Views of your own[\s\S]*?```sql\n([\s\S]*?)```/.exec(guide)!;
    change("'x' AS by_dimension, 'y' AS group_key, 1 AS numerator, 2 AS denominator, 'other' AS kpi");
    await w.migrate('guide', folder);
    for (const statement of sql.split(/;\s*/).filter(Boolean)) await w.endpoints.warehouse.query(statement);
    const asked = await w.endpoints.warehouse.run(['SELECT * FROM custom.monday_no_shows'], { role: 'reader' });
    expect(asked[0].rows).toEqual([]);
    await expect(w.endpoints.warehouse.run(['SELECT * FROM custom.monday_no_shows'], { role: 'loader' })).rejects.toThrow('denied'); // prettier-ignore
  });

  it('that are bound are named before anything is changed', async () => {
    await w.endpoints.warehouse.query(`CREATE VIEW custom.bound AS SELECT kpi FROM ${MART_SCHEMA}.no_show_rate`);
    change("'third' AS kpi");
    writeFileSync(
      join(folder, 'migrations', '900-more.sql'),
      '-- transactional: true\nCREATE TABLE ops.more (a integer);\n',
    );
    const before = await notes();
    await expect(w.migrate('three', folder)).rejects.toThrow(
      `MIGRATION-VIEW-READ: this release changes what other views are bound to: custom.bound reads ${MART_SCHEMA}.no_show_rate`,
    );
    expect(await notes()).toEqual(before);
    expect(await rows(w, "SELECT name FROM ops.migration WHERE name = '900-more'")).toEqual([]);
    expect(await rows(w, 'SELECT kpi FROM custom.bound')).toEqual([['other']]);
    await w.endpoints.warehouse.query('DROP VIEW custom.bound');
    expect((await w.migrate('three', folder)).applied).toEqual(['900-more']);
    expect(await rows(w, 'SELECT kpi FROM custom.rates')).toEqual([['third']]);
  });

  it('that read a table do not keep it from being resized, and can be read all the while', async () => {
    const sized = "SELECT comment FROM duckdb_columns() WHERE schema_name = 'ops' AND table_name = 'sized'";
    const files: [string, string][] = [
      ['migrations/901-sized.sql', '-- transactional: true\nCREATE TABLE ops.sized (a varchar(8));\nINSERT INTO ops.sized (a) SELECT \'x\';\n'],
      ['marts/low.sql', "SELECT s.a FROM {{ source('ops', 'sized') }} s\n"],
      ['marts/high.sql', "SELECT l.a FROM {{ ref('low') }} l\n"],
    ]; // prettier-ignore
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    await w.migrate('four', folder);
    await expect(w.endpoints.warehouse.query('ALTER TABLE ops.sized ALTER COLUMN a TYPE varchar(16)')).rejects.toThrow(
      `cannot alter type of ops.sized.a because other objects depend on it: view ${MART_SCHEMA}.low`,
    );
    writeFileSync(join(folder, 'migrations', '902-wider.sql'), '-- transactional: false\nALTER TABLE ops.sized ALTER COLUMN a TYPE varchar(16);\n'); // prettier-ignore
    // A view of somebody else is named here too.
    await w.endpoints.warehouse.query('CREATE VIEW custom.on_table AS SELECT a FROM ops.sized');
    await expect(w.migrate('five', folder)).rejects.toThrow('custom.on_table reads ops.sized');
    await w.endpoints.warehouse.query('DROP VIEW custom.on_table');
    const before = await notes();
    let looks = 0;
    const { data } = w.context;
    const send = data.send.bind(data) as (command: unknown) => Promise<unknown>;
    const spy = jest.spyOn(data, 'send').mockImplementation((async (command: unknown) => {
      for (const view of ['low', 'high'])
        expect((await w.endpoints.warehouse.run([`SELECT a FROM ${MART_SCHEMA}.${view}`], { role: READER }))[0].rows).toEqual([['x']]); // prettier-ignore
      looks += 1;
      return send(command);
    }) as never);
    expect((await w.migrate('five', folder)).applied).toEqual(['902-wider']);
    spy.mockRestore();
    expect(looks).toBeGreaterThan(10);
    expect(await rows(w, sized)).toEqual([['varchar(16)']]);
    expect(await notes()).toEqual(before);
    await expect(w.endpoints.warehouse.query(`DROP VIEW ${MART_SCHEMA}.low`)).rejects.toThrow('depend on it');
  });

  it('a resize that was done before its note was written is taken as done', async () => {
    writeFileSync(join(folder, 'migrations', '903-wider.sql'), '-- transactional: false\nALTER TABLE ops.sized ALTER COLUMN a TYPE varchar(16);\n'); // prettier-ignore
    expect((await w.migrate('six', folder)).applied).toEqual(['903-wider']);
    writeFileSync(join(folder, 'migrations', '904-wrong.sql'), '-- transactional: false\nALTER TABLE ops.sized ALTER COLUMN b TYPE varchar(16);\n'); // prettier-ignore
    await expect(w.migrate('seven', folder)).rejects.toThrow('MIGRATION-FAILED: 904-wrong-1');
  });
});
