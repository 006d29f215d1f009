import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describedColumns, generatedDictionary } from '../../core/warehouse/generated-sql';
import { meanings } from '../../cli/dictionary';
import { laptop, type Engine } from './engines';
import { migrate, rows } from './warehouse';

const ROOT = join(__dirname, '../..');

describe('the dictionary of the warehouse', () => {
  const columns = describedColumns(ROOT);
  let engine: Engine;
  beforeAll(async () => {
    engine = await laptop();
    await migrate(engine);
  });
  afterAll(() => engine.close());

  it('tells every column of core and gold_phi, with its type, and no other', async () => {
    const found = await rows(
      engine,
      `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns WHERE table_schema IN ('core', 'gold_phi')`,
    );
    const told = columns.flatMap((c) => c.in.map((table) => `${table}.${c.name}`));
    expect([...told].sort()).toEqual(found.map(([schema, table, column]) => `${schema}.${table}.${column}`).sort());
    const engineType = (type: string) =>
      type
        .replace(/^varchar.*/, 'varchar')
        .replace(/^decimal.*/, 'decimal')
        .replace('double precision', 'double')
        .toUpperCase();
    const types = new Map(columns.flatMap((c) => c.in.map((table) => [`${table}.${c.name}`, engineType(c.type)])));
    const other = found.filter(([s, t, c, type]) => types.get(`${s}.${t}.${c}`) !== type?.replace(/\(.*\)/, ''));
    expect(other).toEqual([]);
  });

  it('gives each a meaning and the place of its definition', () => {
    expect(columns.filter((c) => c.doc.length < 8 || c.source === '').map((c) => `${c.in[0]}.${c.name}`)).toEqual([]);
  });

  it('is told of one table by the command line', () => {
    const of = columns.filter((c) => c.in.includes('gold_phi.no_show_rate')).map((c) => [c.name, c.doc]);
    expect(of.length).toBeGreaterThan(5);
    expect([...meanings('gold_phi.no_show_rate')]).toEqual(of);
    expect(meanings('ops.loaded_object').size).toBe(0);
  });

  it('is as committed', () => {
    expect(readFileSync(join(ROOT, 'docs/generated/warehouse.md'), 'utf8')).toBe(generatedDictionary(ROOT));
  });
});
