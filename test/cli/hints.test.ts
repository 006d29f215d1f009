import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { again, runnable, typedAs } from '../../cli/hints';
import { main, program } from '../../cli/main';

const ROOT = join(__dirname, '..', '..');
afterEach(() => typedAs([], undefined));

/** A text of a source file, and whether it is printed by the way on which its commands become ones that can be copied. */
interface Text {
  text: string;
  isRunnable: boolean;
}

/** Texts of a source file; what is put into them is a word. */
function textsOf(file: string, source = readFileSync(file, 'utf8')): Text[] {
  const found: Text[] = [];
  const filled = (before: string, code: string): string => {
    if (code.startsWith('ofFolder')) return '--data DIR';
    if (code.startsWith('again')) return 'carelake check';
    if (code === 'command') return 'replay';
    return /--(from|to) $/.test(before) ? '2026-01-01' : '7';
  };
  const visit = (node: ts.Node, inside: boolean): void => {
    // The message of a CliError makes its `next` runnable.
    const isRunnable =
      inside ||
      (ts.isCallExpression(node) && node.expression.getText() === 'runnable') ||
      (ts.isPropertyAssignment(node) && node.name.getText() === 'next');
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
      found.push({ text: node.text, isRunnable });
    if (ts.isTemplateExpression(node)) {
      let text = node.head.text;
      for (const span of node.templateSpans) text += filled(text, span.expression.getText()) + span.literal.text;
      found.push({ text, isRunnable });
    }
    ts.forEachChild(node, (child) => visit(child, isRunnable));
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true), false);
  return found;
}

/** Commands that a text suggests, as words: from the name to the first mark that ends a sentence or begins an aside. */
function commandsIn(text: string): string[][] {
  return [...text.matchAll(/(?<![\w`.@/-])(npm start(?: --(?= ))?|carelake)(?=$|[\s);:,])/g)].flatMap((m) => {
    const words: string[] = m[1] === 'carelake' ? [] : ['start'];
    for (const [token] of text.slice(m.index + m[0].length).matchAll(/"[^"]*"|'[^']*'|\S+/g)) {
      if (token.startsWith('(')) break;
      const word = token.replace(/^(["'])(.*)\1$/, '$2').replace(/[)"\].:;,]+$/, '');
      if (word !== '') words.push(word.replace(/^DAY$/, '2026-01-01'));
      if (/[):;,.]$/.test(token)) break;
    }
    // "carelake" alone is the name of the project.
    return words.length > 0 && /^[a-z-]+$/.test(words[0]!) && program().commands.some((c) => c.name() === words[0])
      ? [words]
      : [];
  });
}

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

const files = readdirSync(join(ROOT, 'cli'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== 'hints.ts')
  .map((name) => join(ROOT, 'cli', name));
const texts = files.flatMap((file) => textsOf(file));
const suggested = [
  ...new Set(
    texts
      .map(({ text }) => text)
      .flatMap(commandsIn)
      .map((words) => JSON.stringify(words)),
  ),
];

describe('every command that this command line suggests', () => {
  test('is found', () => expect(suggested.length).toBeGreaterThan(20));

  test.each(suggested)('%s can be typed', (words) => {
    expect(parsed(JSON.parse(words) as string[])).toBeDefined();
  });

  test('is printed so that it can be copied', () => {
    const bare = (all: Text[]) => all.filter((t) => !t.isRunnable && commandsIn(t.text).length > 0).map((t) => t.text);
    expect(bare(texts)).toEqual([
      // Help, which nobody copies; and what becomes the `next` of an error later on.
      'print the exports that point any AWS client at the serving laptop: eval "$(carelake env)"',
      'to list the tables: carelake tables; the columns of one: carelake describe TABLE',
    ]);
    const source =
      "print('then: carelake check'); print(runnable(`then: carelake check`)); fail({ next: 'npm start' })";
    expect(bare(textsOf('any.ts', source))).toEqual(['then: carelake check']);
  });

  test('would be told if prose ran into it', () => {
    expect(commandsIn('then carelake check tells again')).toEqual([['check', 'tells', 'again']]);
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
    typedAs(['sql', 'select 1', '--data', '/a b'], '/a b');
    expect(runnable('carelake quarantine list; then: carelake sql "select 1"')).toBe(
      `npm run --silent carelake -- quarantine list --data '/a b'; then: npm run --silent carelake -- sql --data '/a b' "select 1"`,
    );
    expect(runnable('in another terminal: npm start')).toBe(`in another terminal: npm start -- --data '/a b'`);
    expect(runnable('npm start -- --port 0')).toBe(`npm start -- --data '/a b' --port 0`);
    expect(runnable('carelake wipe --data /c')).toBe('npm run --silent carelake -- wipe --data /c');
    expect(runnable('carelake wipe, or start another with --data DIR')).toBe(
      `npm run --silent carelake -- wipe --data '/a b', or start another with --data DIR`,
    );
    typedAs(['start'], undefined);
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
    typedAs(['backfill', '--from', '2026-01-01'], undefined);
    expect(again('--yes')).toBe('carelake backfill --from 2026-01-01 --yes');
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
