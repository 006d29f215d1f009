import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './laptop';

function run(cwd: string, ...args: string[]) {
  const loader = pathToFileURL(require.resolve('tsx')).href;
  return spawnSync(process.execPath, ['--import', loader, join(ROOT, 'test/chaos/main.ts'), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

/** A round of `npm run chaos` in a folder of its own, where its report goes. */
function chaos(...args: string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'carelake-chaos-report-'));
  const ran = run(cwd, '--minutes', '0', '--json', ...args);
  const document = JSON.parse(ran.stdout || '{}') as {
    rounds: number;
    faults: Record<string, number>;
    failures: { seed: number; folder: string; message: string }[];
  };
  const report = readFileSync(join(cwd, 'reports', 'chaos.xml'), 'utf8');
  for (const { folder } of document.failures) rmSync(folder, { recursive: true });
  rmSync(cwd, { recursive: true });
  return { code: ran.status, document, report };
}

describe('a round among random faults', () => {
  test('ends well, and says what it did', () => {
    const { code, document, report } = chaos('--seed', '3');
    expect(document.failures).toEqual([]);
    expect(document.rounds).toBe(1);
    expect(Object.keys(document.faults).length).toBeGreaterThan(0);
    expect(code).toBe(0);
    expect(report).toContain('failures="0"');
  });

  test.each([
    ['row', /core\.dim_patient_history: [1-9]\d* rows are missing, 0 are too many/],
    // Which of them tells it depends on what the object held: records of its own, or repeats of others.
    ['object', /conservation is broken: \d+ received, but|are gone/],
  ])('that really loses one %s is reported with the seed that repeats it', (what, message) => {
    const { code, document, report } = chaos('--seed', '4', '--lose', what);
    expect(code).toBe(1);
    expect(document.failures).toEqual([{ seed: 4, folder: expect.any(String), message: expect.stringMatching(message) }]);
    expect(document.failures[0]!.message).toContain('npm run chaos -- --minutes 0 --seed 4');
    expect(report).toContain('failures="1"');
  }); // prettier-ignore

  test.each([
    [['--nope'], /^Unknown option '--nope'/],
    [['--seed', 'x'], /^--seed takes a whole number/],
    [['--lose', 'toString'], /^--lose takes row or object/],
  ])('is not played where it is asked for wrongly: %j', (args, sentence) => {
    const { status, stdout, stderr } = run(tmpdir(), ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
