import { RELEASE } from '../../core/load/statements';
import { execute } from './machine';
import { dump, openWorld, silverPortions, type World } from './warehouse-world';

const portions = silverPortions(6);
const names = portions.flat().map((o) => o.key);

const putAll = async (w: World, from: number, to = from + 1) => {
  for (const { key, body } of portions.slice(from, to).flat()) await w.put(key, body);
};
const lease = async (w: World) =>
  (await w.doors.warehouse.queryEngine('SELECT load_id FROM ops.load_lease')).rows.flat();
const receipts = (w: World) =>
  w.doors.s3
    .list('test-control', { prefix: '_ledger/' })
    .objects.map((o) => o.key.slice('_ledger/'.length, -'.json'.length));

describe('the load over the real SQL', () => {
  let undisturbed: Record<string, unknown[][]>;
  const worlds: World[] = [];
  const world = async () => {
    const w = await openWorld();
    worlds.push(w);
    await w.migrate('release');
    return w;
  };
  afterEach(async () => {
    for (const w of worlds.splice(0)) await w.close();
  });

  beforeAll(async () => {
    const w = await world();
    await putAll(w, 0, portions.length);
    const { end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    undisturbed = await dump(w);
    expect(receipts(w).sort()).toEqual([...names].sort());
    for (const w of worlds.splice(0)) await w.close();
  });

  it('applies everything once and keeps its books', () => {
    expect(undisturbed['core.fact_appointment'].length).toBeGreaterThan(100);
    expect(undisturbed['gold.obt_appointment'].length).toBe(undisturbed['core.fact_appointment'].length);
    expect(undisturbed['ops.loaded_object'].map((r) => r[0])).toEqual([...names].sort());
    expect(undisturbed['ops.touched']).toEqual([]);
    expect(undisturbed['ops.guard']).toEqual([]);
    for (const [, read, applied, superseded, duplicate] of undisturbed['ops.conservation'].map(
      (r) => [r[0], ...r.slice(1).map(Number)] as [string, ...number[]],
    ))
      expect(read).toBe(applied + superseded + duplicate);
  });

  it('ends in the same tables when executions die after any call, while objects arrive', async () => {
    const w = await world();
    for (let i = 0; i < portions.length; i++) {
      await putAll(w, i);
      for (const limit of [2 + i, 9 + i]) {
        await execute(w.context, { limit });
        w.pass(60_000);
      }
    }
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(await dump(w)).toEqual(undisturbed);
    expect(await lease(w)).toEqual([null]);
    expect(receipts(w).sort()).toEqual([...names].sort());
  });

  it('ends in the same tables when executions die inside calls, and objects come in another order', async () => {
    const w = await world();
    let left = 0;
    const dying = <T extends object>(client: T): T =>
      ({
        send: async (command: unknown) => {
          const reply = await (client as unknown as { send(c: unknown): Promise<unknown> }).send(command);
          if (left-- === 0) throw new Error('killed');
          return reply;
        },
      }) as unknown as T;
    const context = { ...w.context, s3: dying(w.context.s3), data: dying(w.context.data) };
    for (let i = portions.length - 1; i >= 0; i--) {
      await putAll(w, i);
      left = 25 + 17 * i;
      await execute(context).catch((error: Error) => expect(error.message).toBe('killed'));
      w.pass(60_000);
    }
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(await dump(w)).toEqual(undisturbed);
    expect(await lease(w)).toEqual([null]);
  });

  it('ends in the same tables when two executions run at once', async () => {
    const w = await world();
    await putAll(w, 0, 3);
    const one = execute(w.context);
    await putAll(w, 3, 6);
    w.pass(60_000);
    const ends = await Promise.all([one, execute(w.context)]);
    expect(ends.map((e) => e.end)).toEqual(['nothing pending', 'nothing pending']);
    w.pass(60_000);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(await dump(w)).toEqual(undisturbed);
  });

  it('restores receipts that were never written, without applying anything twice', async () => {
    const w = await world();
    await putAll(w, 0, portions.length);
    await execute(w.context);
    for (const name of names) w.doors.s3.delete('test-control', `_ledger/${name}.json`);
    for (const { key } of w.doors.s3.list('test-control', { prefix: 'loads/' }).objects)
      w.doors.s3.delete('test-control', key);
    w.doors.s3.delete('test-control', 'loads/_board.json');
    // The tokens of the first load are still known to the Data API: the second must not be answered by them alone.
    await w.put(names[0].replace('.parquet', '-again.parquet'), portions[0][0].body);
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check -1 0 SPLIT');
    const after = await dump(w);
    for (const table of ['core.fact_appointment', 'gold.obt_appointment', 'core.dim_patient_history'])
      expect(after[table]).toEqual(undisturbed[table]);
  });

  it('finds the object that COPY refuses, quarantines it, and loads the others', async () => {
    const w = await world();
    await putAll(w, 0, portions.length);
    const bad = names.find((n) => n.startsWith('appointment/'))!;
    await w.put(bad, new TextEncoder().encode('PAR1 this is no Parquet PAR1'));
    const { end, calls } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain(`check ${RELEASE} 0 SPLIT`);
    const receipt = JSON.parse((await w.doors.s3.get('test-control', `_ledger/${bad}.json`)).toString()) as {
      status: string;
    };
    expect(receipt.status).toBe('refused');
    expect(w.doors.s3.list('test-quarantine').objects).toHaveLength(1);
    expect(receipts(w).sort()).toEqual([...names].sort());
    expect((await dump(w))['ops.loaded_object'].map((r) => r[0])).toEqual(names.filter((n) => n !== bad).sort());
  });

  it('refuses keys of another secret as a whole', async () => {
    const w = await world();
    await putAll(w, 0);
    await execute(w.context);
    const before = await dump(w);
    await w.doors.s3.put('test-control', '_key/fingerprint.json', '{"fingerprint":"0000000000000000","key_version":1}');
    await putAll(w, 1);
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', rule: 'LOAD-KEY-01' });
    expect(await dump(w)).toEqual(before);
  });
});
