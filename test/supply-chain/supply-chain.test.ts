import { readFileSync } from 'node:fs';
import licences from '../../ops/supply-chain/licences.json';
import { refusedLicences, unpinned, unverifiable, type Lock, type Manifest } from '../../ops/supply-chain/lock';

const manifests = ['package.json', 'packages/laptop/package.json'].map(
  (path) => JSON.parse(readFileSync(path, 'utf8')) as Manifest,
);
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;

describe('supply chain', () => {
  test('every direct dependency is pinned to one version', () => {
    expect(manifests.flatMap(unpinned)).toEqual([]);
    expect(
      unpinned({
        dependencies: { a: '^1.0.0', b: '1.0.0' },
        devDependencies: { c: 'latest' },
        overrides: { d: '1.5.5-r.5', e: { b: '$b', f: '$f', g: '~1.0.0' } },
      }),
    ).toEqual(['a@^1.0.0', 'c@latest', 'f@$f', 'g@~1.0.0']);
  });

  test('the lock verifies each package and names no download address', () => {
    expect(unverifiable(lock)).toEqual([]);
    const planted: Lock = {
      packages: {
        '': {},
        'node_modules/a': { resolved: 'x', integrity: 'sha512-x' },
        'node_modules/b': {},
        'node_modules/c': { inBundle: true },
        'node_modules/own': { link: true, resolved: 'packages/own' },
        'packages/own': {},
        'node_modules/elsewhere': { link: true, resolved: '../elsewhere' },
      },
    };
    expect(unverifiable(planted)).toEqual([
      'node_modules/a: download address',
      'node_modules/b: no integrity',
      'node_modules/elsewhere: download address',
    ]);
  });

  test('what ships or is installed for users stands under an allowed licence', () => {
    expect(refusedLicences(lock, licences.allowed)).toEqual([]);
    const planted: Lock = {
      packages: {
        'node_modules/x': { license: 'GPL-3.0' },
        'node_modules/y': {},
        'node_modules/z': { license: 'SSPL-1.0', dev: true },
      },
    };
    expect(refusedLicences(planted, licences.allowed)).toEqual(['x: GPL-3.0', 'y: none stated']);
  });
});
