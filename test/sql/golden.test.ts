import { engines, type Engine } from './engines';
import { parseSql } from '../../core/warehouse/sql';
import {
  brokenChecks,
  dump,
  empty,
  keyOf,
  load,
  migrate,
  rows,
  event,
  sqlFile,
  sqlNames,
  type Event,
} from './warehouse';

const NY = 'America/New_York';
const clinic = (id: string, name: string, effective = '2024-01-01 00:00:00', recorded = effective): Event =>
  event('clinic', id, { effective, recorded }, { clinic_name: name, timezone: NY });
const patient = (
  id: string,
  at: { effective: string; recorded: string; event?: string; op?: 'upsert' | 'delete' },
  payload = {},
): Event => event('patient', id, at, at.op === 'delete' ? {} : { birth_date: '1980-03-11', zip5: '10001', ...payload });
const days = { ordinary: '2024-05-02 14:00:00' };
const appointment = (id: string, payload: Record<string, string | number | null>, at: { effective?: string; recorded: string; event?: string; op?: 'upsert' | 'delete' }): Event =>
  event('appointment', id, { effective: at.recorded, ...at }, at.op === 'delete' ? {} : {
    patient_id: 'P1', clinic_id: '10', status_code: 'booked', scheduled_start_at: days.ordinary, ...payload,
  }); // prettier-ignore
const history = (engine: Engine, id: string) =>
  rows(
    engine,
    `SELECT zip5, CAST(valid_from AS varchar(30)), CAST(valid_to AS varchar(30)), CAST(is_current AS varchar(5)), CAST(is_deleted AS varchar(5)) FROM core.dim_patient_history WHERE patient_key = '${keyOf('patient', id)}' ORDER BY valid_from`,
  );
const START = '1900-01-01 00:00:00';
const END = '9999-12-31 00:00:00';

describe.each(engines)('the load on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  it('changes a table only in a migration that is one transaction with its record', () => {
    const texts = sqlNames('migrations').map((file) => sqlFile(`migrations/${file}`));
    const changes = texts.filter((text) => /^ALTER TABLE/m.test(text));
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.filter((text) => !parseSql('test', text).transactional)).toEqual([]);
  });

  it('runs its migrations twice with the same result, but for those that change a table: they run once, with their record', async () => {
    const count = () =>
      rows(
        engine,
        'SELECT (SELECT count(*) FROM core.dim_date), (SELECT count(*) FROM core.dim_time), (SELECT count(*) FROM core.dim_appointment_status), (SELECT count(*) FROM core.dim_patient_history)',
      );
    expect(await count()).toEqual([['18629', '1440', '10', '1']]);
    await migrate(engine, (text) => !/^ALTER TABLE/m.test(text));
    expect(await count()).toEqual([['18629', '1440', '10', '1']]);
    expect(
      await rows(
        engine,
        `SELECT CAST(full_date AS varchar(10)), day_name, week_iso, iso_year, day_of_year, CAST(is_month_end AS varchar(5)), year_month, epoch_day FROM core.dim_date WHERE date_key IN (20240229, 20201231, 20210103) ORDER BY date_key`,
      ),
    ).toEqual([
      ['2020-12-31', 'Thursday', '53', '2020', '366', 'true', '2020-12', '18627'],
      ['2021-01-03', 'Sunday', '53', '2020', '3', 'false', '2021-01', '18630'],
      ['2024-02-29', 'Thursday', '9', '2024', '60', 'true', '2024-02', '19782'],
    ]);
  });

  it('builds the first version from -infinity and places a late, back-dated event between versions', async () => {
    await load(engine, 'l1', [
      patient('P1', { effective: '2024-01-10 00:00:00', recorded: '2024-01-11 00:00:00' }),
      patient('P1', { effective: '2024-06-01 00:00:00', recorded: '2024-06-01 00:00:00' }, { zip5: '30003' }),
    ]);
    await load(engine, 'l2', [
      patient('P1', { effective: '2024-03-01 00:00:00', recorded: '2024-07-01 00:00:00' }, { zip5: '20002' }),
    ]);
    expect(await history(engine, 'P1')).toEqual([
      ['10001', START, '2024-03-01 00:00:00', 'false', 'false'],
      ['20002', '2024-03-01 00:00:00', '2024-06-01 00:00:00', 'false', 'false'],
      ['30003', '2024-06-01 00:00:00', END, 'true', 'false'],
    ]);
    // each version says which load brought its event
    expect(
      await rows(
        engine,
        `SELECT load_id, count(*) FROM core.dim_patient_history WHERE load_id <> 'migration' GROUP BY load_id ORDER BY load_id`,
      ),
    ).toEqual([
      ['l1', '2'],
      ['l2', '1'],
    ]);
  });

  it('lets a correction of the same instant win by knowledge time, and collapses equal neighbours', async () => {
    await load(engine, 'l1', [
      patient('P1', { effective: '2024-01-10 00:00:00', recorded: '2024-01-12 00:00:00' }, { zip5: '99999' }),
      patient('P1', { effective: '2024-02-10 00:00:00', recorded: '2024-02-10 00:00:00' }, { zip5: '20002' }),
      patient('P1', { effective: '2024-03-10 00:00:00', recorded: '2024-03-10 00:00:00' }, { zip5: '20002' }),
    ]);
    await load(engine, 'l2', [
      patient('P1', { effective: '2024-01-10 00:00:00', recorded: '2024-04-01 00:00:00' }),
      patient('P1', { effective: '2024-01-10 00:00:00', recorded: '2024-01-01 00:00:00' }, { zip5: '88888' }),
    ]);
    expect(await history(engine, 'P1')).toEqual([
      ['10001', START, '2024-02-10 00:00:00', 'false', 'false'],
      ['20002', '2024-02-10 00:00:00', END, 'true', 'false'],
    ]);
    expect(await rows(engine, `SELECT entity, read, applied, superseded, duplicate FROM ops.conservation`)).toEqual([
      ['patient', '5', '3', '2', '0'],
    ]);
  });

  it('keeps a tombstone as a version, collapses a second one, and lets the patient return', async () => {
    await load(engine, 'l1', [
      patient('P1', { effective: '2024-01-10 00:00:00', recorded: '2024-01-10 00:00:00' }),
      patient('P1', { op: 'delete', effective: '2024-02-01 00:00:00', recorded: '2024-02-01 00:00:00' }),
      patient('P1', { op: 'delete', effective: '2024-02-15 00:00:00', recorded: '2024-02-15 00:00:00' }),
      appointment('A1', { scheduled_start_at: '2024-02-20 14:00:00' }, { recorded: '2024-01-20 00:00:00' }),
    ]);
    await load(engine, 'l2', [patient('P1', { effective: '2024-03-01 00:00:00', recorded: '2024-03-01 00:00:00' })]);
    expect(await history(engine, 'P1')).toEqual([
      ['10001', START, '2024-02-01 00:00:00', 'false', 'false'],
      [null, '2024-02-01 00:00:00', '2024-03-01 00:00:00', 'false', 'true'],
      ['10001', '2024-03-01 00:00:00', END, 'true', 'false'],
    ]);
    expect(
      await rows(engine, 'SELECT patient_id, patient_zip5, patient_age_band FROM gold_phi.obt_appointment'),
    ).toEqual([['P1', null, 'unknown']]);
  });

  it('tells an event that is used again with another payload apart from a repeat', async () => {
    const first = patient('P1', { event: 'e1', effective: '2024-01-10 00:00:00', recorded: '2024-01-10 00:00:00' });
    const other = patient(
      'P1',
      { event: 'e1', effective: '2024-01-10 00:00:00', recorded: '2024-01-10 00:00:00' },
      { zip5: '20002' },
    );
    await load(engine, 'l1', [first, first, other]);
    await load(engine, 'l2', [first]);
    expect(await rows(engine, `SELECT entity, read, applied, superseded, duplicate FROM ops.conservation`)).toEqual([
      ['patient', '4', '1', '1', '2'],
    ]);
    const winner = BigInt(String(first.row.payload_hash)) > BigInt(String(other.row.payload_hash)) ? '10001' : '20002';
    expect(await history(engine, 'P1')).toEqual([[winner, START, END, 'true', 'false']]);
  });

  it('lets what is latest in effect of an appointment stand; a tombstone removes it, a later event restores it', async () => {
    const status = () => rows(engine, 'SELECT status_code FROM gold_phi.obt_appointment');
    const said = (status_code: string, effective: string, recorded: string) =>
      appointment('A1', { status_code }, { effective, recorded });
    await load(engine, 'l1', [said('booked', '2024-03-01 00:00:00', '2024-03-01 00:00:00')]);
    await load(engine, 'l2', [said('fulfilled', '2024-04-02 00:00:00', '2024-04-02 00:00:00')]);
    // a correction of what was true before changes what was true before, and nothing since
    await load(engine, 'l3', [said('booked', '2024-03-01 00:00:00', '2024-04-05 00:00:00')]);
    expect(await status()).toEqual([['fulfilled']]);
    await load(engine, 'l4', [said('noshow', '2024-04-02 00:00:00', '2024-04-06 00:00:00')]);
    expect(await status()).toEqual([['noshow']]);
    await load(engine, 'l5', [appointment('A1', {}, { op: 'delete', recorded: '2024-05-03 00:00:00' })]);
    expect(await status()).toEqual([]);
    await load(engine, 'l6', [said('cancelled', '2024-05-02 23:00:00', '2024-06-01 00:00:00')]);
    expect(await status()).toEqual([]);
    await load(engine, 'l7', [said('fulfilled', '2024-05-04 00:00:00', '2024-05-04 00:00:00')]);
    expect(await status()).toEqual([['fulfilled']]);
    expect(await rows(engine, `SELECT entity, read, applied, superseded, duplicate FROM ops.conservation`)).toEqual([
      ['appointment', '7', '1', '6', '0'],
    ]);
  });

  it('shows of a dimension what is in effect at the watermark, and what begins later once it is reached', async () => {
    const name = () =>
      rows(engine, "SELECT clinic_name, CAST(valid_from AS varchar(30)) FROM core.dim_clinic WHERE clinic_id = '10'");
    await load(engine, 'l1', [
      clinic('10', 'North'),
      clinic('10', 'North and South', '2030-01-01 00:00:00', '2024-02-01 00:00:00'),
    ]);
    expect(await name()).toEqual([['North', START]]);
    await load(engine, 'l2', [clinic('11', 'West', '2024-01-01 00:00:00', '2029-12-31 23:59:59.999999')]);
    expect(await name()).toEqual([['North', START]]);
    await load(engine, 'l3', [appointment('A1', {}, { recorded: '2030-01-01 00:00:00' })]);
    expect(await name()).toEqual([['North and South', '2030-01-01 00:00:00']]);
    // what comes late does not take it back
    await load(engine, 'l4', [appointment('A2', {}, { recorded: '2024-01-01 00:00:00' })]);
    expect(await name()).toEqual([['North and South', '2030-01-01 00:00:00']]);
  });

  it('infers a member that nobody has described, describes it later, and refreshes the facts that name it', async () => {
    const inferred = () =>
      rows(
        engine,
        `SELECT clinic_id, clinic_name, CAST(is_inferred AS varchar(5)) FROM core.dim_clinic WHERE clinic_id IS NOT NULL ORDER BY clinic_id`,
      );
    await load(engine, 'l1', [appointment('A1', { provider_npi: '1000000004' }, { recorded: '2024-04-01 00:00:00' })]);
    expect(await inferred()).toEqual([['10', null, 'true']]);
    expect(
      await rows(engine, 'SELECT clinic_id, clinic_name, patient_id, provider_npi FROM gold_phi.obt_appointment'),
    ).toEqual([['10', null, 'P1', '1000000004']]);
    await load(engine, 'l2', [clinic('10', 'North')]);
    expect(await inferred()).toEqual([['10', 'North', 'false']]);
    expect(await rows(engine, 'SELECT clinic_name FROM gold_phi.obt_appointment')).toEqual([['North']]);
  });

  it('prunes an inferred member that no fact names any more', async () => {
    await load(engine, 'l1', [
      appointment('A1', { patient_id: 'P7', clinic_id: '77' }, { recorded: '2024-04-01 00:00:00' }),
      appointment('A2', { patient_id: 'P8', clinic_id: '10' }, { recorded: '2024-04-01 00:00:00' }),
    ]);
    await load(engine, 'l2', [
      appointment('A1', { patient_id: 'P8', clinic_id: '10' }, { recorded: '2024-04-02 00:00:00' }),
    ]);
    expect(await rows(engine, 'SELECT patient_id FROM core.dim_patient WHERE patient_id IS NOT NULL')).toEqual([
      ['P8'],
    ]);
    expect(await rows(engine, 'SELECT clinic_id FROM core.dim_clinic WHERE clinic_id IS NOT NULL')).toEqual([['10']]);
  });

  it('invents no delay and no hour for a day without a time, and compares dates for the lead', async () => {
    await load(engine, 'l1', [
      patient(
        'P1',
        { effective: '2016-04-29 03:00:00', recorded: '2016-04-30 02:59:59' },
        { birth_date: null, reported_age_years: 62 },
      ),
      appointment(
        'A1',
        {
          status_code: 'fulfilled',
          scheduled_precision: 'day',
          scheduled_start_at: '2016-04-29 03:00:00',
          created_at: '2016-04-27 21:38:08',
          arrived_at: '2016-04-29 12:00:00',
          actual_start_at: '2016-04-29 12:10:00',
          completed_at: '2016-04-29 12:40:00',
          reminder_count: 1,
        },
        { recorded: '2016-04-30 02:59:59' },
      ),
    ]);
    expect(
      await rows(
        engine,
        'SELECT start_delay_min, lateness_min, is_delayed, patient_late_min, in_clinic_wait_min, scheduled_hour, scheduled_day_part, lead_time_days, actual_duration_min, patient_age_at_appt, patient_age_band FROM gold_phi.obt_appointment',
      ),
    ).toEqual([[null, null, null, null, null, null, null, '2', '30', '62', '40-64']]);
  });

  it('resolves a date outside the calendar to the unknown date', async () => {
    await load(engine, 'l1', [
      patient('P1', { effective: '2020-01-01 00:00:00', recorded: '2020-01-01 00:00:00' }),
      appointment('A1', { scheduled_start_at: '1999-12-31 12:00:00' }, { recorded: '2024-04-01 00:00:00' }),
    ]);
    expect(await rows(engine, 'SELECT scheduled_date_key FROM core.fact_appointment')).toEqual([['-1']]);
    // The calendar ends there, the day does not.
    expect(
      await rows(
        engine,
        'SELECT CAST(scheduled_date AS varchar(10)), scheduled_month, scheduled_dow, patient_age_at_appt FROM gold_phi.obt_appointment',
      ),
    ).toEqual([['1999-12-31', '1999-12', '5', '19']]);
  });

  it('counts completed years on both sides of a birthday', async () => {
    const on = (id: string, day: string) =>
      appointment(id, { scheduled_start_at: `${day} 14:00:00` }, { recorded: '2024-01-01 00:00:00' });
    await load(engine, 'l1', [
      patient('P1', { effective: '2020-01-01 00:00:00', recorded: '2020-01-01 00:00:00' }, { birth_date: '2006-03-11' }),
      on('A1', '2024-03-10'), on('A2', '2024-03-11'), on('A3', '2005-01-01'),
    ]); // prettier-ignore
    expect(await rows(engine, 'SELECT appointment_id, patient_age_at_appt, patient_age_band FROM gold_phi.obt_appointment ORDER BY appointment_id')).toEqual([
      ['A1', '17', '0-17'], ['A2', '18', '18-39'], ['A3', null, 'unknown'],
    ]); // prettier-ignore
  });

  describe('on the ten appointments of a spring night when the clocks change', () => {
    // scheduled, actual, created in UTC; the clinics are in New York, DST from 2024-03-10 07:00 UTC
    const list: [string, string, string, string | null, string, string][] = [
      ['1', '10', '2024-03-10 04:50:00', '2024-03-10 05:20:00', '2024-03-01 15:00:00', 'fulfilled'],
      ['2', '10', '2024-03-10 06:30:00', '2024-03-10 07:05:00', '2024-03-02 15:00:00', 'fulfilled'],
      ['3', '10', '2024-03-11 13:00:00', '2024-03-11 12:55:00', '2024-03-11 12:00:00', 'fulfilled'],
      ['4', '10', '2024-03-11 13:30:00', '2024-03-11 13:40:00', '2024-02-01 15:00:00', 'fulfilled'],
      ['5', '10', '2024-03-11 14:00:00', null, '2024-02-01 15:00:00', 'noshow'],
      ['6', '11', '2024-03-11 14:00:00', null, '2024-03-09 15:00:00', 'cancelled'],
      ['7', '11', '2024-03-11 14:30:00', '2024-03-11 14:52:00', '2024-03-10 15:00:00', 'fulfilled'],
      ['8', '11', '2024-03-11 15:00:00', null, '2024-03-10 15:00:00', 'booked'],
      ['9', '11', '2024-03-11 15:30:00', null, '2024-03-12 15:00:00', 'entered-in-error'],
      ['10', '11', '2024-03-11 16:00:00', null, '2024-03-10 15:00:00', 'noshow'],
    ];
    const events = (): Event[] => [
      clinic('10', 'North'),
      clinic('11', 'South'),
      ...list.map(([id, clinicId, start, actual, created, status]) =>
        appointment(
          id,
          {
            clinic_id: clinicId,
            scheduled_start_at: start,
            actual_start_at: actual,
            created_at: created,
            status_code: status,
          },
          { recorded: '2024-03-12 20:00:00' },
        ),
      ),
    ];

    it('gives the delays, flags and rates worked out by hand', async () => {
      await load(engine, 'l1', events());
      expect(
        await rows(
          engine,
          'SELECT appointment_id, start_delay_min, lateness_min, is_delayed, lead_time_days, outcome_group FROM gold_phi.obt_appointment ORDER BY CAST(appointment_id AS integer)',
        ),
      ).toEqual([
        ['1', '30', '30', '1', '8', 'attended'],
        ['2', '35', '35', '1', '8', 'attended'],
        ['3', '-5', '0', '0', '0', 'attended'],
        ['4', '10', '10', '0', '39', 'attended'],
        ['5', null, null, null, '39', 'no_show'],
        ['6', null, null, null, '2', 'cancelled'],
        ['7', '22', '22', '1', '1', 'attended'],
        ['8', null, null, null, '1', 'unresolved'],
        // Booked a day after it was to begin, by mistake: its lead of -1 day is none.
        ['9', null, null, null, null, 'void'],
        ['10', null, null, null, '1', 'no_show'],
      ]);
      expect(
        await rows(
          engine,
          `SELECT clinic_id, sum(start_delay_min), sum(lateness_min), count(start_delay_min), sum(is_delayed), sum(is_unresolved) FROM gold_phi.obt_appointment GROUP BY clinic_id ORDER BY clinic_id`,
        ),
      ).toEqual([
        ['10', '70', '75', '4', '2', '0'],
        ['11', '22', '22', '1', '1', '1'],
      ]);
      expect(
        await rows(
          engine,
          `SELECT by_dimension, group_key, numerator, denominator, n, CAST(value AS varchar(12)) FROM gold_phi.no_show_rate WHERE by_dimension IN ('all', 'clinic', 'weekday', 'lead_days', 'reminded') ORDER BY 1, 2`,
        ),
      ).toEqual([
        // Nine of ten: the void one, a Monday of clinic 11 with a negative lead, is in no count.
        ['all', 'all', '2', '7', '9', expect.stringMatching(/^0\.2857142/)],
        ['clinic', '10', '1', '5', '5', '0.2'],
        ['clinic', '11', '1', '2', '4', '0.5'],
        ['lead_days', '0', '0', '1', '1', expect.stringMatching(/^0(\.0)?$/)],
        ['lead_days', '1-7', '1', '2', '4', '0.5'],
        ['lead_days', '31-90', '1', '2', '2', '0.5'],
        ['lead_days', '8-30', '0', '2', '2', expect.stringMatching(/^0(\.0)?$/)],
        ['reminded', 'unknown', '2', '7', '9', expect.stringMatching(/^0\.2857142/)],
        ['weekday', 'Monday', '2', '5', '7', '0.4'],
        ['weekday', 'Saturday', '0', '1', '1', expect.stringMatching(/^0(\.0)?$/)],
        ['weekday', 'Sunday', '0', '1', '1', expect.stringMatching(/^0(\.0)?$/)],
      ]);
    });

    it('ends in the same tables when a load crashed between its transactions and ran again', async () => {
      await load(engine, 'l1', events());
      const undisturbed = await dump(engine);
      await empty(engine);
      await load(engine, 'l1', events(), { stopAfter: 1 });
      await load(engine, 'l1', events(), { stopAfter: 1 });
      await load(engine, 'l1', events());
      expect(await dump(engine)).toEqual(undisturbed);
    });
  });
});
