import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** Paths that a page names in code marks: those with a folder and, unless they end in a slash, an ending. */
const pathsIn = (markdown: string): string[] =>
  [...markdown.matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map((m) => m[1]).filter((p) => /\/$|\.\w+$/.test(p));

describe('docs/walk.md', () => {
  const text = readFileSync(join(ROOT, 'docs/walk.md'), 'utf8');

  it('names files that exist', () => {
    const paths = pathsIn(text);
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((p) => !existsSync(join(ROOT, p)))).toEqual([]);
  });

  it('would tell of a file that is gone', () => {
    expect(pathsIn('| 1 | x | `core/gone.ts`, `sql/templates/` | `npm run x`')).toEqual([
      'core/gone.ts',
      'sql/templates/',
    ]);
  });

  it('names every step of the walk in one page', () => {
    expect([...text.matchAll(/^\| (\d+) /gm)].map((m) => Number(m[1])).slice(0, 17)).toEqual(
      Array.from({ length: 17 }, (_, i) => i + 1),
    );
  });
});
