import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import { must, newFolder, ROOT, rowsOf } from './laptop';

const FOLDER = join(ROOT, '..', 'shared', 'data', 'fhir', 'bulk', '10-patients');
const here = existsSync(FOLDER);
if (!here) console.warn(`SKIPPED: the run of a Bulk Data export needs ${FOLDER}, which is not here`);

(here ? describe : describe.skip)(
  'a Bulk Data export, read by the built-in profile [needs ../shared/data/fhir]',
  () => {
    const dataDir = newFolder('fhir');
    let document: AnswersDocument;
    beforeAll(async () => {
      const args = [
        'start',
        '--once',
        '--json',
        '--phi-ok',
        '--source',
        'fhir-r4',
        '--input',
        FOLDER,
        '--data',
        dataDir,
      ];
      document = JSON.parse(await must(args)) as AnswersDocument;
    }, 240_000);

    it('is received whole, and what nobody maps is told by type', () => {
      expect(document.ingest).toEqual({ received: 8375, accepted: 6929, quarantined: 0, unmapped: 1446, held: 0 });
      expect(document.run.unmapped).toEqual({
        AllergyIntolerance: 11,
        Device: 16,
        DocumentReference: 1215,
        Immunization: 161,
        PractitionerRole: 43,
      });
    });

    it('leads from every encounter to a described practitioner, location and organization, by identifier alone', async () => {
      const known = (dimension: string): string =>
        `count(CASE WHEN NOT d_${dimension}.is_inferred THEN d_${dimension}.${dimension}_id END)`;
      const joins = ['provider', 'location', 'organization'].map(
        (name) => `LEFT JOIN core.dim_${name} d_${name} ON d_${name}.${name}_key = e.${name}_key`,
      );
      const [counts] = await rowsOf(
        dataDir,
        `SELECT count(*), ${known('provider')}, ${known('location')}, ${known('organization')} FROM core.fact_encounter e ${joins.join(' ')}`,
      );
      expect(counts!.map(Number)).toEqual([1215, 1215, 1215, 1215]);
    });

    it('dates what it says as of the export, never as of a visit', async () => {
      expect(await rowsOf(dataDir, `SELECT DISTINCT recorded_at FROM core.fact_encounter`)).toEqual([
        [expect.stringMatching(/^2024-08-06[ T]18:12:57/)],
      ]);
    });
  },
);
