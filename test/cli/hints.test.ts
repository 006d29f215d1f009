import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { again, runnable, typedAs, withInstead } from '../../cli/hints';
import { main, program } from '../../cli/main';
import { suggestions, suggestionsIn } from './suggestions';

const ROOT = join(__dirname, '..', '..');
afterEach(() => typedAs([], {}));

/** What the command line makes of words; undefined where it refuses them. */
function parsed(words: string[]): { command: string; options: Record<string, unknown>; args: string[] } | undefined {
  let made: ReturnType<typeof parsed>;
  const all = program();
  for (const command of [all, ...all.commands, ...all.commands.flatMap((c) => c.commands)]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0)
      command.action(() => void (made = { command: command.name(), options: command.opts(), args: command.args }));
  }
  try {
    all.parse(['node', 'carelake', ...words]);
  } catch {
    return undefined;
  }
  return made;
}

/** A literal command as words, its open places filled; undefined for one that is made of what was typed. */
function wordsOf(id: string): string[] | undefined {
  const command = id.slice(id.indexOf(': ') + 2).replace(/ \(\d\)$/, '');
  const called = /^(npm start(?: --)?|carelake|npm run --silent carelake --)(?: |$)/.exec(command);
  if (!called) return undefined;
  const rest = command.slice(called[0].length).replaceAll('DAY', '2026-01-01').replaceAll('……', '7');
  const words = [...rest.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', ''));
  const filled = words.map((word) =>
    word === '…' && words[0] === 'quarantine' && words.length === 3
      ? 'replay'
      : word === '…' && words[0] === 'wipe'
        ? '--yes'
        : word,
  );
  return called[1]!.startsWith('npm start') ? ['start', ...filled] : filled;
}

/** What no test runs as it is printed, and why. */
const NOT_RUN: readonly (readonly [which: RegExp, why: string])[] = [
  [/: aws /, 'a command of the AWS command line, in an account or to sign in to one'],
  [/^ops\/(preflight|bootstrap)\//, 'mends an account; test/preflight holds what each says'],
  [/: npx cdk synth /, 'told where the sources do not synthesize; test:deploy and CI run it'],
  [
    /(backfill|replayFailed|loadAll): again\(\)$|load: carelake load$/,
    'told where a state machine of the platform fails; again() is held below',
  ],
  [
    /checkLoaded: npm start$/,
    'told where a load leaves something; a start on what is pending is run for CHK-LEDGER-01',
  ],
  [
    /asCliError: (again\(\)|npm start)$|DiskFull: npm start$/,
    'told on a full disk; test/e2e/full-disk starts again on it',
  ],
  [/checkAfter: carelake check$/, 'the command that is run for each rule of check'],
  [
    /readAgain: carelake ingest --phi-ok --profile PROFILE FILE$/,
    'told of a file that came otherwise than by a start; test/e2e/ingest reads such a file again',
  ],
  [/CLOSED: npm start$/, 'says what printed an address, and is no next step'],
  [
    /(commands\/reference|value-sets)\.ts (held|refuseClash): carelake withdraw /,
    'takes back the one version that stands in the way, whose object it names; test/e2e/reference holds that, test/e2e/withdraw runs the command',
  ],
  [
    /commands\/reference\.ts (asked|askedSets|listText): carelake reference add /,
    'test/e2e/reference runs each, with a file and a version in the open places',
  ],
  [
    /ingestFolder: again\('--phi-ok'\)$|ingest: again\(\.\.\.known\)$|\[\.\.\.known, '--input'\]|refuseOtherKind: withInstead/,
    'test/cli/known-readers holds each to the command that it must be; test/e2e/ingest-folder, fhir and synthea run such',
  ],
  [/: npm run (migration|inventory) /, 'for those who change the sources: it writes into them'],
];

const all = suggestions();
const ids = all.map(({ id }) => id);
/** Texts of the suites that run suggestions: each names the one that it runs. */
const suites = readdirSync(join(ROOT, 'test/e2e')).filter((name) => /^hints.*\.test\.ts$/.test(name));
const named = new Set(suites.flatMap((name) => stringsOf(join(ROOT, 'test/e2e', name))));

function stringsOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return found;
}

describe('every command that is suggested', () => {
  const isLeftOut = (id: string): boolean => NOT_RUN.some(([which]) => which.test(id));

  test('is found where it is printed, made of what was typed, or put into a text', () => {
    const source = `
      function told(): void { print('then: carelake check'); print(runnable(\`then: carelake load \${x}; or npm start\`)); }
      const RULES = { 'A-1': { next: 'carelake rebuild' } };
      const next = (): string => \`do \${again('--yes')} (x)\`;`;
    expect(suggestionsIn('any.ts', source)).toEqual([
      { id: 'any.ts told: carelake check', isRunnable: false },
      { id: 'any.ts told: carelake load …', isRunnable: true },
      { id: 'any.ts told: npm start', isRunnable: true },
      { id: 'any.ts A-1: carelake rebuild', isRunnable: true },
      { id: "any.ts next: again('--yes')", isRunnable: false },
    ]);
    expect(ids.length).toBeGreaterThan(100);
  });

  test('is run as it is printed by a suite that names it, or left out for a reason', () => {
    expect(ids.filter((id) => !named.has(id) && !isLeftOut(id))).toEqual([]);
    expect(NOT_RUN.filter(([which]) => !ids.some((id) => which.test(id)))).toEqual([]);
    // A suite names nothing that is suggested no more.
    const isId = (text: string): boolean => /^(cli|core|guard|lambdas|ops|packages|profiles)\/\S+\.ts .*: /.test(text);
    expect([...named].filter((text) => isId(text) && !ids.includes(text))).toEqual([]);
  });

  test.each(ids.filter((id) => wordsOf(id) !== undefined))('%s: can be typed', (id) => {
    expect(parsed(wordsOf(id)!)).toBeDefined();
  });

  test('of this project is a script of it', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const run = ids.flatMap((id) => /: npm run (?:--silent )?([a-z:-]+)/.exec(id)?.[1] ?? []);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('is printed so that it can be copied', () => {
    const isOurs = (id: string): boolean => /: (carelake|npm start|again|withInstead)/.test(id);
    expect(all.filter(({ id, isRunnable }) => isOurs(id) && !isRunnable).map(({ id }) => id)).toEqual([
      // What becomes the `next` of an error, or a text that is made runnable, later on.
      'cli/commands/reference.ts refuseClash: carelake withdraw …',
      'cli/findings.ts readAgain: again()',
      'cli/findings.ts readAgain: carelake ingest --phi-ok --profile PROFILE FILE',
      'cli/sql.ts REFUSED_BY_S3: carelake sql --csv "select …"',
      'cli/sql.ts REFUSED_BY_S3: carelake ingest FILE --profile PROFILE --phi-ok',
      'cli/sql.ts NAMES_OF_BUCKETS: npm start',
      'cli/sql.ts NAMES_OF_BUCKETS: carelake env',
      'cli/sql.ts LIST_OF_TABLES: carelake tables',
      'cli/sql.ts LIST_OF_TABLES: carelake describe TABLE',
      'cli/value-sets.ts refuseClash: carelake withdraw …',
      'ops/verify/report.ts summary: npm start',
      'ops/verify/report.ts summary: carelake verify --env dev',
      // It is told to whoever has no way in yet: which folder, it does not say.
      'packages/laptop/endpoints/page.ts CLOSED: npm start',
      'packages/laptop/engines/lost-warehouse.ts damagedWarehouse: carelake rebuild',
    ]);
  });

  test('would be told if prose ran into it', () => {
    expect(suggestionsIn('any.ts', "print('then carelake check tells again')")).toMatchObject([
      { id: 'any.ts : carelake check tells again' },
    ]);
    expect(parsed(['check', 'tells', 'again'])).toBeUndefined();
  });
});

/** What follows `next:` in the message of a command that fails. */
async function hintOf(args: string[]): Promise<string> {
  let said = '';
  const [err, tty, code] = [process.stderr.write.bind(process.stderr), process.stdin.isTTY, process.exitCode];
  process.stderr.write = ((text: string) => ((said += text), true)) as typeof process.stderr.write;
  process.stdin.isTTY = false;
  try {
    await main(['node', 'carelake', ...args]);
  } finally {
    process.stderr.write = err;
    process.stdin.isTTY = tty;
    process.exitCode = code;
  }
  return /next: {2}(.*)$/m.exec(said)?.[1] ?? said;
}

/** Words of a printed command, as a shell makes them. */
const shellWords = (command: string): string[] =>
  spawnSync('sh', ['-c', `printf '%s\\n' ${command.replace(/^npm (run --silent carelake --|start( --)?)/, '')}`], {
    encoding: 'utf8',
  })
    .stdout.split('\n')
    .filter(Boolean);

describe('a hint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carelake hints-'));
  const file = join(folder, "it's.csv");
  writeFileSync(file, 'id\n1\n');

  test('goes to the folder of the command that it follows', () => {
    typedAs(['sql', 'select 1', '--data', '/a b'], { data: '/a b' });
    expect(runnable('carelake quarantine list; then: carelake sql "select 1"')).toBe(
      `npm run --silent carelake -- quarantine list --data '/a b'; then: npm run --silent carelake -- sql --data '/a b' "select 1"`,
    );
    expect(runnable('in another terminal: npm start')).toBe(`in another terminal: npm start -- --data '/a b'`);
    expect(runnable('npm start -- --port 0')).toBe(`npm start -- --data '/a b' --port 0`);
    expect(runnable('carelake wipe --data /c')).toBe('npm run --silent carelake -- wipe --data /c');
    expect(runnable('carelake wipe, or start another with --data DIR')).toBe(
      `npm run --silent carelake -- wipe --data '/a b', or start another with --data DIR`,
    );
    typedAs(['start'], {});
    expect(runnable('npm start; carelake check')).toBe('npm start; npm run --silent carelake -- check');
  });

  test('keeps every option of the command that was typed', async () => {
    const typed = [
      'start',
      '--once',
      '--data',
      join(folder, 'x y'),
      '--env',
      'dev',
      '--port',
      '0',
      '--profile',
      'kaggle-no-show',
      '--input',
      file,
    ];
    const hint = await hintOf(typed);
    const command = hint.slice(hint.indexOf('npm start'));
    const words = shellWords(command);
    expect(words).toEqual([...typed.slice(1), '--phi-ok']);
    expect(parsed(['start', ...words])?.options).toMatchObject({
      once: true,
      data: join(folder, 'x y'),
      env: 'dev',
      port: 0,
      phiOk: true,
    });
    typedAs(['backfill', '--from=2026-01-01', '--yes'], {});
    expect(again('--yes')).toBe('carelake backfill --from 2026-01-01 --yes');
    expect(again('--from', '2026-02-02')).toBe('carelake backfill --yes --from 2026-02-02');
  });

  test('stands in the place of what was typed, and starts where the other one started', () => {
    typedAs(['start', '--profile', 'a', '--profile', 'b', '--input', 'x'], { port: 0, durable: true });
    expect(withInstead('a', ['a', '--input', 'FILE'], '--phi-ok')).toBe(
      'npm start -- --profile a --input FILE --profile b --input x --phi-ok',
    );
    expect(again('--input', 'y')).toBe('npm start -- --profile a --profile b --input x --input y');
    expect(runnable('npm start; carelake check')).toBe(
      'npm start -- --port 0 --durable; npm run --silent carelake -- check',
    );
    expect(runnable('npm start -- --port 1 (x)')).toBe('npm start -- --durable --port 1 (x)');
  });

  test('quotes a path that a shell would take apart', async () => {
    const hint = await hintOf(['start', '--phi-ok', '--input', file]);
    const command = hint.slice(hint.indexOf('-- push ') + '-- '.length);
    expect(shellWords(command)).toEqual(['push', file]);
  });

  test('to remove a folder removes that folder and no other, as it is printed', async () => {
    const [mine, other] = ['mine', 'other'].map((name) => join(folder, name));
    for (const dataDir of [mine!, other!]) {
      mkdirSync(dataDir);
      writeFileSync(
        join(dataDir, 'run.json'),
        '{"source":{"kind":"synthetic"},"env":"local","sent":0,"status":"complete"}',
      );
    }
    const hint = await hintOf(['wipe', '--data', mine!]);
    const ran = spawnSync('sh', ['-c', hint], { cwd: ROOT, encoding: 'utf8' });
    expect([ran.status, ran.stdout]).toEqual([0, `Removed ${mine}.\n`]);
    expect([existsSync(mine!), existsSync(other!)]).toEqual([false, true]);
  });
});
