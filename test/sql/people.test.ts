import { said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const MRN = 'urn:oid:2.16.840.1.113883.19.5';
const BORN = { birth_date: '1980-02-29', gender_code: 'female', mrn: undefined, member_id: undefined };

/** A patient as a source knows her: nothing of it is shared but what `more` says. */
const patient = (source: string, id: string, more: Record<string, unknown> = {}, day = 1, op?: string): Event =>
  said('patient', day, { ...BORN, patient_id: id, last_name: `Name ${id}`, zip5: undefined, ...more }, op, source);
const link = (id: string, one: [string, string], two: [string, string], day = 1, op?: string): Event =>
  said(
    'patient_link',
    day,
    { patient_link_id: id, source_system_1: one[0], patient_id_1: one[1], source_system_2: two[0], patient_id_2: two[1] },
    op,
    'mpi',
  ); // prettier-ignore
const visit = (source: string, id: string, patient_id: string): Event =>
  said(
    'appointment',
    1,
    { appointment_id: id, patient_id, clinic_id: 'C1', provider_npi: undefined },
    'upsert',
    source,
  );

describe.each(engines)('people on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  /** Ids of the patients of each person, persons and ids sorted. */
  const persons = async (): Promise<string[]> => {
    const found = new Map<string, string[]>();
    for (const [person, id] of await rows(
      engine,
      `SELECT enterprise_patient_key, patient_id FROM core.dim_patient WHERE patient_id IS NOT NULL ORDER BY patient_id`,
    ))
      found.set(person!, [...(found.get(person!) ?? []), id!]);
    return [...found.values()].map((ids) => ids.join(' ')).sort();
  };
  const review = () =>
    rows(engine, `SELECT reason, count(*) FROM gold_phi.identity_review GROUP BY reason ORDER BY reason`);
  const loadAll = async (loads: readonly Event[][]): Promise<void> => {
    for (const [i, events] of loads.entries()) await load(engine, `l${i}`, events);
  };

  const woman = [
    [patient('fhir', 'F1', { mrn: '77', mrn_system: MRN }), visit('fhir', 'A1', 'F1')],
    [patient('scheduling', '77', { mrn: '77', mrn_system: MRN }), visit('scheduling', 'A2', '77')],
    [patient('claims', 'M-9'), visit('claims', 'A3', 'M-9')],
    [link('K1', ['fhir', 'F1'], ['claims', 'M-9'])],
  ];

  it('are one where they share an identifier or a link joins them, in any order of arrival', async () => {
    let first: unknown;
    for (const order of [woman, [...woman].reverse(), [woman[3], woman[1], woman[0], woman[2]]]) {
      await empty(engine);
      await loadAll(order as Event[][]);
      expect(await persons()).toEqual(['77 F1 M-9']);
      expect(
        await rows(engine, `SELECT count(DISTINCT d.enterprise_patient_key), count(*) FROM core.fact_appointment f JOIN core.dim_patient d ON d.patient_key = f.patient_key`),
      ).toEqual([['1', '3']]); // prettier-ignore
      const tables = await dump(engine, ['core.patient_identity', 'core.enterprise_patient']);
      expect(tables).toEqual((first ??= tables));
    }
  });

  it('are parted by taking the link back', async () => {
    await loadAll(woman.slice(0, 3));
    expect(await persons()).toEqual(['77 F1', 'M-9']);
    await load(engine, 'link', woman[3]);
    expect(await persons()).toEqual(['77 F1 M-9']);
    await load(engine, 'back', [link('K1', ['fhir', 'F1'], ['claims', 'M-9'], 2, 'delete')]);
    expect(await persons()).toEqual(['77 F1', 'M-9']);
  });

  it('are described by the member whose version is latest in effect', async () => {
    const shared = { mrn: '77', mrn_system: MRN };
    await loadAll([[patient('fhir', 'F1', { ...shared, last_name: 'New' }, 3), patient('scheduling', '77', { ...shared, last_name: 'Old' }, 2)]]); // prettier-ignore
    expect(await rows(engine, `SELECT last_name, members FROM core.enterprise_patient`)).toEqual([['New', '2']]);
  });

  it.each([
    ['whose holders were born on different days', { birth_date: '1981-01-01' }],
    ['whose holders are of different sex', { gender_code: 'male' }],
  ])('are not joined by an identifier %s: somebody has to look', async (_, other) => {
    const shared = { mrn: '77', mrn_system: MRN };
    await loadAll([[patient('fhir', 'F1', shared), patient('scheduling', '77', { ...shared, ...other })]]);
    expect(await persons()).toEqual(['77', 'F1']);
    expect(await review()).toEqual([['contradiction', '1']]);
  });

  it('are not joined by an identifier that four ids of one source carry; by one of three they are', async () => {
    const shared = { mrn: '0', mrn_system: MRN };
    await loadAll([['F1', 'F2', 'F3'].map((id) => patient('fhir', id, shared))]);
    expect(await persons()).toEqual(['F1 F2 F3']);
    await load(engine, 'fourth', [patient('fhir', 'F4', shared)]);
    expect(await persons()).toEqual(['F1', 'F2', 'F3', 'F4']);
    expect(await review()).toEqual([['many holders', '3']]);
  });

  it('are not joined by the same number of another authority', async () => {
    await loadAll([[patient('fhir', 'F1', { mrn: '77', mrn_system: MRN }), patient('scheduling', '77', { mrn: '77', mrn_system: `${MRN}.1` })]]); // prettier-ignore
    expect(await persons()).toEqual(['77', 'F1']);
  });

  it('are joined over sixteen steps and no more, however the loads are split; a longer chain is in the review list', async () => {
    const chain = (length: number) => Array.from({ length }, (_, i) => link(`K${i}`, ['s', `p${i}`], ['s', `p${i + 1}`])); // prettier-ignore
    const people = (length: number) => Array.from({ length: length + 1 }, (_, i) => patient('s', `p${i}`));
    await loadAll([people(16), chain(16)]);
    expect((await persons()).length).toBe(1);
    expect(await review()).toEqual([]);
    const ends: unknown[] = [];
    for (const loads of [[people(40), chain(40)], [chain(40).slice(0, 25), people(40), chain(40).slice(25)]]) {
      await empty(engine);
      await loadAll(loads);
      ends.push(await persons());
      expect((await review()).map(([reason]) => reason)).toEqual(['long chain']);
    }
    expect(ends[0]).toEqual(ends[1]);
  }); // prettier-ignore

  it('who are likely the same are listed, and not joined', async () => {
    const same = { last_name: 'Müller', first_name: 'Ann' };
    await loadAll([
      [
        patient('a', 'P1', same),
        patient('b', 'P2', { ...same, last_name: 'MULLER' }),
        patient('c', 'P3', { ...same, birth_date: '1950-05-05' }),
      ],
    ]);
    expect(await persons()).toEqual(['P1', 'P2', 'P3']);
    expect(await review()).toEqual([['likely duplicate', '1']]);
  });

  it('who has married is likely the same by birth date, given name and postal code', async () => {
    const same = { first_name: 'Ann', zip5: '10001' };
    await loadAll([
      [
        patient('a', 'P1', { ...same, last_name: 'Miller' }),
        patient('b', 'P2', { ...same, last_name: 'Ng' }),
        patient('c', 'P3', { ...same, last_name: 'Ng', zip5: '20002' }),
        patient('d', 'P4', { ...same, last_name: 'Diaz', first_name: 'Eva' }),
      ],
    ]);
    // P1 with P2 by place, P2 with P3 by name; P4 lives there too.
    expect(await review()).toEqual([['likely duplicate', '2']]);
  });

  it('many of one name and day are listed once each', async () => {
    await loadAll([
      Array.from({ length: 60 }, (_, i) => patient('a', `P${i}`, { last_name: 'Baby', first_name: null })),
    ]);
    expect(await review()).toEqual([['likely duplicate', '59']]);
  });

  it('who render care are one by a right NPI: registry, practitioner and bare NPI; a wrong one joins nobody', async () => {
    const doctor = (source: string, more: Record<string, unknown>) =>
      said('provider', 1, { identifier_value: undefined, ...more }, 'upsert', source);
    await loadAll([
      [doctor('nppes', { provider_id: undefined, npi: '1234567893', full_name: 'Registry' })],
      [doctor('fhir', { provider_id: 'D1', npi: '1234567893', full_name: 'Practitioner' })],
      [said('appointment', 1, { appointment_id: 'A9', provider_id: undefined, provider_npi: '1234567893' }, 'upsert', 'csv')],
      [doctor('fhir', { provider_id: 'D2', npi: '9999999699' }), doctor('other', { provider_id: 'D3', npi: '9999999699' })],
    ]); // prettier-ignore
    expect(
      await rows(engine, `SELECT count(*), count(DISTINCT enterprise_provider_key) FROM core.dim_provider WHERE npi = '1234567893'`),
    ).toEqual([['2', '1']]); // prettier-ignore
    expect(
      await rows(engine, `SELECT count(DISTINCT enterprise_provider_key) FROM core.dim_provider WHERE npi = '9999999699'`),
    ).toEqual([['2']]); // prettier-ignore
  });

  it('who are named by a bare NPI that no registry describes are the practitioner who has it', async () => {
    await loadAll([
      [said('appointment', 1, { appointment_id: 'A9', provider_id: undefined, provider_npi: '1234567893' }, 'upsert', 'csv')],
      [said('provider', 1, { provider_id: 'D1', npi: '1234567893', identifier_value: undefined }, 'upsert', 'fhir')],
    ]); // prettier-ignore
    expect(await rows(engine, `SELECT count(*), count(DISTINCT enterprise_provider_key) FROM core.dim_provider WHERE npi = '1234567893'`)).toEqual([['2', '1']]); // prettier-ignore
  });

  it('have one row each, and one journey, in which nothing stands twice', async () => {
    await loadAll(woman as Event[][]);
    await load(engine, 'care', [
      said(
        'encounter',
        1,
        { encounter_id: 'E1', patient_id: 'F1', start_at: '2024-02-20T10:00:00Z', end_at: '2024-02-20T11:00:00Z' },
        'upsert',
        'fhir',
      ),
      said('procedure', 1, { procedure_id: 'PR1', patient_id: 'F1', encounter_id: 'E1' }, 'upsert', 'fhir'),
      said('diagnosis', 1, { diagnosis_id: 'DX1', patient_id: 'F1', encounter_id: 'E1' }, 'upsert', 'fhir'),
      said('diagnosis', 1, { diagnosis_id: 'DX2', patient_id: '77' }, 'upsert', 'scheduling'),
      said('observation', 1, { observation_id: 'OB1', patient_id: 'F1', encounter_id: 'E1' }, 'upsert', 'fhir'),
      said('medication_order', 1, { medication_order_id: 'M1', patient_id: 'F1' }, 'upsert', 'fhir'),
      said('prescription_fill', 1, { prescription_fill_id: 'RX1', patient_id: 'M-9' }, 'upsert', 'claims'),
    ]);
    expect(
      await rows(
        engine,
        'SELECT kind, count(*), count(DISTINCT enterprise_patient_key) FROM gold_phi.patient_journey GROUP BY kind ORDER BY kind',
      ),
    ).toEqual([
      ['appointment', '3', '1'],
      ['arrival', '3', '1'],
      ['diagnosis', '2', '1'],
      ['encounter', '1', '1'],
      ['fill', '1', '1'],
      ['medication order', '1', '1'],
      ['observation', '1', '1'],
      ['procedure', '1', '1'],
    ]);
    // Three attended appointments, all after the watermark; one condition, told by two sources; 44 years old on 1 March 2024.
    expect(
      await rows(
        engine,
        'SELECT members, age, active_conditions, visits_12m, no_shows, appointments_counted, CAST(last_visit_at AS varchar(19)) FROM gold_phi.obt_patient',
      ),
    ).toEqual([['3', '44', '1', '1', '0', '3', '2024-02-20 10:00:00']]);
  });
});
