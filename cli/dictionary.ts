import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page that is generated of contracts, measures and marts: one place says what a column means. */
const PAGE = join(__dirname, '../docs/generated/warehouse.md');

/** Meanings of the columns of a table or view, by name; none for tables that the dictionary leaves out. */
export function meanings(relation: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(PAGE, 'utf8').split('\n')) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, column = '', , , meaning = '', , tables = ''] = cells;
    if (tables.split(', ').includes(relation)) found.set(column, meaning);
  }
  return found;
}
