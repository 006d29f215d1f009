import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import { Cli, cli, must, newFolder, rowsOf, runOf } from './laptop';

const folder = mkdtempSync(join(tmpdir(), 'carelake-own-file-'));

/** A layout of somebody's own: semicolons, Windows-1252, German words and dates, local times of Berlin. */
const PROFILE = {
  profile: 'praxis',
  source_system: 'praxis',
  mode: 'delta',
  file: {
    format: 'csv',
    encoding: 'windows-1252',
    delimiter: ';',
    quote: '"',
    zone: 'Europe/Berlin',
    null_values: ['-'],
  },
  ignored: ['Bemerkung'],
  entities: [
    {
      entity: 'patient',
      when: [{ column: 'Art', not_equals: 'L' }],
      effective_at: { column: 'Stand', datetime: 'dd.MM.yyyy HH:mm', day: 'start' },
      recorded_at: { column: 'Stand', datetime: 'dd.MM.yyyy HH:mm' },
      fields: { patient_id: 'Patient', last_name: 'Name', birth_date: { column: 'Geboren', date: 'dd.MM.yyyy' } },
    },
    {
      entity: 'appointment',
      op: { column: 'Art', map: { L: 'delete' }, otherwise: 'upsert' },
      effective_at: { column: 'Stand', datetime: 'dd.MM.yyyy HH:mm' },
      recorded_at: { column: 'Stand', datetime: 'dd.MM.yyyy HH:mm' },
      fields: {
        appointment_id: 'Nummer',
        patient_id: 'Patient',
        clinic_id: 'Ort',
        status_code: { column: 'Status', map: { geplant: 'booked', da: 'fulfilled', 'nicht da': 'noshow' } },
        scheduled_start_at: { columns: ['Tag', 'Zeit'], join: ' ', datetime: 'dd.MM.yyyy HH:mm' },
      },
    },
  ],
};
const HEADER = 'Art;Nummer;Patient;Name;Geboren;Ort;Status;Tag;Zeit;Stand;Bemerkung';

/** Writes lines as the spreadsheet would, in Windows-1252 (the letters used here are those of Latin-1, and the euro sign). */
function file(name: string, lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.from([HEADER, ...lines, ''].join('\r\n').replaceAll('€', '\u0080'), 'latin1'));
  return path;
}

describe("somebody else's file, read by a profile of their own", () => {
  const dataDir = newFolder('own-file');
  const profile = join(folder, 'praxis.json');
  writeFileSync(profile, JSON.stringify(PROFILE, null, 2));
  const start = async (input: string) =>
    JSON.parse(
      await must(['start', '--once', '--json', '--phi-ok', '--profile', profile, '--input', input, '--data', dataDir]),
    ) as AnswersDocument;
  const first = file('eins.csv', [
    'N;1;p1;Müller;01.02.1980;Köln;da;12.03.2024;09:30;12.03.2024 10:00;"zwei\r\nZeilen; und ""Worte"""',
    'N;2;p2;Größe €;05.06.1950;Köln;nicht da;12.03.2024;10:30;12.03.2024 11:00;-',
    'N;3;p1;Müller;01.02.1980;Köln;verschollen;13.03.2024;09:30;13.03.2024 10:00;-',
    'N;4;p1;zu kurz',
    'N;5;p3;Weiß;30.02.1990;Köln;da;14.03.2024;09:30;14.03.2024 10:00;-',
    'N;6;p2;Größe €;05.06.1950;Bonn;geplant;02.04.2024;08:00;15.03.2024 08:00;-',
  ]);

  it('arrives as it is meant: encoding, quotes, zone, codes; what cannot be is quarantined by row', async () => {
    const document = await start(first);
    expect(document.ingest).toEqual({ received: 6, accepted: 4, quarantined: 2, unmapped: 0, held: 0 });
    expect(document.load).toMatchObject({ read: 8, duplicate: 0 });
    expect(document.run.warnings).toEqual({ 'DQ-ID-06': 4, 'FIL-MAP-02': 1 });
    const rows = await rowsOf(
      dataDir,
      `SELECT appointment_id, patient_last_name, clinic_id, status_code, CAST(scheduled_start_at AS varchar(32)), scheduled_hour, patient_age_at_appt FROM gold_phi.obt_appointment ORDER BY 1`,
    );
    expect(rows).toEqual([
      ['1', 'Müller', 'Köln', 'fulfilled', '2024-03-12 08:30:00', 9, 44],
      ['2', 'Größe €', 'Köln', 'noshow', '2024-03-12 09:30:00', 10, 73],
      ['5', 'Weiß', 'Köln', 'fulfilled', '2024-03-14 08:30:00', 9, null],
      ['6', 'Größe €', 'Bonn', 'booked', '2024-04-02 06:00:00', 8, 73],
    ]);
    const { records } = JSON.parse(await must(['quarantine', 'list', '--json', '--data', dataDir])) as {
      records: { record_position: string; rule_ids: string }[];
    };
    expect(records.map((r) => r.record_position).sort()).toEqual(['3', '4']);
    expect(records.find((r) => r.record_position === '4')!.rule_ids).toBe('DQ-FMT-01');
    expect(JSON.stringify(records)).not.toMatch(/verschollen|zu kurz/);
  });

  it('changes nothing when the same file is started again, and takes a second file of the profile', async () => {
    expect((await start(first)).run.ingest).toEqual({ received: 0, accepted: 0, quarantined: 0, unmapped: 0, held: 0 });
    const second = file('zwei.csv', [
      'L;2;p2;-;-;Köln;-;-;-;20.03.2024 09:00;-',
      'N;6;p2;Groß;05.06.1950;Bonn;da;02.04.2024;08:00;02.04.2024 09:00;-',
    ]);
    const document = await start(second);
    expect(document.run.ingest).toEqual({ received: 2, accepted: 2, quarantined: 0, unmapped: 0, held: 0 });
    expect(document.ingest).toEqual({ received: 8, accepted: 6, quarantined: 2, unmapped: 0, held: 0 });
    expect(
      await rowsOf(
        dataDir,
        `SELECT appointment_id, patient_last_name, status_code FROM gold_phi.obt_appointment ORDER BY 1`,
      ),
    ).toEqual([
      ['1', 'Müller', 'fulfilled'],
      ['5', 'Weiß', 'fulfilled'],
      ['6', 'Groß', 'fulfilled'],
    ]);
  });

  it('is taken in once and whole after kill -9, wherever that came', async () => {
    const again = newFolder('own-file-killed');
    const args = ['start', '--once', '--json', '--phi-ok', '--profile', profile, '--input', first, '--data', again];
    const killed = new Cli(args);
    await killed.until('the file in landing', () => (runOf(again)?.sent === 1 ? true : undefined));
    await killed.kill();
    const document = JSON.parse(await must(args)) as AnswersDocument;
    expect(document.ingest).toEqual({ received: 6, accepted: 4, quarantined: 2, unmapped: 0, held: 0 });
    expect(document.load).toMatchObject({ read: 8, duplicate: 0 });
  });

  it('stands beside files of a source with other profiles, several at once', async () => {
    const [source, input] = ['orte', 'export'].map((name) => join(folder, name));
    for (const one of [source!, input!]) mkdirSync(one);
    const at = { constant: '2024-01-01T00:00:00Z' };
    const clinics = (name: string, files: string) =>
      JSON.stringify({
        profile: `orte-${name}`,
        source_system: 'praxis',
        mode: 'delta',
        files: [files],
        file: { format: 'csv' },
        entities: [
          { entity: 'clinic', effective_at: at, recorded_at: at, fields: { clinic_id: 'id', clinic_name: name } },
        ],
      });
    writeFileSync(join(source!, 'a.json'), clinics('name', 'a_*.csv'));
    writeFileSync(join(source!, 'b.json'), clinics('titel', 'b_*.csv'));
    writeFileSync(join(input!, 'a_1.csv'), 'id,name\nKöln,Praxis am Dom\n');
    writeFileSync(join(input!, 'b_1.csv'), 'id,titel\nBonn,Praxis am Rhein\n');
    const third = file('drei.csv', ['N;7;p1;Müller;01.02.1980;Bonn;da;05.04.2024;09:30;05.04.2024 10:00;-']);
    const files = ['--source', source!, '--input', input!, '--profile', profile, '--input', third];
    const document = JSON.parse(
      await must(['start', '--once', '--json', '--phi-ok', ...files, '--data', dataDir]),
    ) as AnswersDocument;
    expect(document.run).toMatchObject({
      ingest: { received: 3, accepted: 3, quarantined: 0, unmapped: 0, held: 0 },
      rejected: {},
      held_snapshots: [],
    });
    expect(
      await rowsOf(dataDir, `SELECT DISTINCT clinic_id, clinic_name FROM gold_phi.obt_appointment ORDER BY 1`),
    ).toEqual([
      ['Bonn', 'Praxis am Rhein'],
      ['Köln', 'Praxis am Dom'],
    ]);
  });

  it('says so loudly where most of it is rejected, and where a snapshot is held back', async () => {
    const bad = file('schlecht.csv', [
      'N;8;p1;Müller;01.02.1980;Köln;verschollen;13.03.2024;09:30;13.03.2024 10:00;-',
      'N;9;p1;Müller;01.02.1980;Köln;verschollen;13.03.2024;09:30;13.03.2024 10:00;-',
      'N;10;p1;Müller;01.02.1980;Köln;da;13.03.2024;09:30;13.03.2024 10:00;-',
    ]);
    const outcome = await cli(['start', '--once', '--phi-ok', '--profile', profile, '--input', bad, '--data', dataDir]);
    expect(outcome.code).toBe(4);
    expect(outcome.stdout).toMatch(
      /MOST RECORDS WERE REJECTED: 2 of 3 records[\s\S]*FIL-MAP-01 +2 +The code is not in the map of the profile[\s\S]*next: carelake quarantine list --data /,
    );
    const list = join(folder, 'liste.json');
    const taken = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };
    writeFileSync(
      list,
      JSON.stringify({
        profile: 'liste',
        source_system: 'liste',
        mode: 'snapshot',
        snapshot: { taken_at: { ...taken } },
        file: { format: 'csv' },
        entities: [
          {
            entity: 'clinic',
            effective_at: taken,
            recorded_at: taken,
            absent: 'tombstone',
            brake_percent: 10,
            fields: { clinic_id: 'id' },
          },
        ],
      }),
    );
    const [one, two] = ['2024-01-01', '2024-01-02'].map((day) => join(folder, `liste_${day}.csv`));
    writeFileSync(one!, 'id\nA\nB\nC\n');
    writeFileSync(two!, 'id\nA\n');
    const braked = await cli([
      'start',
      '--once',
      '--json',
      '--phi-ok',
      '--profile',
      list,
      '--input',
      one!,
      '--input',
      two!,
      '--data',
      dataDir,
    ]);
    expect([braked.code, (JSON.parse(braked.stdout) as AnswersDocument).run.held_snapshots]).toEqual([
      4,
      [{ snapshot: expect.stringMatching(/^liste\//) as unknown, rule: 'SNP-01' }],
    ]);
    expect(braked.stderr).toContain('A SNAPSHOT WAS HELD BACK (SNP-01)');
  });
});
