import { join } from 'node:path';
import { describedColumns } from '../core/warehouse/generated-sql';

/** Meanings of the columns of a table or view, by name; none for tables that the dictionary leaves out. */
export const meanings = (relation: string): Map<string, string> =>
  new Map(
    describedColumns(join(__dirname, '..'))
      .filter((column) => column.in.includes(relation))
      .map(({ name, doc }) => [name, doc]),
  );
