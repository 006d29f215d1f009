import { fstatSync, readFileSync } from 'node:fs';
import { splitStatements } from '@carelake/laptop/engines/sql-tokens';
import { loadConfig } from '../../config';
import { CliError, EXIT } from '../errors';
import { existingFolder, servedBy } from '../folder';
import { csv, print, printJson, records, shown, table } from '../output';
import { isFile } from '../paths';
import { type QueryResult, refused, runServed } from '../sql';

/** Rows that a table on the console shows. */
const MAX_SHOWN = 1000;
/** Statements that run as one transaction, as in the Data API. */
const MAX_STATEMENTS = 40;

export interface SqlOptions {
  file?: string;
  json?: boolean;
  csv?: boolean;
  expanded?: boolean;
  data?: string;
}

/** Runs statements: through the Data API where the folder is served, directly on it otherwise. Several are one transaction. */
export async function sql(statement: string | undefined, options: SqlOptions): Promise<number> {
  if ([options.json, options.csv, options.expanded].filter(Boolean).length > 1)
    throw new CliError('--json, --csv and --expanded are three ways to print one result', {
      next: 'choose one of them',
    });
  const sqls = statementsOf(await read(statement, options.file));
  const results = await run(sqls, options.data);
  results.forEach((result, i) => show(result, options, i));
  return EXIT.ok;
}

/** The text that was given: as a word, as a file, or by standard input. */
async function read(statement: string | undefined, file: string | undefined): Promise<string> {
  if (statement !== undefined && file !== undefined)
    throw new CliError('a statement and a file were given', { where: file, next: 'leave one of them out' });
  if (file !== undefined && file !== '-') {
    if (!isFile(file))
      throw new CliError('no such file', { where: file, next: 'check the path, or -f - for standard input' });
    return readFileSync(file, 'utf8');
  }
  if (statement !== '-' && file !== '-' && (statement !== undefined || !isPiped())) return statement ?? '';
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Whether a shell has put a pipe or a file before the command. What a program leaves open and never ends would be waited for without end. */
function isPiped(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isFile();
  } catch {
    return false;
  }
}

function statementsOf(text: string): string[] {
  const sqls = splitStatements(text);
  if (sqls.length === 0)
    throw new CliError('no statement was given', { next: 'carelake tables, then carelake sql "select * from …"' });
  if (sqls.length > MAX_STATEMENTS)
    throw new CliError(`${sqls.length} statements were given; at most ${MAX_STATEMENTS} run as one transaction`, {
      next: 'run them in several calls',
    });
  return sqls.map((one) => (/^show\s+tables$/i.test(one) ? ALL_TABLES : one));
}

/** Redshift's SHOW TABLES asks for one schema; whoever asks without one means all of them. */
const ALL_TABLES =
  "select table_schema, table_name, table_type from information_schema.tables where table_schema <> 'local_security' order by 1, 2";

/** @throws CliError that names the next step when a statement fails */
export async function run(sqls: readonly string[], data: string | undefined): Promise<QueryResult[]> {
  const { dataDir, run: state } = existingFolder(data);
  if (!state.names)
    throw new CliError('the first start on this folder did not finish, so it has no warehouse', {
      where: dataDir,
      next: 'npm start',
    });
  const served = servedBy(dataDir);
  if (served) return runServed(served, state.names, sqls);
  const { runOnFolder, StatementError } = await import('../laptop');
  // Nobody else bounds what a person asks of a folder that is not served.
  const { maxQuerySeconds } = loadConfig(state.env).warehouse;
  try {
    return await runOnFolder(dataDir, state.names, sqls, maxQuerySeconds);
  } catch (error) {
    throw refused((error as Error).message, error instanceof StatementError ? error.index : -1, sqls.length);
  }
}

function show(result: QueryResult, { json, csv: asCsv, expanded }: SqlOptions, index: number): void {
  if (json) return printJson(result);
  if (asCsv) return result.columns.length === 0 ? undefined : print(csv(result.columns, result.rows));
  if (index > 0) print('');
  if (result.columns.length === 0) return print('Done.');
  const rows = result.rows.slice(0, MAX_SHOWN).map((row) => row.map(shown));
  if (expanded) print(records(result.columns, rows));
  else print(table(result.columns, rows));
  const [count, left] = [result.rows.length, result.rows.length - MAX_SHOWN];
  print(`${count} ${count === 1 ? 'row' : 'rows'}${left > 0 ? `, ${left} not shown: --json and --csv print all` : ''}`);
}
