import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keySecretFile, must, newFolder, rowsOf, tablesOf } from './laptop';

const START = '2026-03-09T10:00:00-05:00';
const secret = keySecretFile();

/** A folder with one file: an encounter and an observation as of a day in April 2026, and what they list. */
function folderOf(day: number, wards: readonly string[], values: readonly string[], end = '\n'): string {
  const known = { id: 'x', meta: { lastUpdated: `2026-04-0${day}T00:00:00Z` }, subject: { reference: 'Patient/p' } };
  const code = { coding: [{ system: 'http://loinc.org', code: '1-8' }] };
  const resources = [
    {
      ...{ resourceType: 'Encounter', ...known, status: 'finished', class: { code: 'IMP' }, period: { start: START } },
      location: wards.map((ward) => ({ location: { reference: `Location/${ward}` } })),
    },
    {
      ...{ resourceType: 'Observation', ...known, status: 'final', code, effectiveDateTime: START },
      component: values.map((valueString) => ({ code, valueString })),
    },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'carelake-parts-'));
  writeFileSync(join(folder, `day-${day}.ndjson`), resources.map((one) => JSON.stringify(one)).join('\n') + end);
  return folder;
}

const older = folderOf(1, ['w1', 'w2', 'w3'], ['low', 'high']);
const newer = folderOf(2, ['w9'], ['none']);
const olderAgain = folderOf(1, ['w1', 'w2', 'w3'], ['low', 'high'], '\n\n');

/** Takes folders in, one start after another, and gives the data folder. */
async function takenIn(...folders: string[]): Promise<string> {
  const dataDir = newFolder('parts');
  for (const folder of folders) {
    const input = ['--phi-ok', '--source', 'fhir-r4', '--input', folder];
    await must(['start', '--once', '--json', ...input, '--key-secret-file', secret, '--data', dataDir]);
  }
  return dataDir;
}

test('a whole that lists fewer parts leaves those alone, in either order of arrival, and when the older file comes again', async () => {
  const [straight, turned] = [await takenIn(older, newer), await takenIn(newer, older, olderAgain)];
  const stays = `SELECT f.position, d.location_id, f.encounter_is_known FROM core.fact_encounter_location f JOIN core.dim_location d ON d.location_key = f.location_key`;
  const components = `SELECT observation_id, component_number, value_text FROM core.fact_observation WHERE parent_observation_id IS NOT NULL`;
  for (const dataDir of [straight, turned]) {
    expect(await rowsOf(dataDir, stays)).toEqual([[1, 'w9', 1]]);
    expect(await rowsOf(dataDir, components)).toEqual([['x/1', 1, 'none']]);
  }
  const [a, b] = [await tablesOf(straight), await tablesOf(turned)];
  for (const table of ['core.fact_encounter', 'core.fact_encounter_location', 'core.fact_observation'])
    expect([table, b[table]]).toEqual([table, a[table]]);
}, 400_000);
