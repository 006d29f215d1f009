import { engines, type Engine } from './engines';
import {
  brokenChecks,
  empty,
  load,
  migrate,
  rows,
  sqlFile,
  event,
  statementsOf,
  type Event,
  type LoadOptions,
} from './warehouse';

const clinic = (id: string): Event =>
  event(
    'clinic',
    id,
    { effective: '2024-01-01 00:00:00', recorded: '2024-01-01 00:00:00' },
    { clinic_name: `Clinic ${id}` },
  );
const visit = (id: string, patient: string, recorded: string, day = '2024-05-02'): Event =>
  event('appointment', id, { effective: recorded, recorded }, {
    patient_id: patient, clinic_id: '10', status_code: 'booked', scheduled_start_at: `${day} 14:00:00`,
  }); // prettier-ignore
const some = (): Event[] => [clinic('10'), visit('A1', 'P1', '2024-04-01 00:00:00')];
/** From 2024-02-01 on clinic 10 has another name. */
const moved = (): Event =>
  event('clinic', '10', { effective: '2024-02-01 00:00:00', recorded: '2024-02-01 00:00:00' }, { clinic_name: 'Moved' }); // prettier-ignore
const DOUBLED = `INSERT INTO core.dim_clinic_history SELECT * FROM core.dim_clinic_history WHERE clinic_id = '10'`;
const giveUp = (engine: Engine, loadId: string) =>
  engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: loadId });

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
  earlier_steps_are_there: {
    when: 'the warehouse lost an earlier transaction of the load',
    act: (engine) =>
      load(engine, 'l1', some(), { before: { 1: `DELETE FROM ops.load_count WHERE entity = 'clinic'` } }),
  },
  facts_are_whole: {
    when: 'an as-of join meets two versions of a member',
    act: (engine) => load(engine, 'l1', some(), { meddle: DOUBLED }),
  },
  touched_are_restated: {
    when: 'a member changed and a fact that names it has not followed',
    act: async (engine) => {
      await load(engine, 'l1', some());
      await load(engine, 'l2', [moved()], { without: ['appointment-restate'] });
    },
  },
  unreferenced_are_pruned: {
    when: 'an inferred member stays that no fact names',
    act: async (engine) => {
      await load(engine, 'l1', some());
      await load(engine, 'l2', [visit('A1', 'P2', '2024-04-02 00:00:00')], { without: ['prune-patient'] });
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

  it.each([
    ['fewer rows than its objects list', 'rows_read', { spoil: 'DELETE FROM stage_clinic' }],
    ['more rows than its objects list', 'rows_read', { spoil: 'INSERT INTO stage_clinic SELECT * FROM stage_clinic' }],
    ...[
      ['effective_at', '2201-01-01 00:00:00'],
      ['effective_at', '1899-12-31 23:59:59'],
      ['recorded_at', '2262-04-11 00:00:00'],
    ].map(([column, at]): [string, string, LoadOptions] => [
      `an impossible ${column}, ${at}, since a reader took its unit for another`,
      'rows_read',
      { spoil: `UPDATE stage_clinic SET ${column} = timestamp '${at}'` },
    ]),
  ])('a load whose stage holds %s cannot write %s', async (_, column, options) => {
    await expect(load(engine, 'l1', some(), options)).rejects.toThrow(new RegExp(`\\b${column}\\b`));
    expect(await rows(engine, 'SELECT count(*) FROM ops.load_count')).toEqual([['0']]);
  });

  it.each(['clinic', 'appointment'])('a load that writes less or more of a %s log than it brings is refused', async (entity) => {
    await load(engine, 'l1', some());
    const counted = `INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)`;
    for (const loss of [`DELETE FROM core.${entity}_superseded`, `INSERT INTO core.${entity}_superseded SELECT * FROM core.${entity}_superseded`]) {
      const tampered = statementsOf(sqlFile(`generated/load/${entity}.sql`)).flatMap((sql) => sql.startsWith(counted) ? [loss, sql] : [sql]); // prettier-ignore
      expect(tampered.length).toBe(statementsOf(sqlFile(`generated/load/${entity}.sql`)).length + 1);
      const later = [
        event('clinic', '10', { effective: '2024-01-01 00:00:00', recorded: '2023-01-01 00:00:00' }, { clinic_name: 'Beaten' }),
        visit('A1', 'P1', '2024-03-01 00:00:00'),
      ].filter((e) => e.entity === entity);
      await expect(load(engine, 'l2', later, { files: { [entity]: tampered } })).rejects.toThrow(/\bevents_added\b/);
    }
  }); // prettier-ignore

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
    for (const table of ['touched_member', 'restated', 'unreferenced'])
      expect(await rows(engine, `SELECT count(*) FROM ops.${table}`)).toEqual([['0']]);
  });

  it('a fact whose member vanished is refused instead of losing its row', async () => {
    await load(engine, 'l1', some());
    await engine.batch([`DELETE FROM core.dim_patient_history WHERE patient_id = 'P1'`]);
    await expect(load(engine, 'l2', [moved()])).rejects.toThrow(/load_id/);
  });

  it('a fact that restating would double is refused', async () => {
    await load(engine, 'l1', some());
    await expect(load(engine, 'l2', [moved()], { meddle: DOUBLED })).rejects.toThrow(/facts_are_whole/);
    expect(await rows(engine, 'SELECT count(*) FROM core.appointment')).toEqual([['1']]);
  });

  it('a change restates the facts within the time that changed, and no other', async () => {
    const days = ['2024-01-15', '2024-02-01', '2024-02-29', '2024-03-15'];
    const name = (effective: string, clinic_name: string) =>
      event('clinic', '10', { effective, recorded: effective }, { clinic_name });
    await load(engine, 'l1', [
      name('2024-01-01 00:00:00', 'First'),
      name('2024-03-01 00:00:00', 'Third'),
      ...days.map((day, i) => visit(`A${i}`, 'P1', '2024-04-01 00:00:00', day)),
    ]);
    // What is not written again keeps this name.
    await engine.batch([`UPDATE core.appointment SET clinic_name = 'as it was'`]);
    await load(engine, 'l2', [name('2024-02-01 00:00:00', 'Second')]);
    expect(await rows(engine, 'SELECT appointment_id, clinic_name FROM core.appointment ORDER BY 1')).toEqual([
      ['A0', 'as it was'],
      ['A1', 'Second'],
      ['A2', 'Second'],
      ['A3', 'as it was'],
    ]);
    // A version that is beaten: the time that it held is what changed.
    await load(engine, 'l3', [
      event('clinic', '10', { effective: '2024-03-01 00:00:00', recorded: '2024-06-01 00:00:00' }, { clinic_name: 'Last' }),
    ]); // prettier-ignore
    expect(await rows(engine, 'SELECT appointment_id, clinic_name FROM core.appointment ORDER BY 1')).toEqual([
      ['A0', 'as it was'],
      ['A1', 'Second'],
      ['A2', 'Second'],
      ['A3', 'Last'],
    ]);
  });

  it('a member that a load touched before it was given up is followed by the next load, whatever facts that brings', async () => {
    await load(engine, 'l1', some());
    await load(engine, 'l2', [moved()], { stopAfter: 1 });
    await giveUp(engine, 'l2');
    expect(await rows(engine, 'SELECT clinic_name FROM gold_phi.obt_appointment')).toEqual([['Clinic 10']]);
    // What a load that was given up has committed is in the logs and not in the ledger.
    expect(await brokenChecks(engine)).toEqual(['conservation', 'attributes_as_of']);
    await load(engine, 'l3', [clinic('11')]);
    expect(await rows(engine, 'SELECT clinic_name FROM gold_phi.obt_appointment')).toEqual([['Moved']]);
    await load(engine, 'l2', [moved()]);
    expect(await brokenChecks(engine)).toEqual([]);
  });

  it('a load that was given up and comes again has its own facts follow what others touched meanwhile', async () => {
    await load(engine, 'l1', some(), { without: ['close'] });
    await giveUp(engine, 'l1');
    await load(engine, 'l2', [moved()], { stopAfter: 1 });
    await giveUp(engine, 'l2');
    await load(engine, 'l1', some());
    expect(await rows(engine, 'SELECT clinic_name, load_id FROM gold_phi.obt_appointment')).toEqual([['Moved', 'l1']]);
    await load(engine, 'l2', [moved()]);
    expect(await brokenChecks(engine)).toEqual([]);
  });

  it('a load that was given up after it restated its facts restates them again', async () => {
    await load(engine, 'l1', some());
    await load(engine, 'l2', [moved()], { without: ['close'] });
    await giveUp(engine, 'l2');
    await expect(load(engine, 'l2', [moved()], { without: ['appointment-restate'] })).rejects.toThrow(
      'touched_are_restated',
    );
  });
});
