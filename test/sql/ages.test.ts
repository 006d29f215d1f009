import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../contracts';
import { said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, empty, load, migrate, rows } from './warehouse';

/** Birth dates with how much of them is known, the day of a fact, and the age and band by counting on one's fingers. */
const AGES: [born: string, precision: string | undefined, day: string, age: string | null, band: string | null][] = [
  ['1970-06-15', 'day', '2024-06-14', '53', '40-64'],
  ['1970-06-15', undefined, '2024-06-15', '54', '40-64'],
  // Of a year alone: 53 or 54, whatever the day.
  ['1970-01-01', 'year', '2024-06-15', null, '40-64'],
  ['1970-01-01', 'year', '2024-01-01', null, '40-64'],
  // 17 or 18, 39 or 40, 64 or 65: no band either.
  ['2006-01-01', 'year', '2024-06-15', null, null],
  ['1984-01-01', 'year', '2024-06-15', null, null],
  ['1959-01-01', 'year', '2024-06-15', null, null],
  ['2007-01-01', 'year', '2024-06-15', null, '0-17'],
  ['2005-01-01', 'year', '2024-06-15', null, '18-39'],
  ['1958-01-01', 'year', '2024-06-15', null, '65+'],
  // Of a month: only within it is the age in doubt.
  ['1970-06-01', 'month', '2024-05-31', '53', '40-64'],
  ['1970-06-01', 'month', '2024-07-01', '54', '40-64'],
  ['1970-06-01', 'month', '2024-06-15', null, '40-64'],
  ['1984-06-01', 'month', '2024-06-30', null, null],
  ['1984-06-01', 'month', '2024-07-01', '40', '40-64'],
  // Not born yet.
  ['2025-01-01', 'year', '2024-06-15', null, null],
];
/** Facts about a patient; a result has the age of its report, which lists it. */
const FACTS = ENTITY_NAMES.filter(
  (e) =>
    e !== 'diagnostic_report_result' &&
    ENTITIES[e].kind === 'fact' &&
    ENTITIES[e].references.some((r) => r.entity === 'patient'),
);
const patients = AGES.map(([birth_date, birth_date_precision], i) =>
  said('patient', 1, { patient_id: `P${10 + i}`, birth_date, birth_date_precision }),
);
const factOf = (entity: EntityName, i: number) => {
  const { naturalKey, asOf } = ENTITIES[entity] as { naturalKey: readonly string[]; asOf?: string };
  const at = `${AGES[i][2]}T12:00:00Z`;
  const never = { arrived_at: undefined, actual_start_at: undefined, completed_at: undefined, end_at: undefined };
  const members = new Set(ENTITIES[entity].fields.map(({ name }) => name as string));
  const rest = Object.fromEntries(Object.entries(never).filter(([name]) => members.has(name)));
  return said(entity, 1, { ...rest, [naturalKey[0]]: `F${10 + i}`, patient_id: `P${10 + i}`, [asOf!]: at });
};

describe.each(engines)('ages on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const look = (entity: EntityName): Promise<unknown> => {
    const age = entity === 'appointment' ? 'patient_age_at_appt' : 'patient_age';
    return rows(engine, `SELECT patient_id, ${age}, patient_age_band FROM gold_phi.obt_${entity} ORDER BY patient_id`);
  };
  const expected = (none: string | null = null): unknown =>
    AGES.map(([, , , age, band], i) => [`P${10 + i}`, age, band ?? none]);

  it.each(FACTS)('%s: no age follows from a year alone, and a band only where both ages lie in it', async (entity) => {
    const facts = AGES.map((_, i) => factOf(entity, i));
    // Of parts the parent, which lists one.
    const parent = entity === 'encounter_location' ? [said('encounter', 1, { location_count: 1 })] : [];
    await load(engine, 'one', [...patients, ...facts, ...parent]);
    const none = entity === 'appointment' ? 'unknown' : null;
    expect(await look(entity)).toEqual(expected(none));
  });

  it('is counted again where the birth date becomes known to the day, or less so', async () => {
    const born = (day: number, birth_date: string, birth_date_precision: string) =>
      said('patient', day, { patient_id: 'P12', birth_date, birth_date_precision });
    const fact = factOf('encounter', 2);
    // Members hold since ever from their first version on; what is known later holds since then.
    await load(engine, 'one', [fact, born(1, '1970-01-01', 'year')]);
    expect(await look('encounter')).toEqual([['P12', null, '40-64']]);
    await load(engine, 'two', [born(2, '1970-06-16', 'day')]);
    expect(await look('encounter')).toEqual([['P12', '53', '40-64']]);
  });

  it('of a person as they are now', async () => {
    await load(engine, 'one', [...patients, said('patient', 9, { patient_id: 'Q', birth_date: '1960-03-09' })]);
    const found = await rows(
      engine,
      "SELECT patient_id, age, age_band FROM gold_phi.obt_patient WHERE patient_id IN ('P10', 'P12', 'P14', 'P17', 'P20', 'Q') ORDER BY 1",
    );
    // On 9 March 2024.
    expect(found).toEqual([
      ['P10', '53', '40-64'],
      ['P12', null, '40-64'],
      ['P14', null, null],
      ['P17', null, '0-17'],
      ['P20', '53', '40-64'],
      ['Q', '64', '40-64'],
    ]);
  });
});
