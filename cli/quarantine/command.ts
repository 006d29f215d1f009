import type { Command } from 'commander';
import type { ListOptions } from '../commands/quarantine';
import { DATA, JSON_OUT, moment, whole } from '../options';

/** `carelake quarantine` and its commands. */
export function addQuarantine(carelake: Command): void {
  const quarantine = carelake
    .command('quarantine')
    .description('what could not be accepted, by rule; values are never shown unless you ask with --phi-ok');
  quarantine
    .command('list')
    .description('rejected records that nobody has dealt with, newest first, and what each broken rule requires')
    .option('--rule <id>', 'only records that break this rule')
    .option('--source <name>', 'only records of this profile or stream')
    .option('--entity <name>', 'only records about this entity')
    .option('--since <time>', 'only what arrived since: a day, a UTC time, or 90m, 12h, 7d ago', moment)
    .option('--all', 'also those that were replayed, corrected or discarded')
    .option('--limit <n>', 'at most this many records', whole(1, 1_000_000), 20)
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: ListOptions) => {
      const { list } = await import('../commands/quarantine');
      process.exitCode = await list(options);
    });
  quarantine
    .command('show')
    .description('one rejected record: its rules and pointers; its bytes with --phi-ok')
    .argument('<id>', 'quarantine id')
    .option('--phi-ok', 'also print the record itself, which may hold a patient')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (id: string, options: { phiOk?: boolean; json?: boolean; data?: string }) => {
      const { show } = await import('../commands/quarantine');
      process.exitCode = await show(id, options);
    });
  quarantine
    .command('replay')
    .description('send rejected records again the way they came, unchanged or corrected')
    .argument('[ids...]', 'quarantine ids')
    .option('--rule <id>', 'all open records that break this rule')
    .option('--with <file>', 'send this corrected record instead (for one id)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (ids: string[], options: { rule?: string; with?: string; json?: boolean; data?: string }) => {
      const { replay } = await import('../commands/quarantine');
      process.exitCode = await replay(ids, options);
    });
  quarantine
    .command('discard')
    .description('take rejected records that will not be sent again off the list; nothing is deleted')
    .argument('[ids...]', 'quarantine ids')
    .option('--rule <id>', 'all open records that break this rule')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (ids: string[], options: { rule?: string; json?: boolean; data?: string }) => {
      const { discard } = await import('../commands/quarantine');
      process.exitCode = await discard(ids, options);
    });
}
