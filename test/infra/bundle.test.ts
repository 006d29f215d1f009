import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LAMBDA_NAMES, bundleLambdas, sqlHash } from '../../lib/constructs/bundle';

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const digest = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .filter((f) => statSync(join(folder, f)).isFile())
    .map(
      (f) =>
        `${f} ${createHash('sha256')
          .update(readFileSync(join(folder, f)))
          .digest('hex')}`,
    )
    .join('\n');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'carelake-bundle-'));
  for (const name of LAMBDA_NAMES)
    put(`lambdas/${name}/index.ts`, `export const handler = async (): Promise<string> => '${name}';`);
  put('sql/migrations/001-a.sql', 'select 1;');
  put('sql/load/begin.sql', 'select 2;');
  put('sql/generated/load/close.sql', 'select 4;');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('every function folder of the repository is bundled', () => {
  const folders = readdirSync('lambdas').filter((f) => f !== 'shared');
  expect([...LAMBDA_NAMES].sort()).toEqual(folders.sort());
});

/** Those that read files or FHIR carry every profile and the library of FHIR's views. */
const LARGER: Record<string, number> = Object.fromEntries(
  ['ingest-file', 'ingest-stream', 'replay-failed', 'rebuild-silver'].map((name) => [name, 1_300_000]),
);

test('no bundle of the repository is larger than 1 MB, or than what its reading of files needs', () => {
  for (const [name, folder] of Object.entries(bundleLambdas())) {
    expect([name, statSync(join(folder, 'index.js')).size < (LARGER[name] ?? 1_000_000)]).toEqual([name, true]);
    expect(readdirSync(folder).filter((f) => f.endsWith('.map'))).toEqual([]);
  }
});

test('a missing entry is named before anything is written', () => {
  rmSync(join(root, 'lambdas/load'), { recursive: true });
  expect(() => bundleLambdas(root)).toThrow('no such entry: lambdas/load/index.ts');
  expect(readdirSync(root)).not.toContain('build');
});

test('each function is a CommonJS module with its SQL beside it, and two builds are the same bytes', () => {
  const folders = bundleLambdas(root);
  expect(readFileSync(join(folders['select-load'], 'index.js'), 'utf8')).toContain('module.exports');
  expect(readdirSync(join(folders.migrate, 'sql'))).toEqual(['migrations']);
  for (const name of ['select-load', 'load'] as const) {
    expect(readFileSync(join(folders[name], 'sql/load/begin.sql'), 'utf8')).toBe('select 2;');
    expect(readFileSync(join(folders[name], 'sql/generated/load/close.sql'), 'utf8')).toBe('select 4;');
  }
  expect(readdirSync(folders['ingest-file'])).toEqual(['index.js']);
  const first = digest(join(root, 'build'));
  bundleLambdas(root);
  expect(digest(join(root, 'build'))).toBe(first);
});

test('what an earlier build left behind does not travel', () => {
  const { migrate } = bundleLambdas(root);
  put('sql/migrations/002-b.sql', 'select 3;');
  bundleLambdas(root);
  rmSync(join(root, 'sql/migrations/002-b.sql'));
  bundleLambdas(root);
  expect(readdirSync(join(migrate, 'sql/migrations'))).toEqual(['001-a.sql']);
});

test('the hash of the SQL follows names and contents of what is migrated, and nothing else', () => {
  const first = sqlHash(root);
  put('sql/load/begin.sql', 'select 9;');
  expect(sqlHash(root)).toBe(first);
  put('sql/migrations/001-a.sql', 'select 9;');
  const second = sqlHash(root);
  expect(second).not.toBe(first);
  put('sql/generated/load/x.sql', 'select 1;');
  put('sql/generated/tables.sql', 'select 1;');
  expect(sqlHash(root)).toBe(second);
  const seen = new Set([second]);
  for (const name of ['marts/m', 'documents/d', 'generated/views/v', 'generated/grants', 'security/s']) {
    put(`sql/${name}.sql`, 'select 1;');
    expect(seen).not.toContain(sqlHash(root));
    seen.add(sqlHash(root));
    bundleLambdas(root);
    expect(existsSync(join(root, 'build/lambdas/migrate/sql', `${name}.sql`))).toBe(true);
  }
});
