import { bundle, entry } from './fhir';
import { CODE, FILE_MS, type Made, readByFhirR4, type SilverObject, START, STATES, SUBJECT } from './fhir-r4';

const lines = (...resources: object[]): string => resources.map((one) => JSON.stringify(one)).join('\n');
const read = (...resources: object[]): Promise<Made> =>
  readByFhirR4([lines(...resources, { resourceType: 'Flag', id: 'f' })]);
const of = (row: SilverObject | undefined, ...names: string[]): unknown[] => names.map((name) => row?.[name] ?? null);

describe('the status of a resource', () => {
  test.each(STATES)('%s: every one is kept as it is', async (resourceType, entity, column, make, statuses) => {
    const made = await read(...statuses.map((status) => ({ resourceType, id: status, ...make(status) })));
    expect(made.rejected).toEqual([]);
    expect(made.rows[entity]!.map((row) => of(row, column, 'op'))).toEqual(
      statuses.map((status) => [status, 'upsert']),
    );
  });

  test.each(STATES.filter(([type]) => type !== 'AdverseEvent'))(
    '%s: entered-in-error takes it back',
    async (type, entity, _, make) => {
      const made = await read({ resourceType: type, id: 'x', ...make('entered-in-error') });
      expect(made.rejected).toEqual([]);
      expect(made.rows[entity]!.map((row) => row.op)).toEqual([type === 'Appointment' ? 'upsert' : 'delete']);
    },
  );

  test.each(STATES)('%s: what is none is not taken for one', async (resourceType, entity, column, make) => {
    const made = await read({ resourceType, id: 'x', ...make('lost') });
    const [row] = made.rows[entity] ?? [];
    expect([made.rejected.length > 0, row?.[column]]).not.toEqual([false, 'lost']);
  });
});

describe('what is made of a resource, by value', () => {
  test('Patient', async () => {
    const us = (name: string, code: string): object => ({
      url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`,
      extension: [{ url: 'ombCategory', valueCoding: { code } }],
    });
    const made = await read(
      {
        resourceType: 'Patient',
        id: 'a',
        meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] },
        extension: [us('race', '2106-3'), us('ethnicity', '2186-5')],
        identifier: [
          { system: 'urn:other', value: '1' },
          { type: { coding: [{ code: 'MR' }] }, system: 'urn:mrn', value: '77' },
          { type: { coding: [{ code: 'MB' }] }, system: 'urn:payer', value: 'W9' },
        ],
        name: [
          { use: 'maiden', family: 'Old' },
          { use: 'official', family: 'New', given: ['Ann', 'Bea'] },
        ],
        gender: 'female',
        birthDate: '1970-05',
        deceasedDateTime: '2020-01-02T03:04:05+01:00',
        maritalStatus: { coding: [{ code: 'M' }] },
        communication: [
          { language: { coding: [{ code: 'es' }] } },
          { preferred: true, language: { coding: [{ code: 'en' }] } },
        ],
        address: [{ city: 'Boston', state: 'MA', postalCode: '02101-1234' }],
      },
      {
        resourceType: 'Patient',
        id: 'b',
        birthDate: '1970',
        deceasedBoolean: false,
        address: [{ postalCode: 'SW1A 1AA' }],
      },
    );
    const [a, b] = made.rows.patient!;
    expect(of(a, 'patient_id', 'first_name', 'last_name', 'gender_code', 'birth_date_precision', 'race_code', 'ethnicity_code')).toEqual(['a', 'Ann', 'New', 'female', 'month', '2106-3', '2186-5']); // prettier-ignore
    expect(of(a, 'mrn', 'mrn_system', 'member_id', 'member_id_system', 'sensitivity_code', 'language_code', 'marital_status_code')).toEqual(['77', 'urn:mrn', 'W9', 'urn:payer', 'R', 'en', 'M']); // prettier-ignore
    expect(of(a, 'city', 'state', 'zip5', 'is_deceased', 'dq_flags')).toEqual(['Boston', 'MA', '02101', true, null]);
    expect(of(b, 'birth_date_precision', 'zip5', 'is_deceased')).toEqual(['year', null, false]);
    expect(made.unmapped).toEqual({ Flag: 1 });
  });

  test('Encounter with its stays, by references of every kind', async () => {
    const npi = 'http://hl7.org/fhir/sid/us-npi';
    const made = await read({
      resourceType: 'Encounter',
      id: 'e',
      status: 'finished',
      class: { code: 'IMP' },
      type: [{ coding: [{ system: 'http://snomed.info/sct', code: '185347001', display: 'Visit' }] }],
      ...SUBJECT,
      participant: [
        { individual: { reference: 'Practitioner/x' } },
        {
          type: [{ coding: [{ code: 'PPRF' }] }],
          individual: { reference: `Practitioner?identifier=${npi}|9999999999` },
        },
      ],
      serviceProvider: { identifier: { system: 'urn:org', value: 'O1' } },
      period: { start: START, end: '2026-03-11T10:00:00-05:00' },
      location: [
        {
          location: { reference: 'Location/w1' },
          status: 'completed',
          period: { start: START, end: '2026-03-10T08:00:00-05:00' },
        },
        { location: { reference: 'Location?identifier=urn:loc|W2' } },
      ],
    });
    expect(made.rejected).toEqual([]);
    const [row] = made.rows.encounter!;
    expect(of(row, 'class_code', 'patient_id', 'provider_id', 'provider_identifier', 'organization_identifier', 'location_id', 'location_count')).toEqual(['inpatient', 'p', null, `${npi}|9999999999`, 'urn:org|O1', 'w1', 2]); // prettier-ignore
    expect(of(row, 'type_system', 'type_code', 'type_display')).toEqual([
      'http://snomed.info/sct',
      '185347001',
      'Visit',
    ]);
    expect(made.rows.encounter_location!.map((stay) => of(stay, 'encounter_location_id', 'encounter_id', 'position', 'location_id', 'location_identifier', 'stay_status_code'))).toEqual([['e/1', 'e', 1, 'w1', null, 'completed'], ['e/2', 'e', 2, null, 'urn:loc|W2', null]]); // prettier-ignore
    expect(made.rows.encounter_location!.map((stay) => stay.start_at)).toEqual([row!.start_at, row!.start_at]);
  });

  test('Observation: numbers, comparators, texts, codes and components', async () => {
    const base = { resourceType: 'Observation', status: 'final', ...CODE, ...SUBJECT, effectiveDateTime: '2026-03' };
    const quantity = { value: 5, comparator: '<', unit: 'mg/dL', code: 'mg/dL' };
    const made = await read(
      { ...base, id: '1', valueQuantity: quantity },
      { ...base, id: '2', valueString: 'clear' },
      { ...base, id: '3', valueCodeableConcept: { coding: [{ system: 'urn:s', code: 'pos' }], text: 'positive' } },
      { ...base, id: '4', component: [{ ...CODE, valueQuantity: { value: 120, unit: 'mm[Hg]' } }, { ...CODE, dataAbsentReason: { coding: [{ code: 'unknown' }] } }] }, // prettier-ignore
    );
    expect(made.rejected).toEqual([]);
    expect(made.rows.observation!.map((row) => of(row, 'observation_id', 'value_number', 'value_comparator', 'value_unit', 'value_text', 'value_code', 'absent_reason_code', 'component_count', 'component_number', 'parent_observation_id'))).toEqual([
      ['1', 5, '<', 'mg/dL', null, null, null, 0, null, null],
      ['2', null, null, null, 'clear', null, null, 0, null, null],
      ['3', null, null, null, 'positive', 'pos', null, 0, null, null],
      ['4', null, null, null, null, null, null, 2, null, null],
      ['4/1', 120, null, 'mm[Hg]', null, null, null, null, 1, '4'],
      ['4/2', null, null, null, null, null, 'unknown', null, 2, '4'],
    ]); // prettier-ignore
    expect(made.rows.observation!.map((row) => row.observed_precision)).toEqual(Array(6).fill('month'));
    // What a source calls a code stays with the fact: it describes the code for nobody else.
    expect(made.rows.observation!.map((row) => row.observation_display)).toContain('One');
    expect(made.rows).not.toHaveProperty('observation_code');
  });

  test('MedicationRequest by a Medication within it and beside it', async () => {
    const drug = (id: string, code: string): object => ({
      resourceType: 'Medication',
      id,
      code: { coding: [{ system: 'urn:rx', code }] },
    });
    const order = {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'plan',
      ...SUBJECT,
      authoredOn: START,
    };
    const made = await readByFhirR4([
      JSON.stringify(
        bundle([
          entry({ ...order, id: '1', contained: [drug('m', 'in')], medicationReference: { reference: '#m' } }),
          entry({ ...order, id: '2', medicationReference: { reference: 'urn:uuid:m' } }),
          entry({ ...order, id: '3', medicationCodeableConcept: { coding: [{ system: 'urn:rx', code: 'own' }] } }),
          entry(drug('b', 'beside'), 'urn:uuid:m'),
        ]),
      ),
    ]);
    expect(
      made.rows.medication_order!.map((row) => of(row, 'medication_system', 'medication_code', 'intent_code')),
    ).toEqual([
      ['urn:rx', 'in', 'plan'],
      ['urn:rx', 'beside', 'plan'],
      ['urn:rx', 'own', 'plan'],
    ]);
    expect(made.rows.source_medication!.map((row) => of(row, 'medication_id', 'medication_code'))).toEqual([['b', 'beside']]); // prettier-ignore
  });

  test('times of a year or a month begin with it, and say so', async () => {
    const condition = { resourceType: 'Condition', ...CODE, ...SUBJECT, recordedDate: '2026-03-09' };
    const made = await read(
      { ...condition, id: '1', onsetDateTime: '2001', abatementDateTime: '2002-07' },
      { ...condition, id: '2', onsetPeriod: { start: '2001-05-04' }, abatementPeriod: { end: START } },
      { ...condition, id: '3', onsetAge: { value: 40 } },
      { resourceType: 'Patient', id: 'p', birthDate: '1930-01-02', deceasedDateTime: '2019-11' },
    );
    expect(made.rejected).toEqual([]);
    const at = (iso: string): number => Date.parse(iso) * 1000;
    expect(made.rows.diagnosis!.map((row) => of(row, 'onset_at', 'onset_precision', 'abated_at', 'abated_precision'))).toEqual([
      [at('2001-01-01T00:00:00Z'), 'year', at('2002-07-01T00:00:00Z'), 'month'],
      [at('2001-05-04T00:00:00Z'), 'day', at(START), 'instant'],
      [null, null, null, null],
    ]); // prettier-ignore
    expect(of(made.rows.patient![0], 'deceased_at', 'deceased_precision')).toEqual([at('2019-11-01T00:00:00Z'), 'month']); // prettier-ignore
  });

  test('the reason of a procedure and of an order: a code, and the diagnosis that it names', async () => {
    const reasons = {
      reasonCode: [{ coding: [{ system: 'urn:why', code: 'w1', display: 'Why' }] }, { text: 'other' }],
      reasonReference: [{ reference: 'Observation/o' }, { reference: 'https://ehr.example/fhir/Condition/c' }],
    };
    const made = await read(
      { resourceType: 'Procedure', id: '1', status: 'completed', ...SUBJECT, performedDateTime: START, ...reasons },
      { resourceType: 'MedicationRequest', id: '2', status: 'active', intent: 'order', authoredOn: START, ...reasons },
      { resourceType: 'Procedure', id: '3', status: 'completed', performedDateTime: START, reasonCode: [{ text: 'Fell' }] }, // prettier-ignore
      { resourceType: 'Procedure', id: '4', status: 'completed', performedDateTime: START, reasonReference: [{ reference: 'urn:uuid:gone' }] }, // prettier-ignore
    );
    expect(made.rejected).toEqual([]);
    const names = ['reason_system', 'reason_code', 'reason_display', 'reason_diagnosis_id', 'dq_flags'];
    expect([...made.rows.procedure!, ...made.rows.medication_order!].map((row) => of(row, ...names))).toEqual([
      ['urn:why', 'w1', 'Why', 'c', null],
      [null, null, 'Fell', null, null],
      [null, null, null, 'urn:uuid:gone', 'FIL-FHR-07'],
      ['urn:why', 'w1', 'Why', 'c', null],
    ]);
  });

  test('a delete takes back what the resource is, and no code that it mentioned', async () => {
    const made = await read(
      bundle([
        { request: { method: 'DELETE', url: 'Condition/c' } },
        { request: { method: 'DELETE', url: 'Location/l' } },
      ]),
    );
    expect(
      Object.fromEntries(Object.entries(made.rows).map(([entity, rows]) => [entity, rows.map((row) => row.op)])),
    ).toEqual({
      diagnosis: ['delete'],
      location: ['delete'],
      clinic: ['delete'],
    });
  });

  test('both times are when the source knew it, never that of the visit', async () => {
    const made = await read({
      resourceType: 'Procedure',
      id: 'p',
      status: 'completed',
      ...SUBJECT,
      performedDateTime: START,
    });
    const [row] = made.rows.procedure!;
    expect(of(row, 'effective_at', 'recorded_at')).toEqual([FILE_MS * 1000, FILE_MS * 1000]);
  });
});
