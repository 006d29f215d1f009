import { DateTime } from 'luxon';
import zones from '../../contracts/zones.json';
import { digestOf, planMigrations } from '../../core/warehouse/migrations';
import { parseSql } from '../../core/warehouse/sql';
import { readTexts } from '../../core/warehouse/sql-files';
import { zoneMigrations } from '../../scripts/zone-migrations';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, event, load, migrate, rows, SQL, statementsOf, type Event } from './warehouse';

const clinic = (
  timezone: string | null,
  effective = '2020-01-01 00:00:00',
  op: 'upsert' | 'delete' = 'upsert',
): Event =>
  event(
    'clinic',
    'C1',
    { effective, recorded: effective, op },
    op === 'delete' ? {} : { clinic_name: 'North', timezone },
  );
const patient = (payload: Record<string, string | number | null>, effective: string): Event =>
  event('patient', 'P1', { effective, recorded: effective }, payload);
const appointment = (id: string, payload: Record<string, string | number | null>): Event =>
  event('appointment', id, { effective: '2024-03-11 00:00:00', recorded: '2024-03-11 00:00:00' }, { patient_id: 'P1', clinic_id: 'C1', status_code: 'booked', ...payload }); // prettier-ignore
/** Booked in the evening of the 10th in New York, for the 11th; the source wrote the booking in UTC. */
const lead = appointment('A1', {
  created_at: '2024-03-11 02:00:00',
  created_tz_offset_min: 0,
  scheduled_start_at: '2024-03-11 14:00:00',
  scheduled_tz_offset_min: -240,
});
/** Nine in the morning in July, by a clock that nobody put forward. */
const winter = appointment('A2', { scheduled_start_at: '2024-07-01 14:00:00', scheduled_tz_offset_min: -300 });
const LOCAL = `SELECT appointment_id, CAST(scheduled_date AS varchar(10)), scheduled_hour, lead_time_days, dq_flags FROM gold_phi.obt_appointment ORDER BY appointment_id`;

describe.each(engines)('local days and hours on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  it('core.zone_offset agrees with another library, every zone covers the years without a gap', async () => {
    const [[names, covered]] = await rows(
      engine,
      `SELECT count(DISTINCT zone), sum(CASE WHEN days = 47847 THEN 1 ELSE 0 END) FROM (
         SELECT zone, sum(CAST(to_utc AS date) - CAST(from_utc AS date)) AS days FROM core.zone_offset GROUP BY zone) z`,
    );
    expect([names, covered]).toEqual([String(zones.names.length), String(zones.names.length)]);
    const probes = ['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'UTC'].flatMap((zone) =>
      ['1975-07-01T12:00:00Z', '2018-11-10T12:00:00Z', '2024-03-10T06:59:59Z', '2024-03-10T07:00:00Z', '2024-10-05T15:30:00Z', '2050-07-01T00:00:00Z'].map((at) => ({ zone, at })),
    ); // prettier-ignore
    const asked = probes.map(({ zone, at }, i) => `SELECT ${i} AS n, CAST('${zone}' AS varchar(64)) AS zone, timestamp '${at.slice(0, 19).replace('T', ' ')}' AS t`); // prettier-ignore
    const found = await rows(
      engine,
      `SELECT p.n, z.offset_min FROM (${asked.join(' UNION ALL ')}) p LEFT JOIN core.zone_offset z ON z.zone = p.zone AND z.from_utc <= p.t AND p.t < z.to_utc ORDER BY p.n`,
    );
    expect(found.map(([, offset]) => Number(offset))).toEqual(
      probes.map(({ zone, at }) => DateTime.fromISO(at, { zone }).offset),
    );
  });

  it('follow the zone of the clinic, not the notation of the source; another offset is flagged', async () => {
    await load(engine, 'l1', [
      clinic('America/New_York'),
      patient({ birth_date: '1980-01-01' }, '2020-01-01 00:00:00'),
      lead,
      winter,
    ]);
    expect(await rows(engine, LOCAL)).toEqual([
      ['A1', '2024-03-11', '10', '1', null],
      ['A2', '2024-07-01', '10', null, 'DQ-APT-14'],
    ]);
  });

  it('a clinic without a zone: the offset written in the time', async () => {
    await load(engine, 'l1', [
      clinic(null),
      patient({ birth_date: '1980-01-01' }, '2020-01-01 00:00:00'),
      lead,
      winter,
    ]);
    expect(await rows(engine, LOCAL)).toEqual([
      ['A1', '2024-03-11', '10', '0', null],
      ['A2', '2024-07-01', '9', null, null],
    ]);
  });

  it('a zone that comes late, changes or goes takes its appointments along, in any order', async () => {
    const person = patient({ birth_date: '1980-01-01' }, '2020-01-01 00:00:00');
    const evening = appointment('A3', { scheduled_start_at: '2024-06-01 02:00:00', scheduled_tz_offset_min: 0 });
    const day = appointment('A4', {
      scheduled_start_at: '2024-05-31 22:00:00',
      scheduled_tz_offset_min: 120,
      scheduled_precision: 'day',
    });
    const ask = () => rows(engine, `SELECT appointment_id, CAST(scheduled_date AS varchar(10)), scheduled_month, scheduled_hour, dq_flags FROM gold_phi.obt_appointment ORDER BY 1`); // prettier-ignore
    await load(engine, 'l1', [person, evening, day]);
    expect(await ask()).toEqual([
      ['A3', '2024-06-01', '2024-06', '2', 'DQ-ID-06'],
      ['A4', '2024-06-01', '2024-06', null, 'DQ-ID-06'],
    ]);
    await load(engine, 'l2', [clinic('America/New_York')]);
    const inNewYork = [
      ['A3', '2024-05-31', '2024-05', '22', 'DQ-APT-14'],
      ['A4', '2024-06-01', '2024-06', null, null],
    ];
    expect(await ask()).toEqual(inNewYork);
    await load(engine, 'l3', [clinic('Asia/Kolkata', '2024-05-01 00:00:00')]);
    expect(await ask()).toEqual([
      ['A3', '2024-06-01', '2024-06', '7', 'DQ-APT-14'],
      ['A4', '2024-06-01', '2024-06', null, null],
    ]);
    await load(engine, 'l4', [clinic(null, '2024-05-15 00:00:00', 'delete')]);
    expect(await ask()).toEqual([
      ['A3', '2024-06-01', '2024-06', '2', null],
      ['A4', '2024-06-01', '2024-06', null, null],
    ]);
    const late = await dump(engine);
    await empty(engine);
    await load(engine, 'l1', [
      clinic(null, '2024-05-15 00:00:00', 'delete'),
      clinic('Asia/Kolkata', '2024-05-01 00:00:00'),
    ]);
    await load(engine, 'l2', [day, person, evening, clinic('America/New_York')]);
    expect(await dump(engine)).toEqual(late);
  });

  it('a reported age grows by whole years from the local day of its report, and is never below 0', async () => {
    const on = (id: string, day: string) =>
      appointment(id, { scheduled_start_at: `${day} 14:00:00`, scheduled_tz_offset_min: -240 });
    await load(engine, 'l1', [
      clinic('America/New_York'),
      patient({ reported_age_years: 64 }, '2020-06-15 12:00:00'),
      on('A1', '2023-07-01'), on('A2', '2021-06-14'), on('A3', '2021-06-15'), on('A4', '2019-06-16'), on('A5', '2019-06-15'), on('A6', '1940-01-01'),
    ]); // prettier-ignore
    expect(
      await rows(
        engine,
        'SELECT appointment_id, patient_age_at_appt, patient_age_band FROM gold_phi.obt_appointment ORDER BY 1',
      ),
    ).toEqual([
      ['A1', '67', '65+'],
      ['A2', '64', '40-64'],
      ['A3', '65', '65+'],
      ['A4', '64', '40-64'],
      ['A5', '63', '40-64'],
      ['A6', '0', '0-17'],
    ]);
  });

  it('minutes are exact seconds, rounded half up to hundredths', async () => {
    const at = (id: string, actual: string) =>
      appointment(id, {
        status_code: 'fulfilled', scheduled_start_at: '2024-03-11 14:00:00', arrived_at: '2024-03-11 13:59:30', actual_start_at: actual, completed_at: '2024-03-11 14:30:00.999999',
      }); // prettier-ignore
    await load(engine, 'l1', [
      at('A1', '2024-03-11 14:00:30'), at('A2', '2024-03-11 13:59:40'), at('A3', '2024-03-11 14:10:00.999999'), at('A4', '2024-03-11 14:10:01'),
    ]); // prettier-ignore
    expect(
      await rows(
        engine,
        'SELECT appointment_id, start_delay_min, lateness_min, patient_late_min, in_clinic_wait_min, actual_duration_min, is_delayed FROM gold_phi.obt_appointment ORDER BY 1',
      ),
    ).toEqual([
      ['A1', '0.5', '0.5', '-0.5', '0.5', '29.5', '0'],
      ['A2', '-0.33', '0', '-0.5', '-0.33', '30.33', '0'],
      ['A3', '10', '10', '-0.5', '10', '20', '0'],
      ['A4', '10.02', '10.02', '-0.5', '10.02', '19.98', '1'],
    ]);
  });

  // The last one: it leaves two zones.
  it('another release of the database replaces what the one before wrote, and may run again', async () => {
    const written = readTexts(SQL, 'migrations');
    const made = zoneMigrations('2999z', ['Europe/Berlin', 'UTC'], written);
    expect([...made.keys()].map((name) => name.slice(4))).toEqual(['zones-1970', 'zones-1996', 'zones-2040']);
    expect([...written.keys(), ...made.keys()].sort().slice(-3)).toEqual([...made.keys()]);
    const all = new Map([...written, ...made]);
    expect(zoneMigrations('2999z', ['Europe/Berlin', 'UTC'], all)).toEqual(new Map());
    // A warehouse that ran the ones before runs these.
    const files = (texts: Map<string, string>) =>
      new Map([...texts].map(([name, text]) => [name, parseSql(name, text)]));
    const ran = planMigrations(files(written), [], undefined);
    const applied = ran.kind === 'apply' ? ran.pending.map((f) => ({ name: f.name, sha256: digestOf(f) })) : [];
    expect(planMigrations(files(all), applied, undefined)).toMatchObject({
      pending: [...made.keys()].map((name) => ({ name })),
    });
    const berlin = `SELECT * FROM core.zone_offset WHERE zone IN ('Europe/Berlin', 'UTC') ORDER BY zone, from_utc`;
    const before = await rows(engine, berlin);
    for (const text of [...made.values(), ...made.values()]) await engine.batch(statementsOf(text));
    expect(await rows(engine, berlin)).toEqual(before);
    expect(await rows(engine, 'SELECT count(DISTINCT zone), count(*) FROM core.zone_offset')).toEqual([
      ['2', String(before.length)],
    ]);
  });
});
