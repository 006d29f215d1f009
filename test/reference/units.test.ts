import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UcumLhcUtils } from '@lhncbc/ucum-lhc';
import { FakeS3 } from '../ingest-file/fake-s3';
import { BUCKETS, ingest, rowsUnder } from '../ingest-file/run';
import { walkCsv, type CsvRow } from '../csv-walk';

/** The reference files of units, by an implementation of UCUM that has nothing to do with how their factors were found. */
const file = (name: string): string => join(__dirname, '../../reference', name);
const units = walkCsv(file('ucum.csv'));
const codes = walkCsv(file('loinc-units.csv'));
const numbers = (row: CsvRow, ...names: string[]): number[] => names.map((name) => Number(row[name]));
const byCode = new Map(units.map((row) => [row.unit_code!, row]));
const isBase = (row: CsvRow): boolean => Number(row.base_factor) === 1 && Number(row.base_offset) === 0;

afterEach(() => jest.restoreAllMocks());

/** UCUM leaves the conversion of arbitrary units open, even of a thousand of one into one: there the library is asked about grams instead. */
const comparable = (code: string): string => code.replace(/\[i?u\]/i, 'g');

describe('reference/ucum.csv', () => {
  test('has every unit once, and a base unit for every kind of quantity', () => {
    expect(byCode.size).toBe(units.length);
    for (const kind of new Set(units.map((row) => row.quantity_kind)))
      expect([kind, units.some((row) => row.quantity_kind === kind && isBase(row))]).toEqual([kind, true]);
  });

  test('converts every UCUM code as an independent implementation does', () => {
    const ucum = UcumLhcUtils.getInstance();
    const own = units.filter((row) => row.unit_code === row.ucum_code);
    for (const row of own) {
      const base = own.find((other) => other.quantity_kind === row.quantity_kind && isBase(other))!.ucum_code!;
      const [factor, offset] = numbers(row, 'base_factor', 'base_offset');
      for (const value of [0, 2, 98.6]) {
        const { status, toVal } = ucum.convertUnitTo(comparable(row.ucum_code!), value, comparable(base));
        expect([row.unit_code, status]).toEqual([row.unit_code, 'succeeded']);
        expect(Math.abs(value * factor! + offset! - toVal!)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(toVal!), factor!)); // prettier-ignore
      }
    }
    expect(own.length).toBeGreaterThan(100);
  });

  test('converts another spelling as the UCUM code that it stands for', () => {
    const what = (row: CsvRow) => [row.quantity_kind, ...numbers(row, 'base_factor', 'base_offset')];
    for (const row of units) expect([row.unit_code, what(row)]).toEqual([row.unit_code, what(byCode.get(row.ucum_code!)!)]); // prettier-ignore
  });
});

describe('reference/loinc-units.csv', () => {
  test('has every code once, with its check digit', () => {
    expect(new Set(codes.map((row) => row.code)).size).toBe(codes.length);
    for (const { code } of codes) expect([code, checkDigit(code!)]).toEqual([code, Number(code!.split('-')[1])]);
  });

  test('says of a canonical unit what ucum.csv says, and names another kind that it knows', () => {
    for (const row of codes) {
      const unit = byCode.get(row.canonical_unit!)!;
      expect([row.code, row.quantity_kind, ...numbers(row, 'canonical_factor', 'canonical_offset')]).toEqual([
        row.code,
        unit.quantity_kind,
        ...numbers(unit, 'base_factor', 'base_offset'),
      ]);
      expect(unit.unit_code).toBe(unit.ucum_code);
      expect(Boolean(row.other_kind)).toBe(Boolean(row.other_factor));
      if (row.other_kind) expect(units.some((u) => u.quantity_kind === row.other_kind)).toBe(true);
    }
  });

  /** Usual factors from SI units, as laboratories print them. */
  test.each([
    ['2345-7', 'mmol/L', 1, 18.0156],
    ['2160-0', 'umol/L', 100, 1.1312],
    ['2093-3', 'mmol/L', 1, 38.665],
    ['3094-0', 'mmol/L', 1, 2.8014],
    ['17861-6', 'mmol/L', 1, 4.0078],
    ['1975-2', 'umol/L', 17.1, 0.99977],
    ['14749-6', 'mg/dL', 90, 4.99567],
    ['2951-2', 'meq/L', 140, 140],
    ['8310-5', '[degF]', 98.6, 37],
    ['29463-7', '[lb_av]', 150, 68.0388555],
    ['8302-2', '[in_i]', 70, 177.8],
    ['11557-6', 'kPa', 5.3, 39.7534],
    ['718-7', 'g/L', 134, 13.4],
    ['6690-2', '10*9/L', 7.2, 7.2],
  ])('%s: from %s %d makes %d', (code, from, value, expected) => {
    const row = codes.find((c) => c.code === code)!;
    const unit = byCode.get(from)!;
    const [factor, offset] = numbers(unit, 'base_factor', 'base_offset');
    const bridge = unit.quantity_kind === row.quantity_kind ? 1 : unit.quantity_kind === row.other_kind ? Number(row.other_factor) : NaN; // prettier-ignore
    const [canonicalFactor, canonicalOffset] = numbers(row, 'canonical_factor', 'canonical_offset');
    expect(((value * factor! + offset!) * bridge - canonicalOffset!) / canonicalFactor!).toBeCloseTo(expected, 4);
  });
});

describe('the profiles of both', () => {
  let s3: FakeS3;
  beforeEach(() => {
    s3 = new FakeS3();
    s3.install();
  });
  const put = (profile: string, name: string, body: string) =>
    ingest(s3.put(BUCKETS.landing, `${profile}/2024-06-01_1.csv`, name ? readFileSync(file(name), 'utf8') : body));

  test('read every row', async () => {
    const made = await put('reference-ucum', 'ucum.csv', '');
    expect(made.result).toMatchObject({ received: units.length, accepted: units.length, quarantined: 0 });
    const canonical = await put('reference-loinc', 'loinc-units.csv', '');
    expect(canonical.result).toMatchObject({ received: codes.length, accepted: codes.length, quarantined: 0 });
    const rows = await rowsUnder(s3, 'silver/measurement_unit/');
    const names = ['unit_code', 'ucum_code', 'quantity_kind', 'base_factor', 'base_offset'];
    expect(rows.map((row) => names.map((name) => String(row[name])))).toEqual(
      units.map((row) => [row.unit_code, row.ucum_code, row.quantity_kind, ...numbers(row, 'base_factor', 'base_offset').map(String)]), // prettier-ignore
    );
    expect(rows.map((row) => row.dq_flags)).toEqual(rows.map(() => null));
    const observed = await rowsUnder(s3, 'silver/observation_code/');
    expect(observed.map((row) => [row.code_system, row.code, row.canonical_unit, row.display, row.reference_version])).toEqual(
      codes.map((row) => ['http://loinc.org', row.code, row.canonical_unit, null, '1']),
    ); // prettier-ignore
  });

  test('read names beside units, and reject a unit without factor', async () => {
    await put('reference-loinc', '', 'code,display,canonical_unit\n718-7,Hemoglobin,g/dL\n');
    const [row] = await rowsUnder(s3, 'silver/observation_code/');
    expect([row!.code, row!.display, row!.canonical_unit, row!.canonical_factor]).toEqual(['718-7', 'Hemoglobin', 'g/dL', null]); // prettier-ignore
    const head = 'unit_code,ucum_code,quantity_kind,base_factor,base_offset\n';
    const { result } = await put('reference-ucum', '', `${head}g,g,mass,1,0\nkg,kg,mass,,0\nmg,mg,mass,0,0\n`);
    expect(result).toMatchObject({ received: 3, accepted: 1, quarantined: 2 });
  });
});

/** Check digit of LOINC: every second digit from the right doubled, digits added up, to the next ten. */
function checkDigit(code: string): number {
  const digits = [...code.split('-')[0]!].reverse().map(Number);
  const sum = digits.reduce((all, d, i) => all + (i % 2 ? d : d * 2 > 9 ? d * 2 - 9 : d * 2), 0);
  return (10 - (sum % 10)) % 10;
}
