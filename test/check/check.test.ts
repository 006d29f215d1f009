import { batchesOf, countOf, readCheckSql, type Check } from '../../core/check/checks';
import { receiptKey, silverKey } from '../../core/lake/names';
import { CONTROL_STATE_KEY } from '../../core/load/control-state';
import { SETTLED_KEY } from '../../core/load/settled';
import { MAX_SQL_BYTES, MAX_STATEMENTS } from '../../core/warehouse/sql';
import { check, type CheckContext } from '../../lambdas/check/check';
import { FakeData, type Outcome } from '../load/fake-data';
import { FakeS3, ServiceError } from '../load/fake-s3';
import { SQL } from '../sql/warehouse';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 2, 10, 6);
const sql = readCheckSql(SQL);
const names = sql.checks.map(({ name }) => name);

/** A silver object that arrived so many hours ago. */
const objectOf = (entity: 'patient' | 'clinic', hoursAgo: number): string =>
  silverKey(entity, 1, {
    stream: 's',
    shardId: 'shardId-000000000000',
    arrivalMs: NOW - hoursAgo * HOUR,
    firstSequence: `${hoursAgo}`,
    lastSequence: `${hoursAgo}`,
  });

const nameOf = new Map(sql.checks.map((check) => [countOf(check.sql), check.name]));

/** The answer of a batch: how many loads hold the lease, and what some checks count. */
const counted =
  (holders: number, violations: Record<string, number> = {}) =>
  (questions: readonly string[]): Outcome => ({
    status: 'FINISHED',
    each: questions.map((q) => [[`${nameOf.has(q) ? (violations[nameOf.get(q)!] ?? 0) : holders}`]]),
  });

function world(decide: (questions: string[]) => Outcome) {
  const s3 = new FakeS3();
  s3.now = NOW - HOUR;
  s3.put('control', CONTROL_STATE_KEY, '{}');
  const data = new FakeData(({ sqls }) => decide(sqls));
  const errors: unknown[] = [];
  let now = 0;
  const context: CheckContext = {
    s3: s3.client,
    silverBucket: 'silver',
    controlBucket: 'control',
    data: data.client,
    workgroup: 'w',
    database: 'd',
    sql,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (message: string, extra: unknown) => void errors.push({ message, ...(extra as object) }),
    },
    now: () => NOW,
    sleep: async (ms) => void (now += ms),
    remainingMs: () => 900_000 - now,
  };
  return { s3, data, errors, context, slept: () => now };
}

test('there is a check for each of the faults that the warehouse can have', () => {
  expect(names).toEqual(
    expect.arrayContaining(['conservation', 'attributes_as_of-1', 'fact_one_per_key', 'history_covers_time']),
  );
});

test('what agrees is counted as nothing, by questions that answer with numbers alone, each after that of the lease', async () => {
  const { context, data, errors } = world(counted(0));
  expect(await check(context)).toEqual({ checks: names.length + 1, asleep: false, violations: 0 });
  expect(errors).toEqual([]);
  const asked = data.submitted.map(({ sqls }) => sqls);
  expect(asked.flatMap((sqls) => sqls.slice(1))).toEqual(sql.checks.map((check) => countOf(check.sql)));
  expect(new Set(asked.map(([first]) => first))).toEqual(new Set([countOf(sql.holder)]));
  for (const question of asked.flat()) expect(question).toMatch(/^SELECT count\(\*\) AS violations FROM \(/);
});

test('no call of the Data API is given more SQL than it takes, nor fewer checks than fit', () => {
  const half = { name: 'half', sql: 'x'.repeat(MAX_SQL_BYTES / 2 - 200) };
  const few = { name: 'few', sql: 'SELECT 1' };
  const packed = (...checks: Check[]) =>
    batchesOf({ holder: 'SELECT 1', checks }).map((b) => b.map(({ name }) => name));
  expect(packed(half, half, few)).toEqual([['half', 'half', 'few']]);
  expect(packed(half, half, half, few)).toEqual([
    ['half', 'half'],
    ['half', 'few'],
  ]);
  expect(packed(...Array<Check>(MAX_STATEMENTS).fill(few)).map((b) => b.length)).toEqual([MAX_STATEMENTS - 1, 1]);
});

test('violations are summed, and told by check and number', async () => {
  const { context, errors } = world(counted(0, { conservation: 2, 'attributes_as_of-2': 40 }));
  expect(await check(context)).toMatchObject({ violations: 42 });
  expect(errors).toEqual([
    { message: 'check failed', rule: 'CHK-SQL-01', check: 'conservation', violations: 2 },
    { message: 'check failed', rule: 'CHK-SQL-01', check: 'attributes_as_of-2', violations: 40 },
  ]);
});

test('a check that cannot be asked is one violation, and the others are asked all the same', async () => {
  const every = counted(0, Object.fromEntries(names.map((name) => [name, 1])));
  const { context, data, errors } = world((sqls) => {
    const at = sqls.findIndex((q) => nameOf.get(q) === 'fact_one_per_key');
    return at < 0 ? every(sqls) : { status: 'FAILED', at, error: 'relation "core.appointment" does not exist' };
  });
  expect(await check(context)).toMatchObject({ violations: names.length });
  const lengths = batchesOf(sql).flatMap((batch) => {
    const all = batch.length + 1;
    return batch.some(({ name }) => name === 'fact_one_per_key') ? [all, all - 1] : [all];
  });
  expect(data.submitted.map(({ sqls }) => sqls.length)).toEqual(lengths);
  expect(errors).toContainEqual({
    message: 'check failed',
    rule: 'CHK-SQL-01',
    check: 'fact_one_per_key',
    violations: 'unanswered',
  });
  expect(JSON.stringify(errors)).not.toContain('does not exist');
});

test('what is counted while a load is between two transactions is not believed', async () => {
  let asked = 0;
  const { context, errors, slept } = world((questions) =>
    (++asked < 4 ? counted(1, { conservation: 7 }) : counted(0))(questions),
  );
  expect(await check(context)).toMatchObject({ violations: 0 });
  expect([asked, errors, slept() >= 45_000]).toEqual([3 + batchesOf(sql).length, [], true]);
});

test('a lease that is never given up, and a warehouse that is not there, end the look with a reason', async () => {
  const busy = world(counted(1));
  await expect(check(busy.context)).rejects.toThrow('CHECK-BUSY');
  const away = world(() => ({ status: 'FAILED', error: 'usage limit reached' }));
  await expect(check(away.context)).rejects.toThrow('CHECK-BUSY');
  const refused = world(counted(0));
  refused.data.faults.push({ call: 'submit', error: new ServiceError('AccessDeniedException', 400) });
  await expect(check(refused.context)).rejects.toThrow('AccessDeniedException');
});

test('silver objects that are neither settled, nor a day young, nor loaded are counted by entity', async () => {
  const { context, s3, errors } = world(counted(0));
  for (const hours of [2, 30, 31, 32, 90]) s3.put('silver', objectOf('patient', hours), 'x');
  s3.put('silver', objectOf('clinic', 40), 'x');
  s3.put('control', receiptKey(objectOf('patient', 31)), '{}');
  s3.put(
    'control',
    SETTLED_KEY,
    JSON.stringify({ 'patient/v1': new Date(NOW - 60 * HOUR).toISOString().slice(0, 13) }),
  );
  expect(await check(context)).toMatchObject({ violations: 3 });
  expect(errors).toEqual(
    expect.arrayContaining([
      { message: 'check failed', rule: 'CHK-LEDGER-01', entity: 'patient', violations: 2 },
      { message: 'check failed', rule: 'CHK-LEDGER-01', entity: 'clinic', violations: 1 },
    ]),
  );
});

test('a warehouse into which nothing was loaded for two days is left asleep', async () => {
  const { context, s3, data } = world(counted(0));
  s3.now = NOW - 48 * HOUR;
  s3.put('control', CONTROL_STATE_KEY, '{}');
  s3.put('silver', objectOf('clinic', 30), 'x');
  expect(await check(context)).toEqual({ checks: 1, asleep: true, violations: 1 });
  s3.objects.delete(`control/${CONTROL_STATE_KEY}`);
  expect(await check(context)).toMatchObject({ asleep: true });
  expect(data.submitted).toEqual([]);
});
