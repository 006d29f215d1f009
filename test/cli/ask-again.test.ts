import type { Warehouse } from '@carelake/laptop/engines/warehouse';
import type { Platform } from '@carelake/laptop/runtime';
import { askingAgain } from '../../cli/ask-again';
import { untilLoaded, waitingFor } from '../../cli/waiting';

const LOST = new Error("ERROR: connection lost: the warehouse's process ended while this statement ran");

/** A warehouse whose first answers are these errors. */
function failing(...errors: Error[]) {
  let asked = 0;
  const answer = (): Promise<string> => {
    const error = errors[asked++];
    return error ? Promise.reject(error) : Promise.resolve('rows');
  };
  return { warehouse: { query: answer, queryEngine: answer } as unknown as Warehouse, asked: () => asked };
}

test.each(['query', 'queryEngine'] as const)('%s: an engine that ended is asked again', async (how) => {
  const { warehouse, asked } = failing(LOST, LOST);
  expect(await askingAgain(warehouse)[how]('select 1')).toBe('rows');
  expect(asked()).toBe(3);
});

test('one that always ends is given up; what it answers itself is not asked again', async () => {
  const ending = failing(LOST, LOST, LOST, LOST, LOST, LOST);
  await expect(askingAgain(ending.warehouse).query('select 1')).rejects.toBe(LOST);
  expect(ending.asked()).toBe(5);
  const missing = failing(new Error('relation "x" does not exist'));
  await expect(askingAgain(missing.warehouse).query('select 1')).rejects.toThrow('does not exist');
  expect(missing.asked()).toBe(1);
});

test('a wait says what it waits for', () => {
  const quiet = { behind: { a: 0 }, executions: [], invocations: 0, events: 0, refused: 0, warehouseBusy: false };
  expect(waitingFor(quiet)).toBe('');
  expect(waitingFor({ ...quiet, behind: { a: 1500, b: 2 }, executions: ['x'], invocations: 3, refused: 4 })).toBe(
    '; waiting for 1,502 records to read, 1 state machines under way, 3 functions at work, 4 refused starts to retry',
  );
});

test('a platform that closes under an open question ends no process', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const unheard: unknown[] = [];
  const note = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', note);
  try {
    let close!: () => void;
    const closed = new Promise<void>((resolve) => (close = resolve));
    const asked = jest.fn(() => closed.then(() => Promise.reject(new Error('the endpoint is closed'))));
    const platform = {
      idle: () => closed,
      status: () => {
        throw new Error('the stream is closed');
      },
    } as unknown as Platform;
    const loaded = untilLoaded(platform, asked as never, () => undefined);
    await jest.advanceTimersByTimeAsync(1500);
    expect(asked).toHaveBeenCalledTimes(1);
    close();
    await loaded;
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
    jest.useRealTimers();
  }
});
