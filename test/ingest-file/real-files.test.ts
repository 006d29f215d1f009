/** What files of real systems hold that the textbook does not, and what their layouts ask of a profile. */
import { encode } from 'iconv-lite';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, rowsUnder, type ParquetRow } from './run';

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
});
afterEach(() => jest.restoreAllMocks());

const AT = { constant: '2026-01-01T00:00:00Z' };
const CLINIC = {
  entity: 'clinic',
  effective_at: AT,
  recorded_at: AT,
  fields: { clinic_id: 'id', clinic_name: 'name' },
};

interface Read {
  refused?: string[];
  received: number;
  accepted: number;
  clinics: unknown[][];
  rows: (entity: string) => Promise<ParquetRow[]>;
  rejected: unknown[][];
  notes: unknown;
}

/** Reads a file by a profile with these settings of its file and entities. */
async function read(
  body: Buffer | string,
  file: object = {},
  entities: object[] = [CLINIC],
  more: object = {},
): Promise<Read> {
  s3.objects.clear();
  const profile = {
    profile: 'p',
    source_system: 's',
    mode: 'delta',
    file: { format: 'csv', ...file },
    entities,
    ...more,
  };
  s3.put(BUCKETS.control, 'profiles/p.json', JSON.stringify(profile));
  const { result } = await ingest(s3.put(BUCKETS.landing, 'p/export_2026-02-03.csv', body));
  const rows = (entity: string): Promise<ParquetRow[]> => rowsUnder(s3, `silver/${entity}/`);
  return {
    ...(result.refused ? { refused: result.refused } : {}),
    received: result.received,
    accepted: result.accepted,
    clinics: (await rows('clinic')).map((r) => [r.clinic_id, r.clinic_name]),
    rows,
    rejected: (await rowsUnder(s3, 'quarantine/')).map((r) => [r.record_position, r.rule_ids, r.pointers]),
    notes: s3
      .keys('control/ingest/')
      .map((key) => (s3.json(key) as { notes?: unknown }).notes)
      .find((notes) => notes !== undefined),
  };
}

describe('a file as tools write it', () => {
  test("Excel's line that says how it separates is read over, in any encoding, and held against the profile", async () => {
    const text = 'sep=;\r\nid;name\r\n1;A\r\n';
    expect((await read(text, { delimiter: ';' })).clinics).toEqual([['1', 'A']]);
    const wide = await read(encode(text, 'utf-16le', { addBOM: true }), { delimiter: ';', encoding: 'utf-16le' });
    expect(wide.clinics).toContainEqual(['1', 'A']);
    expect((await read(text)).refused).toEqual(['FIL-HDR-02']);
  });

  test.each<[string, Buffer | string, object, string]>([
    ['lines that end with CR alone', 'id,name\r1,A\r2,B\r', {}, 'FIL-LIN-01'],
    ['UTF-8 under an encoding of one byte', 'id,name\n1,Müller\n', { encoding: 'windows-1252' }, 'FIL-ENC-03'],
    ['an indented JSON document', '{\n  "id": "1",\n  "name": "A"\n}\n', { format: 'ndjson' }, 'FIL-HDR-07'],
    [
      'an indented JSON document of many records',
      `{\n  "entry": [\n${'    {\n      "id": "1"\n    },\n'.repeat(50)}`,
      { format: 'ndjson' },
      'FIL-HDR-07',
    ],
    ['a JSON array', '[{"id":"1"},{"id":"2"}]', { format: 'ndjson' }, 'FIL-HDR-07'],
    ['a JSON array over lines', '[\n{"id":"1"},\n{"id":"2"}\n]', { format: 'ndjson' }, 'FIL-HDR-07'],
  ])('%s is refused as one file, by its cause', async (_, body, file, rule) => {
    const entity = 'format' in file ? { ...CLINIC, fields: { clinic_id: '/id', clinic_name: '/name' } } : CLINIC;
    expect(await read(body, file, [entity])).toMatchObject({ refused: [rule], received: 1, accepted: 0 });
  });

  test('one broken line of NDJSON is that line, even the first', async () => {
    const entity = { ...CLINIC, fields: { clinic_id: '/id', clinic_name: '/name' } };
    const { clinics, rejected } = await read('{"id":"1","na\n{"id":"2","name":"B"}\n', { format: 'ndjson' }, [entity]);
    expect([clinics, rejected]).toEqual([[['2', 'B']], [['1', 'DQ-FMT-02', '#']]]);
  });

  test('a row of UTF-8 deep in a file of one byte per letter is told; real letters of that encoding are read', async () => {
    const body = Buffer.concat([
      Buffer.from(`id,name\n1,${'x'.repeat(70_000)}\n2,`),
      encode('Weiß', 'windows-1252'),
      Buffer.from('\n3,Müller\n'),
    ]);
    const { clinics, rejected } = await read(body, { encoding: 'windows-1252' }, [
      { ...CLINIC, fields: { clinic_id: 'id', clinic_name: { column: 'name', null_values: ['x'.repeat(70_000)] } } },
    ]);
    expect(clinics).toEqual([
      ['1', null],
      ['2', 'Weiß'],
    ]);
    expect(rejected).toEqual([['3', 'FIL-ROW-05', '#']]);
  });

  test('text that was encoded twice is kept and counted', async () => {
    const { clinics, notes } = await read('id,name\n1,MÃ¼ller\n2,Müller\n3,â€œA\n4,São Ângelo\n');
    expect(clinics.map(([id]) => id)).toEqual(['1', '2', '3', '4']);
    expect(notes).toEqual({ 'FIL-TXT-01': 2 });
  });

  test('blanks around a quoted cell are no part of it; where they are, the quote is a letter', async () => {
    const { clinics, rejected } = await read('id,name\n1, "A, B"\n2 ,"C"  \n3, "D" ward\n"4"  , E\n');
    expect(clinics).toEqual([
      ['1', 'A, B'],
      ['2', 'C'],
      ['3', '"D" ward'],
      ['4', 'E'],
    ]);
    expect(rejected).toEqual([]);
    expect((await read('id,name\n1, "A"\n', { trim: false })).clinics).toContainEqual(['1', '"A"']); // the contract takes blanks off
  });

  test("pandas' column without a name is told in these words, and can be passed over", async () => {
    const body = ',id,name\n0,1,A\n';
    expect((await read(body)).refused).toEqual(['FIL-HDR-03']);
    expect((await read(body, {}, [CLINIC], { ignored: [''] })).clinics).toEqual([['1', 'A']]);
  });
});

const VISIT = {
  entity: 'appointment',
  effective_at: AT,
  recorded_at: AT,
  fields: {
    appointment_id: 'id',
    patient_id: { constant: 'P' },
    clinic_id: { constant: 'C' },
    status_code: { constant: 'fulfilled' },
    scheduled_start_at: { constant: '2026-01-01T09:00:00Z' },
  } as Record<string, unknown>,
};
const visit = (fields: object): object => ({ ...VISIT, fields: { ...VISIT.fields, ...fields } });
const iso = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : (value ?? null));

describe('what a profile can say', () => {
  test('whole numbers as tools without them write them, and rounding by digits', async () => {
    const minutes = async (cell: string, expression: object = {}): Promise<unknown> => {
      const { rows, rejected } = await read(`id,min\n1,${cell}\n`, {}, [
        visit({ planned_duration_min: { column: 'min', ...expression } }),
      ]);
      const [row] = await rows('appointment');
      return row?.planned_duration_min ?? row?.dq_flags ?? rejected[0]?.[1];
    };
    expect(await minutes('30.0')).toBe(30);
    expect(await minutes('30.5')).toBe('FIL-MAP-03');
    expect(await minutes('"30,00"', { decimal_mark: ',' })).toBe(30);
    expect(await minutes('30.5', { round: 'half_up' })).toBe(31);
    expect(await minutes('30.5', { round: 'half_even' })).toBe(30);
    expect(await minutes('31.5', { round: 'half_even' })).toBe(32);
    expect(await minutes('30.5001', { round: 'half_even' })).toBe(31);
    expect(await minutes('30.99', { round: 'down' })).toBe(30);
  });

  test('a literal beside a column, and a part of a text', async () => {
    const { clinics, rejected, rows } = await read(
      'id,name\nsite 007 (north),A\nno number,B\n',
      {},
      [
        {
          ...CLINIC,
          fields: {
            clinic_id: { columns: [{ literal: 'NORTH' }, 'id'], join: '-', pattern: '^(NORTH-)' },
            clinic_name: { column: 'id', pattern: 'site (\\d+)', pad: { length: 5, with: '0' } },
          },
        },
      ],
      { ignored: ['name'] },
    );
    expect(clinics).toEqual([
      ['NORTH-', '00007'],
      ['NORTH-', null],
    ]);
    expect((await rows('clinic')).map((r) => r.dq_flags)).toEqual([null, 'FIL-MAP-06']);
    expect(rejected).toEqual([]);
  });

  test('each element of a list is accepted or rejected by itself, and named by the pointer', async () => {
    const member = { entity: 'patient', effective_at: AT, recorded_at: AT };
    const { received, accepted, rows, rejected, clinics } = await read(
      'id,name,codes\nC1,A,"P1/1980-01-01;P2 1980-02-28;;P4/1980-04-01"\nC2,B,\n',
      {},
      [
        CLINIC,
        {
          ...member,
          each: { column: 'codes', separator: ';' },
          fields: {
            patient_id: { element: true, pattern: '^(.*)/' },
            birth_date: { element: true, pattern: '/(.*)$', date: 'yyyy-MM-dd' },
          },
        },
      ],
    );
    expect({ received, accepted }).toEqual({ received: 5, accepted: 4 });
    expect(clinics).toEqual([
      ['C1', 'A'],
      ['C2', 'B'],
    ]);
    expect((await rows('patient')).map((r) => [r.record_position, r.patient_id])).toEqual([
      ['1/0', 'P1'],
      ['1/3', 'P4'],
    ]);
    expect(rejected).toEqual([['1/1', 'FIL-MAP-06', '/codes/1']]);
  });

  test('a list in JSON has elements with members', async () => {
    const { rows, rejected } = await read(
      '{"visit":{"id":"V"},"people":[{"id":"P1","age":40},{"id":7.5,"age":41}]}\n',
      { format: 'ndjson' },
      [
        {
          entity: 'patient',
          effective_at: AT,
          recorded_at: AT,
          each: { column: '/people' },
          fields: { patient_id: { element: '/id' }, reported_age_years: { element: '/age' } },
        },
      ],
      { ignored: ['/visit'] },
    );
    expect((await rows('patient')).map((r) => [r.record_position, r.patient_id, r.reported_age_years])).toEqual([
      ['1/0', 'P1', 40],
    ]);
    expect(rejected).toEqual([['1/1', 'FLD-TYPE', '/people/1']]);
  });

  test('a day and the minutes since midnight by the clock, a start and a duration, an end that is after midnight', async () => {
    const body = [
      'id,day,minute,from,to,lasts',
      '1,29.03.2026,540,09:00,09:30,45.5', // the clock skips an hour that night
      '2,31.12.2026,0,23:30,00:15,60',
      '3,01.06.2026,1440,10:00,11:00,', // no minute of a day
      '',
    ].join('\n');
    const day = { datetime: 'dd.MM.yyyy HH:mm', join: ' ' };
    const begin = { columns: ['day', 'from'], ...day };
    const { rows, rejected } = await read(body, { zone: 'Europe/Berlin' }, [
      visit({
        scheduled_start_at: { column: 'day', datetime: 'dd.MM.yyyy', minutes_of_day: 'minute' },
        actual_start_at: { ...begin, plus: { column: 'lasts', unit: 'minutes' } },
        completed_at: { columns: ['day', 'to'], ...day, next_day_when_before: begin },
      }),
    ]);
    expect(
      (await rows('appointment')).map((r) => [r.scheduled_start_at, r.actual_start_at, r.completed_at].map(iso)),
    ).toEqual([
      ['2026-03-29T07:00:00.000Z', '2026-03-29T07:45:30.000Z', '2026-03-29T07:30:00.000Z'],
      ['2026-12-30T23:00:00.000Z', '2026-12-31T23:30:00.000Z', '2026-12-31T23:15:00.000Z'],
    ]);
    expect(rejected).toEqual([['3', 'FIL-MAP-03 FIL-MAP-03', '/day /minute']]);
  });

  test('hours that are added pass by the clock of the zone; days keep the time of day', async () => {
    const { rows } = await read('id,t\n1,2026-03-28 12:00\n', { zone: 'Europe/Berlin' }, [
      visit({
        scheduled_start_at: { column: 't', datetime: 'yyyy-MM-dd HH:mm', plus: { constant: 24, unit: 'hours' } },
        actual_start_at: { column: 't', datetime: 'yyyy-MM-dd HH:mm', plus: { constant: 1, unit: 'days' } },
        completed_at: { column: 't', datetime: 'yyyy-MM-dd HH:mm', plus: { constant: -0.5, unit: 'seconds' } },
      }),
    ]);
    expect(
      (await rows('appointment')).map((r) => [r.scheduled_start_at, r.actual_start_at, r.completed_at].map(iso)),
    ).toEqual([['2026-03-29T11:00:00.000Z', '2026-03-29T10:00:00.000Z', '2026-03-28T10:59:59.500Z']]);
  });

  test('days that fit two patterns are counted', async () => {
    const { notes, rows } = await read(
      'id,t\n1,03/04/2026\n2,13/04/2026\n3,03/04/2026\n4,05/05/2026\n',
      { zone: 'UTC' },
      [visit({ scheduled_start_at: { column: 't', datetime: ['MM/dd/yyyy', 'dd/MM/yyyy'] } })],
    );
    expect(notes).toEqual({ 'FIL-TIM-01': 2 });
    expect((await rows('appointment')).map((r) => iso(r.scheduled_start_at))).toEqual([
      '2026-03-04T00:00:00.000Z',
      '2026-04-13T00:00:00.000Z',
      '2026-03-04T00:00:00.000Z',
      '2026-05-05T00:00:00.000Z',
    ]);
  });

  test('as many entities as a wide table has', async () => {
    const entities = Array.from({ length: 40 }, (_, i) => ({
      ...CLINIC,
      when: [{ column: 'id', equals: String(i) }],
      fields: { clinic_id: { columns: ['id', { literal: String(i) }], join: '.' } },
    }));
    expect((await read('id,name\n7,A\n39,B\n', {}, entities, { ignored: ['name'] })).clinics).toEqual([
      ['7.7', null],
      ['39.39', null],
    ]);
  });
});
