import type { Command } from 'commander';
import type { AddOptions } from './commands/reference';
import { DATA, day, JSON_OUT } from './options';

/** `carelake reference` and its commands. */
export function addReference(carelake: Command): void {
  const reference = carelake
    .command('reference')
    .description(
      'versions of code systems and value sets, by which facts are described and chosen as of their own day (docs/reference.md)',
    );
  reference
    .command('add')
    .description(
      'add a version of a code system, or value sets, and report what became of the codes; without a file, the version that is shipped',
    )
    .argument('<name>', 'name of a code system, or value-set (docs/reference.md)')
    .argument('[file]', 'CSV in the columns of docs/reference.md; .gz is unpacked')
    .option('--version <name>', 'name of the version, such as 2026')
    .option('--valid-from <day>', 'first day of the version, YYYY-MM-DD', day)
    .option('--env <name>', 'into this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (name: string, file: string | undefined, options: AddOptions) => {
      const { add } = await import('./commands/reference');
      process.exitCode = await add(name, file, options);
    });
  reference
    .command('list')
    .description('the versions that are loaded, and those that are shipped and not loaded')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: { json?: boolean; data?: string }) => {
      const { list } = await import('./commands/reference');
      process.exitCode = await list(options);
    });
}
