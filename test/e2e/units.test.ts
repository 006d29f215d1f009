import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UcumLhcUtils } from '@lhncbc/ucum-lhc';
import { walkCsv } from '../csv-walk';
import { numbersIn, walkFhir } from '../fhir-walk';
import { must, newFolder, ROOT, rowsOf } from './laptop';

const DATA = join(ROOT, '..', 'shared', 'data');
const SYNTHEA = join(DATA, 'synthea_csv', 'small27');
const BUNDLES = join(DATA, 'fhir', 'bundles');
const EXAMPLES = join(DATA, 'fhir', 'examples');
const here = [SYNTHEA, BUNDLES, EXAMPLES].every((folder) => existsSync(folder));
if (!here) console.warn(`SKIPPED: the units of real observations need ${DATA}, which is not here`);

interface Observed {
  unit: string | null;
  value: number;
  loinc?: string;
}
type Tally = [unit: string, canonical: string, numbers: number, converted: number, sum: string][];

const canonical = new Map(walkCsv(join(ROOT, 'reference', 'loinc-units.csv')).map((r) => [r.code, r.canonical_unit!]));
const annotation = (unit: string): string => /\{.*\}/.exec(unit)?.[0] ?? '';

/** What becomes of numbers of codes that have a canonical unit, by an implementation of UCUM that shares nothing with the platform. */
function expected(observed: readonly Observed[]): Tally {
  const ucum = UcumLhcUtils.getInstance();
  const groups = new Map<string, [string, string, number, number, number]>();
  for (const { unit, value, loinc } of observed) {
    const to = canonical.get(loinc!);
    if (to === undefined) continue;
    const group = groups.get(`${unit}|${to}`) ?? [String(unit), to, 0, 0, 0];
    groups.set(`${unit}|${to}`, group);
    // UCUM takes no notice of annotations; a rate per body surface is none without.
    const answer =
      unit !== null && annotation(unit) === annotation(to) ? ucum.convertUnitTo(unit, value, to) : undefined;
    group[2] += 1;
    if (answer?.status !== 'succeeded') continue;
    group[3] += 1;
    group[4] += answer.toVal!;
  }
  return [...groups.values()].map(([...g]): Tally[number] => [g[0], g[1], g[2], g[3], g[4].toFixed(3)]).sort(byUnit);
}
const byUnit = (a: Tally[number], b: Tally[number]): number => (a.slice(0, 2).join() < b.slice(0, 2).join() ? -1 : 1);

(here ? describe : describe.skip)('units of real observations [needs ../shared/data]', () => {
  const dataDir = newFolder('units');
  const landed = dirname(dataDir);
  beforeAll(async () => {
    const references = ['ucum', 'loinc'].flatMap((name) => {
      const folder = join(landed, name);
      mkdirSync(folder);
      copyFileSync(join(ROOT, 'reference', name === 'ucum' ? 'ucum.csv' : 'loinc-units.csv'), join(folder, '2024-01-01_1.csv')); // prettier-ignore
      return ['--profile', `reference-${name}`, '--input', join(folder, '2024-01-01_1.csv')];
    });
    const sources = [SYNTHEA, BUNDLES, EXAMPLES].flatMap((folder) => ['--source', folder === SYNTHEA ? 'synthea' : 'fhir-r4', '--input', folder]); // prettier-ignore
    await must(['start', '--once', '--json', '--phi-ok', '--data', dataDir, ...sources, ...references]);
  }, 400_000);

  const found = async (source: string): Promise<Tally> => {
    const rows = await rowsOf(
      dataDir,
      `SELECT coalesce(value_unit, 'null'), canonical_unit, count(*), count(value_canonical), sum(value_canonical),
        count(CASE WHEN dq_flags LIKE '%DQ-OBS-02%' THEN 1 END)
       FROM gold_phi.obt_observation
       WHERE source_system = '${source}' AND canonical_unit IS NOT NULL AND exact_number IS NOT NULL GROUP BY 1, 2`,
    );
    for (const [, , numbers, converted, , flagged] of rows) expect(Number(flagged)).toBe(Number(numbers) - Number(converted)); // prettier-ignore
    return rows.map(([unit, to, numbers, converted, sum]): Tally[number] => [String(unit), String(to), Number(numbers), Number(converted), Number(sum ?? 0).toFixed(3)]).sort(byUnit); // prettier-ignore
  };

  it('of Synthea convert as they do without the platform; a clearance without body surface does not', async () => {
    const numbers = walkCsv(join(SYNTHEA, 'observations.csv')).filter((row) => row.TYPE === 'numeric');
    const tally = await found('synthea');
    expect(tally).toEqual(expected(numbers.map((row) => ({ unit: row.UNITS || null, value: Number(row.VALUE), loinc: row.CODE! })))); // prettier-ignore
    expect(tally.filter(([, , all, converted]) => converted < all)).toEqual([
      ['mL/min', 'mL/min/{1.73_m2}', 3, 0, '0.000'],
    ]);
  });

  it('of FHIR convert as they do without the platform, pounds, inches and counts per litre among them', async () => {
    const observed = [BUNDLES, EXAMPLES].flatMap((folder) => numbersIn(walkFhir(folder).resources));
    const tally = await found('fhir-r4');
    expect(tally).toEqual(expected(observed.filter(({ isBound }) => !isBound)));
    const others = tally.filter(([unit, to, , converted]) => unit !== to && converted > 0).map(([unit]) => unit);
    const bounds = `SELECT count(*), count(value_canonical), count(exact_number) FROM gold_phi.obt_observation WHERE value_comparator IS NOT NULL`;
    const expectedBounds = observed.filter(({ isBound }) => isBound).length;
    expect(expectedBounds).toBeGreaterThan(0);
    expect((await rowsOf(dataDir, bounds))[0]!.map(Number)).toEqual([expectedBounds, 0, 0]);
    expect(others).toEqual(expect.arrayContaining(['[in_i]', '[lb_av]', '10*12/L', 'kPa']));
  });
});
