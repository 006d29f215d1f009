import { readFileSync } from 'node:fs';

export interface Block {
  line: number;
  /** `emulator`, or undefined for a block that says why nobody has run it. */
  runs: string | undefined;
  notRun: string | undefined;
  commands: string;
}

/** The shell blocks of a guide, each with the mark of its first line: `# runs: emulator` or `# not run: reason`. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; text: string[] } | undefined;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      if (open && text === '```') {
        const [mark = '', ...rest] = open.text;
        blocks.push({
          line: open.line,
          runs: /^# runs: (.+)$/.exec(mark)?.[1],
          notRun: /^# not run: (.+)$/.exec(mark)?.[1],
          commands: rest.join('\n'),
        });
        open = undefined;
      } else if (open) open.text.push(text);
      else if (text === '```bash') open = { line: index + 1, text: [] };
    });
  return blocks;
}

/** One script of all blocks that run, in their order and in one shell, as a reader would type them; it stops at the first failure. */
export function scriptOf(blocks: Block[]): string {
  const parts = blocks
    .filter((block) => block.runs)
    .map((block) => `echo "== docs/deploy.md line ${block.line}"\n${block.commands}`);
  return ['set -euo pipefail', ...parts, 'echo "== end of the guide"'].join('\n\n');
}
