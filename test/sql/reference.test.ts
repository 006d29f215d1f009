import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';
const version = (day: number): Record<string, string> => ({ reference_version: `v${day}`, reference_from: `2024-03-0${day}` }); // prettier-ignore
/** A code as the version of a day has it. */
const described = (day: number, code: string, display: string, is_billable = true): Event =>
  said('diagnosis_code', day, { code_system: ICD, code, display, is_billable, ...version(day) }, 'upsert', 'reference');
/** A code that the version of a day no longer has. */
const ended = (day: number, code: string): Event =>
  said('diagnosis_code', day, { code_system: ICD, code }, 'delete', 'reference');
const diagnosis = (id: string, day: number, code: string, more: Record<string, unknown> = {}, source = 'ehr'): Event =>
  said('diagnosis', 1, { diagnosis_id: id, diagnosis_system: ICD, diagnosis_code: code, diagnosed_at: `2024-03-0${day}T12:00:00Z`, ...more }, 'upsert', source); // prettier-ignore

describe.each(engines)('reference files on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const versions: Event[][] = [
    [described(2, 'E119', 'Diabetes, old'), described(2, 'Z99', 'Ends')],
    [described(5, 'E11.9', 'Diabetes, new', false), ended(5, 'Z99'), described(5, 'U07.1', 'Begins')],
  ];
  const facts = [
    diagnosis('BEFORE', 3, 'E11.9'),
    diagnosis('AFTER', 6, 'E119', { diagnosis_display: 'as the clinic says' }),
    diagnosis('LAST', 4, 'Z99'),
    diagnosis('GONE', 6, 'Z99'),
    diagnosis('EARLY', 3, 'U071'),
    diagnosis('LOCAL', 6, 'X99.9', {}, 'other-ehr'),
  ];

  it('describe a fact as the version of its own day does, whatever came first', async () => {
    let first: unknown;
    for (const order of permutations([...versions, facts])) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      expect(
        await rows(engine, 'SELECT diagnosis_id, reference_display, is_billable, code_version, diagnosis_display FROM gold_phi.obt_diagnosis ORDER BY diagnosis_id'), // prettier-ignore
      ).toEqual([
        ['AFTER', 'Diabetes, new', 'false', 'v5', 'as the clinic says'],
        ['BEFORE', 'Diabetes, old', 'true', 'v2', expect.any(String)],
        // The earliest version that has the code describes it, and does not say that it was billable then.
        ['EARLY', 'Begins', null, 'v5', expect.any(String)],
        ['GONE', null, null, null, expect.any(String)],
        ['LAST', 'Ends', 'true', 'v2', expect.any(String)],
        ['LOCAL', null, null, null, expect.any(String)],
      ]);
      const tables = await dump(engine, ['core.diagnosis', 'core.dim_diagnosis_code_history']);
      first ??= tables;
      expect(tables).toEqual(first);
      expect(await brokenChecks(engine)).toEqual([]);
    }
  });

  it('leave a work-list of codes per source, each with why it is on it, its count and its times', async () => {
    const more = [
      diagnosis('LOCAL-2', 7, 'X999', {}, 'other-ehr'),
      diagnosis('TEXT', 3, 'Jane Roe told us', { diagnosis_system: undefined }),
      diagnosis('BARE', 4, 'H7', { diagnosis_system: undefined }),
    ];
    for (const [i, events] of [...versions, facts, more].entries()) await load(engine, `l${i}`, events);
    expect(
      await rows(engine, `SELECT entity, source_system, code_system, code, reason, facts, CAST(first_seen_at AS varchar(10)), CAST(last_seen_at AS varchar(10)) FROM gold_phi.unmapped_code ORDER BY reason, code`), // prettier-ignore
    ).toEqual([
      ['diagnosis', 'ehr', ICD, 'Z99', 'ended', '1', '2024-03-06', '2024-03-06'],
      ['diagnosis', 'other-ehr', ICD, 'X99.9', 'never described', '2', '2024-03-06', '2024-03-07'],
      ['diagnosis', 'ehr', null, null, 'no code', '1', '2024-03-03', '2024-03-03'],
      ['diagnosis', 'ehr', null, 'H7', 'no system', '1', '2024-03-04', '2024-03-04'],
      ['diagnosis', 'ehr', ICD, 'U07.1', 'not yet valid', '1', '2024-03-03', '2024-03-03'],
    ]);
    expect(
      await rows(engine, 'SELECT entity, code_system, reference_version, CAST(reference_from AS varchar(10)), codes FROM gold_phi.reference_version ORDER BY reference_version'), // prettier-ignore
    ).toEqual([
      ['diagnosis_code', ICD, 'v2', '2024-03-02', '2'],
      ['diagnosis_code', ICD, 'v5', '2024-03-05', '2'],
    ]);
  });

  it('leave a work-list of every fact that bears a code', async () => {
    const day = { performed_at: '2024-03-03T12:00:00Z', observed_at: '2024-03-03T12:00:00Z', ordered_at: '2024-03-03T12:00:00Z', filled_at: '2024-03-03T12:00:00Z' } as const; // prettier-ignore
    await load(engine, 'l0', [
      said('procedure', 1, { performed_at: day.performed_at }),
      said('observation', 1, { observed_at: day.observed_at }),
      said('medication_order', 1, { ordered_at: day.ordered_at }),
      said('prescription_fill', 1, { filled_at: day.filled_at }),
      said('medication', 1, { code: '314076', ...version(1) }, 'upsert', 'reference'),
    ]);
    expect(await rows(engine, 'SELECT entity, code, facts FROM gold_phi.unmapped_code ORDER BY entity')).toEqual([
      ['observation', '8480-6', '1'],
      ['procedure', '430193006', '1'],
    ]);
  });

  it('say in every fact that bears a code by which version it is described', async () => {
    const at = '2024-03-06T12:00:00Z';
    const [LOINC, SNOMED, RXNORM] = ['http://loinc.org', 'http://snomed.info/sct', 'http://www.nlm.nih.gov/research/umls/rxnorm']; // prettier-ignore
    const known = (entity: 'procedure_code' | 'observation_code' | 'medication', code_system: string, code: string) =>
      [2, 5].map((day) => said(entity, day, { code_system, code, display: `${code}, ${day}`, ...version(day) }, 'upsert', 'reference')); // prettier-ignore
    // Some name the system by its OID.
    const facts = [
      said('procedure', 1, { procedure_id: 'P', performed_at: at, procedure_system: 'urn:oid:2.16.840.1.113883.6.96', procedure_code: '1' }), // prettier-ignore
      said('observation', 1, { observation_id: 'O', observed_at: at, observation_system: '2.16.840.1.113883.6.1', observation_code: '2' }), // prettier-ignore
      said('medication_order', 1, { ordered_at: at, medication_system: RXNORM, medication_code: '3' }),
      said('prescription_fill', 1, { filled_at: '2024-03-04T12:00:00Z', medication_system: 'urn:oid:2.16.840.1.113883.6.88', medication_code: '3' }), // prettier-ignore
    ];
    const codes = [
      ...known('procedure_code', SNOMED, '1'),
      ...known('observation_code', LOINC, '2'),
      ...known('medication', RXNORM, '3'),
    ];
    for (const order of permutations([codes, facts])) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      const versions = ['procedure', 'observation', 'medication_order', 'prescription_fill'].map(
        (fact) => `SELECT '${fact}', reference_display, code_version FROM gold_phi.obt_${fact}`,
      );
      expect(await rows(engine, `${versions.join(' UNION ALL ')} ORDER BY 1`)).toEqual([
        ['medication_order', '3, 5', 'v5'],
        ['observation', '2, 5', 'v5'],
        ['prescription_fill', '3, 2', 'v2'],
        ['procedure', '1, 5', 'v5'],
      ]);
      expect(await rows(engine, 'SELECT count(*) FROM gold_phi.unmapped_code')).toEqual([['0']]);
    }
  });
});
