import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STEPS = join(__dirname, '../../scripts/ci-steps.sh');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carelake-ci-'));
  mkdirSync(join(folder, 'reports'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a script that uses the steps says, its `failed` last, and the reports that it leaves. */
function run(script: string) {
  const { stdout } = spawnSync('bash', ['-uo', 'pipefail', '-c', `. '${STEPS}'\n${script}\necho "failed=$failed"`], {
    cwd: folder,
    encoding: 'utf8',
  });
  const reports = readdirSync(join(folder, 'reports')).sort();
  const said = stdout.split('\n').filter(Boolean);
  return { said, reports, text: (name: string) => readFileSync(join(folder, 'reports', name), 'utf8') };
}

const LANES = `
  one() { step "first" none echo 1; step "second" own echo 2; }
  two() { step "third" none echo 3; }`;

test('lanes run their steps, show what they say one lane after the other, and pass', () => {
  const { said, reports } = run(`${LANES}\nside_by_side one two`);
  expect(said).toEqual(['=== first', '1', '=== second', '2', '=== third', '3', 'failed=0']);
  expect(reports).toEqual(['ci-first.xml', 'ci-third.xml']);
});

test('lanes run at once: each waits here for what the other one writes', () => {
  const meet = (mine: string, other: string) => `touch ${mine}; for i in $(seq 500); do [ -e ${other} ] && echo met && return; sleep 0.02; done; return 1`; // prettier-ignore
  const { said } = run(`one() { ${meet('a', 'b')}; }; two() { ${meet('b', 'a')}; }; side_by_side one two`);
  expect(said).toEqual(['met', 'met', 'failed=0']);
});

test.each([
  ['a step that fails', 'bad() { step "bad one" own false; step "after" none true; }'],
  ['a step that fails after a good one', 'bad() { step "after" none true; step "bad one" own false; }'],
])('a lane with %s is a failure, and has a report that says so', (_, lane) => {
  const { said, reports, text } = run(`${lane}\ntwo() { step "third" none true; }\nside_by_side bad two`);
  expect(said.at(-1)).toBe('failed=1');
  expect(reports).toEqual(['ci-after.xml', 'ci-bad-one.xml', 'ci-third.xml']);
  expect(text('ci-bad-one.xml')).toContain('<failure>exit code 1</failure>');
  expect(text('ci-after.xml')).not.toContain('failure');
});

test('a lane that is killed is a failure, and an earlier failure stays one', () => {
  expect(run(`one() { kill -9 $BASHPID; }; two() { true; }; side_by_side one two`).said.at(-1)).toBe('failed=1');
  expect(run(`step "early" none false; two() { true; }; side_by_side two`).said.at(-1)).toBe('failed=1');
});
