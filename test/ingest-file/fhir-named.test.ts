import { CODE, type Made, readByFhirR4, type SilverObject, START, SUBJECT } from './fhir-r4';

const read = (...resources: object[]): Promise<Made> =>
  readByFhirR4([[...resources, { resourceType: 'Flag', id: 'f' }].map((one) => JSON.stringify(one)).join('\n')]);
const of = (row: SilverObject | undefined, ...names: string[]): unknown[] => names.map((name) => row?.[name] ?? null);

describe('resources that others name or group, by value', () => {
  test('Medication, and orders and fills that name it by id', async () => {
    const order = { resourceType: 'MedicationRequest', status: 'active', intent: 'order', ...SUBJECT, authoredOn: START }; // prettier-ignore
    const fill = { resourceType: 'MedicationDispense', status: 'completed', whenHandedOver: START };
    const by = (reference: object): object => ({ medicationReference: reference });
    const made = await read(
      {
        resourceType: 'Medication',
        id: 'm',
        status: 'active',
        code: { coding: [{ system: 'urn:rx', code: '1', display: 'One 10 mg' }] },
        form: { coding: [{ code: 'tab', display: 'Tablet' }] },
        ingredient: [{ itemCodeableConcept: { coding: [{ code: 'i', display: 'Onium' }] } }, { itemReference: { reference: 'Substance/s' } }], // prettier-ignore
      },
      { resourceType: 'Medication', id: 'n', code: { text: 'Ours' }, form: { text: 'Drops' }, ingredient: [{ itemReference: { display: 'Water' } }] }, // prettier-ignore
      { resourceType: 'Medication', id: 'x', status: 'entered-in-error' },
      { ...order, id: '1', ...by({ reference: 'https://ehr.example/fhir/Medication/m', display: 'As said' }) },
      { ...order, id: '2', ...by({ reference: 'urn:uuid:gone' }) },
      { ...order, id: '3', ...by({ reference: '#gone' }) },
      { ...fill, id: '4', ...by({ reference: 'Medication/m' }) },
      { ...fill, id: '5', ...by({ identifier: { system: 'urn:list', value: '7' } }) },
    );
    expect(made.rejected).toEqual([]);
    const names = ['medication_id', 'medication_system', 'medication_code', 'medication_display', 'form_code', 'form_display', 'ingredient_code', 'ingredient_display', 'ingredient_count']; // prettier-ignore
    expect(made.rows.source_medication!.map((row) => [row.op, ...of(row, ...names)])).toEqual([
      ['upsert', 'm', 'urn:rx', '1', 'One 10 mg', 'tab', 'Tablet', 'i', 'Onium', 2],
      ['upsert', 'n', null, null, 'Ours', null, 'Drops', null, 'Water', 1],
      ['delete', 'x', null, null, null, null, null, null, null, 0],
    ]);
    const orders = [...made.rows.medication_order!, ...made.rows.prescription_fill!];
    expect(orders.map((row) => of(row, 'medication_id', 'medication_code', 'medication_display', 'dq_flags'))).toEqual([
      ['m', null, 'As said', null],
      ['urn:uuid:gone', null, null, 'FIL-FHR-07'],
      [null, null, null, 'FIL-FHR-07'],
      ['m', null, null, null],
      ['urn:list|7', null, null, null],
    ]);
    const [m] = made.rows.source_medication!;
    expect([orders[0]!.source_medication_key, orders[3]!.source_medication_key]).toEqual([m!.source_medication_key, m!.source_medication_key]); // prettier-ignore
  });

  test('PractitionerRole, by ids and by identifiers', async () => {
    const coded = (code: string): object => ({ coding: [{ system: 'urn:s', code, display: `The ${code}` }] });
    const made = await read(
      {
        resourceType: 'PractitionerRole',
        id: 'r1',
        active: true,
        period: { start: '2020-01', end: '2024-06-30' },
        practitioner: { reference: 'Practitioner/d' },
        organization: { reference: 'Organization/o' },
        code: [coded('doctor')],
        specialty: [coded('heart'), coded('lung')],
        location: [{ reference: 'Location/l' }, { reference: 'Location/k' }],
      },
      {
        resourceType: 'PractitionerRole',
        id: 'r2',
        practitioner: { reference: 'Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999999' },
        organization: { identifier: { system: 'urn:org', value: 'O' } },
        location: [{ identifier: { system: 'urn:loc', value: 'L' } }],
      },
      { resourceType: 'Practitioner', id: 'd' },
      { resourceType: 'Practitioner', id: 'e', identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '9999999999' }] }, // prettier-ignore
    );
    expect(made.rejected).toEqual([]);
    const [one, two] = made.rows.provider_role!;
    expect(of(one, 'provider_id', 'organization_id', 'location_id', 'role_code', 'role_display', 'specialty_system', 'specialty_code', 'is_active')).toEqual(['d', 'o', 'l', 'doctor', 'The doctor', 'urn:s', 'heart', true]); // prettier-ignore
    const day = (text: string): number => Date.parse(text) / 86_400_000;
    expect(of(one, 'starts_on', 'ends_on')).toEqual([day('2020-01-01'), day('2024-06-30')]);
    expect(of(two, 'provider_id', 'provider_identifier', 'organization_identifier', 'location_identifier')).toEqual([null, 'http://hl7.org/fhir/sid/us-npi|9999999999', 'urn:org|O', 'urn:loc|L']); // prettier-ignore
    // By id as facts name the member; by an identifier as its holder has the key of that one.
    const [d, e] = made.rows.provider!;
    expect([one!.provider_key, two!.provider_key]).toEqual([d!.provider_key, e!.npi_alias_key]);
  });

  test('DiagnosticReport and what it lists', async () => {
    const made = await read(
      {
        resourceType: 'DiagnosticReport',
        id: 'r',
        status: 'preliminary',
        category: [{ coding: [{ code: 'LAB' }] }],
        ...CODE,
        ...SUBJECT,
        encounter: { reference: 'Encounter/e' },
        effectivePeriod: { start: '2026-03' },
        issued: START,
        result: [{ reference: 'Observation/a' }, { reference: 'https://x/Observation/b' }, { display: 'c' }],
      },
      { resourceType: 'DiagnosticReport', id: 's', status: 'final', ...CODE, issued: START },
      { resourceType: 'DiagnosticReport', id: 't', status: 'final', ...CODE, result: [{ reference: 'Observation/a' }] },
    );
    expect(made.rejected).toEqual([
      ['3', 'FLD-MISSING /reported, FLD-MISSING /reported_start, FLD-MISSING /issued'],
      ['3/0', 'FLD-MISSING /reported, FLD-MISSING /reported_start, FLD-MISSING /issued'],
    ]);
    expect(made.rows.diagnostic_report!.map((row) => of(row, 'diagnostic_report_id', 'status_code', 'category_code', 'report_code', 'patient_id', 'encounter_id', 'reported_precision', 'result_count'))).toEqual([
      ['r', 'preliminary', 'LAB', '1-8', 'p', 'e', 'month', 3],
      ['s', 'final', null, '1-8', null, null, 'instant', 0],
    ]); // prettier-ignore
    expect(made.rows.diagnostic_report_result!.map((row) => of(row, 'diagnostic_report_result_id', 'diagnostic_report_id', 'position', 'observation_id', 'status_code'))).toEqual([
      ['r/1', 'r', 1, 'a', 'preliminary'],
      ['r/2', 'r', 2, 'b', 'preliminary'],
      ['r/3', 'r', 3, null, 'preliminary'],
    ]); // prettier-ignore
  });
});
