import { join } from 'node:path';
import { checkReadable } from '../../cli/conservation';
import { selectLoad } from '../../lambdas/select-load/select';
import { CONTROL_STATE_KEY } from '../../core/load/control-state';
import { execute } from './machine';
import { dump, openWorld, silverPortions, type World } from './warehouse-world';

const portions = silverPortions(4);
const names = portions.flat().map((o) => o.key);

const putAll = async (w: World, from: number, to = from + 1) => {
  for (const { key, body } of portions.slice(from, to).flat()) await w.put(key, body);
};
const lease = async (w: World) =>
  (await w.endpoints.warehouse.queryEngine('SELECT load_id FROM ops.load_lease')).rows.flat();
const receipts = (w: World) =>
  w.endpoints.s3
    .list('test-control', { prefix: '_ledger/' })
    .objects.map((o) => o.key.slice('_ledger/'.length, -'.json'.length));

/** The name of a second object with the same records. */
const again = (i: number) => names[i].replace('.parquet', '-again.parquet');

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

  let calm: World;
  beforeAll(async () => {
    calm = await openWorld();
    await calm.migrate('release');
    await putAll(calm, 0, portions.length);
    const { end } = await execute(calm.context);
    expect(end).toBe('nothing pending');
    undisturbed = await dump(calm);
    expect(receipts(calm).sort()).toEqual([...names].sort());
  });
  afterAll(() => calm.close());

  it('applies everything once and keeps its ledger', () => {
    expect(undisturbed['core.fact_appointment'].length).toBeGreaterThan(100);
    expect(undisturbed['gold_phi.obt_appointment'].length).toBe(undisturbed['core.fact_appointment'].length);
    expect(undisturbed['ops.loaded_object'].map((r) => r[0])).toEqual([...names].sort());
    for (const table of ['ops.touched_member', 'ops.restated', 'ops.unreferenced'])
      expect(undisturbed[table]).toEqual([]);
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
    await putAll(w, 0, 2);
    const one = execute(w.context);
    await putAll(w, 2, 4);
    w.pass(60_000);
    const ends = await Promise.all([one, execute(w.context)]);
    expect(ends.map((e) => e.end)).toEqual(['nothing pending', 'nothing pending']);
    w.pass(60_000);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(await dump(w)).toEqual(undisturbed);
  });

  it('restores receipts that were never written, without applying anything twice', async () => {
    const w = calm;
    for (const { key } of w.endpoints.s3.list('test-control', { prefix: '_ledger/' }).objects)
      w.endpoints.s3.delete('test-control', key);
    for (const { key } of w.endpoints.s3.list('test-control', { prefix: 'loads/' }).objects)
      w.endpoints.s3.delete('test-control', key);
    // With one more object it is another load, whose statements the Data API has never seen.
    await w.put(again(0), portions[0][0].body);
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check reconcile 0 SELECT_AGAIN');
    expect(receipts(w).sort()).toEqual([...names, again(0)].sort());
    const after = await dump(w);
    for (const table of ['core.fact_appointment', 'gold_phi.obt_appointment', 'core.dim_patient_history'])
      expect(after[table]).toEqual(undisturbed[table]);
  });

  it('finds the object that COPY refuses, quarantines it, and loads the others', async () => {
    const w = calm;
    const fresh = portions
      .flat()
      .map((o, i) => ({ key: again(i), body: o.body }))
      .slice(1);
    const bad = fresh.find((o) => o.key.startsWith('appointment/'))!;
    for (const { key, body } of fresh)
      await w.put(key, key === bad.key ? new TextEncoder().encode('PAR1 this is no Parquet PAR1') : body);
    const { end, calls } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check release 0 SELECT_AGAIN');
    const receipt = JSON.parse((await w.endpoints.s3.get('test-control', `_ledger/${bad.key}.json`)).toString());
    expect(receipt).toMatchObject({ status: 'refused' });
    expect(w.endpoints.s3.list('test-quarantine').objects).toHaveLength(1);
    const expected = [...names, again(0), ...fresh.map((o) => o.key)].filter((n) => n !== bad.key).sort();
    expect((await dump(w))['ops.loaded_object'].map((r) => r[0])).toEqual(expected);
  });

  it('finds what a load has left that was given up, when the control state was lost, and does it', async () => {
    const w = calm;
    const left = '0'.repeat(31);
    const before = await dump(w);
    await w.endpoints.warehouse.queryEngine(
      `INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
       VALUES ('${left}1', 'ehr', 'P-nobody', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, '${left}2')`,
    );
    await w.endpoints.warehouse.queryEngine(`INSERT INTO ops.unreferenced VALUES ('patient', '${left}1')`);
    w.endpoints.s3.delete('test-control', CONTROL_STATE_KEY);
    const clinic = names.findIndex((n) => n.startsWith('clinic/'));
    await w.put(again(clinic).replace('-again', '-once-more'), portions.flat()[clinic].body);
    const { end, calls } = await execute(w.context);
    // How many transactions every follow-up takes depends on the facts that there are.
    const ends = calls.map((c) => c.split(' ').at(-1)).filter((word) => word === 'SELECT_AGAIN' || word === 'DONE');
    expect([end, ends]).toEqual(['nothing pending', ['SELECT_AGAIN', 'DONE']]);
    const after = await dump(w);
    for (const table of ['core.dim_patient_history', 'core.fact_appointment', 'ops.unreferenced', 'ops.touched_member'])
      expect(after[table]).toEqual(before[table]);
  });

  it('reports an object whose name no load can read, whichever way it is looked for', async () => {
    const w = calm;
    const planted = names[0].replace('shardId', 'shard Id');
    await w.put(planted, portions[0][0].body);
    expect(await selectLoad(w.context, 'open')).toEqual({ pending: false, unreadable: 1 });
    const silver = join(w.dataDir, 's3', 'test-silver');
    expect(() => checkReadable(silver)).toThrow('1 objects in silver have names that no load can read');
    w.endpoints.s3.delete('test-silver', planted);
    expect(await selectLoad(w.context, 'full')).toEqual({ pending: false });
    expect(() => checkReadable(silver)).not.toThrow();
  });

  it('refuses keys of another secret as a whole', async () => {
    const w = calm;
    const before = await dump(w);
    await w.endpoints.s3.put(
      'test-control',
      '_key/fingerprint.json',
      '{"fingerprint":"0000000000000000","key_version":1}',
    );
    await w.put(again(0).replace('-again', '-third'), portions[0][0].body);
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', rule: 'LOAD-KEY-01' });
    expect(await dump(w)).toEqual(before);
  });
});
