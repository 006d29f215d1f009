import type { Command } from 'commander';
import type { SqlOptions } from './commands/sql';
import { DATA, JSON_OUT } from './options';

/** The commands that ask the warehouse. */
export function addQueries(carelake: Command): void {
  carelake
    .command('sql')
    .description(
      'run SQL of Redshift against the warehouse, served or not (docs/sql.md); several statements are one transaction',
    )
    .argument('[statement]', 'one or more statements, or - for standard input')
    .option('-f, --file <file>', 'read the statements from a file')
    .option('--csv', 'print the result as comma-separated values, exact')
    .option('-x, --expanded', 'print each row as lines, for tables with many columns')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (statement: string | undefined, options: SqlOptions) => {
      const { sql } = await import('./commands/sql');
      process.exitCode = await sql(statement, options);
    });
  carelake
    .command('tables')
    .description('list the tables and views of the warehouse')
    .argument('[schema]', 'only of this schema: gold_phi, core or ops')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (schema: string | undefined, options: { json?: boolean; data?: string }) => {
      const { tables } = await import('./commands/describe');
      process.exitCode = await tables(schema, options);
    });
  carelake
    .command('describe')
    .description('list the columns of a table or view, with their types and what they mean')
    .argument('<table>', 'its name, with or without the schema')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (name: string, options: { json?: boolean; data?: string }) => {
      const { describe } = await import('./commands/describe');
      process.exitCode = await describe(name, options);
    });
}
