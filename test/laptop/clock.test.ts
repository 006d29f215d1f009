import { RealClock } from '@carelake/laptop/clock';
import { folderTime } from '@carelake/laptop/engines/folder-time';
import { scratch } from './fixtures';

const HOUR = 3_600_000;

test.each([-2 * HOUR, 2 * HOUR])('a clock that is set by %i ms while a process runs changes nothing for it', (by) => {
  let skew = 0;
  const clock = new RealClock(0, () => 1_000_000_000_000 + skew);
  const before = clock.now();
  skew = by;
  expect(clock.now() - before).toBeGreaterThanOrEqual(0);
  expect(clock.now() - before).toBeLessThan(HOUR);
});

test('the time of a folder does not go back from one process to the next, and goes forward with the machine', () => {
  const { dir, clean } = scratch();
  let wall = 1_000_000_000_000;
  const run = (): { from: number; lastSeen?: number } => {
    const time = folderTime(dir, () => wall);
    const from = time.clock.now();
    time.start();
    time.stop();
    return { from, lastSeen: time.lastSeen };
  };
  const first = run();
  expect(first).toEqual({ from: wall, lastSeen: undefined });
  wall -= 2 * HOUR;
  const second = run();
  expect(second.from).toBeGreaterThanOrEqual(first.from);
  wall += 5 * HOUR;
  const third = run();
  expect(third.from).toBe(wall);
  expect(third.lastSeen).toBeGreaterThanOrEqual(second.from);
  clean();
});
