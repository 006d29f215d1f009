import { lineAgain } from '../../core/files/fhir/again';
import { ALONE } from '../../core/files/fhir/bundle';
import { readResource } from '../../core/files/fhir/resource';
import type { Row } from '../../core/files/making';
import { mapperOf } from '../../core/files/mapper-of';
import { checkProfile, type Profile } from '../../profiles';
import { FakeS3 } from './fake-s3';
import { bundle, entry, fhirProfile, person, visit } from './fhir';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';
import type { IngestFileResult } from '../../lambdas/ingest-file/event';

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.now = new Date('2026-05-01T12:00:00Z');
  s3.put(BUCKETS.control, 'profiles/ehr.json', fhirProfile());
});
afterEach(() => jest.restoreAllMocks());

function profileOf(text: string): Profile {
  const check = checkProfile(text);
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  return check.checked.profile;
}

let files = 0;
const read = async (body: string | Buffer, metadata?: Record<string, string>): Promise<IngestFileResult> =>
  (await ingest(s3.put(BUCKETS.landing, `ehr/${files++}.json`, body, metadata))).result;

const indented = (value: object): string => JSON.stringify(value, null, 2);
const lines = (...values: (object | string)[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n') + '\n';
const silver = (entity: string): Promise<ParquetRow[]> => rowsUnder(s3, `silver/${entity}`);
const rejected = async (): Promise<[unknown, unknown, unknown][]> =>
  (await rowsUnder(s3, 'quarantine/')).map((r) => [r.record_position, r.rule_ids, r.pointers]);
const receipts = (): Record<string, unknown>[] =>
  s3.keys('control/ingest/').map((key) => s3.json(key) as Record<string, unknown>);

/** The bytes that a quarantine row points at. */
async function rejectedBytes(body: string | Buffer): Promise<string[]> {
  const bytes = Buffer.from(body);
  return (await rowsUnder(s3, 'quarantine/')).map(({ byte_offset, byte_length }) =>
    bytes.subarray(Number(byte_offset), Number(byte_offset) + Number(byte_length)).toString('utf8'),
  );
}

const counts = (received: number, accepted: number, quarantined: number, unmapped?: number) => ({
  received,
  accepted,
  quarantined,
  ...(unmapped === undefined ? {} : { unmapped }),
});

describe('what a file of FHIR may be', () => {
  const two = [entry(person('a')), entry(person('b'))];
  test.each<[string, string | Buffer, string[]]>([
    ['an indented Bundle', indented(bundle(two)), ['1', '2']],
    [
      'one behind a byte-order mark',
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(indented(bundle(two)))]),
      ['1', '2'],
    ],
    ['a Bundle on one line', JSON.stringify(bundle(two)), ['1', '2']],
    [
      'one that says its type after its entries',
      JSON.stringify({ resourceType: 'Bundle', entry: two, type: 'collection' }),
      ['1', '2'],
    ],
    ['a single resource', indented(person('a')), ['1']],
    ['a resource per line', lines(person('a'), '', person('b')), ['1', '2']],
    ['a Bundle per line', lines(bundle(two), bundle([entry(person('c'))])), ['1/1', '1/2', '2/1']],
  ])('%s', async (_, body, positions) => {
    const result = await read(body);
    expect(result).toMatchObject(counts(positions.length, positions.length, 0));
    expect((await silver('patient')).map((r) => r.record_position)).toEqual(positions);
  });

  test.each<[string, string, string]>([
    ['XML', '<Bundle xmlns="http://hl7.org/fhir"/>', 'FIL-HDR-06'],
    ['an array', indented([person('a')]), 'FIL-HDR-06'],
    ['nothing', '', 'FIL-HDR-01'],
  ])('%s is refused as a whole', async (_, body, rule) => {
    expect((await read(body)).refused).toEqual([rule]);
  });

  test('a document beyond 64 MiB is refused before it is read; as lines it is not', async () => {
    const head = `{"resourceType":"Bundle",\n"type":"collection","entry":[${' '.repeat(64 * 1024 * 1024)}]}`;
    expect((await read(head)).refused).toEqual(['FIL-FHR-01']);
  });

  test('a file is gone on with where an invocation left off', async () => {
    process.env.INGEST_FILE_MAX_ROWS = '1';
    try {
      const body = indented(bundle(Array.from({ length: 3 }, (_, i) => entry(person(`p${i}`)))));
      const { result } = await ingest(s3.put(BUCKETS.landing, 'ehr/long.json', body));
      expect(result).toMatchObject(counts(3, 3, 0));
    } finally {
      delete process.env.INGEST_FILE_MAX_ROWS;
    }
  });
});

describe('what is wrong with one resource costs no other', () => {
  test('in a Bundle, with the place and the bytes of each', async () => {
    const bad = [
      '{"fullUrl":"urn:uuid:1"}',
      '{"resource":{"id":"x"}}',
      '{"resource":{"resourceType":"Pet","id":"x"}}',
      '{"resource":{"resourceType":"Patient","id":"x",}}',
      '{"resource":{"resourceType":"Patient","id":"x","id":"y"}}',
      '{"request":{"method":"DELETE","url":"Patient?name=x"}}',
      '"text"',
    ];
    const good = [JSON.stringify(entry(person('a'))), JSON.stringify(entry(person('b')))];
    const body = `{"resourceType":"Bundle","type":"batch",\n "entry":[\n${[good[0], ...bad, good[1]].join(',\n  ')}\n]}`;
    expect(await read(body)).toMatchObject(counts(9, 2, 7));
    expect(await rejected()).toEqual([
      ['2', 'FIL-FHR-02', '/resource'],
      ['3', 'FIL-FHR-03', '/resource/resourceType'],
      ['4', 'FIL-FHR-03', '/resource/resourceType'],
      ['5', 'DQ-FMT-02', '#'],
      ['6', 'DQ-FMT-07', '#'],
      ['7', 'FIL-FHR-02', '/request/url'],
      ['8', 'DQ-FMT-02', '#'],
    ]);
    expect(await rejectedBytes(body)).toEqual(bad);
    expect((await silver('patient')).map((r) => r.record_position)).toEqual(['1', '9']);
  });

  test('in lines', async () => {
    const bad = ['{"resourceType":"Patient",', '{"id":"x"}', '[1]'];
    const body = lines(person('a'), ...bad, bundle([], { type: 'history' }), person('b'));
    expect(await read(body)).toMatchObject(counts(6, 2, 4));
    expect(await rejected()).toEqual([
      ['2', 'DQ-FMT-02', '#'],
      ['3', 'FIL-FHR-03', '/resourceType'],
      ['4', 'DQ-FMT-02', '#'],
      ['5', 'FIL-FHR-05', '/type'],
    ]);
    expect((await rejectedBytes(body)).slice(0, 3)).toEqual(bad);
  });

  test('a Bundle that was cut off is read as far as it goes, and the rest is one record', async () => {
    const whole = indented(bundle([entry(person('a')), entry(person('b'))]));
    expect(await read(whole.slice(0, -60))).toMatchObject(counts(2, 1, 1));
    expect(await rejected()).toEqual([['2', 'DQ-FMT-02', '#']]);
  });

  test.each<[string, object, string]>([
    ['R5: a list of classes', { resourceType: 'Appointment', id: 'e', reason: [{ concept: {} }] }, '/reason'],
    ['STU3: an animal', person('a', { animal: {} }), '/animal'],
    ['what says so itself', person('a', { meta: { fhirVersion: '5.0.0' } }), '/meta/fhirVersion'],
  ])('the form of another release: %s', async (_, resource, pointer) => {
    expect(await read(lines(resource, person('b')))).toMatchObject(counts(2, 1, 1));
    expect(await rejected()).toEqual([['1', 'FIL-FHR-04', pointer]]);
  });

  test('a path that has several values where a column has one', async () => {
    const official = { use: 'official', given: ['X'] };
    const resource = visit('v', ['Patient/a', 'Patient/b', 'Location/l']);
    expect(await read(lines(resource, person('b', { name: [official, official] })))).toMatchObject(counts(2, 1, 1));
    expect(await rejected()).toEqual([['1', 'FIL-FHR-06', 'profile:/views/visit']]);
  });

  test('a resource that no row of a view is made of', async () => {
    await read(lines(visit('v', ['Patient/a', 'Location/l'], { status: 'proposed' }), person('a')));
    expect(await rejected()).toEqual([['1', 'FIL-ROW-04', '#']]);
  });
});

test('types that no view reads are counted by type, and lie nowhere but in landing', async () => {
  const others = [
    { resourceType: 'Claim', id: '1' },
    { resourceType: 'Claim', id: '2' },
    { resourceType: 'Goal', id: '1' },
  ];
  expect(await read(lines(person('a'), ...others, '{'))).toMatchObject(counts(5, 1, 1, 3));
  expect(receipts()).toEqual([{ received: 5, accepted: 1, quarantined: 1, unmapped: { Claim: 2, Goal: 1 } }]);
});

describe('references', () => {
  const visits = async (body: string): Promise<unknown[]> => {
    await read(body);
    return (await silver('appointment')).map((r) => [r.patient_id, r.clinic_id, r.provider_npi, r.dq_flags]);
  };
  const place = { resourceType: 'Location', id: 'l1', name: 'North' };

  test.each<[string, string]>([
    ['by type and id', 'Patient/a'],
    ['of one version', 'Patient/a/_history/3'],
    ['absolute', 'https://ehr.example/fhir/Patient/a'],
    ['absolute, of one version', 'https://ehr.example/fhir/Patient/a/_history/3'],
  ])('%s', async (_, reference) => {
    expect(await visits(lines(visit('v', [reference, 'Location/l1']), person('a')))).toEqual([['a', 'l1', null, null]]);
  });

  test('by the full URL of an entry, before or after it, with and without an id of its own', async () => {
    const uuid = (n: number): string => `urn:uuid:0000000${n}-0000-4000-8000-000000000000`;
    const body = indented(
      bundle([
        entry(person('a'), uuid(1)),
        entry(visit('v', [uuid(1), uuid(2)]), uuid(3)),
        entry({ ...place, id: undefined }, uuid(2)),
      ]),
    );
    expect(await visits(body)).toEqual([['a', uuid(2).slice(9), null, null]]);
    expect((await silver('clinic')).map((r) => r.clinic_id)).toEqual([uuid(2).slice(9)]);
  });

  test('to an entry that the Bundle does not have: kept, and flagged', async () => {
    const body = indented(bundle([entry(visit('v', ['urn:uuid:gone', 'Location/l1']))]));
    expect(await visits(body)).toEqual([['urn:uuid:gone', 'l1', null, 'FIL-FHR-07']]);
  });

  test.each<[string, string | object]>([
    ['conditional', 'Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893'],
    [
      'conditional, encoded',
      'Practitioner?active=true&identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C1234567893',
    ],
    ['logical', { identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' } }],
  ])('%s: by system and value', async (_, actor) => {
    expect(await visits(lines(visit('v', ['Patient/a', 'Location/l1', actor]), person('a')))).toEqual([
      ['a', 'l1', '1234567893', null],
    ]);
  });

  test('to what lies in the resource itself, and to a Medication of the Bundle', async () => {
    const views = {
      order: {
        resource: 'MedicationRequest',
        select: [
          {
            column: [
              { name: 'id', path: 'id' },
              { name: 'code', path: 'medication.resolve().code.coding.first().code' },
            ],
          },
        ],
      },
    };
    const entities = [
      {
        entity: 'clinic',
        view: 'order',
        effective_at: '_file_time',
        recorded_at: '_file_time',
        fields: { clinic_id: 'id', clinic_name: 'code' },
      },
    ];
    s3.put(BUCKETS.control, 'profiles/ehr.json', fhirProfile({ views, entities }));
    const drug = (id: string, code: string): object => ({
      resourceType: 'Medication',
      id,
      code: { coding: [{ code }] },
    });
    const order = (id: string, reference: string, more: object = {}): object => ({
      resourceType: 'MedicationRequest',
      id,
      medicationReference: { reference },
      ...more,
    });
    await read(
      indented(
        bundle([
          entry(order('1', '#m', { contained: [drug('m', 'within')] })),
          entry(order('2', 'urn:uuid:m')),
          entry(drug('b', 'beside'), 'urn:uuid:m'),
        ]),
      ),
    );
    expect((await silver('clinic')).map((r) => [r.clinic_id, r.clinic_name])).toEqual([
      ['1', 'within'],
      ['2', 'beside'],
    ]);
  });
});

describe('times', () => {
  const micros = (iso: string): number => Date.parse(iso) * 1000;
  const known = async (): Promise<number[]> =>
    (await silver('patient')).map((r) =>
      r.recorded_at instanceof Date ? r.recorded_at.getTime() * 1000 : Number(r.recorded_at),
    );

  test('what the source knew when: meta.lastUpdated, else of the Bundle, else of the file', async () => {
    const updated = { meta: { lastUpdated: '2026-01-02T03:04:05.678-05:00', versionId: '7' } };
    await read(
      indented(bundle([entry(person('a', updated)), entry(person('b'))], { timestamp: '2026-02-03T04:05:06Z' })),
    );
    await read(indented(person('c')), { mtime: String(Date.parse('2026-03-04T05:06:07Z') / 1000) });
    await read(indented(person('d')));
    expect((await known()).sort((x, y) => x - y)).toEqual(
      ['2026-01-02T08:04:05.678Z', '2026-02-03T04:05:06Z', '2026-03-04T05:06:07Z', '2026-05-01T12:00:00Z'].map(micros),
    );
  });

  test('two versions of one resource: the number of the version decides within one instant', async () => {
    const version = (versionId: string): object =>
      person('a', { meta: { lastUpdated: '2026-01-02T03:04:05Z', versionId } });
    const mapper = mapperOf(
      { profile: profileOf(fhirProfile()), header: null },
      { objectKey: 'ehr/x', lastModifiedMs: 0, fileTime: 0 },
    );
    const sequence = (resource: object): unknown => {
      const found = readResource(Buffer.from(JSON.stringify(resource)), ALONE);
      const [member] = 'row' in found ? mapper.members(found.row as Row, []) : [];
      return member!.mapped[0]!.envelope.source_sequence;
    };
    expect(['10', '9', 'W/"x"'].map((id) => sequence(version(id)))).toEqual(['10', '9', undefined]);
    await read(lines(version('10'), version('9'), version('W/"x"')));
    expect((await silver('patient')).map((r) => r.dq_flags)).toEqual([null, null, null]);
  });

  test.each([
    ['1980', '1980-01-01'],
    ['1980-05', '1980-05-01'],
    ['1980-05-06', '1980-05-06'],
  ])('a birth date of %s begins on %s', async (birthDate, day) => {
    await read(lines(person('a', { birthDate }), person('b')));
    const [row] = await silver('patient');
    expect(row!.birth_date instanceof Date ? row!.birth_date.toISOString().slice(0, 10) : row!.birth_date).toBe(day);
  });

  test('a birth date that only an extension states is none', async () => {
    const _birthDate = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    };
    await read(lines(person('a', { birthDate: undefined, _birthDate }), person('b')));
    expect((await silver('patient'))[0]!.birth_date).toBeNull();
  });
});

test('what a transaction deletes is a tombstone of the key, at the time of the Bundle', async () => {
  const gone = (url: string): object => ({ request: { method: 'DELETE', url } });
  const body = bundle([gone('Patient/a'), gone('Appointment/v'), gone('Goal/g')], {
    timestamp: '2026-02-03T04:05:06Z',
  });
  expect(await read(lines(body, bundle([])))).toMatchObject(counts(3, 2, 0, 1));
  expect((await silver('patient')).map((r) => [r.op, r.patient_id, r.record_position])).toEqual([
    ['delete', 'a', '1/1'],
  ]);
  expect((await silver('appointment')).map((r) => [r.op, r.appointment_id])).toEqual([['delete', 'v']]);
});

test('rows of a list are accepted and rejected each by itself, with the resource as a member of its own', async () => {
  const views = {
    stay: {
      resource: 'Encounter',
      select: [
        {
          forEach: 'location',
          column: [
            { name: 'id', path: 'location.getReferenceKey()' },
            { name: 'name', path: 'status' },
          ],
        },
      ],
    },
  };
  const entities = [
    {
      entity: 'clinic',
      view: 'stay',
      effective_at: '_file_time',
      recorded_at: '_file_time',
      fields: { clinic_id: 'id', clinic_name: 'name' },
    },
  ];
  s3.put(BUCKETS.control, 'profiles/ehr.json', fhirProfile({ views, entities }));
  const at = (id?: string): object => ({
    location: id === undefined ? { display: 'x' } : { reference: `Location/${id}` },
    status: 'active',
  });
  const body = lines(
    { resourceType: 'Encounter', id: 'e', class: {}, location: [at('w1'), at(), at('w2')] },
    person('a'),
  );
  expect(await read(body)).toMatchObject(counts(4, 3, 1));
  expect((await silver('clinic')).map((r) => [r.record_position, r.clinic_id])).toEqual([
    ['1/0', 'w1'],
    ['1/2', 'w2'],
  ]);
  expect(await rejected()).toEqual([['1/1', expect.any(String), '/id']]);
});

describe('a record that was rejected, sent once more as a line', () => {
  const again = (record: string, around: string): string =>
    lineAgain(Buffer.from(record), { bytes: Buffer.from(around), at: around.indexOf(record) }).toString();

  test('an entry brings the time of its Bundle, and the references that only its neighbours explain', async () => {
    const broken = entry(visit('v', ['urn:uuid:p', 'Location/l1'], { status: 'lost' }), 'urn:uuid:v');
    const body = indented(bundle([broken, entry(person('a'), 'urn:uuid:p')], { timestamp: '2026-02-03T04:05:06Z' }));
    await read(body);
    const [bytes] = await rejectedBytes(body);
    const line = again(bytes!, body);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      resourceType: 'Bundle',
      type: 'transaction',
      timestamp: '2026-02-03T04:05:06Z',
      entry: [JSON.parse(JSON.stringify(broken).replace('urn:uuid:p', 'Patient/a'))],
    });
    expect(await read(line.replace('lost', 'booked'))).toMatchObject(counts(1, 1, 0));
    expect((await silver('appointment')).map((r) => [r.patient_id, r.dq_flags])).toEqual([['a', null]]);
  });

  test('a resource by itself is the same on one line, and what is no JSON stays what it is', () => {
    const alone = indented(person('a'));
    expect(JSON.parse(again(alone, alone))).toEqual(person('a'));
    expect(again('{"resourceType":\n"Patient",', '{"resourceType":\n"Patient",')).toBe('{"resourceType": "Patient",');
    expect(again('{"resource":\n', '{"resourceType":"Bundle","type":"batch","entry":[{"resource":\n')).toBe(
      '{"resourceType":"Bundle","type":"batch","entry":[{"resource":]}',
    );
  });
});

test('lines whose first is cut off in the middle are lines, and no document', async () => {
  expect(await read(lines('{"resourceType":"Patient",', person('a')))).toMatchObject(counts(2, 1, 1));
});
