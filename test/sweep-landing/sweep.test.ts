import { LANDING_SETTLED_KEY, SWEEP_TRIES_KEY } from '../../core/files/landed';
import { readiness, restoreHours } from '../../core/lake/archive';
import { REOPENED_KEY } from '../../core/load/settled';
import type { SweepEvent, SweepResult } from '../../lambdas/sweep-landing/event';
import { MAX_STARTS } from '../../lambdas/sweep-landing/daily';
import { sweepLanding } from '../../lambdas/sweep-landing/sweep';
import { FakeLanding } from './fake';

const HOUR = 60;
const DAY = 24 * HOUR;
let f: FakeLanding;
beforeEach(() => (f = new FakeLanding()));

const sweep = (event: SweepEvent = {}): Promise<SweepResult> => sweepLanding(f.context(), event);
const startedKeys = (): unknown[] =>
  f.started
    .filter((s) => s.machine === 'files')
    .map((s) => `${String(s.input['key'])} ${String(s.input['version_id'])}`)
    .sort();

describe('the daily sweep', () => {
  test('starts what landed and nobody has read, as its notification would have', async () => {
    const lost = f.land('clinics/lost.csv', 10 * HOUR);
    for (const n of [1, 2, 3, 4]) f.read(f.land(`clinics/${n}.csv`, 10 * HOUR));
    f.land('clinics/young.csv', 5 * HOUR);
    expect(await sweep()).toMatchObject({ done: true, counts: { unread: 1, started: 1 } });
    expect(f.started).toEqual([
      {
        machine: 'files',
        name: `sweep-2026-03-10-${f.hash(lost)}`,
        input: { bucket: 'landing', key: 'clinics/lost.csv', etag: lost.etag, size: 10, version_id: 'v0' },
      },
    ]);
    // The same sweep again, as after a crash: still unread, started once.
    expect(await sweep()).toMatchObject({ counts: { unread: 1 } });
    expect(f.started).toHaveLength(1);
    f.read(lost);
    f.now += DAY * 60_000;
    f.versions.filter((v) => v.key === 'clinics/young.csv').forEach((v) => f.read(v));
    expect(await sweep()).toMatchObject({ counts: { unread: 0, started: 0 } });
  });

  test('finds a version that was replaced before anybody read it', async () => {
    f.land('clinics/a.csv', 20 * HOUR);
    f.read(f.land('clinics/a.csv', 10 * HOUR));
    await sweep();
    expect(startedKeys()).toEqual(['clinics/a.csv v0']);
  });

  test('starts so many at once, the oldest first, and counts them all', async () => {
    f.pageSize = 1000;
    for (let n = 0; n < MAX_STARTS + 20; n++) f.land(`clinics/${n}.csv`, 10 * HOUR + n);
    expect(await sweep()).toMatchObject({ counts: { unread: MAX_STARTS + 20, started: MAX_STARTS } });
    expect(f.started.map((s) => s.input['key'])).not.toContain('clinics/0.csv');
    expect(f.started.map((s) => s.input['key'])).toContain(`clinics/${MAX_STARTS + 19}.csv`);
  });

  test('settles days in which nothing is unread, four days back at most, and lists their marks no more', async () => {
    for (let day = 0; day < 30; day++) f.read(f.land(`clinics/${day}.csv`, day * DAY + HOUR));
    const lost = f.land('clinics/lost.csv', 20 * DAY);
    await sweep();
    expect(f.json(LANDING_SETTLED_KEY)).toEqual({ day: '2026-02-18' });
    f.read(lost);
    expect(await sweep()).toMatchObject({ counts: { unread: 0 } });
    expect(f.json(LANDING_SETTLED_KEY)).toEqual({ day: '2026-03-06' });
    // Marks of settled days may go; what they were of is not read again.
    for (const key of f.control.keys()) if (key.startsWith('files/read/2026-02')) f.control.delete(key);
    expect(await sweep()).toMatchObject({ counts: { unread: 0, started: 0 } });
  });
});

describe('a daily sweep among files that fail each time', () => {
  const nextDay = (): number => (f.now += DAY * 60_000);
  const DAYS = 2 * DAY;

  test('comes to those that were never tried on the second day at the latest', async () => {
    f.pageSize = 1000;
    for (let n = 0; n < MAX_STARTS; n++) f.land(`clinics/bad-${n}.csv`, DAYS + n);
    f.land('clinics/good.csv', DAY);
    await sweep();
    expect(f.started.map((s) => s.input['key'])).not.toContain('clinics/good.csv');
    nextDay();
    expect(await sweep()).toMatchObject({ counts: { unread: MAX_STARTS + 1, started: MAX_STARTS } });
    expect(f.started.map((s) => s.input['key'])).toContain('clinics/good.csv');
    // The rest of the second day are the oldest ones; the one that was left out is first on the third.
    nextDay();
    const before = f.started.length;
    await sweep();
    expect(f.started.slice(before).map((s) => s.input['key'])).toContain('clinics/bad-0.csv');
  });

  test('forgets what was read', async () => {
    const [bad, good] = ['bad', 'good'].map((n) => f.land(`clinics/${n}.csv`, DAY));
    await sweep();
    expect(f.json(SWEEP_TRIES_KEY)).toEqual({ [f.hash(bad!)]: 1, [f.hash(good!)]: 1 });
    f.read(good!);
    nextDay();
    await sweep();
    expect(f.json(SWEEP_TRIES_KEY)).toEqual({ [f.hash(bad!)]: 2 });
  });

  test('leaves out what lies in an archive, and counts it', async () => {
    f.land('clinics/a.csv', DAY, { storageClass: 'GLACIER' });
    f.land('clinics/b.csv', DAY, { storageClass: 'DEEP_ARCHIVE', restore: { IsRestoreInProgress: true } });
    f.land('clinics/c.csv', DAY, { storageClass: 'GLACIER_IR' });
    expect(await sweep()).toMatchObject({ counts: { unread: 3, started: 1, archived: 1, restoring: 1 } });
    expect(startedKeys()).toEqual(['clinics/c.csv v2']);
    expect(f.restored).toEqual([]);
  });
});

test('a daily sweep says before it starts anything from which hour on silver is open again', async () => {
  f.land('clinics/old.csv', 9 * DAY);
  f.land('clinics/young.csv', DAY);
  let said: unknown;
  const { states, ...rest } = f.context();
  const watching = { send: (command: never) => ((said ??= f.json(REOPENED_KEY)), states.send(command)) };
  await sweepLanding({ ...rest, states: watching as unknown as typeof states }, {});
  expect(said).toEqual({ hour: '2026-03-01T03', until: f.now + 72 * HOUR * 60_000 });
  expect(f.started).toHaveLength(2);
});

test('a daily sweep whose time is over is gone on with where it stopped, and no name leaves control', async () => {
  for (let n = 0; n < 10; n++) f.land(`clinics/Wilhelmina-${n}.csv`, 10 * HOUR + n);
  f.remaining = 1000;
  const replies: SweepResult[] = [];
  for (let event: SweepEvent = {}; replies.at(-1)?.done !== true; event = replies.at(-1)!) {
    replies.push(JSON.parse(JSON.stringify(await sweep(event))) as SweepResult);
    // A page of three in each; what was found earlier and is read meanwhile is not started.
    expect(f.lists).toBe(replies.length);
    if (replies.length === 2) f.read(f.versions[0]!);
  }
  expect(replies.map(({ listed, counts }) => [listed, counts.unread, counts.started])).toEqual([
    [false, 3, 0],
    [false, 6, 0],
    [false, 9, 0],
    [undefined, 10, 9],
  ]);
  expect(startedKeys()).toHaveLength(9);
  expect(JSON.stringify(replies)).not.toContain('Wilhelmina');
  // The next day's sweep begins at the first page again.
  f.now += DAY * 60_000;
  f.remaining = 900_000;
  expect(await sweep()).toMatchObject({ done: true, counts: { unread: 9, started: 9 } });
});

describe('a backfill', () => {
  const event = { from: '2026-03-01', to: '2026-03-02', id: 'b1' };
  const at = (day: string): number => (f.now - Date.parse(`${day}T12:00:00Z`)) / 60_000;
  /** The state machine's loop, without the waits and bronze. */
  const run = async (input: SweepEvent, afterEach: (r: SweepResult) => void): Promise<SweepResult> => {
    for (let next = input, n = 0; ; n++) {
      const result = await sweep(next);
      if (result.done || n > 20) return result;
      afterEach(result);
      next = JSON.parse(JSON.stringify(result)) as SweepEvent;
    }
  };

  test('starts again what landed in its days, read or not, waits until it was read, then loads the whole of silver', async () => {
    const inside = ['2026-03-01', '2026-03-02', '2026-03-02'].map((d, i) => f.land(`clinics/in${i}.csv`, at(d)));
    const outside = ['2026-02-28', '2026-03-03'].map((d, i) => f.land(`clinics/out${i}.csv`, at(d)));
    for (const v of [...inside, ...outside]) f.read(v);
    f.now += 60_000;
    const waiting: unknown[] = [];
    const open = [...inside];
    const result = await run(event, (r) => {
      waiting.push(r.listed ? r.waiting : 'listing');
      f.now += 1000;
      f.read(open.pop() ?? inside[0]!);
    });
    expect(waiting).toEqual([3, 2, 1]);
    expect(result).toMatchObject({ done: true, waiting: 0, counts: { started: 3, archived: 0 } });
    expect(startedKeys()).toEqual(['clinics/in0.csv v0', 'clinics/in1.csv v1', 'clinics/in2.csv v2']);
    expect(f.started.at(-1)).toEqual({ machine: 'loads', name: undefined, input: { window: 'full' } });
    expect(f.json('files/backfill/b1.json')).toMatchObject({ done: true, waiting: 0, landing: { started: 3 } });
    // Said before anything was started: the hours of these days are open to the sweeps over silver.
    expect(f.json(REOPENED_KEY)).toMatchObject({ hour: '2026-03-01T00' });
  });

  test('goes on where an invocation ended, and no name of an object leaves control', async () => {
    const all = Array.from({ length: 8 }, (_, n) => f.land(`clinics/Wilhelmina-${n}.csv`, at('2026-03-01')));
    f.remaining = 1000;
    const replies: SweepResult[] = [];
    await run(event, (r) => {
      replies.push(r);
      if (r.listed) all.forEach((v) => f.read(v));
    });
    expect(replies.map((r) => r.listed)).toEqual([false, false, true]);
    expect(startedKeys()).toHaveLength(8);
    expect(JSON.stringify(replies)).not.toContain('Wilhelmina');
    expect(f.started.map((s) => s.name).join()).not.toContain('Wilhelmina');
  });

  test('leaves out what lies in an archive, says how long it would take, and asks for it only when told to', async () => {
    f.land('clinics/a.csv', at('2026-03-01'), { storageClass: 'DEEP_ARCHIVE' });
    f.land('clinics/b.csv', at('2026-03-01'), { storageClass: 'GLACIER' });
    f.land('clinics/c.csv', at('2026-03-01'), { storageClass: 'GLACIER_IR' });
    const read = (): void => f.versions.filter((v) => v.key === 'clinics/c.csv').forEach((v) => f.read(v));
    expect(await run(event, read)).toMatchObject({
      counts: { started: 1, archived: 2, restoring: 0, restore_hours: 12 },
    });
    expect(startedKeys()).toEqual(['clinics/c.csv v2']);
    expect(f.restored).toEqual([]);
    f.now += 60_000;
    expect(await run({ ...event, id: 'b2', restore: true }, read)).toMatchObject({
      counts: { started: 1, archived: 0, restoring: 2, restore_hours: 12 },
    });
    const request = '{"Days":7,"GlacierJobParameters":{"Tier":"Standard"}}';
    expect(f.restored).toEqual([`clinics/a.csv ${request}`, `clinics/b.csv ${request}`]);
    // Asked again while S3 fetches them: not asked twice.
    f.now += 60_000;
    await run({ ...event, id: 'b3', restore: true }, read);
    expect(f.restored).toHaveLength(2);
    // Fetched: read like any other.
    for (const v of f.versions.slice(0, 2)) v.restore = { RestoreExpiryDate: new Date(f.now + 1000 * DAY * 60) };
    f.now += 60_000;
    expect(await run({ ...event, id: 'b4' }, () => f.versions.forEach((v) => f.read(v)))).toMatchObject({
      counts: { started: 3, archived: 0, restoring: 0, restore_hours: 0 },
    });
  });

  test.each([
    [{ from: '2026-03-02', to: '2026-03-01', id: 'x' }],
    [{ from: '2026-03-02' }],
    [{ from: 'yesterday', to: '2026-03-01', id: 'x' }],
    [{ from: '2026-03-01', to: '2026-03-01', id: '../x' }],
  ])('%j is refused', async (wrong) => {
    await expect(sweep(wrong)).rejects.toThrow('BACKFILL-EVENT');
    expect(f.started).toEqual([]);
  });
});

test('what can be read, by storage class and what S3 has fetched', () => {
  const now = Date.UTC(2026, 0, 1);
  const of = (storageClass: string | undefined, more = {}) => readiness({ storageClass, ...more }, now);
  expect([undefined, 'STANDARD', 'STANDARD_IA', 'GLACIER_IR'].map((c) => of(c))).toEqual(Array(4).fill('ready'));
  expect(of('GLACIER')).toBe('archived');
  expect(of('GLACIER', { restoring: true })).toBe('restoring');
  expect(of('DEEP_ARCHIVE', { restoredUntil: now + 1 })).toBe('ready');
  expect(of('DEEP_ARCHIVE', { restoredUntil: now - 1 })).toBe('archived');
  expect(['GLACIER', 'DEEP_ARCHIVE', 'STANDARD'].map(restoreHours)).toEqual([5, 12, 0]);
});
