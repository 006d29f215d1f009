import { CliError, EXIT } from '../errors';
import { existingFolder, servedBy } from '../folder';
import { print, printJson, table } from '../output';
import { queryServed, refused } from '../sql';

/** Rows that a table on the console shows. */
const MAX_SHOWN = 1000;

/** Runs one statement: through the Data API where the folder is served, directly on it otherwise. */
export async function sql(statement: string, options: { json?: boolean; data?: string }): Promise<number> {
  if (statement.trim() === '')
    throw new CliError('the statement is empty', {
      next: 'carelake sql "select table_schema, table_name from information_schema.tables order by 1, 2"',
    });
  const { dataDir, run } = existingFolder(options.data);
  if (!run.names)
    throw new CliError('this folder was never booted to the end, so it has no warehouse', {
      where: dataDir,
      next: 'npm start',
    });
  const served = servedBy(dataDir);
  const result = served
    ? await queryServed(served, run.names, statement)
    : await onFolder(dataDir, run.names, statement);
  if (options.json) printJson(result);
  else if (result.columns.length === 0) print('Done.');
  else {
    print(table(result.columns, result.rows.slice(0, MAX_SHOWN)));
    const left = result.rows.length - MAX_SHOWN;
    print(`${result.rows.length} row(s)${left > 0 ? `, ${left} not shown: --json prints all` : ''}`);
  }
  return EXIT.ok;
}

async function onFolder(
  dataDir: string,
  names: Parameters<typeof queryServed>[1],
  statement: string,
): ReturnType<typeof queryServed> {
  const { queryFolder } = await import('../laptop');
  try {
    return await queryFolder(dataDir, names, statement);
  } catch (error) {
    throw refused((error as Error).message);
  }
}
