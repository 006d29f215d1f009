import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
/** What is no state of the platform: the project's own file, and a manifest, which is an object of the lake. */
const OTHERS = ['cli/synthesize.ts', 'packages/laptop/engines/lake.ts'];

const sources = ['cli', 'packages/laptop'].flatMap((room) =>
  readdirSync(join(ROOT, room), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
);

/**
 * `readState` names a damaged file and `readOrNone` does without it; the parser's own message names no file and quotes what it could not
 * read, secrets too.
 */
test('files of state are parsed by their one reader', () => {
  expect(sources).toContain('packages/laptop/endpoints/files.ts');
  const parsing = sources.filter((file) =>
    /JSON\.parse\(\s*readFileSync\(/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(parsing.sort()).toEqual(OTHERS);
});
