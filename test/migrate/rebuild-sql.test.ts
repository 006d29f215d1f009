import { join } from 'node:path';
import { ENTITIES } from '../../contracts';
import { MAX_STATEMENTS } from '../../core/warehouse/sql';
import { sqlOf } from '../../lambdas/migrate/rebuild';

const { empty, tables } = sqlOf(join(__dirname, '../../sql'));
const names = Object.values(ENTITIES).map((e) => [e.name, e.kind === 'dimension' ? `dim_${e.name}_history` : e.name]);

test('each transaction of a rebuild is one that the Data API takes', () => {
  for (const sqls of [...tables, ...empty]) expect(sqls.length).toBeLessThanOrEqual(MAX_STATEMENTS);
  expect(empty.length).toBeGreaterThan(1);
});

test('every table is emptied, in a transaction that also forgets what was loaded and is refused during a load', () => {
  for (const [entity, table] of names)
    for (const emptied of [`core.${table}`, `core.${entity}_superseded`]) {
      const of = empty.filter((sqls) => sqls.includes(`DELETE FROM ${emptied}`));
      expect([emptied, of.length]).toEqual([emptied, 1]);
      expect(of[0]).toContain('DELETE FROM ops.load_ledger');
      expect(of[0].filter((sql) => sql.startsWith('INSERT INTO ops.guard'))).toHaveLength(1);
    }
});

test('a dimension has its member for "not known" again in the transaction that empties it', () => {
  const inserts = tables.flat().filter((sql) => sql.startsWith('INSERT'));
  expect(inserts.length).toBeGreaterThan(8);
  for (const insert of inserts) {
    const table = /^INSERT INTO (\S+)/.exec(insert)![1];
    const of = empty.filter((sqls) => sqls.includes(insert));
    expect(of).toHaveLength(1);
    expect(of[0].indexOf(`DELETE FROM ${table}`)).toBeLessThan(of[0].indexOf(insert));
    expect(of[0]).toContain(`DELETE FROM ${table}`);
  }
});
