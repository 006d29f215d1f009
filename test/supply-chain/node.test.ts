import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const majorOf = (version: string): number => Number(/^v?(\d+)/.exec(version)![1]);
const text = (path: string): string => readFileSync(path, 'utf8');
const manifest = JSON.parse(text('package.json')) as { engines: { node: string } };

test('tests and what they start run on one Node: the one that the run asked for', () => {
  const started = execFileSync('node', ['--version'], { encoding: 'utf8' }).trim();
  expect(started).toBe(process.version);
  expect(majorOf(process.version)).toBe(Number(process.env.EXPECTED_NODE_MAJOR ?? majorOf(process.version)));
});

test('developers, the unit tests of the CI and the functions have the same Node', () => {
  const functions = /Runtime\.NODEJS_(\d+)_X/.exec(text('lib/constructs/function.ts'))![1];
  const installed = /^version=(\d+)\.\d+\.\d+$/m.exec(text('scripts/node24.sh'))![1];
  expect([text('.nvmrc').trim(), installed]).toEqual([functions, functions]);
  expect(text('scripts/test-node24.sh')).toContain(`EXPECTED_NODE_MAJOR=${functions}`);
});

test('an older Node is still let in: nothing is strict, and no package brings a Node of its own', () => {
  expect(manifest.engines.node).toBe('>=20.19');
  expect(text('.npmrc')).not.toMatch(/engine-strict/);
  expect(text('package.json') + text('package-lock.json')).not.toMatch(/node-linux-/);
});

describe('lists of suites', () => {
  const suites = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const beginning = (path: string) => suites.filter((name) => `<rootDir>/test/${name}`.startsWith(path));

  test('what the run on that Node leaves out is there to be left out, and most suites stay', () => {
    const { testPathIgnorePatterns: left } = jest.requireActual<{ testPathIgnorePatterns: string[] }>(
      '../../jest.unit.config.cjs',
    );
    expect(left.filter((path) => beginning(path).length === 0)).toEqual([]);
    expect(new Set(left.flatMap(beginning)).size).toBeLessThan(suites.length / 2);
  });

  test('every suite runs: what npm test leaves out is what test:platform takes', () => {
    const { testPathIgnorePatterns: left } = jest.requireActual<{ testPathIgnorePatterns: string[] }>(
      '../../jest.config.cjs',
    );
    const { testMatch, testPathIgnorePatterns } = jest.requireActual<{
      testMatch: string[];
      testPathIgnorePatterns: string[];
    }>('../../jest.platform.config.cjs');
    expect(left.filter((path) => beginning(path).length === 0)).toEqual([]);
    expect(testMatch.map((glob) => glob.replace(/(\*\*\/)?\*\.test\.ts$/, ''))).toEqual(left);
    expect(testPathIgnorePatterns).toEqual([]);
    expect(text('.ci/run')).toMatch(/npm run --silent test:platform/);
  });

  test('those that begin first are there', () => {
    const { LONGEST } = jest.requireActual<{ LONGEST: string[] }>('../longest-first.cjs');
    expect(LONGEST.filter((name) => !suites.includes(`${name}.test.ts`))).toEqual([]);
  });
});
