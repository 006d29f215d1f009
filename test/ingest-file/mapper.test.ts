import { encode } from 'iconv-lite';
import type { Row } from '../../core/files/making';
import { type MappedEntity, Mapper } from '../../core/files/mapper';
import { builtInProfile, checkProfile, type Profile } from '../../profiles';
import { EXAMPLE_HEADER, exampleCsv } from '../example-clinic';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, rowsUnder } from './run';

function profileOf(changes: Record<string, unknown>, entity: Record<string, unknown> = {}): Profile {
  const text = JSON.stringify({
    profile: 'p',
    source_system: 's',
    mode: 'delta',
    file: { format: 'csv', zone: 'Europe/Berlin' },
    entities: [
      {
        entity: 'clinic',
        effective_at: { constant: '2026-01-01T00:00:00Z' },
        recorded_at: { constant: '2026-01-01T00:00:00Z' },
        fields: { clinic_id: 'id' },
        ...entity,
      },
    ],
    ...changes,
  });
  const check = checkProfile(text);
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  return check.checked.profile;
}

/** Everything that a row feeds. */
const mapped = (mapper: Mapper, row: Row): MappedEntity[] => mapper.members(row).flatMap((member) => member.mapped);

/** What one expression makes of one cell, as clinic_name (text), or as effective_at. */
function made(expression: object, cell: string, target: 'name' | 'time' = 'name'): unknown {
  const entity =
    target === 'name' ? { fields: { clinic_id: 'id', clinic_name: expression } } : { effective_at: expression };
  const mapper = new Mapper(profileOf({}, entity), ['id', 'x'], {
    objectKey: 'p/export_2026-02-03.csv',
    lastModifiedMs: Date.UTC(2026, 1, 4, 23, 30),
    fileTime: 0,
  });
  const [one] = mapped(mapper, ['1', cell]);
  const member = target === 'name' ? 'payload/clinic_name' : 'effective_at';
  const payload = one!.envelope.payload as Record<string, unknown>;
  return one!.failed?.get(member) ?? (target === 'name' ? payload.clinic_name : one!.envelope.effective_at);
}

/** What an expression makes of a cell for a whole number. */
function minutes(expression: object, cell: string, file: object = {}): unknown {
  const profile = profileOf(
    { file: { format: 'csv', zone: 'Europe/Berlin', ...file } },
    {
      entity: 'appointment',
      fields: {
        appointment_id: 'id',
        patient_id: 'id',
        clinic_id: 'id',
        status_code: { constant: 'booked' },
        scheduled_start_at: { constant: '2026-01-01T00:00:00Z' },
        planned_duration_min: expression,
      },
    },
  );
  const [one] = mapped(new Mapper(profile, ['id', 'x'], { objectKey: 'p/a', lastModifiedMs: 0, fileTime: 0 }), [
    '1',
    cell,
  ]);
  return (
    one!.failed?.get('payload/planned_duration_min') ??
    (one!.envelope.payload as Record<string, unknown>).planned_duration_min
  );
}

test('text: trimmed, null texts, default, case, padding, code maps', () => {
  expect(made({ column: 'x' }, '  a b ')).toBe('a b');
  expect(made({ column: 'x', trim: false }, ' a ')).toBe(' a ');
  expect(made({ column: 'x', null_values: ['NULL'] }, 'NULL')).toBeUndefined();
  expect(made({ column: 'x', default: 'none' }, ' ')).toBe('none');
  expect(made({ column: 'x', case: 'upper' }, 'ab')).toBe('AB');
  expect(made({ column: 'x', pad: { length: 5, with: '0' } }, '501')).toBe('00501');
  expect(made({ column: 'x', map: { a: 'A' } }, 'a')).toBe('A');
  expect(made({ column: 'x', map: { a: 'A' } }, 'b')).toBe('FIL-MAP-01');
  expect(made({ column: 'x', map: { a: 'A' }, otherwise: 'Z' }, 'b')).toBe('Z');
  expect(made({ column: 'x', map: { a: 'A' }, otherwise: null }, 'b')).toBeUndefined();
  expect(made({ column: 'x', map: { a: 'A' } }, 'constructor')).toBe('FIL-MAP-01');
});

test('composed keys: joined, and empty if a part is', () => {
  expect(made({ columns: ['id', 'x'], join: '-' }, 'a')).toBe('1-a');
  expect(made({ columns: ['id', 'x'] }, '')).toBeUndefined();
});

test('values of the object instead of the row', () => {
  expect(made({ object_key: '_(\\d{4}-\\d{2}-\\d{2})' }, '')).toBe('2026-02-03');
  expect(made({ object_key: '_(x+)' }, '')).toBe('FIL-MAP-05');
  expect(made({ object_key: '_(\\d{4}-\\d{2}-\\d{2})', date: 'yyyy-MM-dd' }, '', 'time')).toBe(
    '2026-02-03T00:00:00+01:00',
  );
  expect(made({ last_modified: true }, '', 'time')).toBe('2026-02-04T23:30:00Z');
  expect(made({ last_modified: true, zone: 'Europe/Berlin', day: 'start' }, '', 'time')).toBe(
    '2026-02-05T00:00:00+01:00',
  );
});

test.each([
  ["yyyy-MM-dd'T'HH:mm:ss", '2026-07-01T08:09:10', '2026-07-01T08:09:10+02:00'],
  ['dd.MM.yyyy HH:mm', '01.12.2026 08:09', '2026-12-01T08:09:00+01:00'],
  ['d/M/yy h:m a', '1/2/26 12:05 am', '2026-02-01T00:05:00+01:00'],
  ['d/M/yy h:m a', '1/2/99 12:05 PM', '1999-02-01T12:05:00+01:00'],
  ['dd MMM yyyy', '03 Mar 2026', '2026-03-03T00:00:00+01:00'],
  ['yyyy-MM-dd HH:mm:ss.f', '2026-01-01 00:00:00.5', '2026-01-01T00:00:00.500000+01:00'],
  ['yyyy-MM-dd HH:mmZ', '2026-01-01 00:00-0330', '2026-01-01T00:00:00-03:30'],
  ['epoch_s', '1767225600', '2026-01-01T00:00:00+00:00'],
  ['epoch_ms', '1767225600123', '2026-01-01T00:00:00.123000+00:00'],
  ['iso', '2026-07-01 08:09', '2026-07-01T08:09:00+02:00'],
  ['iso', '2026-07-01T08:09:10.25Z', '2026-07-01T08:09:10.250000+00:00'],
  ['dd.MM.yyyy', '30.02.2026', 'FIL-MAP-02'],
  ['dd.MM.yyyy', '1.2.2026', 'FIL-MAP-02'],
  ['yyyy-MM-dd HH:mm', '2026-01-01 24:00', 'FIL-MAP-02'],
])('time pattern %s reads %s', (datetime, cell, expected) => {
  expect(made({ column: 'x', datetime }, cell, 'time')).toBe(expected);
});

test('the first of several patterns that fits', () => {
  const expression = { column: 'x', datetime: ['dd.MM.yyyy HH:mm', 'dd.MM.yyyy'] };
  expect(made(expression, '01.02.2026 03:04', 'time')).toBe('2026-02-01T03:04:00+01:00');
  expect(made(expression, '01.02.2026', 'time')).toBe('2026-02-01T00:00:00+01:00');
});

describe('local times that a clock change skips or repeats', () => {
  const at = (cell: string, more: object = {}, zone = 'America/New_York'): unknown =>
    made({ column: 'x', datetime: 'yyyy-MM-dd HH:mm', zone, ...more }, cell, 'time');

  test('skipped: forward by the gap, or refused', () => {
    expect(at('2026-03-08 02:30')).toBe('2026-03-08T03:30:00-04:00');
    expect(at('2026-03-08 02:30', { nonexistent: 'refuse' })).toBe('FIL-MAP-04');
    expect(at('2026-03-08 01:59')).toBe('2026-03-08T01:59:00-05:00');
    expect(at('2026-03-08 03:00')).toBe('2026-03-08T03:00:00-04:00');
  });

  test('repeated: the first occurrence, the second, or refused', () => {
    expect(at('2026-11-01 01:30')).toBe('2026-11-01T01:30:00-04:00');
    expect(at('2026-11-01 01:30', { ambiguous: 'later' })).toBe('2026-11-01T01:30:00-05:00');
    expect(at('2026-11-01 01:30', { ambiguous: 'refuse' })).toBe('FIL-MAP-04');
    expect(at('2026-11-01 00:59', { ambiguous: 'later' })).toBe('2026-11-01T00:59:00-04:00');
    expect(at('2026-11-01 02:00', { ambiguous: 'refuse' })).toBe('2026-11-01T02:00:00-05:00');
  });

  test('a midnight that does not exist: the day starts when the clock resumes, and ends where the next begins', () => {
    expect(at('2015-10-18 12:00', { day: 'start' }, 'America/Sao_Paulo')).toBe('2015-10-18T01:00:00-02:00');
    expect(at('2015-10-17 12:00', { day: 'end' }, 'America/Sao_Paulo')).toBe('2015-10-17T23:59:59.999999-03:00');
    expect(at('2016-02-20 12:00', { day: 'end' }, 'America/Sao_Paulo')).toBe('2016-02-20T23:59:59.999999-03:00');
  });

  test('a change of half an hour', () => {
    expect(at('2026-10-04 02:15', {}, 'Australia/Lord_Howe')).toBe('2026-10-04T02:45:00+11:00');
    expect(at('2026-04-05 01:45', { ambiguous: 'later' }, 'Australia/Lord_Howe')).toBe('2026-04-05T01:45:00+10:30');
    expect(at('2026-04-05 01:15', { ambiguous: 'refuse' }, 'Australia/Lord_Howe')).toBe('2026-04-05T01:15:00+11:00');
  });

  test('every hour of two years is the instant that the zone itself shows as that hour', () => {
    for (const zone of ['Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Asia/Kolkata']) {
      const show = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
      const start = Date.UTC(2015, 0, 1);
      const shown = new Map<string, number>();
      for (let t = start; t < start + 2 * 365 * 86_400_000; t += 1_800_000) {
        const local = show.format(t);
        if (!shown.has(local)) shown.set(local, t);
      }
      const mapper = new Mapper(
        profileOf({}, { effective_at: { column: 'x', datetime: 'yyyy-MM-dd HH:mm', zone } }),
        ['id', 'x'],
        { objectKey: '', lastModifiedMs: 0, fileTime: 0 },
      );
      for (const [local, instant] of [...shown].filter((_, i) => i % 11 === 0)) {
        const time = mapped(mapper, ['1', local])[0]!.envelope.effective_at as string;
        if (Date.parse(time) !== instant) throw new Error(`${zone} ${local}: ${time}`);
      }
    }
  });
});

test('a time with its own offset, shown by the clock of a named zone', () => {
  expect(made({ column: 'x', datetime: 'iso', zone: 'America/New_York' }, '2026-01-01T03:00:00Z', 'time')).toBe(
    '2025-12-31T22:00:00-05:00',
  );
});

test('numbers in the notation of the profile', () => {
  expect(minutes({ column: 'x' }, '30')).toBe(30);
  expect(minutes({ column: 'x' }, '-1')).toBe(-1);
  expect(minutes({ column: 'x' }, '30.0')).toBe(30);
  expect(minutes({ column: 'x' }, '30.5')).toBe('FIL-MAP-03');
  expect(minutes({ column: 'x' }, '1e3')).toBe('FIL-MAP-03');
  expect(minutes({ column: 'x', group_mark: '.', decimal_mark: ',' }, '1.200')).toBe(1200);
  expect(minutes({ column: 'x', group_mark: '.' }, '1.2', { decimal_mark: ',' })).toBe('FIL-MAP-03');
  expect(minutes({ column: 'x' }, '0x1F')).toBe('FIL-MAP-03');
});

test('conditions: all of a list, any of a group', () => {
  const profile = profileOf(
    {},
    {
      when: [
        { column: 'x', in: ['a', 'b'] },
        {
          any: [
            { column: 'id', matches: '^1' },
            { column: 'x', equals: 'b' },
          ],
        },
      ],
    },
  );
  const mapper = new Mapper(profile, ['id', 'x'], { objectKey: '', lastModifiedMs: 0, fileTime: 0 });
  const feeds = (id: string, x: string): boolean => mapped(mapper, [id, x]).length === 1;
  expect([feeds('1', 'a'), feeds('2', 'a'), feeds('2', 'b'), feeds('1', 'c')]).toEqual([true, false, true, false]);
});

test('an expression and a cell that would hold a backtracking engine for years are read at once', () => {
  const mapper = new Mapper(profileOf({}, { when: [{ column: 'x', matches: '^(a+)+$' }] }), ['id', 'x'], {
    objectKey: '',
    lastModifiedMs: 0,
    fileTime: 0,
  });
  const feeds = (x: string): boolean => mapped(mapper, ['1', x]).length === 1;
  expect([feeds('a'.repeat(34)), feeds(`${'a'.repeat(34)}!`), feeds(`${'a'.repeat(50_000)}!`)]).toEqual([
    true,
    false,
    false,
  ]);
});

describe('NDJSON', () => {
  const EVENT = {
    event_id: 'e1',
    entity: 'appointment',
    schema_version: 1,
    op: 'upsert',
    source_system: 'ehr-a',
    effective_at: '2024-03-05T14:15:00Z',
    recorded_at: '2024-03-05T16:00:00Z',
    payload: {
      appointment_id: 'A1',
      patient_id: 'P1',
      clinic_id: 'C1',
      provider_npi: '1000000004',
      status: 'no_show',
      appointment_type: 'new',
      created_at: '2024-02-01T08:00:00-05:00',
      scheduled_start_at: '2024-03-05T09:15:00-05:00',
      planned_duration_min: 30,
      actual_start_at: null,
    },
  };

  test("the benchmark's events: names, codes and keys of the contracts, the event's own id", async () => {
    const s3 = new FakeS3();
    s3.install();
    const lines = [
      EVENT,
      {
        ...EVENT,
        event_id: 'e2',
        entity: 'patient',
        payload: { patient_id: 'P1', birth_date: '1980-02-03', sex: 'female', zip5: '00501', insurer: 'aetna' },
      },
      {
        ...EVENT,
        event_id: 'e3',
        entity: 'clinic',
        payload: { clinic_id: 'C1', clinic_name: 'A', city: 'B', timezone: 'America/New_York' },
      },
      {
        ...EVENT,
        event_id: 'e4',
        entity: 'provider',
        payload: { provider_npi: '1000000004', provider_name: 'P', specialty: 's' },
      },
      { ...EVENT, event_id: 'e5', payload: { ...EVENT.payload, status: 'perhaps' } },
      { ...EVENT, event_id: 'e6', extra: 1 },
      { ...EVENT, event_id: 'e7', payload: { ...EVENT.payload, appointment_id: 12345678901234567890 } },
      { ...EVENT, event_id: 'e8', entity: 'claim' },
    ];
    const { result } = await ingest(
      s3.put(BUCKETS.landing, 'bench-w/a.ndjson', lines.map((l) => JSON.stringify(l)).join('\n')),
    );
    expect(result).toMatchObject({ received: 8, accepted: 4, quarantined: 4 });
    const [appointment] = await rowsUnder(s3, 'silver/appointment/');
    expect(appointment).toMatchObject({
      event_id: 'e1',
      status_code: 'noshow',
      appointment_type_code: 'new',
      planned_duration_min: 30,
      actual_start_at: null,
      scheduled_tz_offset_min: -300,
    });
    const [patient] = await rowsUnder(s3, 'silver/patient/');
    expect(patient).toMatchObject({ gender_code: 'female', zip5: '00501', primary_payer_id: 'aetna' });
    expect(patient!.patient_key).toBe(appointment!.patient_key);
    const [provider] = await rowsUnder(s3, 'silver/provider/');
    expect(provider).toMatchObject({ npi: '1000000004', full_name: 'P', provider_key: appointment!.provider_key });
    expect((await rowsUnder(s3, 'quarantine/')).map((r) => [r.record_position, r.rule_ids, r.pointers])).toEqual([
      ['5', 'FIL-MAP-01', '/payload/status'],
      ['6', 'FIL-ROW-03', '#'],
      ['7', 'FLD-TYPE', '/payload/appointment_id'],
      ['8', 'FIL-ROW-04', '#'],
    ]);
    jest.restoreAllMocks();
  });
});

describe('the example profile', () => {
  const body = exampleCsv([
    'N;07;3;Praxis Müller;1;P-1;Öztürk;03.02.1980;w;1067;1000000004;Dr. Žižka;29.03.2026;09:30;30;geplant;28.03.2026 10:00;"a; b"',
    'D;07;3;NULL;2;P-1;;;;;;;29.03.2026;09:45;-;abgesagt;28.03.2026 10:05;',
    'N;07;3;Praxis;3;;X;1980;w;1067;;;29.03.2026;10:30;30;vielleicht;28.03.2026 10:00;',
  ]);

  test('Windows-1252, semicolons, local times, composed keys, conditions, deletions; a row is rejected whole with all that is wrong', async () => {
    const s3 = new FakeS3();
    s3.install();
    s3.now = new Date('2026-04-01T10:00:00Z');
    const { result } = await ingest(s3.put(BUCKETS.landing, 'example-clinic-csv/a.csv', encode(body, 'win1252')));
    expect(result).toMatchObject({ received: 3, accepted: 2, quarantined: 1 });
    expect(await rowsUnder(s3, 'silver/clinic/')).toMatchObject([
      { clinic_id: '07-3', clinic_name: 'Praxis Müller', timezone: 'Europe/Berlin' },
    ]);
    expect(await rowsUnder(s3, 'silver/provider/')).toMatchObject([{ npi: '1000000004', full_name: 'Dr. Žižka' }]);
    expect(await rowsUnder(s3, 'silver/patient/')).toMatchObject([
      { patient_id: 'P-1', last_name: 'Öztürk', gender_code: 'female', zip5: '01067' },
    ]);
    const [booked, gone] = await rowsUnder(s3, 'silver/appointment/');
    expect(booked).toMatchObject({
      op: 'upsert',
      appointment_id: '07-3-1',
      status_code: 'booked',
      planned_duration_min: 30,
      scheduled_tz_offset_min: 120,
    });
    expect((booked!.scheduled_start_at as Date).toISOString()).toBe('2026-03-29T07:30:00.000Z'); // the clocks changed that night
    expect(gone).toMatchObject({ op: 'delete', appointment_id: '07-3-2' });
    const [rejected] = await rowsUnder(s3, 'quarantine/');
    expect(rejected).toMatchObject({ record_position: '3', entity: null });
    const pairs = String(rejected!.rule_ids)
      .split(' ')
      .map((rule, i) => `${rule} ${String(rejected!.pointers).split(' ')[i]}`);
    expect(pairs.sort()).toEqual(['DQ-ID-01 /Patient', 'FIL-MAP-01 /Status', 'FLD-MISSING /Patient'].sort());
    jest.restoreAllMocks();
  });

  test('a cell that an optional member cannot be made of costs the member alone; ids are one id however they were exported', async () => {
    const s3 = new FakeS3();
    s3.install();
    s3.now = new Date('2026-04-01T10:00:00Z');
    const row = (number: string, patient: string, born: string, minutes: string) =>
      `N;07;3;Praxis;${number};${patient};X;${born};w;1067;;;29.03.2026;10:30;${minutes};geplant;28.03.2026 10:00;`;
    const lines = [
      row('1', '="00123"', '1980', '30'),
      row('2', '\u00a000123 ', '03.02.1980', 'lang'),
      row('3', "'00123", '31.02.1980', ''),
      row('4', '2,98725E+13'.replace(',', '.'), '03.02.1980', '30'),
    ];
    const { result } = await ingest(
      s3.put(BUCKETS.landing, 'example-clinic-csv/b.csv', encode(exampleCsv(lines), 'win1252')),
    );
    expect(result).toMatchObject({ received: 4, accepted: 4, quarantined: 0 });
    const patients = await rowsUnder(s3, 'silver/patient/');
    expect(patients.map((p) => [p.patient_id, p.birth_date === null, p.dq_flags])).toEqual([
      ['00123', true, 'DQ-ID-13 FIL-MAP-02'],
      ['00123', false, null],
      ['00123', true, 'DQ-ID-13 FIL-MAP-02'],
      ['2.98725E+13', false, 'DQ-ID-13'],
    ]);
    expect(new Set(patients.map((p) => p.patient_key)).size).toBe(2);
    const appointments = await rowsUnder(s3, 'silver/appointment/');
    expect(appointments.map((a) => [a.planned_duration_min, a.dq_flags])).toEqual([
      [30, 'DQ-ID-13'],
      [null, 'FIL-MAP-03'],
      [null, 'DQ-ID-13'],
      [30, 'DQ-ID-13'],
    ]);
    jest.restoreAllMocks();
  });

  test('its optional columns may be left out', () => {
    const profile = builtInProfile('example-clinic-csv')!.profile;
    const header = EXAMPLE_HEADER.split(';').filter((c) => c !== 'NPI' && c !== 'Doctor');
    const row = 'N;07;3;Praxis;1;P-1;X;03.02.1980;w;1067;29.03.2026;09:30;30;geplant;28.03.2026 10:00;'.split(';');
    const all = mapped(new Mapper(profile, header, { objectKey: '', lastModifiedMs: 0, fileTime: 0 }), row);
    expect(all.map((m) => m.plan.entity)).toEqual(['clinic', 'patient', 'appointment']);
  });
});
