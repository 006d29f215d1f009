import { engines, type Engine } from './engines';
import { brokenChecks, empty, event, load, migrate, rows, sqlFile, statementsOf, type Event } from './warehouse';

/** Two clinics, the first with a correction that is beaten at its instant; three visits, one corrected, one cancelled by a tombstone. */
const DAY = { effective: '2024-01-01 00:00:00', recorded: '2024-01-01 00:00:00' };
const clinic = (id: string, name: string, recorded = DAY.recorded): Event =>
  event('clinic', id, { ...DAY, recorded, event: `${id}-${recorded}` }, { clinic_name: name });
const visit = (id: string, recorded: string, op: 'upsert' | 'delete' = 'upsert'): Event =>
  event('appointment', id, { effective: recorded, recorded, op, event: `${id}-${recorded}` }, op === 'delete' ? {} : {
    patient_id: 'P1', clinic_id: '10', status_code: 'booked', scheduled_start_at: '2024-05-02 14:00:00',
  }); // prettier-ignore
const EVENTS: Event[] = [
  clinic('10', 'Old'),
  clinic('10', 'New', '2024-02-01 00:00:00'),
  clinic('11', 'Other'),
  visit('A1', '2024-03-01 00:00:00'),
  visit('A1', '2024-03-02 00:00:00'),
  visit('A2', '2024-03-01 00:00:00'),
  visit('A2', '2024-03-03 00:00:00', 'delete'),
  visit('A3', '2024-03-01 00:00:00'),
];
const giveUp = (engine: Engine, loadId: string) =>
  engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: loadId });

describe.each(engines)('conservation on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));

  /** entity, read, applied, superseded, duplicate */
  const counts = () =>
    rows(engine, 'SELECT entity, read, applied, superseded, duplicate FROM ops.conservation ORDER BY entity');
  const ONCE = [
    ['appointment', '5', '3', '2', '0'],
    ['clinic', '3', '2', '1', '0'],
  ];

  it('counts winners, the beaten and repeats, each by itself', async () => {
    await load(engine, 'l1', EVENTS);
    expect(await counts()).toEqual(ONCE);
    // Within one load and against earlier ones; of 8 + 2 rows, 2 clinics and 3 visits are told again.
    await load(engine, 'l2', [...EVENTS.slice(0, 2), ...EVENTS.slice(4), visit('A3', '2024-03-09 00:00:00'), visit('A3', '2024-03-09 00:00:00')]); // prettier-ignore
    expect(await counts()).toEqual([
      ['appointment', '11', '3', '3', '5'],
      ['clinic', '5', '2', '1', '2'],
    ]);
    expect(await brokenChecks(engine)).toEqual([]);
  });

  it.each([1, 2, 3])('counts the same however the events are split, in pieces of %i', async (size) => {
    const all = [...EVENTS, ...EVENTS];
    for (let at = 0; at < all.length; at += size) await load(engine, `l${at}`, all.slice(at, at + size));
    expect(await counts()).toEqual([
      ['appointment', '10', '3', '2', '5'],
      ['clinic', '6', '2', '1', '3'],
    ]);
  });

  it('an attempt repeated under its own id makes no repeats', async () => {
    await load(engine, 'l1', EVENTS, { stopAfter: 1 });
    await load(engine, 'l1', EVENTS);
    expect(await counts()).toEqual(ONCE);
    expect(await brokenChecks(engine)).toEqual([]);
  });

  it('what a load added before it was given up is no repeat when its objects are read again with others', async () => {
    await load(engine, 'l1', EVENTS.slice(0, 2), { stopAfter: 1 });
    await giveUp(engine, 'l1');
    await load(engine, 'l2', EVENTS);
    expect(await counts()).toEqual(ONCE);
    await load(engine, 'l3', EVENTS.slice(0, 1));
    expect((await counts())[1]).toEqual(['clinic', '4', '2', '1', '1']);
    expect(await brokenChecks(engine)).toEqual([]);
  });

  it.each([
    ['a fact', 'core.appointment', `appointment_id = 'A3'`, 'appointment'],
    ['a beaten event of a fact', 'core.appointment_superseded', `op = 'upsert' AND event_id LIKE 'A1%'`, 'appointment'],
    ['the tombstone that won', 'core.appointment_superseded', `op = 'delete'`, 'appointment'],
    ['a version of a member', 'core.dim_clinic_history', `clinic_id = '11'`, 'clinic'],
    ['a beaten event of a member', 'core.clinic_superseded', `clinic_id = '10'`, 'clinic'],
    ['what a load counted', 'ops.load_count', `entity = 'clinic'`, 'clinic'],
    ['an object of a load', 'ops.loaded_object', `entity = 'clinic'`, 'clinic', 'l1'],
    ['a load of the ledger', 'ops.load_ledger', `load_id = 'l1'`, 'l1'],
  ])('names what no longer adds up when %s is lost', async (_, table, where, ...found) => {
    await load(engine, 'l1', EVENTS);
    expect(await rows(engine, `SELECT count(*) FROM ${table} WHERE ${where}`)).toEqual([['1']]);
    expect(await rows(engine, sqlFile('checks/conservation.sql'))).toEqual([]);
    await engine.batch([`DELETE FROM ${table} WHERE ${where}`]);
    const named = (await rows(engine, sqlFile('checks/conservation.sql'))).flat();
    expect(named).toEqual(expect.arrayContaining(found));
    expect(named.filter((name) => ['appointment', 'clinic', 'l1'].includes(String(name)))).toEqual(named);
  });

  it('names the entity when a fact is doubled', async () => {
    await load(engine, 'l1', EVENTS);
    await engine.batch(['INSERT INTO core.appointment SELECT * FROM core.appointment']);
    expect(await rows(engine, sqlFile('checks/conservation.sql'))).toEqual([['appointment']]);
  });
});
