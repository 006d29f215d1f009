import fc from 'fast-check';
import { ENTITY_NAMES } from '../../contracts';
import { CONTROL_STATE_KEY, EMPTY_STATE, type ControlState } from '../../core/load/control-state';
import { allFollowUps } from '../../core/load/phases';
import { loadNames, type LoadPlan } from '../../core/load/plan';
import { execute } from './machine';
import { ModelWarehouse } from './model-warehouse';
import { parquet, setup, silverName } from './setup';

jest.mock('../../contracts/entities', () => jest.requireActual('./four-entities'));

function world() {
  const s = setup();
  const model = new ModelWarehouse(s.s3);
  s.data.decide = model.decide;
  s.data.slowness = 0;
  return { ...s, model };
}
type World = ReturnType<typeof world>;
const put = (w: World, at: number, n: number): string => {
  const name = silverName(ENTITY_NAMES[at], n);
  w.s3.put('silver', name, parquet(1));
  return name;
};
/** Calls until the first of two transactions is committed and the lease is held. */
const HALF_WAY = 3;
const currentLoad = (w: World) => w.s3.json<ControlState | null>('control', CONTROL_STATE_KEY)?.current ?? null;

describe('a load whose execution died half-way', () => {
  async function halfWay() {
    const w = world();
    const first = [put(w, 2, 1), put(w, 3, 1)];
    await execute(w.context, { limit: HALF_WAY });
    expect(w.model.lease).not.toBeNull();
    return { w, first, held: w.model.lease! };
  }

  it('is carried through by the next execution, before the objects that came since', async () => {
    const { w, first, held } = await halfWay();
    const later = put(w, 0, 2);
    w.s3.now += 60_000;
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(w.model.lease).toBeNull();
    expect(first.map((o) => w.model.ledger.get(o))).toEqual([held, held]);
    expect(w.model.ledger.has(later)).toBe(true);
    expect(currentLoad(w)).toBeNull();
  });

  it('is found by the lease when the control state does not name it', async () => {
    const { w, first, held } = await halfWay();
    w.s3.objects.delete(`control/${CONTROL_STATE_KEY}`);
    put(w, 0, 2);
    w.s3.now += 60_000;
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check apply-0 0 BUSY');
    expect(w.model.ledger.get(first[0])).toBe(held);
    expect(w.model.ledger.size).toBe(3);
  });

  it('is left to its own execution while that is alive', async () => {
    const { w, held } = await halfWay();
    put(w, 0, 2);
    expect(await execute(w.context)).toMatchObject({ end: 'nothing pending', calls: ['select false'] });
    expect(w.model.lease).toBe(held);
  });

  it('is taken up at once by its own execution, whose call was repeated or whose laptop was started again', async () => {
    const w = world();
    [1, 2].forEach((n) => put(w, 2, n));
    await execute(w.context, { limit: 1, execution: 'first' });
    put(w, 0, 3);
    expect(await execute(w.context)).toMatchObject({ calls: ['select false'] });
    const { calls, end } = await execute(w.context, { execution: 'first' });
    expect([end, calls[0]]).toEqual(['nothing pending', 'select true']);
    expect(w.model.ledger.size).toBe(3);
  });

  it('gives up its lease when its plan is lost; its objects are loaded by another', async () => {
    const { w, first, held } = await halfWay();
    w.s3.keys('control', 'loads/').forEach((k) => w.s3.objects.delete(`control/${k}`));
    const later = put(w, 0, 2);
    w.s3.now += 60_000;
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('start release-holder 0 RUNNING');
    expect(w.model.lease).toBeNull();
    expect([...first, later].every((o) => ![undefined, held].includes(w.model.ledger.get(o)))).toBe(true);
  });

  it('loses its lease when one of its objects turns out to be refused', async () => {
    const { w, first } = await halfWay();
    w.model.bad.add(first[1]);
    w.s3.now += 60_000;
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(w.model.lease).toBeNull();
    expect([...w.model.ledger.keys()]).toEqual([first[0]]);
  });
});

describe('what a load leaves that is given up', () => {
  const state = (w: World) => w.s3.json<ControlState>('control', CONTROL_STATE_KEY);
  const planOf = (w: World, load: string) => w.s3.json<LoadPlan>('control', loadNames(load).plan);
  /** Calls until a load whose second transaction is refused has been given up. */
  const GIVEN_UP = 9;

  it('is recorded before it is given up, done by the next load, and then forgotten', async () => {
    const w = world();
    const [good, bad] = [put(w, 2, 1), put(w, 3, 1)];
    w.model.bad.add(bad);
    const { calls } = await execute(w.context, { limit: GIVEN_UP });
    expect(calls.at(-1)).toBe('check release 0 SELECT_AGAIN');
    expect([...w.model.touched]).toEqual(['provider']);
    expect(state(w).followUps).toEqual(['restate:appointment']);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(w.model.ledger.has(good)).toBe(true);
    expect([w.model.touched.size, state(w).followUps]).toEqual([0, []]);
  });

  it('is not asked of a load that was given up in its first transaction', async () => {
    const w = world();
    w.model.bad.add(put(w, 3, 1));
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(state(w).followUps).toEqual([]);
  });

  it('is planned for where the control state tells of it', async () => {
    const w = world();
    w.model.unreferenced.add('patient');
    w.s3.put('control', CONTROL_STATE_KEY, JSON.stringify({ ...EMPTY_STATE, followUps: ['prune:patient'] }));
    w.s3.put('control', `_ledger/${put(w, 3, 1)}.json`, '{}');
    const name = put(w, 0, 1);
    const { end, calls } = await execute(w.context);
    expect([end, calls.filter((c) => c.startsWith('check'))]).toEqual(['nothing pending', ['check apply-0 0 DONE']]);
    expect(planOf(w, w.model.ledger.get(name)!)).toMatchObject({
      revision: 0,
      complete: false,
      steps: [['dimension:clinic', 'restate:appointment', 'prune:patient', 'close']],
    });
    expect(state(w).followUps).toEqual([]);
  });

  it('is found by a guard where the control state was lost: the load is planned once more, with every follow-up', async () => {
    const w = world();
    w.model.unreferenced.add('patient');
    const name = put(w, 0, 1);
    const { end, calls } = await execute(w.context);
    expect([end, calls.filter((c) => c.startsWith('check'))]).toEqual([
      'nothing pending',
      ['check apply-0 0 SELECT_AGAIN', 'check apply-0 0 DONE'],
    ]);
    expect(planOf(w, w.model.ledger.get(name)!)).toMatchObject({
      revision: 1,
      complete: true,
      steps: [['dimension:clinic', 'restate:appointment', 'prune:clinic', 'prune:patient', 'prune:provider', 'close']],
    });
    // The next load is a usual one again.
    const next = put(w, 0, 2);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(planOf(w, w.model.ledger.get(next)!)).toMatchObject({ complete: false });
  });

  it('fails the load when every follow-up does not help, and the load goes on when it does', async () => {
    const w = world();
    const name = put(w, 0, 1);
    w.data.decide = () => ({ status: 'FAILED', error: 'NOT NULL constraint failed: guard.touched_are_restated' });
    for (let i = 0; i < 2; i++)
      expect((await execute(w.context)).last).toMatchObject({
        state: 'FAILED',
        reason: 'LEFT_OVER',
        rule: 'LOAD-LEFT-01',
      });
    w.data.decide = w.model.decide;
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(w.model.ledger.has(name)).toBe(true);
  });

  it('of a holder that left no plan is everything', async () => {
    const w = world();
    put(w, 2, 1);
    put(w, 3, 1);
    await execute(w.context, { limit: HALF_WAY });
    w.s3.keys('control', 'loads/').forEach((k) => w.s3.objects.delete(`control/${k}`));
    put(w, 0, 2);
    w.s3.now += 60_000;
    const { calls } = await execute(w.context, { limit: 4 });
    expect(calls.at(-1)).toBe('start release-holder 0 RUNNING');
    expect(state(w).followUps).toEqual(allFollowUps().sort());
    expect((await execute(w.context, { execution: 'next' })).end).toBe('nothing pending');
  });
});

describe('a load that was finished', () => {
  it('is put to the warehouse again when its receipts are gone: a restored warehouse may have lost it', async () => {
    const w = world();
    const name = put(w, 2, 1);
    await execute(w.context);
    const before = w.data.submitted.length;
    w.model.ledger.clear();
    w.s3.objects.delete(`control/_ledger/${name}.json`);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(w.data.submitted.length).toBeGreaterThan(before);
    expect([...w.model.ledger.keys()]).toEqual([name]);
  });
});

/** Each object once in the ledger or refused, every one with its receipt, nothing held. */
function expectSettled(w: World, names: ReadonlySet<string>): void {
  const good = [...names].filter((n) => !w.model.bad.has(n)).sort();
  expect([...w.model.ledger.keys()].sort()).toEqual(good);
  const receipts = w.s3.keys('control', '_ledger/').map((k) => {
    const { status, load_id } = w.s3.json<{ status: string; load_id: string }>('control', k);
    const name = k.slice('_ledger/'.length, -'.json'.length);
    return [name, status, status === 'loaded' ? load_id === w.model.ledger.get(name) : true];
  });
  expect(receipts).toEqual([...names].sort().map((n) => [n, w.model.bad.has(n) ? 'refused' : 'loaded', true]));
  expect(w.model.lease).toBeNull();
  expect(w.model.touched.size).toBe(0);
}

describe('any course of executions', () => {
  const arrival = fc.record({ entity: fc.nat(3), n: fc.nat(9), bad: fc.boolean() });

  it('that die anywhere, while objects arrive and the control bucket is emptied, ends in the same ledger and receipts', async () => {
    const round = fc.record({
      arrivals: fc.array(arrival, { maxLength: 4 }),
      limit: fc.nat(14),
      pause: fc.constantFrom(0, 10_000, 60_000),
      loses: fc.constantFrom('nothing', 'nothing', 'the state', 'all of loads/'),
      unreferenced: fc.constantFrom(undefined, undefined, 'patient'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async (rounds) => {
        const w = world();
        const names = new Set<string>();
        for (const { arrivals, limit, pause, loses, unreferenced } of rounds) {
          for (const a of arrivals) {
            const name = silverName(ENTITY_NAMES[a.entity], a.n);
            if (names.has(name)) continue;
            names.add(put(w, a.entity, a.n));
            if (a.bad && a.n % 3 === 0) w.model.bad.add(name);
          }
          await execute(w.context, { limit });
          w.s3.now += pause;
          if (loses === 'the state') w.s3.objects.delete(`control/${CONTROL_STATE_KEY}`);
          if (loses === 'all of loads/')
            w.s3.keys('control', 'loads/').forEach((k) => w.s3.objects.delete(`control/${k}`));
          // As a load does that was given up after one of its facts was committed.
          if (unreferenced && w.model.lease === null) w.model.unreferenced.add(unreferenced);
        }
        w.s3.now += 60_000;
        for (let i = 0; i < 3; i++) expect((await execute(w.context)).end).toBe('nothing pending');
        expectSettled(w, names);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('that run at the same time ends in the same ledger and receipts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(2), { minLength: 5, maxLength: 60 }),
        fc.boolean(),
        async (arrivals, order, alive) => {
          const w = world();
          const names = new Set<string>();
          const add = (a: (typeof arrivals)[number]) => names.add(put(w, a.entity, a.n));
          arrivals.slice(0, 3).forEach(add);
          const waiting: ((() => void) | undefined)[] = [undefined, undefined, undefined];
          let done = 0;
          const runs = [0, 1, 2].map((i) =>
            execute(w.context, { turn: () => new Promise<void>((go) => (waiting[i] = go)) }).finally(() => done++),
          );
          const rest = arrivals.slice(3);
          for (let turn = 0; done < 3; turn++) {
            await new Promise((go) => setImmediate(go));
            const next = rest.shift();
            if (next) add(next);
            // Without a heartbeat every execution takes part in the load under way.
            if (!alive) w.s3.now += 31_000;
            const at = order[turn % order.length];
            const go = waiting[at] ?? waiting.find((x) => x);
            waiting[waiting.indexOf(go)] = undefined;
            go?.();
          }
          await Promise.all(runs);
          w.s3.now += 60_000;
          expect((await execute(w.context)).end).toBe('nothing pending');
          expectSettled(w, names);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('that die inside a call, before or after any write or question, ends in the same ledger and receipts', async () => {
    const crash = fc.record({ at: fc.nat(120), after: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { minLength: 1, maxLength: 6 }),
        fc.array(crash, { minLength: 1, maxLength: 5 }),
        async (arrivals, crashes) => {
          const w = world();
          const names = new Set(arrivals.map((a) => put(w, a.entity, a.n)));
          for (const { at, after } of crashes) {
            let left = at;
            const dying = <T extends object>(client: T): T =>
              ({
                send: async (command: unknown) => {
                  const dies = left-- === 0;
                  if (dies && !after) throw new Error('killed');
                  const reply = await (client as unknown as { send(c: unknown): Promise<unknown> }).send(command);
                  if (dies) throw new Error('killed');
                  return reply;
                },
              }) as unknown as T;
            const context = { ...w.context, s3: dying(w.context.s3), data: dying(w.context.data) };
            await execute(context).catch((error: Error) => expect(error.message).toBe('killed'));
            w.s3.now += 60_000;
          }
          expect((await execute(w.context)).end).toBe('nothing pending');
          expectSettled(w, names);
        },
      ),
      { numRuns: 80 },
    );
  }, 60_000);
});
