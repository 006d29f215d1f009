import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, AnswersDocument } from '../../cli/answers';
import { must, newFolder, ROOT, rowsOf } from './laptop';

const FOLDER = join(ROOT, '..', 'shared', 'data', 'noshow');
const FILE = join(FOLDER, 'KaggleV2-May-2016.csv');
const here = existsSync(FILE);
if (!here) console.warn(`SKIPPED: the run of a real file needs ${FILE}, which is not here`);

interface Row {
  line: number;
  patient: string;
  appointment: string;
  created: string;
  day: string;
  age: number;
  neighbourhood: string;
  sms: string;
  missed: boolean;
}

/** The file read with nothing but split: no cell of it is quoted. */
function readRows(): Row[] {
  const bytes = readFileSync(FILE);
  const rows: Row[] = [];
  let from = bytes.indexOf(0x0a) + 1;
  for (let line = 1; from < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, from) < 0 ? bytes.length : bytes.indexOf(0x0a, from);
    const cells = bytes.subarray(from, end).toString('utf8').replace(/\r$/, '').split(',');
    rows.push({
      line,
      patient: cells[0]!,
      appointment: cells[1]!,
      created: cells[3]!.slice(0, 10),
      day: cells[4]!.slice(0, 10),
      age: Number(cells[5]),
      neighbourhood: cells[6]!,
      sms: cells[12]!,
      missed: cells[13] === 'Yes',
    });
    from = end + 1;
  }
  return rows;
}

const days = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const band = (age: number) =>
  age < 0 ? 'unknown' : age < 18 ? '0-17' : age < 40 ? '18-39' : age < 65 ? '40-64' : '65+';
const lead = (n: number) =>
  n < 0 ? 'negative' : n === 0 ? '0' : n <= 7 ? '1-7' : n <= 30 ? '8-30' : n <= 90 ? '31-90' : '91+';

function truths(rows: Row[]): Answer[] {
  const groups: Record<string, (row: Row) => string> = {
    all: () => 'all',
    clinic: (row) => row.neighbourhood,
    weekday: (row) => WEEKDAYS[new Date(row.day).getUTCDay()]!,
    age_band: (row) => band(row.age),
    lead_days: (row) => lead(days(row.created, row.day)),
    reminded: (row) => (row.sms === '1' ? 'yes' : 'no'),
  };
  const cells = new Map<string, Answer>();
  for (const row of rows) {
    for (const [by, keyOf] of Object.entries(groups)) {
      const key = keyOf(row);
      const cell = cells.get(`${by}|${key}`) ?? {
        kpi: 'no_show_rate',
        by,
        key,
        numerator: 0,
        denominator: 0,
        n: 0,
        value: 0,
      };
      cell.n++;
      cell.denominator++;
      if (row.missed) cell.numerator++;
      cell.value = cell.numerator / cell.denominator;
      cells.set(`${by}|${key}`, cell);
    }
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...cells.values()].sort((a, b) => order(a.by, b.by) || order(a.key, b.key));
}

(here ? describe : describe.skip)('the Kaggle file, read by its profile [needs ../shared/data/noshow]', () => {
  const dataDir = newFolder('kaggle');
  let document: AnswersDocument;
  let rows: Row[];

  beforeAll(async () => {
    rows = readRows();
    document = JSON.parse(
      await must([
        'start',
        '--once',
        '--json',
        '--phi-ok',
        '--profile',
        'kaggle-no-show',
        '--input',
        FILE,
        '--data',
        dataDir,
      ]),
    ) as AnswersDocument;
  }, 240_000);

  it('is received and accepted whole; the age of -1 is none, and flagged', async () => {
    expect(document.ingest).toEqual({ received: 110_527, accepted: 110_527, quarantined: 0, unmapped: 0, held: 0 });
    expect(rows).toHaveLength(110_527);
    expect(document.run).toMatchObject({ ingest: document.ingest, load: document.load });
    const bad = rows.find((row) => row.age < 0)!;
    expect(bad.line).toBe(99_833);
    expect(
      await rowsOf(
        dataDir,
        `SELECT patient_id, reported_age_years, dq_flags FROM core.dim_patient_history WHERE dq_flags IS NOT NULL`,
      ),
    ).toEqual([[bad.patient, null, 'DQ-PAT-05']]);
    expect(
      await rowsOf(
        dataDir,
        `SELECT patient_age_at_appt FROM gold_phi.obt_appointment WHERE appointment_id = '${bad.appointment}'`,
      ),
    ).toEqual([[null]]);
  });

  it('answers as an independent reading of it does', () => {
    const expected = truths(rows);
    expect(document.answers.map(({ value, ...rest }) => ({ ...rest, value: value?.toFixed(12) }))).toEqual(
      expected.map(({ value, ...rest }) => ({ ...rest, value: value?.toFixed(12) })),
    );
    const truth = JSON.parse(readFileSync(join(FOLDER, 'truth.json'), 'utf8')) as {
      facts: { id: string; value: unknown }[];
    };
    const fact = (id: string) => truth.facts.find((f) => f.id === id)!.value;
    expect(document.answers.find((a) => a.by === 'all')!.value).toBeCloseTo(fact('no_show_rate') as number, 12);
    expect(document.answers.filter((a) => a.by === 'clinic')).toHaveLength(fact('distinct_neighbourhoods') as number);
  });

  it('keeps every patient, with ages that never fall', async () => {
    expect(new Set(rows.map((row) => row.patient)).size).toBe(62_299);
    const described = `FROM core.dim_patient_history WHERE patient_id IS NOT NULL`;
    expect(await rowsOf(dataDir, `SELECT count(DISTINCT patient_key), count(*) ${described}`)).toEqual([
      [62_299, 63_467],
    ]);
    expect(
      await rowsOf(
        dataDir,
        `SELECT count(*) FROM (SELECT patient_key ${described} GROUP BY patient_key HAVING count(*) = 2) x`,
      ),
    ).toEqual([[1168]]);
    const falls = `SELECT count(*) FROM core.dim_patient_history a JOIN core.dim_patient_history b ON b.patient_key = a.patient_key AND b.valid_from > a.valid_from WHERE b.reported_age_years < a.reported_age_years`;
    expect(await rowsOf(dataDir, falls)).toEqual([[0]]);
    const odd = rows.map((row) => row.patient).filter((id) => !/^\d+$/.test(id));
    const found = await rowsOf(
      dataDir,
      `SELECT patient_id FROM core.dim_patient WHERE patient_id LIKE '%E-%' ORDER BY 1`,
    );
    expect(found.map(([id]) => id)).toEqual([...new Set(odd)].sort());
  });

  it('states days as days: local midnight, no invented time, lead by dates', async () => {
    const [summary] = await rowsOf(
      dataDir,
      `SELECT count(*), count(start_delay_min), count(lateness_min), count(scheduled_time_key), count(actual_time_key), count(DISTINCT scheduled_precision), min(scheduled_precision),
         sum(CASE WHEN scheduled_tz_offset_min = -180 THEN 1 ELSE 0 END) FROM core.fact_appointment`,
    );
    expect(summary).toEqual([110_527, 0, 0, 0, 0, 1, 'day', 110_527]);
    const [first] = await rowsOf(
      dataDir,
      `SELECT CAST(min(scheduled_start_at) AS varchar(32)), CAST(max(scheduled_start_at) AS varchar(32)) FROM core.fact_appointment`,
    );
    expect(first).toEqual(['2016-04-29 03:00:00', '2016-06-08 03:00:00']);
    const leads = await rowsOf(
      dataDir,
      `SELECT appointment_id, lead_time_days FROM core.fact_appointment WHERE lead_time_days < 0 ORDER BY 1`,
    );
    const expected = rows
      .filter((row) => days(row.created, row.day) < 0)
      .map((row) => [row.appointment, days(row.created, row.day)]);
    expect(leads).toEqual(expected.sort());
    expect(leads).toHaveLength(5);
    expect(
      await rowsOf(dataDir, `SELECT count(*) FROM core.fact_appointment WHERE dq_flags LIKE '%DQ-APT-03%'`),
    ).toEqual([[5]]);
    const clinics = await rowsOf(
      dataDir,
      `SELECT count(*), sum(CASE WHEN is_inferred THEN 1 ELSE 0 END) FROM core.dim_clinic WHERE clinic_id IS NOT NULL`,
    );
    expect(clinics.map((row) => row.map(Number))).toEqual([[81, 81]]);
  });
});
