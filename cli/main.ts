import { writeHintsBy } from '@carelake/laptop/hint';
import { Command } from 'commander';
import { environmentOf, exportsText } from './environment';
import { EXIT } from './errors';
import { asCliError } from './failures';
import { servedFolder } from './folder';
import { runnable, typedAs } from './hints';
import { DATA, day, JSON_OUT, Reads, whole } from './options';
import { print, printJson } from './output';
import { addQuarantine } from './quarantine/command';
import { addReference } from './reference';
import type { StartOptions } from './source';
import { version } from '../package.json';
import { addQueries } from './query-commands';
import type { RebuildOptions } from './commands/rebuild';
import type { ReplayOptions } from './commands/replay-failed';
import type { BackfillOptions } from './commands/backfill';
import type { IngestOptions } from './commands/ingest';
import type { PushOptions } from './commands/push';
import type { VerifyOptions } from './commands/verify';
import type { WithdrawOptions } from './commands/withdraw';

/** Every command with its options. */
export function program(): Command {
  const carelake = new Command('carelake')
    .description('Carelake on a laptop: events and files in, answers out, no cloud account.')
    .version(version, '-V, --version', 'print the version of this release')
    // Options before the command are the program's, those after it the command's: a reference file has a --version too.
    .enablePositionalOptions()
    .showHelpAfterError('(carelake --help shows how)')
    .addHelpText(
      'after',
      '\nExit codes: 0 success · 1 the run failed · 2 wrong usage · 3 port or data folder in use · 4 most of the input was rejected, or a snapshot was held back · 130 stopped before the answers\nDocumentation: README.md, docs/',
    );
  addStart(carelake);
  addQueries(carelake);
  addData(carelake);
  addQuarantine(carelake);
  addReference(carelake);
  addBackfill(carelake);
  addWithdraw(carelake);
  addVerify(carelake);
  return carelake;
}

function addStart(carelake: Command): void {
  const reads = new Reads();
  carelake
    .command('start')
    .description('boot the templates on this machine, ingest data, answer, and serve until Ctrl-C')
    .option('--once', 'stop after the answers instead of serving')
    .option(...JSON_OUT)
    .option(
      '--profile <name|file>',
      'how the files after it are read: a built-in profile or your own (docs/profiles.md); repeat it for other files',
      reads.profile,
    )
    .option(
      '--source <name|folder>',
      'how a folder of files is read: a built-in source, or a folder of profiles with patterns of names',
      reads.source,
    )
    .option(
      '--input <file|folder>',
      'a file (a folder, for a source) to ingest instead of the synthetic network; repeat it for more',
      reads.input,
    )
    .option('--phi-ok', 'this machine may hold the data of real patients')
    .option(
      '--env <name>',
      'environment whose templates are booted: local or dev (default: that of the folder, else local)',
    )
    .option(...DATA)
    .option(
      '--port <n>',
      'port of all endpoints on 127.0.0.1; 0: any free port (default: 4600; with --once: any)',
      whole(0, 65535),
    )
    .option('--patients <n>', 'patients of the synthetic network (default: 20000)', whole(1, 10_000_000))
    .option('--events <n>', 'records of the synthetic network (default: 200000)', whole(1, 1_000_000_000))
    .option('--seed <n>', 'seed of the synthetic network', whole(0, 4294967295))
    .option(
      '--durable',
      'sync everything to disk before it is acknowledged: slower, but even a power failure loses nothing',
    )
    .option('--key-secret-file <file>', 'key secret to use for a new data folder instead of a random one')
    .action(async (given: StartOptions) => {
      const options = { ...given, reads: reads.pairs() };
      // What refuses a start is asked before the engines are read into memory.
      const { prepare } = await import('./source');
      const prepared = await prepare(options);
      const { start } = await import('./commands/start');
      process.exitCode = await start(options, prepared);
    });
}

function addData(carelake: Command): void {
  carelake
    .command('push')
    .description('send every line of a file to the stream, one envelope per line (docs/producers.md)')
    .argument('<file>', 'newline-delimited JSON, or - for standard input')
    .option('--no-wait', 'do not wait to report how many were accepted and rejected')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (file: string, options: PushOptions) => {
      const { push } = await import('./commands/push');
      process.exitCode = await push(file, options);
    });
  carelake
    .command('ingest')
    .description(
      'land a file for its profile to read, or a folder for its source, in a served folder or an account, and report what became of the rows',
    )
    .argument('<file|folder>', 'the file; with --source, a folder of files')
    .option('--profile <name|file>', 'how a file is read: a built-in profile or your own (docs/profiles.md)')
    .option('--source <name|folder>', 'how a folder is read: fhir-r4, synthea, or a folder of profiles of your own')
    .option('--phi-ok', 'this machine may hold the data of real patients')
    .option('--no-wait', 'do not wait until it has been read')
    .option('--env <name>', 'into this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (file: string, options: IngestOptions) => {
      const { ingest } = await import('./commands/ingest-folder');
      process.exitCode = await ingest(file, options);
    });
  carelake
    .command('load')
    .description('load what is pending now instead of waiting for the schedule (dev: once a day)')
    .option('--full', 'look through all of silver, not only its latest hours')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: { full?: boolean; json?: boolean; data?: string }) => {
      const { load } = await import('./commands/load');
      process.exitCode = await load(options);
    });
  carelake
    .command('check')
    .description('compare everything that a stopped data folder holds: stream, landing, lake, receipts, warehouse')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: { data?: string; json?: boolean }) => {
      const { check } = await import('./commands/check');
      process.exitCode = await check(options);
    });
  carelake
    .command('rebuild')
    .description(
      'rebuild the warehouse from silver after any loss: of a data folder, served or not, or of an environment',
    )
    .option('--yes', 'do not ask for confirmation')
    .option('--env <name>', 'of this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: RebuildOptions) => {
      const { rebuild } = await import('./commands/rebuild');
      process.exitCode = await rebuild(options);
    });
  carelake
    .command('replay-failed')
    .description('ingest the batches of the stream that were given up because the lake could not accept them in time')
    .option('--env <name>', 'in this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: ReplayOptions) => {
      const { replayFailed } = await import('./commands/replay-failed');
      process.exitCode = await replayFailed(options);
    });
  carelake
    .command('env')
    .description('print the exports that point any AWS client at the serving laptop, for the eval of a shell')
    .option(...JSON_OUT)
    .option(...DATA)
    .action((options: { json?: boolean; data?: string }) => {
      const { served, names } = servedFolder(options.data, 'no endpoint is open');
      const variables = environmentOf(served, names);
      if (options.json) printJson(variables);
      else print(exportsText(variables));
    });
  carelake
    .command('wipe')
    .description('remove a data folder and everything in it')
    .option('--yes', 'do not ask for confirmation')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: { yes?: boolean; json?: boolean; data?: string }) => {
      const { wipe } = await import('./commands/wipe');
      process.exitCode = await wipe(options);
    });
}

function addBackfill(carelake: Command): void {
  carelake
    .command('backfill')
    .description('read again what arrived in a range of days: files from landing, records of the stream from bronze')
    .requiredOption('--from <day>', 'first day of arrival, YYYY-MM-DD, UTC', day)
    .requiredOption('--to <day>', 'last day of arrival', day)
    .option('--restore', 'have S3 restore archived objects; it takes hours and is billed by the GB')
    .option('--env <name>', 'in this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: BackfillOptions) => {
      const { backfill } = await import('./commands/backfill');
      process.exitCode = await backfill(options);
    });
}

function addWithdraw(carelake: Command): void {
  carelake
    .command('withdraw')
    .description('take back what a landed file says; an event is removed only if no other file still says it')
    .argument('<object>', 'key in landing, or its id as logs and quarantine show it')
    .option('--undo', 'reinstate it')
    .option('--object-version <id>', 'which version of the object, if there are several')
    .option('--env <name>', 'in this deployed environment, in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (object: string, options: WithdrawOptions) => {
      const { withdraw } = await import('./commands/withdraw');
      process.exitCode = await withdraw(object, options);
    });
}

function addVerify(carelake: Command): void {
  carelake
    .command('verify')
    .description('ask the serving laptop, and a deployed environment, the same questions and report the differences')
    .option('--env <name>', 'also probe this deployed environment in the account behind your credentials')
    .option('--region <name>', 'region of the environment (default: AWS_REGION)')
    .option('--yes', 'accept the cost of the probes in the account')
    .option('--out <file>', 'also write the report to a file, as Markdown')
    .option(...JSON_OUT)
    .option(...DATA)
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('./commands/verify');
      process.exitCode = await verify(options);
    });
}

/** Runs the command line. Commander's own refusals are wrong use; everything else is told in a sentence. */
export async function main(argv: string[]): Promise<void> {
  // The SDK warns on every start about Nodes that it will leave behind one day; package.json says which Node this needs.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const carelake = program();
  carelake.hook('preAction', (_, action) => typedAs(argv.slice(2), action.opts()));
  writeHintsBy(runnable);
  for (const command of [carelake, ...carelake.commands, ...carelake.commands.flatMap((c) => c.commands)])
    command.exitOverride();
  try {
    await carelake.parseAsync(argv);
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('commander.')) {
      process.exitCode = (error as { exitCode?: number }).exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    const failure = asCliError(error);
    process.stderr.write(`${failure.render()}\n`);
    process.exitCode = failure.exitCode;
  }
}
