import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engines } from '../sql/engines';
import { empty, migrate, rows } from '../sql/warehouse';

const ROOT = join(__dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/tables.md'), 'utf8');
const named = [...page.matchAll(/^\|.*?\| `([a-z_]+\.[a-z_*]+)` +\|/gm)].map((m) => m[1]!);

/** What people ask: the one big tables and marts. */
const asked = (): string[] => [
  ...readdirSync(join(ROOT, 'sql/generated/views')).map((file) => file.replace('.sql', '')),
  ...readdirSync(join(ROOT, 'sql/marts')).map((file) => `gold_phi.${file.replace('.sql', '')}`),
].filter((name) => name.startsWith('gold_phi.')); // prettier-ignore

test('every one big table and mart answers a question, and the page names no other', () => {
  expect(asked().length).toBeGreaterThan(12);
  expect(named.filter((name) => name.startsWith('gold_phi.')).sort()).toEqual(asked().sort());
  expect(named.filter((name) => !name.startsWith('gold_phi.'))).toEqual(['documents.*', 'ops.conservation']);
});

test('the README leads to it', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain('(docs/tables.md)');
});

test('each table and statement that it shows can be asked', async () => {
  const engine = await engines[0]!.open();
  try {
    await migrate(engine);
    await empty(engine);
    for (const name of named.filter((one) => !one.endsWith('*'))) await rows(engine, `SELECT * FROM ${name} LIMIT 1`);
    const statements = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map((m) => m[1]!);
    expect(statements.length).toBeGreaterThan(0);
    for (const sql of statements) expect(await rows(engine, sql)).toEqual([]);
  } finally {
    await engine.close();
  }
});
