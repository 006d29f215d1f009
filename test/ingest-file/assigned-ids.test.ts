import { silverColumns } from '../../contracts/derive/columns';
import { nextChunk } from '../../core/files/chunk';
import { mapperOf } from '../../core/files/mapper-of';
import { openFile, readerAt } from '../../core/files/open';
import { Keyring } from '../../core/records/keys';
import { checkOwnProfile } from '../../profiles';
import { person } from './fhir';
import { FILE_MS, readByFhirR4, type SilverObject } from './fhir-r4';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');
const MRN = 'http://north.example/mrn';

/** A scheduling system's list of patients, which it knows by the record numbers of a hospital. */
async function fromCsv(): Promise<SilverObject> {
  const check = checkOwnProfile(
    JSON.stringify({
      profile: 'scheduling',
      source_system: 'scheduling',
      mode: 'delta',
      file: { format: 'csv' },
      entities: [
        {
          entity: 'patient',
          fields: { patient_id: 'Number', mrn: 'Number', mrn_system: { constant: MRN }, birth_date: 'Born' },
        },
      ],
    }),
  );
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const bytes = Buffer.from('Number,Born\n007,1980-02-29\n');
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
  const opened = await openFile(check.checked, source);
  if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
  const facts = { objectKey: 'scheduling/x', lastModifiedMs: FILE_MS, fileTime: FILE_MS * 1000 };
  const ctx = { keys, maxBytes: 1_000_000, deriveEventId: true };
  const chunk = await nextChunk(readerAt(opened.file, opened.file.start), mapperOf(opened.file, facts), ctx);
  const row = chunk.entities[0]!.rows[0]!;
  return Object.fromEntries(silverColumns('patient').map(({ name }, i) => [name, row[i]]));
}

test('a CSV whose profile names who assigned its numbers meets the FHIR Patient with that number', async () => {
  const identifier = [{ type: { coding: [{ code: 'MR' }] }, system: MRN, value: '007' }];
  const made = await readByFhirR4([JSON.stringify(person('p1', { identifier }))]);
  const resource = made.rows.patient![0]!;
  const row = await fromCsv();
  const assigned = ({ mrn_system, mrn }: SilverObject) => [mrn_system, mrn];
  // People are joined by these two; each keeps the key of its source.
  expect(assigned(resource)).toEqual([MRN, '007']);
  expect(assigned(row)).toEqual(assigned(resource));
  expect([row.patient_id, resource.patient_id]).toEqual(['007', 'p1']);
  expect(row.patient_key).not.toBe(resource.patient_key);
});
