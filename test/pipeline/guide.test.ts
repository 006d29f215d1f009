import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf, scriptOf } from '../deploy/guide';

describe('the deployment guide', () => {
  const blocks = blocksOf('docs/deploy.md');

  test('says of every command whether a check runs it, and why not', () => {
    expect(blocks.length).toBeGreaterThan(15);
    expect(
      blocks.filter((block) => (block.runs === undefined) === (block.notRun === undefined)).map((block) => block.line),
    ).toEqual([]);
    expect(blocks.filter((block) => block.runs !== undefined && block.runs !== 'emulator')).toEqual([]);
    expect(blocks.filter((block) => block.runs).length).toBeGreaterThanOrEqual(9);
  });

  test('a block without a mark is noticed, and the script keeps order', () => {
    const file = join(tmpdir(), `guide-${process.pid}.md`);
    writeFileSync(
      file,
      'a\n```bash\n# runs: emulator\none\n```\n```bash\nbare\n```\n```bash\n# runs: emulator\ntwo\n```\n',
    );
    const planted = blocksOf(file);
    expect(planted[1]).toEqual({ line: 6, runs: undefined, notRun: undefined, commands: '' });
    expect(scriptOf(planted)).toMatch(/^set -euo pipefail[\s\S]*one[\s\S]*two[\s\S]*end of the guide"$/);
  });
});
