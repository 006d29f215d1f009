import { said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, empty, load, migrate, rows } from './warehouse';

describe.each(engines)('views under the names of the documents on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
    await empty(engine);
    await load(engine, 'l1', [
      said('patient', 1, { patient_id: 'P1', first_name: 'Ann', last_name: 'Example', birth_date: '1980-02-29' }),
      said('clinic', 1, { clinic_id: 'C1', clinic_name: 'North Clinic', city: 'Troy', state: 'NY' }),
      said('appointment', 1, { appointment_id: 'A1', hospital_name: 'General Hospital', priority_code: 'urgent' }),
      said('encounter', 1, { encounter_id: 'E1', start_at: '2024-02-20T10:00:00Z', end_at: '2024-02-20T11:00:00Z' }),
    ]);
  });
  afterAll(async () => {
    expect(await brokenChecks(engine)).toEqual([]);
    await engine.close();
  });
  const one = (sql: string) => rows(engine, sql);

  it('tell of patients, clinics and appointments', async () => {
    expect(
      await one(`SELECT patient_id, first_name, last_name, gender, CAST(dob AS varchar(10)), CAST(created_at AS varchar(19))
        FROM documents.dim_patient WHERE patient_id IS NOT NULL`),
    ).toEqual([['P1', 'Ann', 'Example', 'female', '1980-02-29', '2024-03-01 00:00:00']]);
    expect(
      await one(`SELECT clinic_id, clinic_name, location FROM documents.dim_clinic WHERE clinic_id IS NOT NULL`),
    ).toEqual([['C1', 'North Clinic', 'Troy, NY']]);
    expect(await one('SELECT appointment_id, priority, hospital FROM documents.dim_appointment')).toEqual([
      ['A1', 'urgent', 'General Hospital'],
    ]);
    // Scheduled for 9 March, 23:50, begun 30 minutes later: the day after.
    expect(
      await one(
        'SELECT appointment_id, patient_id, clinic_id, scheduled_date_id, scheduled_time_id, actual_date_id, start_delay_min FROM documents.fact_appointment',
      ),
    ).toEqual([['A1', 'P1', 'C1', '20240309', '2350', '20240310', '30']]);
    expect(
      await one(
        'SELECT scheduled_year, scheduled_month, scheduled_day, scheduled_hour, actual_hour, clinic_location FROM documents.unified_appointments',
      ),
    ).toEqual([['2024', '3', '9', '23', '0', 'Troy']]);
  });

  it('tell of each person', async () => {
    expect(
      await one('SELECT patient_id, age, visits_12m, days_since_last_visit FROM documents.patient_summary'),
    ).toEqual([['P1', '44', '1', '10']]);
  });

  it('have the holidays and the fiscal year of the United States', async () => {
    expect(
      await one(`SELECT CAST(fulldate AS varchar(10)), holiday_name, fiscal_year, fiscal_quarter FROM documents.dim_date
        WHERE year = 2024 AND is_us_holiday ORDER BY date_id`),
    ).toEqual([
      ['2024-01-01', "New Year's Day", '2024', '2'],
      ['2024-01-15', 'Birthday of Martin Luther King, Jr.', '2024', '2'],
      ['2024-02-19', "Washington's Birthday", '2024', '2'],
      ['2024-05-27', 'Memorial Day', '2024', '3'],
      ['2024-06-19', 'Juneteenth', '2024', '3'],
      ['2024-07-04', 'Independence Day', '2024', '4'],
      ['2024-09-02', 'Labor Day', '2024', '4'],
      ['2024-10-14', 'Columbus Day', '2025', '1'],
      ['2024-11-11', 'Veterans Day', '2025', '1'],
      ['2024-11-28', 'Thanksgiving Day', '2025', '1'],
      ['2024-12-25', 'Christmas Day', '2025', '1'],
    ]);
    expect(await one(`SELECT count(*) FROM documents.dim_date WHERE date_id IN (20240229, -1)`)).toEqual([['2']]);
    expect(await one('SELECT count(*), count(DISTINCT day_part) FROM documents.dim_time')).toEqual([['1440', '4']]);
  });
});
