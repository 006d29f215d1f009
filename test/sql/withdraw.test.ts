import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines, type Engine } from './engines';
import { Objects } from './objects';
import {
  brokenChecks,
  dump,
  empty,
  event,
  factsOf,
  load,
  migrate,
  rows,
  sqlFile,
  statementsOf,
  type Event,
} from './warehouse';

const at = (day: number, id: string) => ({
  effective: `2024-03-0${day} 00:00:00`,
  recorded: `2024-03-0${day} 00:00:00`,
  event: `${id}-${day}`,
});
const patient = (id: string, day: number, zip5: string): Event =>
  event('patient', id, at(day, id), { birth_date: '1980-01-01', zip5 });
const gone = (id: string, day: number): Event =>
  event('patient', id, { ...at(day, id), op: 'delete', event: `${id}-gone-${day}` });
const visit = (id: string, day: number, status_code: string, patient_id = 'P1', clinic_id = 'C1'): Event =>
  event('appointment', id, at(day, id), {
    patient_id,
    clinic_id,
    status_code,
    scheduled_start_at: '2024-03-05 12:00:00',
  });

const EVENTS: Record<string, Event[]> = {
  base: [patient('P1', 1, '10001'), patient('P2', 1, '10001')],
  moved: [patient('P1', 3, '20002'), patient('P3', 3, '20002'), patient('P2', 1, '10001')],
  left: [gone('P1', 4)],
  day1: [visit('A1', 1, 'booked'), visit('A2', 1, 'booked', 'P9', 'C9')],
  day2: [visit('A1', 2, 'noshow'), visit('A2', 1, 'booked', 'P9', 'C9'), visit('A3', 2, 'booked', 'P3')],
};

describe.each(engines)('withdrawn objects on $name', ({ open }) => {
  let engine: Engine;
  let objects: Objects;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(async () => {
    await empty(engine);
    objects = new Objects(engine, EVENTS);
  });

  /** entity, read, applied, superseded, duplicate, withdrawn */
  const counts = () =>
    rows(
      engine,
      'SELECT entity, read, applied, superseded, duplicate, withdrawn FROM ops.conservation ORDER BY entity',
    );
  const visits = () =>
    rows(
      engine,
      'SELECT appointment_id, status_code, patient_zip5 FROM gold_phi.obt_appointment ORDER BY appointment_id',
    );
  const everything = async (): Promise<void> => {
    await objects.load('l1', ['base', 'day1']);
    await objects.load('l2', ['moved', 'day2']);
  };
  /** Every table is that of a warehouse into which nothing but these objects was ever loaded. */
  const only = async (names: string[][]): Promise<void> => {
    const before = await dump(engine);
    const known = await rows(engine, 'SELECT recorded_to FROM ops.watermark');
    await empty(engine);
    const other = new Objects(engine, EVENTS);
    for (const [i, of] of names.entries()) await other.load(`only-${i}`, of);
    expect(await dump(engine)).toEqual(before);
    expect(await rows(engine, 'SELECT recorded_to FROM ops.watermark')).toEqual(known);
  };

  it('an event is removed only if no other standing object says it; members follow, and are counted', async () => {
    await everything();
    expect(await visits()).toEqual([['A1', 'noshow', '20002'], ['A2', 'booked', null], ['A3', 'booked', '20002']]); // prettier-ignore
    expect(await counts()).toEqual([
      ['appointment', '5', '3', '1', '1', '0'],
      ['patient', '5', '4', '0', '1', '0'],
    ]);
    await objects.change('w1', { moved: true, day2: true });
    expect(await visits()).toEqual([['A1', 'booked', '10001'], ['A2', 'booked', null]]); // prettier-ignore
    expect(await counts()).toEqual([
      ['appointment', '5', '2', '0', '0', '3'],
      ['patient', '5', '2', '0', '0', '3'],
    ]);
    expect(await brokenChecks(engine)).toEqual([]);
    await only([['base', 'day1']]);
  });

  it('a member that is described no more is inferred while a fact names it, and goes with the last one', async () => {
    await everything();
    const inferred = () =>
      rows(engine, `SELECT patient_id FROM core.dim_patient_history WHERE is_inferred ORDER BY patient_id`);
    await objects.change('w1', { moved: true });
    expect(await inferred()).toEqual([['P3'], ['P9']]);
    expect(await brokenChecks(engine)).toEqual([]);
    await objects.change('w2', { day1: true });
    expect(await inferred()).toEqual([['P3'], ['P9']]);
    await objects.change('w3', { day2: true });
    expect(await inferred()).toEqual([]);
    expect(await visits()).toEqual([]);
    expect(await brokenChecks(engine)).toEqual([]);
    await only([['base']]);
  });

  it('a withdrawn tombstone brings back whom it deleted', async () => {
    await everything();
    const zip = () =>
      rows(engine, `SELECT zip5, is_deleted FROM core.dim_patient_history WHERE patient_id = 'P1' AND is_current`);
    await objects.load('l3', ['left']);
    expect((await zip())[0]![1]).toBe('true');
    await objects.change('w1', { left: true });
    expect(await zip()).toEqual([['20002', 'false']]);
    await only([['base', 'day1'], ['moved', 'day2']]); // prettier-ignore
  });

  it('stands again when the withdrawal is undone, before any load of it too, and counts as if nothing had been', async () => {
    await everything();
    const before = await dump(engine);
    const counted = await counts();
    await objects.change('w1', { moved: true, day2: true });
    await objects.change('w2', { moved: false, day2: false });
    expect(await dump(engine)).toEqual(before);
    expect(await counts()).toEqual(counted);
    await objects.change('w3', { left: true });
    expect(await dump(engine)).toEqual(before);
    expect((await counts())[1]).toEqual(['patient', '6', '4', '0', '1', '1']);
    await objects.change('w4', { left: false });
    expect((await counts())[1]).toEqual(['patient', '6', '5', '0', '1', '0']);
    expect(await brokenChecks(engine)).toEqual([]);
    await only([['base', 'day1'], ['moved', 'day2'], ['left']]); // prettier-ignore
  });

  it.each([2, 3, 5, 6])('ends in the same after a crash behind transaction %i, given up or not', async (stop) => {
    await everything();
    await objects.change('w1', { moved: true, day2: true }, stop);
    if (stop % 2) {
      await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'w1' });
      await objects.change('w2', { moved: true, day2: true });
    } else await objects.change('w1', { moved: true, day2: true });
    expect(await counts()).toEqual([
      ['appointment', '5', '2', '0', '0', '3'],
      ['patient', '5', '2', '0', '0', '3'],
    ]);
    expect(await brokenChecks(engine)).toEqual([]);
    await only([['base', 'day1']]);
  });

  it('counts right whatever a load has left that was given up, whether it comes again or not', async () => {
    await objects.load('l1', ['base', 'day1']);
    await objects.load('l2', ['moved'], { stopAfter: 1 });
    await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'l2' });
    await objects.change('w1', { base: true });
    await objects.load('l2', ['moved']);
    expect((await counts())[1]).toEqual(['patient', '5', '3', '0', '0', '2']);
    await objects.load('l3', ['left'], { stopAfter: 1 });
    await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'l3' });
    await objects.change('w2', { left: true });
    expect((await counts())[1]).toEqual(['patient', '6', '3', '0', '0', '3']);
    expect(await brokenChecks(engine)).toEqual([]);
    await only([['moved', 'day1']]);
  });

  describe('of more contract versions than one transaction reads', () => {
    const NAMES = Array.from({ length: 11 }, (_, i) => `v${i + 1}`);
    const MANY: Record<string, Event[]> = {
      ...EVENTS,
      ...Object.fromEntries(
        // Each version says something of its own and repeats what another says; the oldest knows the latest of A1.
        NAMES.flatMap((name, i) => [
          [
            name,
            [
              visit('A1', 1 + (i % 4), i % 2 ? 'noshow' : 'booked'),
              visit(`A${i}`, 3, 'booked', `P${i % 3}`),
              visit('A2', 1, 'booked'),
            ],
          ],
          [`p-${name}`, [patient('P1', 1 + (i % 5), `1000${i % 7}`), patient(`P${i % 3}`, 2, '10001')]],
        ]),
      ),
      last: [visit('A1', 8, 'fulfilled'), visit('A9', 8, 'booked')],
    };
    const versions = Object.fromEntries(
      [...NAMES, 'last'].flatMap((name, i) => [[name, i === 11 ? 1 : i + 1], [`p-${name}`, i + 1]]), // prettier-ignore
    );
    const ALL = [...NAMES, 'last'].map((name) => [`p-${name}`, name].filter((n) => n in MANY));
    const GONE = ['v2', 'last', 'p-v3'];
    const change = (withdrawn: boolean) => Object.fromEntries(GONE.map((name) => [name, withdrawn]));
    /** Without who withdrew how many: what else a warehouse counts is that of one that never knew them. */
    const countsOf = async () => (await counts()).map(([entity, , ...others]) => [entity, ...others.slice(0, 3)]);
    const folder = mkdtempSync(join(tmpdir(), 'carelake-withdraw-sql-'));
    const saved = join(folder, 'all');
    let all: Record<string, string[]>;
    let never: { dump: Record<string, string[]>; counts: (string | null)[][] };

    /** A warehouse into which every object was loaded by itself, and what is known of it. */
    const loaded = async (): Promise<Objects> => {
      await engine.restore(saved);
      const many = new Objects(engine, MANY, versions);
      for (const name of ALL.flat()) many.assume(name);
      factsOf(engine, ['patient', 'appointment']);
      return many;
    };
    const loadAll = async (except: string[] = []): Promise<void> => {
      await empty(engine);
      const into = new Objects(engine, MANY, versions);
      for (const [i, names] of ALL.entries()) {
        const some = names.filter((name) => !except.includes(name));
        if (some.length > 0) await into.load(`l${i}`, some);
      }
    };
    beforeAll(async () => {
      await loadAll(GONE);
      never = { dump: await dump(engine), counts: await countsOf() };
      await loadAll();
      all = await dump(engine);
      await engine.save(saved);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('reads them in several, and ends in the tables of a warehouse that never knew what is withdrawn', async () => {
      const many = await loaded();
      const counted = await counts();
      await many.change('w1', change(true));
      expect(await dump(engine)).toEqual(never.dump);
      expect(await brokenChecks(engine)).toEqual([]);
      expect((await counts()).map(([entity, read, , , , withdrawn]) => [entity, read, withdrawn])).toEqual([
        ['appointment', '35', '5'],
        ['patient', '22', '2'],
      ]);
      await many.change('w2', change(false));
      expect(await dump(engine)).toEqual(all);
      expect(await counts()).toEqual(counted);
    });

    it.each([3, 4, 6, 7])('whatever transaction a crash follows (%i), given up or gone on with', async (stop) => {
      const many = await loaded();
      await many.change('w1', change(true), stop);
      expect(await brokenChecks(engine)).not.toContain('conservation');
      if (stop % 2) {
        await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'w1' });
        await many.change('w2', change(true));
      } else await many.change('w1', change(true));
      expect(await dump(engine)).toEqual(never.dump);
      expect(await brokenChecks(engine)).toEqual([]);
      expect(await countsOf()).toEqual(never.counts);
    });

    it('refuses where a later one does not read all that stands, or an earlier one is lost', async () => {
      const many = await loaded();
      const incomplete = new Objects(engine, MANY, versions);
      for (const name of NAMES.slice(4)) incomplete.assume(name);
      incomplete.assume('last');
      await expect(incomplete.change('w1', { v11: true })).rejects.toThrow(/rows_before/);
      await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'w1' });
      await many.change('w2', { v11: true }, 2);
      await engine.batch([
        `DELETE FROM ops.reread WHERE load_id = 'w2'`,
        `DELETE FROM ops.load_count WHERE load_id = 'w2'`,
      ]);
      await expect(many.change('w2', { v11: true }, 3, 2)).rejects.toThrow(/earlier_steps_are_there/);
    });
  });

  it('refuses where not all of what stands was read, and where the keys are not there', async () => {
    await everything();
    const before = await dump(engine);
    const incomplete = new Objects(engine, EVENTS);
    await expect(incomplete.change('w1', { moved: true })).rejects.toThrow(/rows_before/);
    await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: 'w1' });
    await objects.change('w2', { moved: true }, 1);
    await engine.batch(['DELETE FROM ops.reread_key']);
    await expect(objects.change('w2', { moved: true }, 2, 1)).rejects.toThrow(/events_before/);
    expect(await dump(engine)).toEqual(before);
  });

  it('a finished withdrawal is not run again', async () => {
    await everything();
    await objects.change('w1', { moved: true });
    await expect(objects.change('w1', { moved: true })).rejects.toThrow(/object_is_new/);
    await expect(load(engine, 'l9', EVENTS.moved!, { objects: ['moved'] })).rejects.toThrow(/object_is_new/);
  });
});
