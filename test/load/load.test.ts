import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ENTITY_NAMES, type EntityName } from '../../contracts';
import { CONTROL_STATE_KEY, EMPTY_STATE, UNKNOWN_STATE, type ControlState } from '../../core/load/control-state';
import { loadNames } from '../../core/load/plan';
import { check } from '../../lambdas/load/check';
import { finish } from '../../lambdas/load/finish';
import { start } from '../../lambdas/load/start';
import { selectLoad } from '../../lambdas/select-load/select';
import { ServiceError } from './fake-s3';
import { execute } from './machine';
import { ModelWarehouse } from './model-warehouse';
import { HOUR, parquet, setup, silverName } from './setup';

jest.mock('../../contracts/entities', () => jest.requireActual('./four-entities'));

function world() {
  const s = setup();
  const model = new ModelWarehouse(s.s3);
  s.data.decide = model.decide;
  return { ...s, model };
}
type World = ReturnType<typeof world>;
const put = (w: World, entity: EntityName, n: number, rows = 2): string => {
  const name = silverName(entity, n);
  w.s3.put('silver', name, parquet(rows));
  return name;
};
const receipts = (w: World) =>
  Object.fromEntries(
    w.s3.keys('control', '_ledger/').map((k) => [k.slice(8, -5), w.s3.json<{ status: string }>('control', k).status]),
  );
const state = (w: World) => w.s3.json<ControlState | null>('control', CONTROL_STATE_KEY);
const planned = async (w: World) => {
  const reply = await selectLoad(w.context, 'open');
  if (!reply.pending) throw new Error('nothing pending');
  return reply.load.load_id;
};

describe('a load', () => {
  it('goes through its transactions, writes receipts and ends when nothing is pending', async () => {
    const w = world();
    ENTITY_NAMES.forEach((e) => put(w, e, 1));
    const course = await execute(w.context);
    expect(course).toMatchObject({
      end: 'nothing pending',
      calls: [
        'select true',
        'start apply-0 0 RUNNING',
        'check apply-0 0 RUNNING',
        'check apply-0 0 NEXT',
        'start apply-1 0 RUNNING',
        'check apply-1 0 RUNNING',
        'check apply-1 0 DONE',
        'finish',
        'select false',
      ],
    });
    expect(Object.values(receipts(w))).toEqual(['loaded', 'loaded', 'loaded', 'loaded']);
    const [first] = w.data.submitted;
    expect(first).toMatchObject({ name: `${course.last!.load_id}-apply-0`, secretArn: undefined });
    expect(first.token).toMatch(/^[0-9a-f]{64}$/);
    expect(first.sqls[0]).toBe('LOCK TABLE ops.load_lock');
    expect(state(w)).toEqual(EMPTY_STATE);
  });

  it('answers with ids, counts and codes only', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.model.bad.add(silverName('patient', 1));
    const told = JSON.stringify([await execute(w.context), w.log]);
    expect(told).toContain('COPY_REFUSED');
    for (const secret of ['Wilhelmina', 'Spectrum', 'first_name', 'SELECT ', 'INSERT ', 'COPY stage'])
      expect(told).not.toContain(secret);
  });

  it('repeated calls and a second execution share their statements', async () => {
    const w = world();
    put(w, 'patient', 1);
    const load_id = await planned(w);
    const place = { load_id, step: 'apply-0' as const, attempt: 0 };
    const replies = await Promise.all([1, 2, 3].map(() => start(w.context, { op: 'start', ...place })));
    expect(new Set(replies.map((r) => r.statement_id)).size).toBe(1);
    expect(w.data.submitted).toHaveLength(1);
  });

  it('receipts need the proof of a commit', async () => {
    const w = world();
    put(w, 'patient', 1);
    const load_id = await planned(w);
    await expect(finish(w.context, { op: 'finish', load_id })).rejects.toThrow('LOAD-NOT-COMMITTED');
    expect(receipts(w)).toEqual({});
    await expect(finish(w.context, { op: 'finish', load_id: 'f'.repeat(32) })).rejects.toThrow('LOAD-PLAN');
    await expect(finish(w.context, { op: 'finish', load_id: '../x' })).rejects.toThrow('LOAD-EVENT');
  });
});

describe('states of the warehouse', () => {
  const failing = (
    w: World,
    ...errors: ({ error: string; at?: number; status?: 'FAILED' | 'ABORTED' } | undefined)[]
  ) => {
    const real = w.model.decide;
    w.data.decide = (s) => {
      const next = s.name === 'lease-holder' ? undefined : errors.shift();
      return next ? { status: 'FAILED', ...next } : real(s);
    };
  };

  it.each([
    ['a conflict', 'ERROR: 1023 DETAIL: Serializable isolation violation on table'],
    ['another conflict', 'could not complete because of conflict with concurrent transaction'],
    ['a cancellation', 'Query (1) cancelled on user request'],
    ['an unknown fault', 'ERROR: something that nobody has seen'],
  ])('%s is followed by another attempt of the whole transaction', async (_, error) => {
    const w = world();
    put(w, 'patient', 1);
    failing(w, { error, at: 9 });
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check apply-0 0 RETRY');
    expect(calls).toContain('start apply-0 1 RUNNING');
    expect(w.slept[0]).toBeGreaterThan(0);
    expect(receipts(w)).toEqual({ [silverName('patient', 1)]: 'loaded' });
  });

  it('ABORTED is a state that ends, and is retried', async () => {
    const w = world();
    put(w, 'patient', 1);
    failing(w, { status: 'ABORTED', error: '' });
    expect((await execute(w.context)).calls).toContain('check apply-0 0 RETRY');
  });

  it('a load that runs into the time limit twice is halved', async () => {
    const w = world();
    [1, 2, 3, 4].forEach((n) => put(w, 'patient', n));
    failing(w, { status: 'ABORTED', error: '' }, { status: 'ABORTED', error: '' });
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(Object.values(receipts(w))).toEqual(['loaded', 'loaded', 'loaded', 'loaded']);
    expect(new Set(w.model.ledger.values()).size).toBeGreaterThan(1);
  });

  it('a fault that stays fails the load, and the next execution tries again', async () => {
    const w = world();
    put(w, 'patient', 1);
    failing(w, ...Array.from({ length: 3 }, () => ({ error: 'syntax error at or near "SELECT secret"', at: 20 })));
    const first = await execute(w.context);
    expect(first.end).toBe('failed');
    expect(first.last).toMatchObject({ state: 'FAILED', reason: 'UNKNOWN' });
    expect((await execute(w.context)).end).toBe('nothing pending');
  });

  it('missing rights fail the load at once', async () => {
    const w = world();
    put(w, 'patient', 1);
    failing(w, { error: 'ERROR: permission denied for relation patient_log', at: 20 });
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', reason: 'DENIED' });
  });

  it('an outage behind COPY is no fault of the objects', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.model.bad.add(silverName('patient', 1));
    w.model.copyError = 'S3ServiceException:Access Denied,Status 403,Error AccessDenied';
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', reason: 'COPY_UNREADABLE' });
    expect(receipts(w)).toEqual({});
    expect(w.s3.keys('quarantine')).toEqual([]);
  });

  it('throttling asks for the same attempt again', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.data.faults.push(
      { call: 'submit', error: new ServiceError('ActiveStatementsExceededException', 400) },
      { call: 'submit', error: new ServiceError('ThrottlingException', 400) },
      { call: 'describe', error: new ServiceError('InternalServerException', 500) },
    );
    const { calls, end } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls.slice(0, 5)).toEqual([
      'select true',
      'start apply-0 0 RETRY',
      'start apply-0 0 RETRY',
      'start apply-0 0 RUNNING',
      'check apply-0 0 RUNNING',
    ]);
  });

  it('a refused call fails the load', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.data.faults.push({ call: 'submit', error: new ServiceError('ValidationException', 400) });
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', reason: 'CALL_REFUSED' });
  });

  it('a statement that the Data API has forgotten is submitted again', async () => {
    const w = world();
    put(w, 'patient', 1);
    const load_id = await planned(w);
    const lost = { op: 'check' as const, load_id, step: 'apply-0' as const, attempt: 0, statement_id: 'statement-99' };
    expect(await check(w.context, lost)).toMatchObject({
      state: 'RETRY',
      step: 'apply-0',
      attempt: 1,
      reason: 'FORGOTTEN',
    });
  });

  it('a step that does not exist fails instead of doing nothing', async () => {
    const w = world();
    put(w, 'patient', 1);
    const load_id = await planned(w);
    expect(await start(w.context, { op: 'start', load_id, step: 'apply-7', attempt: 0 })).toMatchObject({
      state: 'FAILED',
    });
    expect(w.data.submitted).toEqual([]);
  });
});

describe('guards', () => {
  it('keys of another secret fail the load by rule id', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.model.fingerprint = '0123456701234567';
    const { last, end } = await execute(w.context);
    expect([end, last]).toEqual(['failed', expect.objectContaining({ reason: 'KEY_MISMATCH', rule: 'LOAD-KEY-01' })]);
    expect(w.model.commits).toEqual([]);
  });

  it('what the ledger holds already gets its receipts, and the rest is loaded', async () => {
    const w = world();
    const [a] = [put(w, 'patient', 1), put(w, 'patient', 2)];
    w.model.ledger.set(a, 'a'.repeat(32));
    const { end, calls } = await execute(w.context);
    expect(end).toBe('nothing pending');
    expect(calls).toContain('check reconcile 0 SELECT_AGAIN');
    expect(receipts(w)).toEqual({ [a]: 'loaded', [silverName('patient', 2)]: 'loaded' });
    expect(w.s3.json<{ load_id: string }>('control', `_ledger/${a}.json`).load_id).toBe('a'.repeat(32));
  });

  it('an object that changed after it was planned is planned again', async () => {
    const w = world();
    put(w, 'patient', 1);
    const real = w.model.decide;
    let stale = 1;
    w.data.decide = (s) =>
      s.name.endsWith('-apply-0') && stale-- > 0
        ? { status: 'FAILED', at: s.sqls.findIndex((sql) => sql.startsWith('INSERT INTO ops.load_count')), error: 'Cannot insert a NULL value into column rows_read' } // prettier-ignore
        : real(s);
    const { end, calls, last } = await execute(w.context);
    expect([end, calls.filter((c) => c === 'select true').length]).toEqual(['nothing pending', 2]);
    expect(w.s3.json<{ revision: number }>('control', loadNames(last!.load_id).plan).revision).toBe(1);
  });

  it('facts that are not whole fail the load', async () => {
    const w = world();
    put(w, 'patient', 1);
    w.data.decide = () => ({ status: 'FAILED', error: 'NOT NULL constraint failed: guard.facts_are_whole' });
    expect((await execute(w.context)).last).toMatchObject({ state: 'FAILED', rule: 'LOAD-FACT-01' });
  });
});

describe('an object that COPY refuses', () => {
  it('is found by halving and quarantined; all others are loaded', async () => {
    const w = world();
    const names = Array.from({ length: 16 }, (_, i) => put(w, 'patient', i + 1));
    const others = [put(w, 'clinic', 1), put(w, 'appointment', 1)];
    const bad = names[10];
    w.model.bad.add(bad);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(receipts(w)).toEqual(
      Object.fromEntries([...names, ...others].map((n) => [n, n === bad ? 'refused' : 'loaded'])),
    );
    const key = `arrival=${HOUR}/load-patient-v2-${bad.split('/')[3]}`;
    expect(w.s3.keys('quarantine')).toEqual([key]);
    const file = new Uint8Array(w.s3.objects.get(`quarantine/${key}`)!.body).buffer as ArrayBuffer;
    expect(Number(parquetMetadata(file).num_rows)).toBe(1);
    expect((await parquetReadObjects({ file }))[0]).toMatchObject({
      rule_ids: 'LOAD-COPY-01',
      record_source: `silver/${bad}`,
      entity: 'patient',
      pointers: '#',
    });
    expect(state(w)).toEqual(EMPTY_STATE);
  });

  it('does not keep objects waiting that arrive later', async () => {
    const w = world();
    [1, 2, 3, 4].forEach((n) => w.model.bad.add(put(w, 'patient', n)));
    const started = await execute(w.context, { limit: 12 });
    expect(started.end).toBe('stopped');
    w.s3.now += 60_000;
    const late = put(w, 'clinic', 1);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(receipts(w)).toMatchObject({ [late]: 'loaded', [silverName('patient', 4)]: 'refused' });
  });

  it('counts what it refuses', async () => {
    const w = world();
    w.model.bad.add(put(w, 'patient', 1));
    put(w, 'patient', 2);
    await execute(w.context);
    expect(w.faults).toEqual([['RefusedObjects', 1]]);
  });

  it('is not refused for a reason that nobody knows: the others are loaded, it stays pending, and the load fails', async () => {
    const w = world();
    w.model.copyError = 'Spectrum Scan Error. Detail: code: 15007 context: Unspecified';
    const [bad, ...good] = [1, 2, 3, 4].map((n) => put(w, 'patient', n));
    w.model.bad.add(bad!);
    const ends: unknown[] = [];
    for (let execution = 0; execution < 3; execution++) {
      const { end, last } = await execute(w.context);
      ends.push([end, (last as { rule?: string }).rule]);
    }
    expect(ends.at(-1)).toEqual(['failed', 'LOAD-COPY-02']);
    expect(receipts(w)).toEqual(Object.fromEntries(good.map((name) => [name, 'loaded'])));
    expect(w.faults).toEqual([]);
    // Once the reason is gone it is loaded like any other.
    w.model.bad.clear();
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(receipts(w)[bad!]).toBe('loaded');
  });

  it('is not refused any more when everything is: that is an outage', async () => {
    const w = world();
    const names = Array.from({ length: 14 }, (_, i) => put(w, 'patient', i + 1));
    names.forEach((n) => w.model.bad.add(n));
    const { end, last } = await execute(w.context);
    expect([end, last]).toEqual(['failed', expect.objectContaining({ rule: 'LOAD-COPY-01' })]);
    expect(Object.keys(receipts(w)).length).toBeLessThanOrEqual(10);
  });
});

describe('a control state that cannot be read', () => {
  it('is told in the log, stops no load, and does not reset the count of refusals', async () => {
    const w = world();
    w.s3.put('control', CONTROL_STATE_KEY, '{"current":');
    const bad = put(w, 'patient', 1);
    w.model.bad.add(bad);
    const { end, last } = await execute(w.context);
    expect(w.log).toContainEqual({
      level: 'ERROR',
      message: 'control state is unreadable',
      extra: { object: CONTROL_STATE_KEY },
    });
    expect(UNKNOWN_STATE.refusedInARow).toBe(10);
    expect([end, last]).toEqual(['failed', expect.objectContaining({ rule: 'LOAD-COPY-01' })]);
    const good = put(w, 'clinic', 2);
    expect((await execute(w.context)).end).toBe('nothing pending');
    expect(receipts(w)).toEqual({ [good]: 'loaded', [bad]: 'refused' });
  });
});
