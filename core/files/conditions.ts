import { compileRegex } from '../../profiles/regex';
import type { Condition, Test } from '../../profiles/schema';
import { trimmed } from '../records/text';
import type { CellReader, Row } from './making';

/** Compiles conditions into one that asks whether all of them hold for a row. */
export function compileConditions(
  conditions: readonly Condition[] | undefined,
  cell: (column: string) => CellReader,
  trim: boolean,
): (row: Row) => boolean {
  const all = (conditions ?? []).map((condition) => compileCondition(condition, cell, trim));
  return (row) => {
    for (const holds of all) if (!holds(row)) return false;
    return true;
  };
}

function compileCondition(
  condition: Condition,
  cell: (column: string) => CellReader,
  trim: boolean,
): (row: Row) => boolean {
  if (!('any' in condition)) return compileTest(condition, cell, trim);
  const tests = condition.any.map((test) => compileTest(test, cell, trim));
  return (row) => tests.some((test) => test(row));
}

function compileTest(test: Test, cell: (column: string) => CellReader, trim: boolean): (row: Row) => boolean {
  const read = cell(test.column);
  const text = (row: Row): string => {
    const raw = read(row);
    if (typeof raw === 'string') return trim ? (trimmed(raw) as string) : raw;
    return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : '';
  };
  if (test.equals !== undefined) return (row) => text(row) === test.equals;
  if (test.not_equals !== undefined) return (row) => text(row) !== test.not_equals;
  if (test.in) {
    const set = new Set(test.in);
    return (row) => set.has(text(row));
  }
  if (test.not_in) {
    const set = new Set(test.not_in);
    return (row) => !set.has(text(row));
  }
  if (test.matches !== undefined) {
    const regex = compileRegex(test.matches);
    return (row) => regex.test(text(row));
  }
  return (row) => (text(row) !== '') === test.present;
}
