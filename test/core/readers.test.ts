import type { EntityContract, Field } from '../../contracts';
import { readerOf, type Target } from '../../core/records/readers';

const contract: EntityContract = {
  name: 'clinic',
  kind: 'dimension',
  version: 1,
  doc: '',
  naturalKey: [],
  keyScope: 'source',
  fields: [],
  references: [],
  derived: [],
  oneOf: [],
  orders: [],
};

/** What a field of this shape makes of a value: the cell, or the rule that it breaks. */
function read(field: Omit<Field, 'name' | 'phi' | 'doc'>, value: unknown): unknown {
  const target: Target = { row: [null], violations: [], flags: [], canonical: '', escaped: true };
  return readerOf({ name: 'f', phi: 'none', doc: '', ...field }, contract, 0, () => 0)(value, target) ?? target.row[0];
}

describe('types of fields that later entities use', () => {
  const decimal = { type: 'decimal', precision: 5, scale: 2 } as const;

  it.each([
    [12.34, 1234n],
    ['12.34', 1234n],
    ['-999.99', -99999n],
    [999.99, 99999n],
    ['1.500', 150n],
    [0, 0n],
    ['000.1', 10n],
    ['1000.00', 'FLD-RANGE'],
    [-1000, 'FLD-RANGE'],
    ['1.234', 'FLD-RANGE'],
    [1.005, 'FLD-RANGE'],
    [1e21, 'FLD-RANGE'],
    [1e-7, 'FLD-RANGE'],
    ['1,5', 'FLD-TYPE'],
    ['', 'FLD-TYPE'],
    ['1e3', 'FLD-TYPE'],
    ['.5', 'FLD-TYPE'],
    [true, 'FLD-TYPE'],
  ])('decimal(5,2) %p', (value, expected) => expect(read(decimal, value)).toBe(expected));

  it.each([
    [0, 0],
    [2147483647, 2147483647],
    [-2147483648, -2147483648],
    [2147483648, 'FLD-RANGE'],
    [-2147483649, 'FLD-RANGE'],
    [1.5, 'FLD-TYPE'],
    ['1', 'FLD-TYPE'],
    [true, 'FLD-TYPE'],
    [1e300, 'FLD-RANGE'],
  ])('int without limits of its own %p', (value, expected) => expect(read({ type: 'int' }, value)).toBe(expected));

  it('int has no minus zero', () => expect(Object.is(read({ type: 'int' }, -0), 0)).toBe(true));

  it.each([
    [1.5, 1.5],
    [-1e308, -1e308],
    ['1.5', 'FLD-TYPE'],
    [NaN, 'FLD-RANGE'],
    [Infinity, 'FLD-RANGE'],
    [2, 'FLD-RANGE'],
  ])('double up to 1.9 %p', (value, expected) => {
    expect(read({ type: 'double', max: value === 2 ? 1.9 : undefined }, value)).toBe(expected);
  });

  it.each([
    [true, true],
    [false, false],
    [1, 'FLD-TYPE'],
    ['true', 'FLD-TYPE'],
  ])('bool %p', (value, expected) => expect(read({ type: 'bool' }, value)).toBe(expected));
});
