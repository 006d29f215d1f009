import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const ICD = 'http://hl7.org/fhir/sid/icd-10-cm';
const LOINC = 'http://loinc.org';
const SET = '2.16.840.1.113883.3.464.1003.103.12.1001';

interface Version {
  set?: string;
  version: string;
  from: string;
  to?: string;
}
const member = ({ set = SET, version, from, to }: Version, code: string, code_system = ICD): Event =>
  said('value_set_member', 1, { value_set_id: set, value_set_name: `Set ${set.slice(-4)}`, value_set_version: version, version_from: from, version_to: to, code_system, code, display: null }, 'upsert', 'reference'); // prettier-ignore

const V1 = { version: 'v1', from: '2024-03-02' };
const V2 = { version: 'v2', from: '2024-03-05', to: '2024-03-07' };
const LAB = { set: 'labs', version: '1', from: '2024-01-01' };

const diagnosis = (id: string, at: string, code: string, more: object = {}): Event =>
  said('diagnosis', 1, { diagnosis_id: id, diagnosis_system: ICD, diagnosis_code: code, diagnosed_at: at, ...more });

describe.each(engines)('value sets on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const versions: Event[][] = [
    // As claims write the code, and as an EHR does: one code.
    [member(V1, 'E119'), member(V1, 'E10.9')],
    [member(V2, 'E11.9'), member(V2, 'E13.9')],
  ];
  const facts = [
    diagnosis('BEFORE', '2024-03-01T12:00:00Z', 'E11.9'),
    diagnosis('FIRST', '2024-03-02T00:00:00Z', 'E119'),
    diagnosis('DROPPED', '2024-03-06T12:00:00Z', 'E10.9'),
    diagnosis('KEPT', '2024-03-04T12:00:00Z', 'E10.9'),
    diagnosis('NEW', '2024-03-05T12:00:00Z', 'E13.9'),
    diagnosis('TOO-EARLY', '2024-03-04T12:00:00Z', 'E13.9'),
    diagnosis('LAST', '2024-03-07T23:00:00Z', 'E11.9', { verification_status_code: 'refuted' }),
    diagnosis('OVER', '2024-03-08T00:00:00Z', 'E11.9'),
    // The evening of the 4th where it was made; the 5th in UTC already.
    diagnosis('EVENING', '2024-03-04T22:00:00-05:00', 'E10.9'),
    diagnosis('OTHER', '2024-03-06T12:00:00Z', 'E11.9', { diagnosis_system: 'http://example.org/icd' }),
  ];

  it('hold the facts of their own local days, whatever came first', async () => {
    let first: unknown;
    for (const order of permutations([...versions, facts])) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      expect(
        await rows(engine, `SELECT o.diagnosis_id, v.value_set_version, v.code, CAST(v.service_date AS varchar(10)), v.is_counted FROM gold_phi.value_set_fact v
          JOIN gold_phi.obt_diagnosis o ON o.diagnosis_key = v.fact_key WHERE v.value_set_id = '${SET}' AND v.entity = 'diagnosis' ORDER BY 1`), // prettier-ignore
      ).toEqual([
        ['EVENING', 'v1', 'E10.9', '2024-03-04', '1'],
        ['FIRST', 'v1', 'E11.9', '2024-03-02', '1'],
        ['KEPT', 'v1', 'E10.9', '2024-03-04', '1'],
        ['LAST', 'v2', 'E11.9', '2024-03-07', '0'],
        ['NEW', 'v2', 'E13.9', '2024-03-05', '1'],
      ]);
      const tables = await dump(engine, ['core.diagnosis', 'core.dim_value_set_member_history']);
      first ??= tables;
      expect(tables).toEqual(first);
      expect(await brokenChecks(engine)).toEqual([]);
    }
  });

  it('are listed with the days on which each version holds', async () => {
    const none = { version: 'v0', from: '2024-02-01', to: '2024-02-10' };
    const loads = [...versions, [member(none, 'E11.9'), member(LAB, '4548-4', LOINC)]];
    for (const [i, events] of loads.entries()) await load(engine, `l${i}`, events);
    expect(
      await rows(engine, `SELECT value_set_id, value_set_name, value_set_version, CAST(valid_from AS varchar(10)), CAST(valid_to AS varchar(10)), codes, load_id
        FROM gold_phi.value_set_version ORDER BY 1, 4`), // prettier-ignore
    ).toEqual([
      [SET, 'Set 1001', 'v0', '2024-02-01', '2024-02-11', '1', 'l2'],
      [SET, 'Set 1001', 'v1', '2024-03-02', '2024-03-05', '2', 'l0'],
      [SET, 'Set 1001', 'v2', '2024-03-05', '2024-03-08', '2', 'l1'],
      ['labs', 'Set labs', '1', '2024-01-01', '9999-12-31', '1', 'l2'],
    ]);
    expect(
      await rows(engine, `SELECT value_set_version, code FROM gold_phi.value_set_member WHERE value_set_id = '${SET}'
        AND valid_from <= date '2024-03-06' AND date '2024-03-06' < valid_to ORDER BY 2`), // prettier-ignore
    ).toEqual([
      ['v2', 'E11.9'],
      ['v2', 'E13.9'],
    ]);
  });

  it('hold facts of every kind that bears a code, each once', async () => {
    const at = '2024-03-03T12:00:00Z';
    const [SNOMED, RXNORM] = ['http://snomed.info/sct', 'http://www.nlm.nih.gov/research/umls/rxnorm'];
    const all = { set: 'all', version: '1', from: '2024-03-01' };
    const coded = (prefix: string, code_system: string, code: string) => ({ [`${prefix}_system`]: code_system, [`${prefix}_code`]: code }); // prettier-ignore
    const of = (entity: Parameters<typeof said>[0], payload: object) => said(entity, 1, { ...payload });
    await load(engine, 'l0', [
      ...['1', '2', '3'].map((code) => member(all, code, SNOMED)),
      member(all, '4', LOINC),
      member(all, '5', RXNORM),
      of('diagnosis', { diagnosed_at: at, ...coded('diagnosis', SNOMED, '1') }),
      of('procedure', { performed_at: at, ...coded('procedure', SNOMED, '2') }),
      of('observation', { observed_at: at, ...coded('observation', LOINC, '4') }),
      of('medication_order', { ordered_at: at, ...coded('medication', RXNORM, '5') }),
      of('prescription_fill', { filled_at: at, ...coded('medication', RXNORM, '5') }),
      of('adverse_event', { occurred_at: at, ...coded('event', SNOMED, '1') }),
      of('encounter', { encounter_id: 'E1', start_at: at, ...coded('type', SNOMED, '2'), ...coded('reason', SNOMED, '3') }), // prettier-ignore
      of('encounter', { encounter_id: 'E2', start_at: at, ...coded('type', SNOMED, '2'), ...coded('reason', SNOMED, '2') }), // prettier-ignore
      of('encounter', { encounter_id: 'E3', start_at: at, type_system: null, type_code: null, ...coded('reason', SNOMED, '3') }), // prettier-ignore
    ]);
    expect(await rows(engine, 'SELECT entity, code FROM gold_phi.value_set_fact ORDER BY 1, 2')).toEqual([
      ['adverse_event', '1'],
      ['diagnosis', '1'],
      ['encounter', '2'],
      ['encounter', '2'],
      ['encounter', '3'],
      ['encounter', '3'],
      ['medication_order', '5'],
      ['observation', '4'],
      ['prescription_fill', '5'],
      ['procedure', '2'],
    ]);
  });

  it('lose a version that is taken back: the one before holds on', async () => {
    for (const [i, events] of [...versions, facts].entries()) await load(engine, `l${i}`, events);
    const gone = versions[1]!.map(({ row }) => ({ entity: 'value_set_member' as const, row: { ...row, op: 'delete', event_id: `${row.event_id}-gone`, recorded_at: '2024-03-09 00:00:00', effective_at: '2024-03-09 00:00:00' } })); // prettier-ignore
    await load(engine, 'l9', gone);
    expect(
      await rows(engine, `SELECT value_set_version, CAST(valid_from AS varchar(10)), CAST(valid_to AS varchar(10)) FROM gold_phi.value_set_version`), // prettier-ignore
    ).toEqual([['v1', '2024-03-02', '9999-12-31']]);
    expect(await rows(engine, `SELECT count(*) FROM gold_phi.value_set_fact WHERE value_set_version = 'v1'`)).toEqual([
      ['6'],
    ]);
  });
});
