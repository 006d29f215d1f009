import { engines, type Engine } from './engines';
import { empty, load, migrate, rows, statement, type Statement } from './warehouse';

const clinic = (id: string): Statement =>
  statement(
    'clinic',
    id,
    { effective: '2024-01-01 00:00:00', recorded: '2024-01-01 00:00:00' },
    { clinic_name: `Clinic ${id}` },
  );
const some = (): Statement[] => [
  clinic('10'),
  statement('appointment', 'A1', { effective: '2024-04-01 00:00:00', recorded: '2024-04-01 00:00:00' }, {
    patient_id: 'P1', clinic_id: '10', status_code: 'booked', scheduled_start_at: '2024-05-02 14:00:00', scheduled_date: '2024-05-02',
  }), // prettier-ignore
];

/** Column of ops.guard → what is wrong, and a way to make it so. */
const guards: Record<string, { when: string; act: (engine: Engine) => Promise<void> }> = {
  lease_is_ours: {
    when: 'another load stands between two of its transactions',
    act: async (engine) => {
      await load(engine, 'l1', some(), { stopAfter: 1 });
      await load(engine, 'l2', some());
    },
  },
  object_is_new: {
    when: 'the ledger holds an object of the batch',
    act: async (engine) => {
      await load(engine, 'l1', some());
      await load(engine, 'l2', some(), { objects: ['l1/clinic', 'l2/appointment'] });
    },
  },
  object_list_is_whole: {
    when: 'the list of objects is shorter than the plan',
    act: (engine) => load(engine, 'l1', some(), { planned: 3 }),
  },
  key_is_ours: {
    when: 'the keys were made with another secret',
    act: async (engine) => {
      await load(engine, 'l1', some());
      await load(engine, 'l2', [clinic('11')], { fingerprint: 'beef' });
    },
  },
  stage_is_whole: {
    when: 'a stage holds fewer rows than its objects',
    act: (engine) => load(engine, 'l1', some(), { spoil: 'DELETE FROM stage_clinic' }),
  },
  obt_is_whole: {
    when: 'the one big table lost a row',
    act: async (engine) => {
      await load(engine, 'l1', some());
      await engine.batch(['DELETE FROM gold.obt_appointment']);
      await load(engine, 'l2', [clinic('11')]);
    },
  },
};

describe.each(engines)('guards on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));

  it.each(Object.keys(guards).map((column) => ({ column, ...guards[column] })))(
    '$column raises when $when',
    async ({ column, act }) => {
      await expect(act(engine)).rejects.toThrow(new RegExp(`\\bcolumn "?${column}\\b.*(not-null|$)`));
      expect(await rows(engine, 'SELECT count(*) FROM ops.guard')).toEqual([['0']]);
      expect(await rows(engine, `SELECT count(*) FROM ops.load_ledger WHERE load_id = 'l2'`)).toEqual([['0']]);
    },
  );

  it('every guard column has a case here', async () => {
    const columns = await rows(
      engine,
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'guard' ORDER BY 1`,
    );
    expect(columns.flat()).toEqual(Object.keys(guards).sort());
  });

  it('the load that holds the lease can be finished, and then the next one runs', async () => {
    await load(engine, 'l1', some(), { stopAfter: 1 });
    await expect(load(engine, 'l2', [clinic('11')])).rejects.toThrow('lease_is_ours');
    await load(engine, 'l1', some());
    await load(engine, 'l2', [clinic('11')]);
    expect(await rows(engine, 'SELECT load_id, object_count, row_count FROM ops.load_ledger ORDER BY load_id')).toEqual(
      [
        ['l1', '2', '2'],
        ['l2', '1', '1'],
      ],
    );
    expect(await rows(engine, 'SELECT load_id FROM ops.load_lease')).toEqual([[null]]);
    expect(await rows(engine, 'SELECT count(*) FROM ops.touched')).toEqual([['0']]);
  });

  it('a fact whose member vanished is refused by the one big table instead of losing its row', async () => {
    await load(engine, 'l1', some());
    await engine.batch([`DELETE FROM core.dim_patient_history WHERE patient_id = 'P1'`]);
    await expect(
      load(engine, 'l2', [
        clinic('10'),
        statement(
          'clinic',
          '10',
          { effective: '2024-02-01 00:00:00', recorded: '2024-02-01 00:00:00' },
          { clinic_name: 'Moved' },
        ),
      ]),
    ).rejects.toThrow(/load_id/);
  });
});
