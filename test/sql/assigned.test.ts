import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const MRN = 'http://north.example/mrn';
const PEOPLE = ['core.dim_patient', 'core.patient_identity', 'core.enterprise_patient', 'core.dim_provider'];

/** A patient as a FHIR server knows her, with the links that it lists. */
const patient = (id: string, more: Record<string, unknown> = {}, day = 1, op?: string): Event =>
  said(
    'patient',
    day,
    { birth_date: '1980-02-29', mrn: undefined, member_id: undefined, link_count: undefined, patient_id: id, ...more },
    op,
    'fhir',
  );
const visit = (
  source: string,
  id: string,
  names: Record<string, unknown>,
  authorities?: Record<string, string>,
  day = 1,
): Event =>
  said(
    'appointment',
    day,
    { appointment_id: id, clinic_id: 'C1', provider_id: undefined, provider_npi: undefined, ...names },
    'upsert',
    source,
    authorities,
  );
/** A link as it comes with the first of its patients. */
const listed = (one: string, position: number | undefined, other: string, day = 1, op?: string): Event =>
  said(
    'patient_link',
    day,
    {
      patient_link_id: `${one}/${position ?? 'by itself'}`,
      source_system_1: undefined,
      patient_id_1: one,
      source_system_2: undefined,
      patient_id_2: other,
      position,
    },
    op,
    'fhir',
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
  const persons = async (of = 'patient'): Promise<string[]> => {
    const found = new Map<string, string[]>();
    const natural = of === 'patient' ? 'patient_id' : 'coalesce(provider_id, npi)';
    for (const [person, id] of await rows(
      engine,
      `SELECT enterprise_${of}_key, ${natural} FROM core.dim_${of} WHERE ${natural} IS NOT NULL ORDER BY 2`,
    ))
      found.set(person!, [...(found.get(person!) ?? []), id!]);
    return [...found.values()].map((ids) => ids.join(' ')).sort();
  };
  /** What the tables of people hold after these loads in every order: the same. */
  const always = async (loads: readonly Event[][], expected: string[]): Promise<void> => {
    let first: unknown;
    for (const order of permutations(loads)) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      expect(await persons()).toEqual(expected);
      const tables = await dump(engine, PEOPLE);
      expect(tables).toEqual((first ??= tables));
    }
  };

  it('are one member for all sources that name them by one authority, of the least of these sources', async () => {
    const by = { patient: MRN };
    await always(
      [
        [visit('scheduling', 'A1', { patient_id: '77' }, by)],
        [visit('lab', 'A2', { patient_id: '77' }, by)],
        // Somebody else in truth: the laboratory names the first one no longer.
        [visit('lab', 'A2', { patient_id: '78' }, by, 2)],
      ],
      ['77', '78'],
    );
    expect(
      await rows(
        engine,
        `SELECT patient_id, source_system FROM core.dim_patient WHERE patient_id IS NOT NULL ORDER BY 1`,
      ),
    ).toEqual([
      ['77', 'scheduling'],
      ['78', 'lab'],
    ]);
    await load(engine, 'both', [visit('clinic', 'A3', { patient_id: '77' }, by), visit('lab', 'A4', { patient_id: '77' }, by)]); // prettier-ignore
    expect(await rows(engine, `SELECT source_system FROM core.dim_patient WHERE patient_id = '77'`)).toEqual([
      ['clinic'],
    ]);
  });

  it('whose number a hospital states are those whom facts alone name by it', async () => {
    await always(
      [
        [patient('F1', { mrn: '77', mrn_system: MRN })],
        [visit('scheduling', 'A1', { patient_id: '77' }, { patient: MRN })],
        [visit('scheduling', 'A2', { patient_id: '77' })],
      ],
      // The second 77 is a number of the scheduling system.
      ['77', '77 F1'],
    );
  });

  it('whose number four records of a source carry are nobody, each listed once', async () => {
    const ids = ['F1', 'F2', 'F3', 'F4'];
    await load(engine, 'l0', [visit('scheduling', 'A1', { patient_id: '77' }, { patient: MRN })]);
    await load(engine, 'l1', ids.map((id) => patient(id, { mrn: '77', mrn_system: MRN })));
    expect(await persons()).toEqual(['77', ...ids]);
    expect(await rows(engine, `SELECT reason, count(*) FROM gold_phi.identity_review WHERE reason <> 'likely duplicate' GROUP BY 1`)).toEqual([['many holders', '4']]); // prettier-ignore
  }); // prettier-ignore

  it('who render care are one by a bare NPI, in whichever member it stands', async () => {
    const npi = '1234567893';
    const doctor = said('provider', 1, { provider_id: 'D1', npi, identifier_value: undefined }, 'upsert', 'fhir');
    await load(engine, 'l0', [visit('claims', 'A1', { patient_id: 'P1', provider_id: npi }, { provider: 'npi' })]);
    await load(engine, 'l1', [visit('scheduling', 'A2', { patient_id: 'P1', provider_npi: npi }), doctor]);
    expect(await persons('provider')).toEqual([`${npi} D1`]);
    // Of a source that says nothing of it, ten digits are its own.
    await load(engine, 'l2', [visit('claims', 'A3', { patient_id: 'P1', provider_id: npi })]);
    expect(await persons('provider')).toEqual([npi, `${npi} D1`]);
  });

  it('are parted by a version that no longer lists the link, in any order of arrival', async () => {
    const others = [patient('F2'), patient('F3')];
    const first = [patient('F1', { link_count: 1 }), listed('F1', 1, 'F2'), ...others];
    await load(engine, 'l0', first);
    expect(await persons()).toEqual(['F1 F2', 'F3']);
    const second = [patient('F1', { link_count: 0 }, 2)];
    await always([first, second], ['F1', 'F2', 'F3']);
    // Listed again, and another one: what is at a place is replaced.
    const third = [patient('F1', { link_count: 2 }, 3), listed('F1', 1, 'F3', 3), listed('F1', 2, 'F2', 3)];
    await always([first, second, third], ['F1 F2 F3']);
    const fourth = [patient('F1', { link_count: 1 }, 4), listed('F1', 1, 'F3', 4)];
    await always([first, third, fourth], ['F1 F3', 'F2']);
  });

  it('are parted where the record that lists the link is gone; a link that came by itself stays until it is deleted', async () => {
    const people = ['F1', 'F2', 'F3'].map((id) => patient(id, { link_count: 1 }));
    const gone = [patient('F1', {}, 2, 'delete')];
    await always([[...people, listed('F1', 1, 'F2')], gone], ['F1', 'F2', 'F3']);
    const own = listed('F1', undefined, 'F3');
    await always([[...people, listed('F1', 1, 'F2'), own], [patient('F1', { link_count: 0 }, 2)]], ['F1 F3', 'F2']);
    await load(engine, 'back', [listed('F1', undefined, 'F3', 3, 'delete')]);
    expect(await persons()).toEqual(['F1', 'F2', 'F3']);
  });
});
