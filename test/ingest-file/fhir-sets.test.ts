import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  dispensedIn,
  FACTS,
  ingestOf,
  MEMBERS,
  observedIn,
  type Resource,
  standingOf,
  sumsOf,
  walkFhir,
} from '../fhir-walk';
import { type Made, readByFhirR4, type SilverObject } from './fhir-r4';

const FOLDER = join(__dirname, '..', '..', '..', 'shared', 'data', 'fhir');
const here = existsSync(FOLDER);
if (!here) console.warn(`SKIPPED: counts of real resources need ${FOLDER}, which is not here`);

(here ? describe : describe.skip).each(['bulk/10-patients', 'bundles', 'examples'])('the resources in %s', (name) => {
  let made: Made;
  let resources: Resource[];
  beforeAll(async () => {
    const found = walkFhir(join(FOLDER, name));
    ({ resources } = found);
    made = await readByFhirR4(found.bodies);
  });
  /** Rows of the resource itself, which the fact has beside those of its parts. */
  const own = (entity: string): SilverObject[] =>
    (made.rows[entity] ?? []).filter((row) => (row.parent_observation_id ?? null) === null);
  const sums = (entity: string, value: string, unit: string): unknown =>
    sumsOf(
      (made.rows[entity] ?? [])
        .filter((row) => row.op === 'upsert' && (row[value] ?? null) !== null)
        .map((row) => [(row[unit] ?? null) as string | null, row[value] as number]),
    );

  test.each(Object.keys({ ...MEMBERS, ...FACTS }))(
    '%s: accepted are those that have what the contract asks, and taken back those that were a mistake',
    (type) => {
      const rows = own(MEMBERS[type] ?? FACTS[type]!.fact);
      const { accepted, kept } = standingOf(resources, type);
      expect([rows.length, rows.filter((row) => row.op === 'upsert').length]).toEqual([accepted, kept]);
    },
  );

  test('nothing is lost: resources, stays, components and links are received, and types that nobody maps unmapped', () => {
    const { counts, unmapped } = ingestOf(resources);
    const { received, accepted, rejected } = made;
    const others = Object.values(made.unmapped).reduce((all, n) => all + n, 0);
    expect({ received, accepted, quarantined: rejected.length, unmapped: others }).toEqual(counts);
    expect(made.unmapped).toEqual(unmapped);
    expect(counts.accepted + counts.quarantined + counts.unmapped).toBe(received);
    if (name !== 'examples') expect(rejected).toEqual([]);
  });

  test('what is quarantined lacks its time, or an appointment its place', () => {
    const rules = new Set(made.rejected.flatMap(([, said]) => said.split(', ').map((one) => one.split(' ')[0])));
    expect([...rules]).toEqual(name === 'examples' ? ['FLD-MISSING'] : []);
  });

  test('quantities add up, unit by unit', () => {
    expect(sums('observation', 'value_number', 'value_unit')).toEqual(observedIn(resources));
    expect(sums('prescription_fill', 'quantity', 'quantity_unit')).toEqual(dispensedIn(resources));
  });
});
