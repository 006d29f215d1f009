import { ENTITY_NAMES } from '../../contracts';
import { CONTROL_STATE_KEY, EMPTY_STATE, type ControlState } from '../../core/load/control-state';
import { loadNames, type LoadPlan } from '../../core/load/plan';
import { keyId } from '../../core/lake/names';
import { selectLoad } from '../../lambdas/select-load/select';
import type { SelectWindow } from '../../lambdas/select-load/look';
import { HOUR, parquet, setup, silverName } from './setup';

jest.mock('../../contracts/entities', () => jest.requireActual('./four-entities'));

const HOUR_PREFIX = `patient/v2/arrival=${HOUR}/`;

const selected = async (s: ReturnType<typeof setup>, window: SelectWindow = 'open') => {
  const reply = await selectLoad(s.context, window);
  if (!reply.pending) return undefined;
  return { reply, plan: s.s3.json<LoadPlan>('control', loadNames(reply.load.load_id).plan) };
};

describe('select-load', () => {
  it('wakes nothing when nothing is pending', async () => {
    const s = setup();
    expect(await selectLoad(s.context, 'open')).toEqual({ pending: false });
    s.s3.put('silver', silverName('clinic', 1), parquet(1));
    s.s3.put('control', `_ledger/${silverName('clinic', 1)}.json`, '{}');
    expect(await selectLoad(s.context, 'open')).toEqual({ pending: false });
    expect(s.data.submitted).toEqual([]);
    expect(s.s3.keys('control', 'loads/')).toEqual([]);
  });

  it('plans one load of what is pending, with rows and lengths of each object', async () => {
    const s = setup();
    ENTITY_NAMES.forEach((e, i) => s.s3.put('silver', silverName(e, 1), parquet(10 + i)));
    const { reply, plan } = (await selected(s))!;
    expect(reply).toEqual({
      pending: true,
      load: {
        load_id: plan.load_id,
        steps: 2,
        objects: 4,
        plan_uri: `s3://control/loads/${plan.load_id}/plan.json`,
      },
    });
    expect(plan.objects.map((o) => [o.entity, o.rows, o.bytes])).toEqual(
      ['appointment', 'clinic', 'patient', 'provider'].map((e) => {
        const i = ENTITY_NAMES.indexOf(e as never);
        return [e, 10 + i, parquet(10 + i).length];
      }),
    );
    expect(plan.key_fingerprint).toBe('fedcba9876543210');
    expect(s.s3.keys('control', `loads/${plan.load_id}/`).map((k) => k.split('/')[2])).toEqual([
      'manifest-appointment-v2.json',
      'manifest-clinic-v2.json',
      'manifest-patient-v2.json',
      'manifest-provider-v2.json',
      'objects.parquet',
      'plan.json',
    ]);
  });

  it('writes the same bytes when it selects the same objects again', async () => {
    const s = setup();
    [1, 2, 3].forEach((n) => s.s3.put('silver', silverName('patient', n), parquet(n)));
    const { plan } = (await selected(s))!;
    const before = s.s3.keys('control', 'loads/').map((k) => [k, s.s3.text('control', k)]);
    expect((await selected(s))!.plan).toEqual(plan);
    expect(s.s3.keys('control', 'loads/').map((k) => [k, s.s3.text('control', k)])).toEqual(before);
  });

  it('lists only the hours of its window, however long the history is; a full pass lists them all', async () => {
    const s = setup();
    for (let day = 1; day <= 28; day++)
      s.s3.put('silver', silverName('patient', 1, `2025-11-${String(day).padStart(2, '0')}T09`), parquet(1));
    s.s3.put('silver', silverName('patient', 1), parquet(1));
    s.s3.pageSize = 1000;
    expect((await selected(s))!.plan.objects.map((o) => o.object)).toEqual([silverName('patient', 1)]);
    // One page of each version of an entity, and one of receipts where there are objects.
    expect(s.s3.calls.filter((c) => c.startsWith('list ')).sort()).toEqual(
      ['_ledger/patient/v2']
        .concat(['appointment', 'clinic', 'patient', 'provider'].flatMap((e) => [`${e}/v1`, `${e}/v2`]))
        .map((p) => `list ${p}/arrival=`)
        // The root, for the facts of which silver holds nothing.
        .concat('list ', 'list withdrawals/')
        .sort(),
    );
    expect((await selected(s, 'full'))!.plan.objects).toHaveLength(29);
  });

  it('stops listing once a load is full, and takes the oldest', async () => {
    const s = setup();
    const context = { ...s.context, caps: { objects: 5, bytes: 1e9 } };
    for (let hour = 0; hour < 24; hour++)
      s.s3.put('silver', silverName('patient', 1, `2026-01-01T${String(hour).padStart(2, '0')}`), parquet(1));
    const reply = await selectLoad({ ...context, now: () => Date.UTC(2026, 0, 2) }, 'open');
    expect(reply).toMatchObject({ pending: true, load: { objects: 5 } });
    const { load } = reply as { load: { load_id: string } };
    expect(s.s3.json<LoadPlan>('control', loadNames(load.load_id).plan).objects.map((o) => o.object)).toEqual(
      [0, 1, 2, 3, 4].map((h) => silverName('patient', 1, `2026-01-01T0${h}`)),
    );
    // Two pages of three hold five objects of hours that are known whole.
    expect(s.s3.calls.filter((c) => c === 'list patient/v2/arrival=')).toHaveLength(2);
  });

  it('takes the oldest across entities whose pages reach differently far', async () => {
    const s = setup();
    const context = { ...s.context, caps: { objects: 4, bytes: 1e9 } };
    const at = (h: number) => `2026-01-01T${String(h).padStart(2, '0')}`;
    // A page of clinics ends at hour 4, one of appointments at hour 22.
    for (let h = 2; h < 14; h++) s.s3.put('silver', silverName('clinic', 1, at(h)), parquet(1));
    for (const h of [1, 21, 22, 23]) s.s3.put('silver', silverName('appointment', 1, at(h)), parquet(1));
    const reply = await selectLoad({ ...context, now: () => Date.UTC(2026, 0, 2) }, 'open');
    const { load } = reply as { load: { load_id: string } };
    expect(
      s.s3
        .json<LoadPlan>('control', loadNames(load.load_id).plan)
        .objects.map((o) => o.object)
        .sort(),
    ).toEqual([silverName('appointment', 1, at(1)), ...[2, 3, 4].map((h) => silverName('clinic', 1, at(h)))].sort());
  });

  it('goes on with a full pass that ran out of time where it stopped, and begins again at its end', async () => {
    const s = setup();
    for (let day = 1; day <= 28; day++) {
      const name = silverName('patient', 1, `2025-11-${String(day).padStart(2, '0')}T09`);
      s.s3.put('silver', name, parquet(1));
      if (day <= 20) s.s3.put('control', `_ledger/${name}.json`, '{}');
    }
    s.s3.pageSize = 17;
    const slow = { ...s.context, remainingMs: () => 1000 };
    expect(await selectLoad(slow, 'full')).toEqual({ pending: false });
    expect(s.s3.json('control', 'loads/_sweep.json')).toEqual({ from: '2025-11-17T09' });
    expect(await selectLoad(slow, 'full')).toMatchObject({ pending: true, load: { objects: 8 } });
    expect(s.s3.json('control', 'loads/_sweep.json')).toEqual({});
  });

  it('tries an object without a Parquet footer alone, after all others', async () => {
    const s = setup();
    s.s3.put('silver', silverName('patient', 1), parquet(1));
    s.s3.put('silver', silverName('patient', 2), 'not Parquet');
    s.s3.put('silver', silverName('patient', 3), '');
    expect((await selected(s))!.plan.objects.map((o) => o.object)).toEqual([silverName('patient', 1)]);
    s.s3.put('control', `_ledger/${silverName('patient', 1)}.json`, '{}');
    expect((await selected(s))!.plan.objects).toEqual([
      { object: silverName('patient', 2), entity: 'patient', version: 2, rows: 0, bytes: 11 },
    ]);
  });

  it('reads a footer that is longer than what it fetched first', async () => {
    const s = setup();
    const wide = Array.from({ length: 400 }, (_, i) => ({
      name: `column_with_a_long_name_${i}`,
      data: [1, 2, 3],
      type: 'INT32' as const,
    }));
    const { parquetWriteBuffer } = jest.requireActual<typeof import('hyparquet-writer')>('hyparquet-writer');
    s.s3.put('silver', silverName('patient', 1), new Uint8Array(parquetWriteBuffer({ columnData: wide })));
    expect((await selected(s))!.plan.objects[0].rows).toBe(3);
  });

  it('takes up a load that was left half-way before it begins another', async () => {
    const s = setup();
    s.s3.put('silver', silverName('patient', 1), parquet(1));
    const first = (await selected(s))!.plan;
    s.s3.put('silver', silverName('patient', 2), parquet(1));
    const state: ControlState = { ...EMPTY_STATE, current: first.load_id };
    s.s3.put('control', CONTROL_STATE_KEY, JSON.stringify(state));
    expect((await selected(s))!.plan).toEqual(first);
    s.s3.put('control', loadNames(first.load_id).heartbeat, '{}');
    // Its own execution is alive and selects again when it is done.
    expect(await selectLoad(s.context, 'open')).toEqual({ pending: false });
    s.s3.now += 31_000;
    expect((await selected(s))!.plan).toEqual(first);
    s.s3.put('control', loadNames(first.load_id).failed(0), '{"reason":"PLAN_STALE"}');
    expect((await selected(s))!.plan).toEqual({ ...first, revision: 1, stale: 1 });
    s.s3.put('control', loadNames(first.load_id).done, '{"revision":1}');
    expect((await selected(s))!.plan.objects).toHaveLength(2);
  });

  it('refuses to plan for a lake without the fingerprint of its keys', async () => {
    const s = setup();
    s.s3.put('silver', silverName('patient', 1), parquet(1));
    s.s3.objects.delete('control/_key/fingerprint.json');
    await expect(selectLoad(s.context, 'open')).rejects.toThrow('KEY-FINGERPRINT');
  });

  it('reports objects that no load can take by count and id, and loads the others', async () => {
    const s = setup();
    const strays = [
      `${HOUR_PREFIX}Wilhelmina's list.parquet`,
      'nobody/v1/arrival=2026-01-02T09/shardId-000000000000-0001-0002.parquet',
      'patient/v9/arrival=2026-01-02T09/shardId-000000000000-0001-0002.parquet',
      'patient/v2/elsewhere/shardId-000000000000-0001-0002.parquet',
      'patient/README.md',
      'stray.txt',
    ];
    for (const key of strays) s.s3.put('silver', key, 'x');
    s.s3.put('silver', silverName('patient', 1), parquet(1));
    const full = await selectLoad(s.context, 'full');
    expect(full).toMatchObject({ pending: true, load: { objects: 1 }, unreadable: 6 });
    // The window lists its hours only.
    expect(await selectLoad(s.context, 'open')).toMatchObject({ pending: true, unreadable: 1 });
    const [line] = s.log;
    expect(line).toMatchObject({ level: 'ERROR', extra: { rule: 'LOAD-NAME-01', unreadable: 6 } });
    expect([...(line.extra['ids'] as string[])].sort()).toEqual(strays.map(keyId).sort());
    expect(JSON.stringify(s.log)).not.toContain('Wilhelmina');
    // A sweep with nothing pending tells of them too.
    s.s3.put('control', `_ledger/${silverName('patient', 1)}.json`, '{}');
    expect(await selectLoad(s.context, 'full')).toEqual({ pending: false, unreadable: 6 });
  });
});
