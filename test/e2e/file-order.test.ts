import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import { cli, newFolder, rowsOf } from './laptop';

/** Twenty appointments of one day, as an export of that day states them again when it is corrected. */
const folder = mkdtempSync(join(tmpdir(), 'carelake-file-order-'));
const profile = join(folder, 'visits.json');
writeFileSync(
  profile,
  JSON.stringify({
    profile: 'visits',
    source_system: 'pas',
    mode: 'delta',
    file: { format: 'csv' },
    entities: [
      {
        entity: 'appointment',
        effective_at: 'day',
        recorded_at: 'day',
        fields: {
          appointment_id: 'id',
          patient_id: 'patient',
          clinic_id: 'clinic',
          status_code: 'status',
          scheduled_start_at: 'start',
        },
      },
    ],
  }),
);

function file(name: string, status: string, made: string): string {
  const rows = Array.from(
    { length: 20 },
    (_, i) => `T${i},P${i % 5},C1,${status},2024-03-20T10:00:00-04:00,2024-03-12T00:00:00Z`,
  );
  const path = join(folder, name);
  writeFileSync(path, ['id,patient,clinic,status,start,day', ...rows, ''].join('\n'));
  utimesSync(path, new Date(made), new Date(made));
  return path;
}

describe('files that state the same days again', () => {
  const dataDir = newFolder('file-order');
  const start = async (input: string) => {
    const run = await cli(['start', '--once', '--json', '--phi-ok', '--profile', profile, '--input', input, '--data', dataDir]); // prettier-ignore
    expect([run.code, run.stderr]).toEqual([0, run.stderr]);
    return { document: JSON.parse(run.stdout) as AnswersDocument, told: run.stderr };
  };
  const statuses = () =>
    rowsOf(dataDir, 'SELECT status_code, CAST(count(*) AS integer) FROM gold_phi.obt_appointment GROUP BY status_code');

  it('the later one wins whole, also where it is read first; the same bytes again change nothing, and that is said', async () => {
    await start(file('tuesday.csv', 'fulfilled', '2026-03-03T08:00:00Z'));
    const earlier = await start(file('monday.csv', 'noshow', '2026-03-02T08:00:00Z'));
    expect(earlier.document.load).toMatchObject({ read: 40, applied: 20, superseded: 20, duplicate: 0 });
    expect(await statuses()).toEqual([['fulfilled', 20]]);
    const again = await start(file('wednesday.csv', 'noshow', '2026-03-04T08:00:00Z'));
    expect(again.told).toMatch(
      /File 1 of 1 has the same bytes as one that was read before \(landing object [0-9a-f]{16}\)/,
    );
    expect(again.document.ingest).toEqual(earlier.document.ingest);
    expect(again.document.load).toEqual(earlier.document.load);
    expect(await statuses()).toEqual([['fulfilled', 20]]);
  });
});
