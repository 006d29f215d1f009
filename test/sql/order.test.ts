import { fileOrder, sequenceOrder } from '../../core/records/order';
import { engines, type Engine } from './engines';
import { brokenChecks, empty, event, load, migrate, rows, type Event } from './warehouse';

const START = '2024-05-02 14:00:00';

describe.each(engines)('which event wins on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  describe('where both times leave two events equal', () => {
    const at = { effective: '2024-03-12 00:00:00', recorded: '2024-03-12 00:00:00' };
    const said = (id: string, status_code: string, order: bigint, event = status_code): Event =>
      event_(id, { status_code }, { ...at, order, event });
    const event_ = (id: string, payload: Record<string, string>, when: typeof at & { order: bigint; event: string }) =>
      event('appointment', id, when, {
        patient_id: 'P1',
        clinic_id: '10',
        scheduled_start_at: START,
        ...payload,
      });
    const statuses = () =>
      rows(
        engine,
        'SELECT status_code, count(*) FROM gold_phi.obt_appointment GROUP BY status_code ORDER BY status_code',
      );
    const counts = () => rows(engine, 'SELECT read, applied, superseded, duplicate FROM ops.conservation');
    const [monday, tuesday] = [1_710_147_600_000_000, 1_710_234_000_000_000].map(fileOrder);
    const twenty = (status: string, order: (row: number) => bigint) =>
      Array.from({ length: 20 }, (_, i) => said(`T${i}`, status, order(i + 1), `${status}-${i % 7}`));

    it.each([
      ['in order', ['noshow', 'fulfilled']],
      ['against the order', ['fulfilled', 'noshow']],
    ])('the later file wins whole, loaded %s', async (_, order) => {
      const files: Record<string, Event[]> = {
        noshow: twenty('noshow', monday!),
        fulfilled: twenty('fulfilled', tuesday!),
      };
      for (const [i, status] of order.entries()) await load(engine, `l${i}`, files[status]!);
      expect(await statuses()).toEqual([['fulfilled', '20']]);
      expect(await counts()).toEqual([['40', '20', '20', '0']]);
    });

    it('the last row of one file wins', async () => {
      await load(engine, 'l1', [said('T1', 'noshow', monday!(1)), said('T1', 'fulfilled', monday!(2))]);
      expect(await statuses()).toEqual([['fulfilled', '1']]);
    });

    it('a file of Monday that comes again on Wednesday, as the same file, does not undo that of Tuesday', async () => {
      await load(engine, 'l1', twenty('noshow', monday!));
      await load(engine, 'l2', twenty('fulfilled', tuesday!));
      await load(engine, 'l3', twenty('noshow', monday!));
      expect(await statuses()).toEqual([['fulfilled', '20']]);
      expect(await counts()).toEqual([['60', '20', '20', '20']]);
    });

    it('an event that a later source repeats wins again; the repeat is counted as one', async () => {
      await load(engine, 'l1', twenty('noshow', monday!));
      await load(engine, 'l2', twenty('fulfilled', tuesday!));
      await load(engine, 'l3', twenty('noshow', fileOrder(1_710_320_400_000_000)));
      expect(await statuses()).toEqual([['noshow', '20']]);
      expect(await counts()).toEqual([['60', '20', '20', '20']]);
      expect(await rows(engine, `SELECT load_id, count(*) FROM core.appointment GROUP BY load_id`)).toEqual([
        ['l1', '20'],
      ]);
      await load(engine, 'l4', [said('T0', 'fulfilled', sequenceOrder(1)!, 'fulfilled-0')]);
      await load(engine, 'l5', [said('T0', 'fulfilled', 0n, 'fulfilled-0')]);
      expect(await statuses()).toEqual([['fulfilled', '1'], ['noshow', '19']]); // prettier-ignore
      expect(await counts()).toEqual([['62', '20', '20', '22']]);
    });

    it.each([
      ['in two places of its sources is taken as the first place has it', ['2', '1', '3'], 'slot of 1'],
      ['twice in one place, as where a batch was ingested again, is one fact', ['1', '1', '2'], 'slot of 1'],
    ])('an event that a load brings %s', async (_, positions, slot) => {
      const copy = (record_position: string): Event => {
        const { entity, row } = said('T1', 'booked', 0n);
        return { entity, row: { ...row, record_position, slot_id: `slot of ${record_position}` } };
      };
      await load(engine, 'l1', [...positions.map(copy), said('T2', 'noshow', 0n)]);
      expect(
        await rows(engine, 'SELECT appointment_id, slot_id FROM core.appointment ORDER BY appointment_id'),
      ).toEqual([
        ['T1', slot],
        ['T2', null],
      ]);
      expect(await counts()).toEqual([['4', '2', '0', '2']]);
    });

    it('a version of a dimension is decided again in the same way', async () => {
      const named = (name: string, order: bigint) =>
        event('clinic', '10', { ...at, order, event: name }, { clinic_name: name, timezone: 'America/New_York' });
      const name = () => rows(engine, "SELECT clinic_name FROM core.dim_clinic WHERE clinic_id = '10'");
      await load(engine, 'l1', [named('South', sequenceOrder('9007199254740992')!)]);
      await load(engine, 'l2', [named('North', sequenceOrder('9007199254740993')!)]);
      expect(await name()).toEqual([['North']]);
      await load(engine, 'l3', [named('South', sequenceOrder('0')!)]);
      expect(await name()).toEqual([['North']]);
      await load(engine, 'l4', [named('South', sequenceOrder('9'.repeat(37))!)]);
      expect(await name()).toEqual([['South']]);
      expect(await counts()).toEqual([['4', '1', '1', '2']]);
    });

    it.each([
      ['booked', 'arrived', 'arrived'],
      ['fulfilled', 'checked-in', 'fulfilled'],
      ['proposed', 'waitlist', 'waitlist'],
      ['entered-in-error', 'noshow', 'entered-in-error'],
    ])('without an order %s and %s are decided by the state that is further on', async (one, other, wins) => {
      await load(engine, 'l1', [said('T1', one, 0n, 'a'), said('T2', one, 0n, 'b')]);
      await load(engine, 'l2', [said('T1', other, 0n, 'b'), said('T2', other, 0n, 'a')]);
      expect(await statuses()).toEqual([[wins, '2']]);
    });

    it('what had to be decided by state or hash is flagged, and no more once the source says which', async () => {
      const flags = () =>
        rows(
          engine,
          `SELECT appointment_id, status_code, CASE WHEN dq_flags LIKE '%DQ-TIE-01' THEN 'DQ-TIE-01' END FROM gold_phi.obt_appointment ORDER BY appointment_id`,
        );
      const other = said('T2', 'booked', 0n, 'x');
      await load(engine, 'l1', [said('T1', 'booked', 0n, 'a'), said('T1', 'booked', 0n, 'z'), other]);
      expect(await flags()).toEqual([['T1', 'booked', null], ['T2', 'booked', null]]); // prettier-ignore
      await load(engine, 'l2', [said('T1', 'proposed', 0n, 'b')]);
      expect(await flags()).toEqual([['T1', 'booked', 'DQ-TIE-01'], ['T2', 'booked', null]]); // prettier-ignore
      await load(engine, 'l3', [said('T1', 'proposed', monday!(1), 'b')]);
      expect(await flags()).toEqual([['T1', 'proposed', null], ['T2', 'booked', null]]); // prettier-ignore
      await load(engine, 'l4', [said('T1', 'booked', monday!(1), 'z')]);
      expect(await flags()).toEqual([['T1', 'booked', 'DQ-TIE-01'], ['T2', 'booked', null]]); // prettier-ignore

      const clinics = () => rows(engine, "SELECT dq_flags FROM core.dim_clinic WHERE clinic_id = '10'");
      const named = (name: string, order: bigint) =>
        event('clinic', '10', { ...at, order, event: name }, { clinic_name: name });
      await load(engine, 'l5', [named('North', 0n)]);
      expect(await clinics()).toEqual([[null]]);
      await load(engine, 'l6', [named('South', 0n)]);
      expect(await clinics()).toEqual([['DQ-TIE-01']]);
      await load(engine, 'l7', [named('North', 0n), named('South', monday!(1))]);
      expect(await clinics()).toEqual([[null]]);
    });

    it('an order is above none, and the state does not matter where there is one', async () => {
      await load(engine, 'l1', [said('T1', 'fulfilled', 0n)]);
      await load(engine, 'l2', [said('T1', 'booked', monday!(1))]);
      expect(await statuses()).toEqual([['booked', '1']]);
      await load(engine, 'l3', [said('T1', 'proposed', sequenceOrder(0)!)]);
      expect(await statuses()).toEqual([['proposed', '1']]);
    });
  });
});
