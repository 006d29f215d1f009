import { permutations, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, load, migrate, rows, type Event } from './warehouse';

const LOINC = 'http://loinc.org';
const units = {
  '[degF]': ['temperature', 5 / 9, -160 / 9],
  Cel: ['temperature', 1, undefined],
  '[lb_av]': ['mass', 453.59237, undefined],
  kg: ['mass', 1000, undefined],
  'mg/dL': ['mass concentration', 0.01, undefined],
  'mmol/L': ['substance concentration', 1, undefined],
  // The base of its kind has itself the zero, so that only the canonical unit is shifted.
  K: ['temperature', 1, -273.15],
} as const;
const unit = (code: keyof typeof units, day = 1, op?: string): Event => {
  const [quantity_kind, base_factor, base_offset] = units[code];
  return said(
    'measurement_unit',
    day,
    { unit_code: code, ucum_code: code, quantity_kind, base_factor, base_offset },
    op,
  );
};
/** Another spelling. */
const spelled = (as: string, code: keyof typeof units): Event => {
  const [quantity_kind, base_factor, base_offset] = units[code];
  return said('measurement_unit', 1, { unit_code: as, ucum_code: code, quantity_kind, base_factor, base_offset });
};
const allUnits = (Object.keys(units) as (keyof typeof units)[]).map((code) => unit(code));

/** Glucose (180.156 g/mol) by mass, body temperature, body weight. */
const described = (code: string, canonical: keyof typeof units, more: Record<string, unknown> = {}, day = 1): Event => {
  const [quantity_kind, canonical_factor, canonical_offset] = units[canonical];
  const payload = { code_system: LOINC, code, display: undefined, canonical_unit: canonical, quantity_kind, canonical_factor, canonical_offset, other_kind: undefined, other_factor: undefined, ...more }; // prettier-ignore
  return said('observation_code', day, payload);
};
const glucose = (day = 1) =>
  described('2339-0', 'mg/dL', { other_kind: 'substance concentration', other_factor: 0.180156 }, day);
const temperature = described('8310-5', 'Cel');
const weight = described('29463-7', 'kg');

const measured = (id: string, code: string | undefined, value: number | undefined, value_unit?: string, more: Record<string, unknown> = {}): Event =>
  said('observation', 1, { observation_id: id, observation_system: LOINC, observation_code: code, value_number: value, value_unit, ...more }); // prettier-ignore

describe.each(engines)('units of observations on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  /** Canonical value to nine digits, canonical unit and whether the fact is flagged as not convertible and as of an unknown unit. */
  const canonical = async () =>
    (
      await rows(
        engine,
        `SELECT observation_id, value_canonical, canonical_unit,
           CASE WHEN dq_flags LIKE '%DQ-OBS-02%' THEN 1 ELSE 0 END, CASE WHEN dq_flags LIKE '%DQ-OBS-04%' THEN 1 ELSE 0 END
         FROM gold_phi.obt_observation ORDER BY observation_id`,
      )
    ).map(([id, value, ...rest]) => [id, value === null ? null : Number(Number(value).toPrecision(9)), ...rest]);

  it('convert by factor, by factor and offset, and by the molar mass of a substance: values worked out by hand', async () => {
    await load(engine, 'r', [...allUnits, spelled('mg/dl', 'mg/dL'), glucose(), temperature, weight, described('2339-9', 'mmol/L', { other_kind: 'mass concentration', other_factor: 1 / 0.180156 }), described('8310-9', 'K')]); // prettier-ignore
    await load(engine, 'f', [
      measured('a', '2339-0', 90, 'mg/dL'),
      measured('b', '2339-0', 5.5, 'mmol/L'),
      measured('c', '2339-9', 90, 'mg/dL'),
      measured('d', '8310-5', 98.6, '[degF]'),
      measured('e', '29463-7', 150, '[lb_av]'),
      measured('f', '2339-0', 95.3, 'mg/dl'),
      measured('g', '8310-9', 98.6, '[degF]'),
      measured('h', '8310-5', 310.15, 'K'),
    ]);
    expect(await canonical()).toEqual([
      ['a', 90, 'mg/dL', '0', '0'],
      // 5.5 mmol/L * 180.156 mg/mmol = 990.858 mg/L
      ['b', 99.0858, 'mg/dL', '0', '0'],
      // 900 mg/L / 180.156 mg/mmol
      ['c', 4.99567042, 'mmol/L', '0', '0'],
      // (98.6 - 32) * 5 / 9
      ['d', 37, 'Cel', '0', '0'],
      // 150 * 0.45359237
      ['e', 68.0388555, 'kg', '0', '0'],
      ['f', 95.3, 'mg/dL', '0', '0'],
      ['g', 310.15, 'K', '0', '0'],
      ['h', 37, 'Cel', '0', '0'],
    ]);
    // What is in the canonical unit under another spelling stays as it is, to the last digit.
    expect(await rows(engine, "SELECT count(*) FROM gold_phi.obt_observation WHERE observation_id = 'f' AND value_canonical = 95.3e0")).toEqual([['1']]); // prettier-ignore
  });

  it('flag what cannot be converted, which then is in no average', async () => {
    await load(engine, 'r', [...allUnits, weight]);
    await load(engine, 'f', [
      measured('good', '29463-7', 70, 'kg'),
      measured('no unit', '29463-7', 71),
      measured('other kind', '29463-7', 72, 'mg/dL'),
      measured('other substance', '29463-7', 72, 'mmol/L'),
      measured('unknown', '29463-7', 73, 'stone'),
      measured('text', '29463-7', undefined, undefined, { value_text: 'not weighed' }),
    ]);
    expect(await canonical()).toEqual([
      ['good', 70, 'kg', '0', '0'],
      ['no unit', null, 'kg', '1', '0'],
      ['other kind', null, 'kg', '1', '0'],
      ['other substance', null, 'kg', '1', '0'],
      ['text', null, 'kg', '0', '0'],
      ['unknown', null, 'kg', '1', '1'],
    ]);
    const mean =
      'SELECT avg(CAST(value_canonical AS double precision)), count(value_canonical) FROM gold_phi.obt_observation';
    expect((await rows(engine, mean)).map((r) => r.map(Number))).toEqual([[70, 1]]);
    // The unit that a source wrote stays with the fact, described or not.
    expect(await rows(engine, "SELECT observation_id, value_unit, unit_kind FROM gold_phi.obt_observation WHERE observation_id IN ('other kind', 'unknown') ORDER BY 1")).toEqual([['other kind', 'mg/dL', 'mass concentration'], ['unknown', 'stone', null]]); // prettier-ignore
  });

  it('keep a bound as a bound: <5 is in no average, and a bound in a wrong unit is flagged', async () => {
    await load(engine, 'r', [...allUnits, weight]);
    await load(engine, 'f', [
      measured('bound', '29463-7', 5, 'kg', { value_comparator: '<' }),
      measured('wrong', '29463-7', 5, 'mg/dL', { value_comparator: '<' }),
    ]);
    expect(await canonical()).toEqual([
      ['bound', null, 'kg', '0', '0'],
      ['wrong', null, 'kg', '1', '0'],
    ]);
    expect(await rows(engine, "SELECT value_comparator, exact_number, is_abnormal FROM gold_phi.obt_observation WHERE observation_id = 'bound'")).toEqual([['<', null, null]]); // prettier-ignore
  });

  it('leave a code without canonical unit to its own unit, unflagged', async () => {
    await load(engine, 'r', allUnits);
    await load(engine, 'f', [measured('x', '777-3', 250, 'kg'), measured('y', undefined, 3)]);
    expect(await canonical()).toEqual([
      ['x', null, null, '0', '0'],
      ['y', null, null, '0', '0'],
    ]);
  });

  it('take a canonical unit alone at its word: what is in that unit, and nothing else', async () => {
    const alone = { quantity_kind: undefined, canonical_factor: undefined, canonical_offset: undefined };
    await load(engine, 'r', [...allUnits, described('29463-7', 'kg', alone)]);
    await load(engine, 'f', [measured('x', '29463-7', 70, 'kg'), measured('y', '29463-7', 150, '[lb_av]')]);
    expect(await canonical()).toEqual([
      ['x', 70, 'kg', '0', '0'],
      ['y', null, 'kg', '1', '0'],
    ]);
  });

  it('refuse no load for a number beyond any measurement: flagged instead of an overflow', async () => {
    await load(engine, 'r', [...allUnits, weight]);
    const numbers = [1e308, -1e308, 1e-308, 0, 1e15, 1e-15];
    await load(engine, 'f', numbers.map((n, i) => measured(`${i}`, '29463-7', n, '[lb_av]'))); // prettier-ignore
    expect((await canonical()).map(([, value, , flagged]) => [value, flagged])).toEqual([
      [null, '1'],
      [null, '1'],
      [null, '1'],
      [0, '0'],
      [453592370000000, '0'],
      [4.5359237e-16, '0'],
    ]);
  });

  it('end the same whichever comes first, the units, the canonical units or the facts', async () => {
    const loads = [
      [unit('mg/dL'), unit('mmol/L')],
      [glucose()],
      [measured('a', '2339-0', 90, 'mg/dL'), measured('b', '2339-0', 5.5, 'mmol/L'), measured('c', '2339-0', 9, 'kg')],
    ];
    let first: unknown;
    for (const order of permutations(loads)) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      expect(await canonical()).toEqual([
        ['a', 90, 'mg/dL', '0', '0'],
        ['b', 99.0858, 'mg/dL', '0', '0'],
        ['c', null, 'mg/dL', '1', '1'],
      ]);
      const tables = await dump(engine, ['core.observation', 'core.dim_measurement_unit_history', 'core.dim_observation_code_history']); // prettier-ignore
      first ??= tables;
      expect(tables).toEqual(first);
      expect(await brokenChecks(engine)).toEqual([]);
    }
  });

  it('follow a unit that is taken back, and a canonical unit that changes, from their own time on', async () => {
    await load(engine, 'r', [...allUnits, glucose()]);
    await load(engine, 'f', [
      measured('b', '2339-0', 5.5, 'mmol/L', { observed_at: '2024-03-09T00:00:00Z' }),
      measured('early', '2339-0', 5.5, 'mmol/L', { observed_at: '2024-03-01T12:00:00Z' }),
    ]);
    const early = ['early', 99.0858, 'mg/dL', '0', '0'];
    await load(engine, 'd', [unit('mmol/L', 2, 'delete')]);
    expect(await canonical()).toEqual([['b', null, 'mg/dL', '1', '0'], early]);
    await load(engine, 'u', [unit('mmol/L', 3)]);
    expect(await canonical()).toEqual([['b', 99.0858, 'mg/dL', '0', '0'], early]);
    await load(engine, 'c', [described('2339-0', 'mmol/L', {}, 4)]);
    expect(await canonical()).toEqual([['b', 5.5, 'mmol/L', '0', '0'], early]);
  });
});
