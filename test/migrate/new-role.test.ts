import { run, type Runner } from '../../lambdas/migrate/runner';
import { FakeData } from '../load/fake-data';
import { ServiceError } from '../load/fake-s3';

/** A runner whose time passes only while it sleeps, and a Data API that denies the first calls. */
function runnerDenied(times: number): { runner: Runner; data: FakeData; slept: () => number } {
  const data = new FakeData(() => ({ status: 'FINISHED' }));
  for (let i = 0; i < times; i++)
    data.faults.push({ call: 'submit', error: new ServiceError('AccessDeniedException', 400) });
  let now = 0;
  const runner: Runner = {
    data: data.client,
    workgroup: 'w',
    database: 'd',
    secretArn: 'arn:admin',
    runId: 'r',
    sleep: async (ms) => void (now += ms),
    remainingMs: () => Infinity,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined } as never,
  };
  return { runner, data, slept: () => now };
}

const first = { name: 'known', sqls: ['SELECT 1'], isFirst: true };

test('the first call outlasts the time in which a new role is not known everywhere', async () => {
  const { runner, data, slept } = runnerDenied(8);
  await run(runner, first);
  expect(data.submitted).toHaveLength(1);
  expect(slept()).toBeGreaterThanOrEqual(40_000);
  expect(slept()).toBeLessThan(60_000);
});

test('after a minute a denial is final, and says which call was denied', async () => {
  const { runner, data, slept } = runnerDenied(50);
  await expect(run(runner, first)).rejects.toThrow('known: the Data API refused the call (AccessDeniedException)');
  expect(data.submitted).toEqual([]);
  expect(slept()).toBe(60_000);
});

test('a later call that is denied, and a first one refused for another reason, do not wait', async () => {
  const later = runnerDenied(1);
  await expect(run(later.runner, { ...first, isFirst: undefined })).rejects.toThrow('AccessDeniedException');
  expect(later.slept()).toBe(0);
  const other = runnerDenied(0);
  other.data.faults.push({ call: 'submit', error: new ServiceError('ValidationException', 400) });
  await expect(run(other.runner, first)).rejects.toThrow('ValidationException');
  expect(other.slept()).toBe(0);
});
