import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  dispensedIn,
  FACTS,
  ingestOf,
  listedIn,
  MEMBERS,
  observedIn,
  type Resource,
  standing,
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

  test('reports list the observations that they list', () => {
    const of = (row: SilverObject): unknown[] => [row.diagnostic_report_id, row.observation_id ?? null];
    expect((made.rows.diagnostic_report_result ?? []).filter((row) => row.op === 'upsert').map(of)).toEqual(listedIn(resources)); // prettier-ignore
  });

  test('medicines, reasons and roles are named as the resources name them', () => {
    const count = (entity: string, ...names: string[]): number =>
      (made.rows[entity] ?? []).filter((row) => row.op === 'upsert' && names.some((name) => (row[name] ?? null) !== null)).length; // prettier-ignore
    const stand = (type: string): Resource[] => standing(resources, type);
    const isCoded = (r: Resource): boolean => {
      const own = r.medicationReference?.reference as string | undefined;
      const within = (r.contained as Resource[] | undefined)?.find(({ id }) => `#${id}` === own);
      const concept = (r.medicationCodeableConcept ?? within?.code) as Resource | undefined;
      return concept?.coding?.[0]?.code !== undefined;
    };
    for (const [type, entity] of [['MedicationRequest', 'medication_order'], ['MedicationDispense', 'prescription_fill']] as const) {
      expect(count(entity, 'medication_code')).toBe(stand(type).filter(isCoded).length);
      const listed = stand(type).filter((r) => /^(Medication\/|urn:)/.test(r.medicationReference?.reference));
      expect(count(entity, 'medication_id')).toBe(listed.length);
    } // prettier-ignore
    for (const [type, entity] of [
      ['Procedure', 'procedure'],
      ['MedicationRequest', 'medication_order'],
    ] as const) {
      const why = (r: Resource): boolean => r.reasonReference?.some((one: Resource) => /^(Condition\/|urn:)/.test(one.reference)); // prettier-ignore
      expect(count(entity, 'reason_diagnosis_id')).toBe(stand(type).filter(why).length);
      expect(count(entity, 'reason_code', 'reason_display')).toBe(stand(type).filter((r) => r.reasonCode).length);
    }
    for (const name of ['provider', 'organization', 'location'])
      expect(count('provider_role', `${name}_id`, `${name}_identifier`)).toBe(stand('PractitionerRole').length);
  });

  test('quantities add up, unit by unit', () => {
    expect(sums('observation', 'value_number', 'value_unit')).toEqual(observedIn(resources));
    expect(sums('prescription_fill', 'quantity', 'quantity_unit')).toEqual(dispensedIn(resources));
  });
});
