import { Logger } from '@aws-lambda-powertools/logger';
import { FakeS3 } from './fake-s3';
import { bundle, entry } from './fhir';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';

/** Stands where a patient's data would: it may reach landing and silver, and nothing else. */
const CANARY = 'CANARY';
const START = '2026-03-09T10:00:00-05:00';
const END = '2026-03-10T10:00:00-05:00';

let s3: FakeS3;
let told: jest.SpyInstance[];
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.now = new Date('2026-05-01T12:00:00Z');
  told = (['info', 'warn', 'error'] as const).map((level) => jest.spyOn(Logger.prototype, level).mockReturnValue());
});
afterEach(() => jest.restoreAllMocks());

const patient = (id: string, more: object = {}): object => ({
  resourceType: 'Patient',
  id,
  name: [{ family: CANARY }],
  birthDate: '1980-02-29',
  ...more,
});
const encounter = (more: object = {}): object => ({
  resourceType: 'Encounter',
  id: 'e',
  status: 'finished',
  class: { code: 'IMP' },
  type: [{ text: CANARY }],
  subject: { reference: 'Patient/first' },
  period: { start: START, end: END },
  ...more,
});
const observation = (more: object = {}): object => ({
  resourceType: 'Observation',
  id: 'o',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '2345-7' }], text: CANARY },
  subject: { reference: 'Patient/first' },
  effectiveDateTime: START,
  ...more,
});

/** What became of things that stand between two that are as they should be, as lines and as entries of a Bundle. */
interface Outcome {
  /** Position within what was sent, rules and pointers of what was rejected. */
  rejected: string[][];
  rows: (entity: string, ...names: string[]) => unknown[][];
}
const plain = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);

async function sent(form: 'lines' | 'Bundle', ...middle: object[]): Promise<Outcome> {
  const all = [patient('first'), ...middle, patient('last', { id: `last-${CANARY}` })];
  const body =
    form === 'lines'
      ? all.map((one) => JSON.stringify(one)).join('\n')
      : JSON.stringify(bundle(all.map((one) => ('resourceType' in one ? entry(one) : one))), null, 2);
  const { result } = await ingest(s3.put(BUCKETS.landing, 'fhir-r4/file.json', body));
  const quarantined = await rowsUnder(s3, 'quarantine/');
  const silver: Record<string, ParquetRow[]> = {};
  for (const key of s3.keys('silver/')) {
    const entity = key.split('/')[1]!;
    silver[entity] ??= await rowsUnder(s3, `silver/${entity}/`);
  }
  // Nothing is lost, and neither neighbour is touched.
  const { received, accepted, unmapped = 0 } = result as { received: number; accepted: number; unmapped?: number };
  expect(accepted + quarantined.length + unmapped).toBe(received);
  const neighbours = silver.patient!.filter(({ patient_id: id }) => id === 'first' || id === `last-${CANARY}`);
  expect(neighbours.map((row) => [row.op, row.dq_flags])).toEqual([['upsert', null], ['upsert', null]]); // prettier-ignore
  expectSilence(result, quarantined);
  return {
    rejected: quarantined.map((r) => [r.record_position, r.rule_ids, r.pointers].map(String)),
    rows: (entity, ...names) => (silver[entity] ?? []).map((row) => names.map((name) => plain(row[name] ?? null))),
  };
}

/** No value of a patient is in what the function answers, logs, quarantines, notes or names. */
function expectSilence(...answers: unknown[]): void {
  const text = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)); // prettier-ignore
  expect(text([answers, told.map((spy) => spy.mock.calls as unknown)])).not.toContain(CANARY);
  for (const key of s3.keys('')) {
    expect(key).not.toContain(CANARY);
    if (key.startsWith('control/')) expect(s3.body(key).includes(CANARY)).toBe(false);
  }
}

describe.each(['lines', 'Bundle'] as const)('in %s, between two that are right:', (form) => {
  test('a reference that leads nowhere is kept and flagged', async () => {
    const { rejected, rows } = await sent(form, encounter({ subject: { reference: `urn:uuid:${CANARY}` } }));
    expect(rejected).toEqual([]);
    expect(rows('encounter', 'patient_id', 'dq_flags')).toEqual([[`urn:uuid:${CANARY}`, 'FIL-FHR-07']]);
  });

  test('two versions of one resource are two events about one patient', async () => {
    const version = (versionId: string, gender: string): object =>
      patient('a', { gender, meta: { lastUpdated: START, versionId } });
    const { rejected, rows } = await sent(form, version('10', 'female'), version('9', 'male'));
    expect(rejected).toEqual([]);
    const [one, other] = rows('patient', 'patient_id', 'gender_code', 'recorded_at', 'patient_key').slice(1);
    const at = new Date(START).toISOString();
    expect([one, other]).toEqual([
      ['a', 'female', at, other![3]],
      ['a', 'male', at, one![3]],
    ]);
  });

  test.each<[string, object, string]>([
    ['R5: Encounter', encounter({ class: [{ coding: [{ code: 'IMP' }] }] }), '/class'],
    ['R5: Encounter by its period', encounter({ period: undefined, actualPeriod: { start: START } }), '/actualPeriod'],
    ['R5: Observation', observation({ triggeredBy: [{ type: 'reflex' }] }), '/triggeredBy'],
    ['STU3: Observation', observation({ context: { reference: 'Encounter/e' } }), '/context'],
    ['STU3: Patient', patient('x', { animal: { species: { text: CANARY } } }), '/animal'],
    [
      'STU3: Condition',
      { resourceType: 'Condition', id: 'c', clinicalStatus: 'active', subject: { display: CANARY } },
      '/clinicalStatus',
    ],
  ])('%s is quarantined as of another release', async (_, resource, pointer) => {
    const { rejected, rows } = await sent(form, resource);
    expect(rejected).toEqual([['2', 'FIL-FHR-04', pointer]]);
    expect(rows('patient', 'patient_id')).toEqual([['first'], [`last-${CANARY}`]]);
  });

  test('a patient within another resource is no member, and nobody is taken for that one', async () => {
    const contained = [{ resourceType: 'Patient', id: 'p', name: [{ family: CANARY }] }];
    const { rejected, rows } = await sent(form, encounter({ contained, subject: { reference: '#p' } }));
    expect(rejected).toEqual([]);
    expect(rows('encounter', 'patient_id', 'dq_flags')).toEqual([[null, 'DQ-ENC-07']]);
    expect(rows('patient', 'patient_id')).toEqual([['first'], [`last-${CANARY}`]]);
  });

  test('a medicine within an order is the medicine of the order', async () => {
    const contained = [{ resourceType: 'Medication', id: 'm', code: { coding: [{ system: 'urn:rx', code: '1' }] } }];
    const order = { resourceType: 'MedicationRequest', id: 'r', status: 'active', intent: 'order', authoredOn: START };
    const { rejected, rows } = await sent(form, { ...order, contained, medicationReference: { reference: '#m' } });
    expect(rejected).toEqual([]);
    expect(rows('medication_order', 'medication_system', 'medication_code')).toEqual([['urn:rx', '1']]);
  });

  test('a birth date that only an extension speaks of is none, and one of a year or month begins with it', async () => {
    const absent = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }] }; // prettier-ignore
    const { rejected, rows } = await sent(
      form,
      patient('a', { birthDate: undefined, _birthDate: absent }),
      patient('b', { birthDate: '1970' }),
      patient('c', { birthDate: '1970-05' }),
    );
    expect(rejected).toEqual([]);
    expect(rows('patient', 'patient_id', 'birth_date', 'birth_date_precision', 'dq_flags').slice(1, 4)).toEqual([
      ['a', null, null, 'FLD-ONE-OF'],
      ['b', '1970-01-01T00:00:00.000Z', 'year', null],
      ['c', '1970-05-01T00:00:00.000Z', 'month', null],
    ]);
  });

  test('a number beyond a bound keeps its comparator; a code of no system is kept and flagged', async () => {
    const { rejected, rows } = await sent(
      form,
      observation({ valueQuantity: { value: 5, comparator: '<', unit: 'mg/dL' } }),
      observation({ id: 'o2', code: { coding: [{ code: CANARY }] }, valueQuantity: { value: 7 } }),
    );
    expect(rejected).toEqual([]);
    const members = [
      'observation_id',
      'value_number',
      'value_comparator',
      'value_unit',
      'observation_code',
      'dq_flags',
    ];
    expect(rows('observation', ...members)).toEqual([
      ['o', 5, '<', 'mg/dL', '2345-7', null],
      ['o2', 7, null, null, CANARY, 'DQ-COD-06'],
    ]);
  });

  test('a stay that ends before it begins is kept and flagged; the other stay is not', async () => {
    const stay = (id: string, start: string, end: string): object => ({
      location: { reference: `Location/${id}` },
      period: { start, end },
    });
    const { rejected, rows } = await sent(form, encounter({ location: [stay('w1', END, START), stay('w2', START, END)] })); // prettier-ignore
    expect(rejected).toEqual([]);
    expect(rows('encounter', 'encounter_id', 'location_count', 'dq_flags')).toEqual([['e', 2, null]]);
    expect(rows('encounter_location', 'location_id', 'position', 'dq_flags')).toEqual([
      ['w1', 1, 'DQ-ENC-01'],
      ['w2', 2, null],
    ]);
  });

  test('an encounter without patient is kept and flagged; one without start is quarantined, its stays with their own start are not', async () => {
    const stays = [
      { location: { reference: 'Location/w1' } },
      { location: { reference: 'Location/w2' }, period: { start: START } },
    ];
    const { rejected, rows } = await sent(
      form,
      encounter({ subject: undefined }),
      encounter({ id: 'e2', period: { end: END }, location: stays }),
    );
    expect(rejected).toEqual([
      ['3', 'FLD-MISSING', '/start'],
      ['3/0', 'FLD-MISSING FLD-MISSING', '/start /encounter_start'],
    ]);
    expect(rows('encounter', 'encounter_id', 'dq_flags')).toEqual([['e', 'DQ-ENC-07']]);
    expect(rows('encounter_location', 'encounter_location_id')).toEqual([['e2/2']]);
  });
});

test('an entry without resource is quarantined by its place in the Bundle', async () => {
  const { rejected } = await sent('Bundle', { fullUrl: `urn:uuid:${CANARY}` }, { response: { status: '200' } });
  expect(rejected).toEqual([
    ['2', 'FIL-FHR-02', '/resource'],
    ['3', 'FIL-FHR-02', '/resource'],
  ]);
});

test('types that nobody maps are unmapped, and cost nobody else', async () => {
  const { rejected, rows } = await sent('lines', { resourceType: 'Flag', id: 'f', code: { text: CANARY } });
  expect(rejected).toEqual([]);
  expect(rows('patient', 'patient_id')).toHaveLength(2);
});
