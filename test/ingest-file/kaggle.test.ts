import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITIES } from '../../contracts';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';

const FOLDER = join(__dirname, '../../../shared/data/noshow');
const FILE = join(FOLDER, 'KaggleV2-May-2016.csv');
const present = existsSync(FILE);
if (!present) console.warn('SKIPPED: the real no-show file is not at ../shared/data/noshow; nothing of it is tested');

interface SourceRow {
  row: number;
  cells: Record<string, string>;
}

/** An independent reading: this file has neither quotes nor carriage returns, so lines and commas are all there is to it. */
function readSource(): SourceRow[] {
  const bytes = readFileSync(FILE);
  expect(bytes.includes('"')).toBe(false);
  expect(bytes.includes('\r')).toBe(false);
  const [header = '', ...lines] = bytes.toString('utf8').trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line, i) => ({
    row: i + 1,
    cells: Object.fromEntries(line.split(',').map((cell, k) => [names[k], cell])),
  }));
}

const micros = (value: unknown): number => (value instanceof Date ? value.getTime() : Number(value) / 1000);

(present ? describe : describe.skip)('the real no-show file (../shared/data/noshow)', () => {
  const s3 = new FakeS3();
  let source: SourceRow[];
  let patients: ParquetRow[];
  let appointments: ParquetRow[];
  let quarantine: ParquetRow[];
  let counts: { received: number; accepted: number; quarantined: number };

  beforeAll(async () => {
    s3.install();
    source = readSource();
    const event = s3.put(BUCKETS.landing, 'kaggle-no-show/KaggleV2-May-2016.csv', readFileSync(FILE));
    ({ result: counts } = await ingest(event));
    patients = await rowsUnder(s3, `silver/patient/v${ENTITIES.patient.version}/`);
    appointments = await rowsUnder(s3, 'silver/appointment/v2/');
    quarantine = await rowsUnder(s3, 'quarantine/');
  });
  afterAll(() => jest.restoreAllMocks());

  test('110,527 received and accepted, also by the receipts of the chunks', () => {
    expect(counts).toMatchObject({ received: 110_527, accepted: 110_527, quarantined: 0 });
    expect(quarantine).toEqual([]);
    const receipts = s3.keys('control/ingest/').map((k) => s3.json(k));
    expect(receipts).toHaveLength(6);
    const sum = (name: string): number => receipts.reduce((n, r) => n + (r[name] ?? 0), 0);
    expect([sum('received'), sum('accepted'), sum('quarantined')]).toEqual([110_527, 110_527, 0]);
  });

  test('the age of -1 is no age: the row is kept and the patient flagged', () => {
    const bad = source.filter((r) => Number(r.cells.Age) < 0);
    expect(bad.map((r) => r.row)).toEqual([99_833]);
    const at = (rows: ParquetRow[]): ParquetRow[] => rows.filter((r) => r.record_position === '99833');
    expect(at(patients)).toMatchObject([
      { patient_id: bad[0]!.cells.PatientId, reported_age_years: null, dq_flags: 'DQ-PAT-05' },
    ]);
    expect(at(appointments)).toMatchObject([{ appointment_id: bad[0]!.cells.AppointmentID, dq_flags: null }]);
    expect(patients.filter((p) => p.dq_flags !== null)).toHaveLength(1);
  });

  test('62,299 patients; ids stay text, five of them written with an exponent', () => {
    expect(new Set(patients.map((p) => p.patient_id)).size).toBe(62_299);
    const odd = patients.map((p) => String(p.patient_id)).filter((id) => id.includes('E'));
    expect(new Set(odd)).toEqual(new Set(source.map((r) => r.cells.PatientId!).filter((id) => id.includes('E'))));
    expect(odd).toContain('9377952927E-5');
  });

  test('every appointment says what its row says, its times being wall time in Vitoria (three hours west in 2016, two in summer)', () => {
    const offset = (stamp: string): number =>
      stamp.slice(0, 10) >= '2015-10-18' && stamp.slice(0, 10) < '2016-02-21' ? 2 : 3;
    const at = (stamp: string): number => Date.parse(`${stamp.slice(0, 19)}Z`) + offset(stamp) * 3_600_000;
    const expected = source.map(({ row, cells: c }) => ({
      record_position: String(row),
      appointment_id: c.AppointmentID,
      patient_id: c.PatientId,
      clinic_id: c.Neighbourhood,
      status_code: c['No-show'] === 'Yes' ? 'noshow' : 'fulfilled',
      created_at: at(c.ScheduledDay!),
      scheduled_start_at: at(c.AppointmentDay!),
      scheduled_precision: 'day',
      offsets: [-60 * offset(c.AppointmentDay!), -60 * offset(c.ScheduledDay!), null],
      reminder_count: Number(c.SMS_received),
      flags: null, // that five were booked after their day the warehouse tells: it knows the zone of a clinic
      recorded: at(c.AppointmentDay!) + 86_400_000,
    }));
    const actual = appointments.map((a) => ({
      record_position: a.record_position,
      appointment_id: a.appointment_id,
      patient_id: a.patient_id,
      clinic_id: a.clinic_id,
      status_code: a.status_code,
      created_at: micros(a.created_at),
      scheduled_start_at: micros(a.scheduled_start_at),
      scheduled_precision: a.scheduled_precision,
      offsets: [a.scheduled_tz_offset_min, a.created_tz_offset_min, a.actual_tz_offset_min],
      reminder_count: a.reminder_count,
      flags: a.dq_flags,
      recorded: Math.ceil(micros(a.recorded_at) / 1000) * 1000, // the last instant of the day, within its last second
    }));
    expect(actual).toEqual(expected);
    for (const name of ['actual_start_at', 'provider_npi']) {
      expect(appointments.every((a) => a[name] === null)).toBe(true);
    }
  });

  test('no age falls over time: 1,168 patients have two versions, 63,467 rows of history', () => {
    // History as the warehouse will build it, from the mapped rows: per patient and instant the latest statement, equal neighbours as one.
    const history = (rows: { id: string; at: number; says: string; age: number }[]): Record<string, number> => {
      const byPatient = new Map<string, Map<number, { says: string; age: number }>>();
      const totals = { rows: 0, two: 0, falls: 0, conflicts: 0 };
      for (const r of rows) {
        const instants = byPatient.get(r.id) ?? byPatient.set(r.id, new Map()).get(r.id)!;
        if ((instants.get(r.at)?.says ?? r.says) !== r.says) totals.conflicts++;
        instants.set(r.at, r);
      }
      for (const instants of byPatient.values()) {
        let versions = 0;
        let last: { says: string; age: number } | undefined;
        for (const [, state] of [...instants].sort(([a], [b]) => a - b)) {
          if (last && state.age < last.age) totals.falls++;
          if (last?.says !== state.says) versions++;
          last = state;
        }
        totals.rows += versions;
        if (versions === 2) totals.two++;
      }
      return totals;
    };
    const mapped = patients.map((p) => ({
      id: String(p.patient_id),
      at: micros(p.effective_at),
      says: `${String(p.gender_code)} ${String(p.reported_age_years)}`,
      age: Number(p.reported_age_years),
    }));
    const independent = source.map(({ cells: c }) => ({
      id: c.PatientId!,
      at: Date.parse(c.AppointmentDay!),
      says: `${c.Gender === 'F' ? 'female' : 'male'} ${Number(c.Age) < 0 ? 'null' : c.Age}`,
      age: Number(c.Age),
    }));
    expect(history(independent)).toEqual({ rows: 63_467, two: 1_168, falls: 0, conflicts: 0 });
    expect(history(mapped)).toEqual({ rows: 63_467, two: 1_168, falls: 0, conflicts: 0 });
    expect(patients.every((p) => p.birth_date === null)).toBe(true);
    expect(new Set(patients.map((p) => p.gender_code))).toEqual(new Set(['female', 'male']));
  });

  test('the truths of truth.json', () => {
    const truths = new Map(
      (
        JSON.parse(readFileSync(join(FOLDER, 'truth.json'), 'utf8')) as { facts: { id: string; value: unknown }[] }
      ).facts.map((f) => [f.id, f.value]),
    );
    expect(counts.received).toBe(truths.get('rows'));
    expect(appointments.filter((a) => a.status_code === 'noshow').length).toBe(truths.get('no_show_count'));
    expect(new Set(appointments.map((a) => a.clinic_id)).size).toBe(81);
  });
});
