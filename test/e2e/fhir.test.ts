import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import {
  dispensedIn,
  FACTS,
  idsOf,
  ingestOf,
  MEMBERS,
  observedIn,
  type Resource,
  standingOf,
  sumsOf,
  walkFhir,
} from '../fhir-walk';
import { must, newFolder, ROOT, rowsOf } from './laptop';

const DATA = join(ROOT, '..', 'shared', 'data', 'fhir');
const here = existsSync(DATA);
if (!here) console.warn(`SKIPPED: runs of FHIR resources need ${DATA}, which is not here`);

const EXPORT = 'bulk/10-patients';
const dataDirs = new Map<string, string>();
const query = (set: string, sql: string): Promise<unknown[][]> => rowsOf(dataDirs.get(set)!, sql);

(here ? describe : describe.skip).each([EXPORT, 'bundles', 'examples'])(
  'the resources in %s, read by the built-in profile [needs ../shared/data/fhir]',
  (set) => {
    let document: AnswersDocument;
    let resources: Resource[];
    beforeAll(async () => {
      const folder = join(DATA, set);
      ({ resources } = walkFhir(folder));
      dataDirs.set(set, newFolder('fhir'));
      const input = ['--phi-ok', '--source', 'fhir-r4', '--input', folder];
      document = JSON.parse(
        await must(['start', '--once', '--json', ...input, '--data', dataDirs.get(set)!]),
      ) as AnswersDocument;
    }, 240_000);
    const rows = (sql: string): Promise<unknown[][]> => query(set, sql);
    const sums = async (sql: string): Promise<unknown> => sumsOf((await rows(sql)) as [string | null, number][]);

    it('are received whole, and what nobody maps is told by type', () => {
      const { counts, unmapped } = ingestOf(resources);
      expect(document.ingest).toEqual({ ...counts, held: 0 });
      expect(document.run.unmapped).toEqual(unmapped);
    });

    it.each(Object.keys(MEMBERS))(
      '%s: as many members are described as resources came, versions aside',
      async (type) => {
        const found = await rows(
          `SELECT count(*) FROM core.dim_${MEMBERS[type]} WHERE source_system = 'fhir-r4' AND NOT is_inferred`,
        );
        expect(Number(found[0]![0])).toBe(idsOf(resources, type));
      },
    );

    it.each(Object.keys(FACTS))('%s: as many facts, and as many of them in measures, as states say', async (type) => {
      const { fact, uncounted } = FACTS[type]!;
      const { kept, counted } = standingOf(resources, type);
      const whole = fact === 'observation' ? `WHERE parent_observation_id IS NULL` : '';
      const measure = uncounted.length === 0 ? '1' : 'is_counted';
      const [found] = await rows(`SELECT count(*), coalesce(sum(${measure}), 0) FROM core.fact_${fact} ${whole}`);
      expect(found!.map(Number)).toEqual([kept, counted]);
    });

    it('add up, unit by unit', async () => {
      const numbers = 'SELECT value_unit, value_number FROM core.fact_observation WHERE value_number IS NOT NULL';
      expect(await sums(numbers)).toEqual(observedIn(resources));
      const handed = 'SELECT quantity_unit, quantity FROM core.fact_prescription_fill WHERE quantity IS NOT NULL';
      expect(await sums(handed)).toEqual(dispensedIn(resources));
    });
  },
);

(here ? describe : describe.skip)('a Bulk Data export [needs ../shared/data/fhir]', () => {
  it('leads from every encounter to a described practitioner, location and organization, by identifier alone', async () => {
    const known = (dimension: string): string =>
      `count(CASE WHEN NOT d_${dimension}.is_inferred THEN d_${dimension}.${dimension}_id END)`;
    const joins = ['provider', 'location', 'organization'].map(
      (name) => `LEFT JOIN core.dim_${name} d_${name} ON d_${name}.${name}_key = e.${name}_key`,
    );
    const [counts] = await query(
      EXPORT,
      `SELECT count(*), ${known('provider')}, ${known('location')}, ${known('organization')} FROM core.fact_encounter e ${joins.join(' ')}`,
    );
    expect(counts!.map(Number)).toEqual([1215, 1215, 1215, 1215]);
  });

  it('dates what it says as of the export, never as of a visit', async () => {
    expect(await query(EXPORT, `SELECT DISTINCT recorded_at FROM core.fact_encounter`)).toEqual([
      [expect.stringMatching(/^2024-08-06[ T]18:12:57/)],
    ]);
  });
});
