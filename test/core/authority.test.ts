import { rowOf, violationsOf } from './made';

const MRN = 'http://north.example/mrn';
const NPI = 'http://hl7.org/fhir/sid/us-npi';

describe('a record that names no authority', () => {
  // What lies in lakes already: a key that moved would make another person of everybody.
  it.each([
    [
      'patient',
      2,
      { patient_id: 'P1', birth_date: '1980-02-29', mrn: '77', mrn_system: 'urn:oid:1' },
      {
        event_id: '3aad8428e51e383e72c39ccff2a6232d',
        payload_hash: '3355207384177551312',
        patient_key: '3d9886c45b3efa3e2fbd5097061dc2ee',
        mrn_alias_key: 'f2849c8f9571fb39fed41c9a73adf138',
      },
    ],
    [
      'provider',
      2,
      { npi: '1234567893' },
      { payload_hash: '-3107363485539785805', provider_key: '9bb1b9f81257fda19119da2b15a5f3d6' },
    ],
    [
      'provider',
      2,
      { provider_id: 'D1', npi: '1234567893' },
      { payload_hash: '8212105012713097697', provider_key: '883bea73cdb33b94430656fbc5084f90' },
    ],
    [
      'patient_link',
      1,
      { patient_link_id: 'K1', patient_id_1: 'P1', source_system_2: 'claims', patient_id_2: 'M7' },
      {
        event_id: 'fb9941167663ce1352c2c953ea72a5fe',
        patient_1_key: '3d9886c45b3efa3e2fbd5097061dc2ee',
        patient_2_key: '90ab6625987696bfaff5a1197019d828',
      },
    ],
    [
      'encounter',
      1,
      {
        encounter_id: 'E1',
        status_code: 'finished',
        class_code: 'inpatient',
        start_at: '2024-03-09T00:00:00Z',
        patient_id: 'P1',
        provider_npi: '1234567893',
        location_identifier: 'urn:oid:2|L1',
      },
      {
        payload_hash: '4752826254907282431',
        patient_key: '3d9886c45b3efa3e2fbd5097061dc2ee',
        provider_key: '9bb1b9f81257fda19119da2b15a5f3d6',
        location_named_key: 'a1489aa45b321a70e68934b99429e8e3',
      },
    ],
  ] as const)('keeps keys, hash and event as they were: %s v%i', (entity, version, payload, expected) => {
    expect(rowOf(entity, payload, { schema_version: version })).toMatchObject(expected);
    // Naming the source itself says nothing more.
    expect(rowOf(entity, payload, { schema_version: version, authorities: { patient: 'ehr' } })).toMatchObject(
      expected,
    );
    expect(rowOf(entity, payload, { schema_version: version, authorities: null })).toMatchObject(expected);
  });
});

describe('an authority', () => {
  const patientKey = (source_system: string, authorities?: Record<string, string>, patient_id = '77'): unknown =>
    rowOf('patient', { patient_id, birth_date: '1980-02-29' }, { source_system, authorities }).patient_key;

  it('makes one key for all sources that name it, apart from the keys of each', () => {
    const key = patientKey('scheduling', { patient: MRN });
    expect(patientKey('lab', { patient: MRN })).toBe(key);
    expect(patientKey('lab', { patient: MRN }, '78')).not.toBe(key);
    expect(patientKey('lab', { patient: `${MRN}/2` })).not.toBe(key);
    expect(patientKey('scheduling')).not.toBe(key);
    expect(patientKey('scheduling', { provider: MRN })).toBe(patientKey('scheduling'));
  });

  it('that is another source makes the key that this one makes by itself', () => {
    expect(patientKey('scheduling', { patient: 'ehr' })).toBe(patientKey('ehr'));
  });

  it('is that of ids in facts and links too, and never of a fact itself', () => {
    const authorities = { patient: MRN };
    const visit = { appointment_id: 'A1', patient_id: '77', clinic_id: 'C1' };
    const fact = rowOf('appointment', visit, { source_system: 'scheduling', authorities });
    const bare = rowOf('appointment', visit, { source_system: 'scheduling' });
    expect(fact.patient_key).toBe(patientKey('x', authorities));
    expect(bare.patient_key).toBe(patientKey('scheduling'));
    expect([fact.appointment_key, fact.clinic_key]).toEqual([bare.appointment_key, bare.clinic_key]);
    expect(fact.payload_hash).not.toBe(bare.payload_hash);
    const link = { patient_link_id: 'K', patient_id_1: 'P1', source_system_2: MRN, patient_id_2: '77' };
    expect(rowOf('patient_link', link)).toMatchObject({
      patient_1_key: patientKey('ehr', undefined, 'P1'),
      patient_2_key: patientKey('x', authorities),
    });
  });

  it('gives the holder of an identifier the key of whoever has it for an id', () => {
    const mrn = { patient_id: 'P1', birth_date: '1980-02-29', mrn: '77', mrn_system: MRN };
    expect(rowOf('patient', mrn).mrn_assigned_key).toBe(patientKey('x', { patient: MRN }));
    expect(rowOf('patient', { ...mrn, mrn_system: undefined }).mrn_assigned_key).toBeNull();
  });

  it.each(['npi', NPI])('%s makes a bare NPI of provider_id, in a provider and where a fact names one', (npi) => {
    const bare = rowOf('provider', { npi: '1234567893' });
    const byId = rowOf('provider', { provider_id: '1234567893' }, { authorities: { provider: npi } });
    expect([byId.provider_key, byId.npi, byId.provider_id]).toEqual([bare.provider_key, '1234567893', null]);
    const visit = { appointment_id: 'A1', patient_id: 'P1', clinic_id: 'C1', provider_id: '1234567893' };
    expect(rowOf('appointment', visit, { authorities: { provider: npi } })).toMatchObject({
      provider_key: bare.provider_key,
      provider_npi: '1234567893',
    });
    // Ten digits are no NPI because they look like one: a source may number its doctors so.
    expect(rowOf('appointment', visit).provider_key).not.toBe(bare.provider_key);
    const link = { provider_link_id: 'K', provider_id_1: 'D1', source_system_2: npi, provider_id_2: '1234567893' };
    expect(rowOf('provider_link', link).provider_2_key).toBe(bare.provider_key);
  });

  it('npi of a wrong one: a fact leads to the unknown provider, flagged; a fault points at what the record has', () => {
    const authorities = { provider: 'npi' };
    const visit = { appointment_id: 'A1', patient_id: 'P1', clinic_id: 'C1', provider_id: '1234567890' };
    expect(rowOf('appointment', visit, { authorities })).toMatchObject({
      provider_key: '0'.repeat(32),
      dq_flags: 'DQ-ID-03',
    });
    expect(violationsOf('provider', { provider_id: '1234567890' }, { authorities })).toEqual([
      'DQ-ID-03 /payload/provider_id',
    ]);
  });

  it.each([
    ['no object', 'npi', 'ENV-TYPE /authorities'],
    ['a list', ['npi'], 'ENV-TYPE /authorities'],
    ['of what has none', { clinic: 'npi' }, 'ENV-UNKNOWN /authorities'],
    ['a number', { patient: 7 }, 'ENV-TYPE /authorities/patient'],
    ['empty', { patient: '' }, 'ENV-ID /authorities/patient'],
    ['with a blank', { patient: 'a b' }, 'ENV-ID /authorities/patient'],
    ['that could end the text that is keyed', { patient: 'a\u001fb' }, 'ENV-ID /authorities/patient'],
    ['too long', { patient: 'a'.repeat(129) }, 'ENV-ID /authorities/patient'],
  ])('that is %s costs the record', (_, authorities, expected) => {
    expect(violationsOf('patient', { patient_id: '77' }, { authorities })).toEqual([expected]);
  });

  it('of a link that cannot be read costs the link: it would name somebody else', () => {
    const link = { patient_link_id: 'K', patient_id_1: 'P1', source_system_2: 'a'.repeat(65), patient_id_2: '77' };
    expect(violationsOf('patient_link', link)).toEqual(['FLD-LENGTH /payload/source_system_2']);
  });

  it('of the second id that is that of the first makes no link of somebody to himself', () => {
    const link = { patient_link_id: 'K', patient_id_1: 'P1', source_system_2: MRN, patient_id_2: 'P1' };
    expect(violationsOf('patient_link', link)).toEqual([]);
    expect(violationsOf('patient_link', link, { authorities: { patient: MRN } })).toEqual(['DQ-ID-10 /payload']);
  });
});
