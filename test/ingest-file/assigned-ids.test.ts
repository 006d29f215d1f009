import { readCsv } from './csv';
import { person } from './fhir';
import { readByFhirR4 } from './fhir-r4';

const MRN = 'http://north.example/mrn';
const PATIENTS = 'Number,Born,Hospital\n007,1980-02-29,http://south.example/mrn\n';
const FIELDS = { patient_id: 'Number', birth_date: 'Born' };
const optional = { ignored: ['Hospital'] };

/** A hospital's Patient with a medical record number. */
async function resource(): Promise<Record<string, unknown>> {
  const identifier = [{ type: { coding: [{ code: 'MR' }] }, system: MRN, value: '007' }];
  const made = await readByFhirR4([JSON.stringify(person('p1', { identifier }))]);
  return made.rows.patient![0]!;
}

test('a CSV whose profile names who assigned its numbers has for an id what a FHIR Patient states as its number', async () => {
  const [row] = await readCsv('scheduling', 'patient', FIELDS, PATIENTS, {
    authorities: { patient: MRN },
    ...optional,
  });
  const patient = await resource();
  expect(row!.patient_key).toBe(patient.mrn_assigned_key);
  // The Patient keeps the key of its server, and so does a number of which nobody says who assigned it.
  expect(patient.patient_key).not.toBe(row!.patient_key);
  const [own] = await readCsv('scheduling', 'patient', FIELDS, PATIENTS, optional);
  expect(own!.patient_key).not.toBe(row!.patient_key);
});

test('a CSV may state that number beside an id of its own', async () => {
  const fields = { ...FIELDS, mrn: 'Number', mrn_system: { constant: MRN } };
  const [row] = await readCsv('scheduling', 'patient', fields, PATIENTS, optional);
  const patient = await resource();
  for (const name of ['mrn', 'mrn_system', 'mrn_assigned_key'])
    expect([name, row![name]]).toEqual([name, patient[name]]);
});

test('the authority may stand in a column, and one entity of a profile may have another one than the profile', async () => {
  const south = 'http://south.example/mrn';
  const key = async (text: string, ofAll: object) =>
    (await readCsv('scheduling', 'patient', FIELDS, text, { ...optional, ...ofAll }))[0]!.patient_key;
  const named = await key(PATIENTS, { authorities: { patient: south } });
  const byColumn = { authorities: { patient: { column: 'Hospital' } }, ignored: [] };
  expect(await key(PATIENTS, byColumn)).toBe(named);
  // A row without one is of the source.
  expect(await key('Number,Born,Hospital\n007,1980-02-29,\n', byColumn)).toBe(await key(PATIENTS, {}));
  const entities = [{ entity: 'patient', fields: FIELDS, authorities: { patient: south } }];
  expect(await key(PATIENTS, { authorities: { patient: MRN }, entities })).toBe(named);
});

test('a Patient lists its links by number, each time anew', async () => {
  const link = ['p2', 'p3'].map((id) => ({ type: 'seealso', other: { reference: `Patient/${id}` } }));
  const related = { type: 'seealso', other: { reference: 'RelatedPerson/r1' } };
  const linked = await readByFhirR4([JSON.stringify(person('p1', { link: [related, ...link] }))]);
  expect(linked.rows.patient![0]!.link_count).toBe(2);
  expect(linked.rows.patient_link!.map((l) => [l.patient_link_id, l.position, l.patient_id_1, l.patient_id_2])).toEqual(
    [
      ['p1/1', 1, 'p1', 'p2'],
      ['p1/2', 2, 'p1', 'p3'],
    ],
  );
  const alone = await readByFhirR4([JSON.stringify(person('p1'))]);
  expect(alone.rows.patient![0]!.link_count).toBe(0);
});
