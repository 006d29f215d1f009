import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { main, program } from '../../cli/main';

const folder = mkdtempSync(join(tmpdir(), 'carelake-bad-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content = ''): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const dataDir = (name: string, run: string | undefined): string => {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o700 });
  if (run !== undefined) writeFileSync(join(path, 'run.json'), run);
  return path;
};
const NEVER_BOOTED = dataDir(
  'never-booted',
  JSON.stringify({
    source: { kind: 'synthetic', patients: 1, events: 1, seed: 1 },
    env: 'local',
    sent: 0,
    status: 'streaming',
  }),
);
const DAMAGED = dataDir('damaged', '{"source": "CANARY');
const EMPTY = dataDir('empty', undefined);
const NOTHING = join(folder, 'nothing');
const GOOD = file('good.ndjson', '{}\n');

/** What each command needs to be asked rightly; one that is not named here needs nothing. */
const NEEDS: Record<string, string[]> = {
  sql: ['select 1'],
  describe: ['gold_phi.no_show_rate'],
  push: [GOOD],
  backfill: ['--from', '2026-01-01', '--to', '2026-01-02'],
  ingest: [GOOD, '--profile', 'kaggle-no-show', '--phi-ok'],
  'quarantine show': ['id'],
  'quarantine discard': ['id'],
  'quarantine replay': ['id'],
};

const nameOf = (command: Command): string =>
  command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();
const leaves = program().commands.flatMap((c) => (c.commands.length > 0 ? [...c.commands] : [c]));

/** Every way of asking wrongly that a command’s own description tells of. */
function* badly(command: Command): Generator<[what: string, args: string[]]> {
  const name = nameOf(command);
  const [words, needs] = [name.split(' '), NEEDS[name] ?? []];
  const ask = (...more: string[]): string[] => [...words, ...needs, ...more];
  const has = (flag: string): boolean => command.options.some((option) => option.long === flag);
  yield ['an unknown option', ask('--nonsense')];
  yield ['an option without its value', ask('--data')];
  if (!command.registeredArguments.some((a) => a.variadic)) yield ['a word too many', ask('a', 'b', 'c')];
  if (needs.length > 0) yield ['nothing that it needs', words];
  for (const option of command.options.filter((o) => o.parseArg !== undefined && o.long !== undefined))
    for (const value of ['abc', '-1', '']) yield [`${option.long} "${value}"`, ask(option.long!, value)];
  if (has('--env')) yield ['an unknown environment', ask('--env', 'nowhere', '--data', EMPTY)];
  yield ['a file as the data folder', ask('--data', GOOD)];
  // There is nothing to remove, which is what was wanted.
  if (name === 'wipe') return;
  yield ['a data folder below a file', ask('--data', join(GOOD, 'below'))];
  yield ['a data folder whose state is damaged', ask('--data', DAMAGED)];
  if (name === 'start') return;
  yield ['an empty folder', ask('--data', EMPTY)];
  yield ['no folder', ask('--data', NOTHING)];
  yield ['a folder that was never booted', ask('--data', NEVER_BOOTED)];
  yield ['the current folder, outside of any project', ask()];
}

/** Further ways that no description tells of. */
const MORE: [what: string, args: string[]][] = [
  ['sql of nothing', ['sql', '']],
  ['sql of blanks', ['sql', ' \n ']],
  ['sql of comments', ['sql', '-- nothing; here\n /* ; */ ;']],
  ['sql of a folder', ['sql', '-f', folder]],
  ['sql of a missing file', ['sql', '-f', join(folder, 'none')]],
  ['sql of a statement and a file', ['sql', 'select 1', '-f', GOOD]],
  ['sql printed in two ways', ['sql', 'select 1', '--csv', '--json']],
  ['sql of too many statements', ['sql', 'select 1;'.repeat(41)]],
  ['push of a folder', ['push', folder, '--data', NEVER_BOOTED]],
  ['push of a missing file', ['push', join(folder, 'none'), '--data', NEVER_BOOTED]],
  ['start of a folder as input', ['start', '--phi-ok', '--profile', 'kaggle-no-show', '--input', folder]],
  ['start with a folder as profile', ['start', '--phi-ok', '--profile', `${folder}/`, '--input', GOOD]],
  ['start with a folder as key secret', ['start', '--key-secret-file', folder, '--data', join(folder, 'new')]],
  ['replay with a folder', ['quarantine', 'replay', 'id', '--with', folder, '--data', NEVER_BOOTED]],
  ['start in a folder that nobody can make', ['start', '--data', '/proc/none/x']],
  ['a command that is none', ['explode']],
  ['a subcommand that is none', ['quarantine', 'explode']],
];

interface Said {
  code: unknown;
  stdout: string;
  stderr: string;
}

/** Runs the command line in this process, in a folder of no project. */
async function run(args: string[]): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const [before, exitCode] = [process.cwd(), process.exitCode];
  for (const name of ['stdout', 'stderr'] as const)
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  process.chdir(EMPTY);
  process.exitCode = undefined;
  try {
    await main(['node', 'carelake', ...args]);
    return { ...said, code: process.exitCode };
  } finally {
    process.exitCode = exitCode;
    process.chdir(before);
    jest.restoreAllMocks();
  }
}

const cases = leaves.flatMap((command) =>
  [...badly(command)].map(([what, args]) => [`${nameOf(command)}: ${what}`, args]),
);

describe('every command, asked wrongly', () => {
  const tty = process.stdin.isTTY;
  beforeAll(() => (process.stdin.isTTY = false));
  afterAll(() => (process.stdin.isTTY = tty));

  test('the table knows the commands', () => {
    expect(leaves.map(nameOf)).toEqual(
      expect.arrayContaining(['start', 'sql', 'push', 'env', 'quarantine replay', ...Object.keys(NEEDS)]),
    );
    expect(cases.length).toBeGreaterThan(100);
  });

  test.each([...cases, ...MORE] as [string, string[]][])('%s', async (_, args) => {
    const { code, stdout, stderr } = await run(args);
    expect([args, stdout, code === 1 || code === 2, stderr]).toEqual([args, '', true, expect.stringMatching(/\S/)]);
    // A sentence, and what to do: no stack, no bare word of the system, no content of a file.
    expect(stderr).not.toMatch(/\n\s+at |CANARY|failed unexpectedly|undefined|\[object/);
    expect(stderr).toMatch(/next: {2}\S|--help shows how/);
  });
});
