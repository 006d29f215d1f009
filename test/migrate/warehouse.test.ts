import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorld, type World } from '../load/warehouse-world';
import { SQL_DIR } from '../load/setup';

const rows = async (w: World, sql: string) => (await w.doors.warehouse.queryEngine(sql)).rows;

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
    expect(first.applied.length).toBeGreaterThanOrEqual(5);
    expect(first).toMatchObject({ older: false });
    const book = await rows(w, 'SELECT name FROM ops.migration ORDER BY name');
    expect(book.flat()).toEqual([...first.applied, 'release-000001']);
    expect(await w.migrate('one')).toEqual({ older: false, applied: [], marts: first.marts });
    expect(await rows(w, 'SELECT name FROM ops.migration ORDER BY name')).toEqual(book);
    expect(await rows(w, 'SELECT count(*) FROM gold.no_show_rate')).toEqual([[0]]);
  });

  it('go forward with a release and stay there when it is rolled back', async () => {
    expect(await w.migrate('two', next)).toMatchObject({ applied: ['900-later'] });
    expect(await rows(w, 'SELECT x FROM ops.later')).toEqual([[1]]);
    expect(await rows(w, 'SELECT * FROM gold.a_summary')).toEqual([[0]]);
    expect(await w.migrate('one')).toEqual({ older: true, applied: [], marts: 0 });
    expect(await rows(w, 'SELECT * FROM gold.a_summary')).toEqual([[0]]);
    expect(await w.migrate(undefined, next)).toMatchObject({ applied: [] });
  });

  it('refuse a file that was changed after it ran', async () => {
    writeFileSync(join(next, 'migrations', '900-later.sql'), 'CREATE TABLE ops.other (x integer);\n');
    await expect(w.migrate('three', next)).rejects.toThrow('migrations/900-later.sql was changed after it ran');
    expect(await rows(w, `SELECT count(*) FROM ops.migration WHERE name = 'release-000003'`)).toEqual([[0]]);
  });
});
