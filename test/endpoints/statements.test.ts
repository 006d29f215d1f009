import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { type Statement, StatementStore } from '@carelake/laptop/endpoints/statements';
import { scratch } from '../laptop/fixtures';

const HOUR_MS = 3_600_000;
const { dir, clean } = scratch();
afterAll(clean);

/** A transaction of a load: the same long texts each time, other parameters. Days of them are twice the journal that is kept. */
const LONG = Array.from({ length: 10 }, (_, i) => `SELECT ${i} /* ${'x'.repeat(2_000)} */`);
const statement = (n: number, createdAt: number): Statement => ({
  id: `id-${n}`,
  sqls: LONG.map((sql) => Buffer.from(sql).toString()),
  isBatch: true,
  autoCommit: false,
  parameters: [{ name: 'load_id', value: String(n) }],
  database: 'd',
  workgroup: 'w',
  clientToken: `token-${n}`,
  createdAt,
  updatedAt: createdAt,
  callerArn: 'arn',
  status: 'SUBMITTED',
  subs: [],
});

test('days of loads hold each text once, statements of a day, and a journal of no more than a few times that', () => {
  const path = join(dir, 'statements.jsonl');
  const clock = new VirtualClock();
  const store = new StatementStore(path, clock);
  for (let n = 0; n < 800; n++) {
    void clock.advance(HOUR_MS / 4);
    const kept = store.add(statement(n, clock.now()));
    kept.status = 'FINISHED';
    store.save(kept);
  }
  expect(store.textCount).toBe(LONG.length);
  expect(store.all()).toHaveLength(24 * 4 + 1);
  expect(statSync(path).size).toBeLessThan(9_000_000);

  const again = new StatementStore(path, clock);
  const told = (s: Statement) => [s.id, s.status, s.parameters, s.sqls.map((sql) => LONG.indexOf(sql))];
  expect(again.all().map(told)).toEqual(store.all().map(told));
  expect(again.textCount).toBe(LONG.length);
  expect(again.byToken('arn', 'token-799')?.id).toBe('id-799');
});

test('the end of a statement does not repeat its text in the journal', () => {
  const path = join(dir, 'ends.jsonl');
  const store = new StatementStore(path, new VirtualClock());
  const kept = store.add(statement(1, Date.UTC(2026, 0, 1)));
  const { size } = statSync(path);
  kept.status = 'FAILED';
  kept.error = 'ERROR: why';
  store.save(kept);
  expect(statSync(path).size - size).toBeLessThan(300);
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
  expect(new StatementStore(path, new VirtualClock()).get('id-1')).toMatchObject({ status: 'FAILED', error: 'ERROR: why', sqls: LONG });
}); // prettier-ignore
