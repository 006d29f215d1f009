import { readCsv } from './csv';
import { person } from './fhir';
import { readByFhirR4, type SilverObject } from './fhir-r4';

const MRN = 'http://north.example/mrn';

test('a CSV whose profile names who assigned its numbers meets the FHIR Patient with that number', async () => {
  const identifier = [{ type: { coding: [{ code: 'MR' }] }, system: MRN, value: '007' }];
  const made = await readByFhirR4([JSON.stringify(person('p1', { identifier }))]);
  const resource = made.rows.patient![0]!;
  // A scheduling system's list of patients, which it knows by the record numbers of a hospital.
  const fields = { patient_id: 'Number', mrn: 'Number', mrn_system: { constant: MRN }, birth_date: 'Born' };
  const [row] = await readCsv('scheduling', 'patient', fields, 'Number,Born\n007,1980-02-29\n');
  const assigned = ({ mrn_system, mrn }: SilverObject) => [mrn_system, mrn];
  // People are joined by these two; each keeps the key of its source.
  expect(assigned(resource)).toEqual([MRN, '007']);
  expect(assigned(row!)).toEqual(assigned(resource));
  expect([row!.patient_id, resource.patient_id]).toEqual(['007', 'p1']);
  expect(row!.patient_key).not.toBe(resource.patient_key);
});
