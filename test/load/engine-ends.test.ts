import { enginePids } from '../warehouse/processes';
import { execute } from './machine';
import { dump, openWorld, silverPortions, type World } from './warehouse-world';

const portions = silverPortions(3);
const worlds: World[] = [];

async function loaded(disturb?: (w: World, call: number) => unknown): Promise<{ w: World; calls: string[] }> {
  const w = await openWorld('256MB');
  worlds.push(w);
  await w.migrate('release');
  const calls: string[] = [];
  let call = 0;
  const faults: unknown[] = [];
  for (const portion of portions) {
    for (const { key, body } of portion) await w.put(key, body);
    const course = await execute(w.context, { turn: async () => void faults.push(disturb?.(w, call++)) });
    calls.push(...course.calls, course.end);
  }
  // One that comes late, in the last call of all too, would hit whoever looks at the tables.
  await Promise.all(faults);
  await w.endpoints.warehouse.queryEngine('SELECT 1').catch(() => undefined);
  return { w, calls };
}

const ends = (calls: string[]) => ({
  ends: calls.filter((c) => /^(nothing pending|failed|stopped)$/.test(c)),
  retries: calls.filter((c) => c.endsWith('RETRY')).length,
});

afterEach(async () => {
  for (const w of worlds.splice(0)) await w.close();
});

test.each([
  ['is killed', () => enginePids().forEach((pid) => process.kill(pid, 'SIGKILL'))],
  [
    'goes over its memory by what somebody else asks',
    (w: World) =>
      w.endpoints.warehouse.query("SELECT length(repeat(repeat('x', 1000000), 2000))").catch(() => undefined),
  ],
] as const)('a load whose engine %s is repeated, to the same tables', async (_, fault) => {
  const calm = await loaded();
  expect(ends(calm.calls)).toEqual({ ends: Array(3).fill('nothing pending'), retries: 0 });
  const undisturbed = await dump(calm.w);
  await worlds.pop()!.close();
  // Where the engine works on a transaction: each load's first and second one, and the third time of asking.
  const disturbed = await loaded((world, call) => {
    return [2, 5, 40].includes(call % 80) ? fault(world) : undefined;
  });
  expect(ends(disturbed.calls)).toEqual({ ends: Array(3).fill('nothing pending'), retries: expect.any(Number) });
  expect(ends(disturbed.calls).retries).toBeGreaterThan(1);
  expect(await dump(disturbed.w)).toEqual(undisturbed);
});
