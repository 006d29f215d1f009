import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const NPI = 'http://hl7.org/fhir/sid/us-npi';
/** Fails its check digit, as those of made-up exports do. */
const WRONG = '9999999699';

const visit = (day: number, more: Record<string, unknown> = {}): Event =>
  said('encounter', day, { encounter_id: 'E1', ...more });
const stay = (day: number, position: number, location_id = `L${position}`): Event =>
  said('encounter_location', day, { encounter_location_id: `E1/${position}`, position, location_id });
const doctor = (day: number, more: Record<string, unknown> = {}, op?: string): Event =>
  said(
    'provider',
    day,
    { provider_id: 'D7', npi: WRONG, full_name: 'Dr Seven', identifier_value: undefined, ...more },
    op,
  );

describe.each(engines)('facts that name others on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const loadAll = async (loads: readonly Event[][]): Promise<void> => {
    for (const [i, events] of loads.entries()) await load(engine, `l${i}`, events);
  };
  /** Loads in every order end in the same tables, which `look` describes. */
  const inAnyOrder = async (loads: readonly Event[][], look: () => Promise<unknown>, expected: unknown) => {
    let first: unknown;
    for (const order of permutations(loads)) {
      await empty(engine);
      await loadAll(order);
      expect(await look()).toEqual(expected);
      const tables = await dump(engine, ['core.encounter', 'core.encounter_location', 'core.diagnosis', 'core.observation', 'core.dim_provider_history', 'core.dim_location_history']); // prettier-ignore
      first ??= tables;
      expect(tables).toEqual(first);
      expect(await brokenChecks(engine)).toEqual([]);
    }
  };

  const known = () => rows(engine, 'SELECT diagnosis_id, encounter_is_known FROM core.fact_diagnosis');
  const diagnosis = said('diagnosis', 1, { diagnosis_id: 'DX1', encounter_id: 'E1' });

  it('know the fact that they belong to, whichever comes first', () =>
    inAnyOrder([[diagnosis], [visit(1)]], known, [['DX1', '1']]));

  it('know the diagnosis that is their reason, whichever comes first', async () => {
    const look = () =>
      rows(
        engine,
        `SELECT p.procedure_id, p.reason_diagnosis_is_known, o.reason_diagnosis_is_known, d.diagnosis_code
         FROM core.fact_procedure p JOIN core.fact_medication_order o ON o.reason_diagnosis_key = p.reason_diagnosis_key
         LEFT JOIN core.fact_diagnosis d ON d.diagnosis_key = p.reason_diagnosis_key`,
      );
    const done = said('procedure', 1, { reason_diagnosis_id: 'DX1' });
    const ordered = said('medication_order', 1, { reason_diagnosis_id: 'DX1' });
    await inAnyOrder([[done], [ordered], [diagnosis]], look, [['PR1', '1', '1', 'I10']]);
    await load(engine, 'gone', [said('diagnosis', 2, { diagnosis_id: 'DX1' }, 'delete')]);
    expect(await look()).toEqual([['PR1', '0', '0', null]]);
  });

  it('know no longer a fact that was taken back, and know it again', async () => {
    await loadAll([[diagnosis], [visit(1)], [said('encounter', 2, { encounter_id: 'E1' }, 'delete')]]);
    expect(await known()).toEqual([['DX1', '0']]);
    await load(engine, 'again', [visit(3)]);
    expect(await known()).toEqual([['DX1', '1']]);
  });

  it('are taken back by a status that says so, and are kept out of measures by one that says less', async () => {
    await loadAll([
      [said('diagnosis', 1, { diagnosis_id: 'DX1' }), said('diagnosis', 1, { diagnosis_id: 'DX2', verification_status_code: 'refuted' })],
      [said('diagnosis', 2, { diagnosis_id: 'DX1', verification_status_code: 'entered-in-error' })],
    ]); // prettier-ignore
    expect(await rows(engine, 'SELECT diagnosis_id, is_counted FROM core.fact_diagnosis')).toEqual([['DX2', '0']]);
  });

  it('stand as parts while the winning event of their parent lists them', () =>
    inAnyOrder(
      [
        [visit(1, { location_count: 2 }), stay(1, 1), stay(1, 2)],
        [visit(3, { location_count: 1 }), stay(3, 1, 'L9')],
        [visit(2, { location_count: 2 }), stay(2, 1), stay(2, 2, 'L5')],
      ],
      () => rows(engine, `SELECT l.position, d.location_id FROM core.fact_encounter_location l JOIN core.dim_location d ON d.location_key = l.location_key`), // prettier-ignore
      [['1', 'L9']],
    ));

  it('are parts of their own kind: components of an observation', async () => {
    const part = (day: number, n: number) =>
      said('observation', day, { observation_id: `OB1/${n}`, parent_observation_id: 'OB1', component_number: n, value_number: n }); // prettier-ignore
    const whole = (day: number, component_count: number) => said('observation', day, { observation_id: 'OB1', component_count, value_number: undefined }); // prettier-ignore
    await inAnyOrder(
      [[whole(1, 2), part(1, 1), part(1, 2)], [whole(2, 1), part(2, 1)]],
      () => rows(engine, 'SELECT observation_id FROM core.fact_observation ORDER BY observation_id'),
      [['OB1'], ['OB1/1']],
    ); // prettier-ignore
  });

  it('are grouped by the reports that list them, whichever comes first, and by those that no longer do not', async () => {
    const result = (day: number, n: number, observation_id: string): Event =>
      said('diagnostic_report_result', day, { diagnostic_report_result_id: `DR1/${n}`, position: n, observation_id });
    const report = (day: number, result_count: number, status_code = 'final'): Event =>
      said('diagnostic_report', day, { result_count, status_code });
    const seen = (id: string): Event => said('observation', 1, { observation_id: id });
    const look = () =>
      rows(
        engine,
        `SELECT r.observation_id, r.observation_is_known, r.is_counted, o.value_number, p.report_code
         FROM core.fact_diagnostic_report_result r JOIN core.fact_diagnostic_report p ON p.diagnostic_report_key = r.diagnostic_report_key
         LEFT JOIN core.fact_observation o ON o.observation_key = r.observation_key ORDER BY r.position`,
      );
    await inAnyOrder(
      [[report(1, 2), result(1, 1, 'a'), result(1, 2, 'b')], [seen('a')], [seen('b')]],
      look,
      [['a', '1', '1', '128', '58410-2'], ['b', '1', '1', '128', '58410-2']],
    ); // prettier-ignore
    await load(engine, 'less', [report(2, 1), result(2, 1, 'c')]);
    expect(await look()).toEqual([['c', '0', '1', null, '58410-2']]);
    await load(engine, 'mistake', [report(3, 1, 'entered-in-error')]);
    expect(await look()).toEqual([]);
  });

  const byNpi = { provider_id: undefined, provider_identifier: `${NPI}|${WRONG}` };
  const named = () =>
    rows(engine, 'SELECT d.full_name, o.provider_name, d.is_inferred FROM gold_phi.obt_encounter o JOIN core.fact_encounter f ON f.encounter_key = o.encounter_key JOIN core.dim_provider d ON d.provider_key = f.provider_key'); // prettier-ignore

  it('find who holds the identifier that they name, a wrong NPI too, whichever comes first', () =>
    inAnyOrder([[visit(1, byNpi)], [doctor(1)]], named, [['Dr Seven', 'Dr Seven', 'false']]));

  it('lose a holder that gives the identifier up, and the inferred one goes when another takes it', async () => {
    await loadAll([[visit(1, byNpi)], [doctor(1)], [doctor(2, { npi: '1234567893' })]]);
    expect(await named()).toEqual([[null, null, 'true']]);
    expect(await brokenChecks(engine)).toEqual([]);
    await load(engine, 'other', [doctor(2, { provider_id: 'D8', full_name: 'Dr Eight' })]);
    expect(await named()).toEqual([['Dr Eight', 'Dr Eight', 'false']]);
    expect(await rows(engine, 'SELECT count(*) FROM core.dim_provider_history WHERE is_inferred')).toEqual([['0']]);
  });

  it('lose a holder that is deleted', async () => {
    await loadAll([[visit(1, byNpi)], [doctor(1)], [doctor(2, {}, 'delete')]]);
    expect(await named()).toEqual([[null, null, 'true']]);
  });

  it('name a provider by NPI where nothing else names one: the same as any other source', async () => {
    await loadAll([[visit(1, { provider_id: undefined, provider_npi: '1234567893' })], [doctor(1, { provider_id: undefined, npi: '1234567893', full_name: 'Dr Registry' })]]); // prettier-ignore
    expect(await named()).toEqual([['Dr Registry', 'Dr Registry', 'false']]);
  });
});
