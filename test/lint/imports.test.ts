import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { scripts } from '../../package.json';
import { include } from '../../tsconfig.json';

const ROOT = resolve(__dirname, '../..');

/** Violations of the restricted imports alone, per planted file. */
function lint(planted: readonly { file: string; from: string }[]): string[] {
  const input = planted.map(({ file, from }) => ({ file, code: `import * as x from '${from}';\nexport default x;\n` }));
  const ran = spawnSync(process.execPath, [join(__dirname, 'eslint-texts.mjs')], {
    cwd: ROOT,
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return (JSON.parse(ran.stdout) as string[][]).map((m) =>
    m
      .filter((text) => text.startsWith('no-restricted-imports'))
      .map((text) => text.split(' pattern. ')[1])
      .join('; '),
  );
}

describe('direction of imports', () => {
  const refused: [string, string, string][] = [
    ['contracts/x.ts', '../core/records/time', 'contracts/ may import only: nothing of the other rooms'],
    ['contracts/derive/x.ts', '../../lib', 'contracts/ may import only: nothing of the other rooms'],
    ['profiles/x.ts', '../core', 'profiles/ may import only: contracts'],
    ['core/records/x.ts', '../../lambdas/shared/errors', 'core/ may import only: contracts, profiles'],
    ['core/x.ts', '../synthetic', 'core/ may import only: contracts, profiles'],
    ['core/load/x.ts', '@aws-sdk/client-s3', 'core/ is pure: no AWS packages'],
    ['core/load/x.ts', '@carelake/laptop/clock', 'only cli/, bench/ and test/ run the laptop'],
    ['lambdas/load/x.ts', '../../lib/app', 'lambdas/ may import only: core, contracts, profiles'],
    ['lambdas/load/x.ts', '@carelake/laptop/clock', 'only cli/, bench/ and test/ run the laptop'],
    ['lambdas/load/x.ts', 'hyparquet-writer', 'core/lake/parquet.ts writes all Parquet'],
    ['config/x.ts', '../contracts', 'config/ may import only: nothing of the other rooms'],
    ['lib/constructs/x.ts', '../../core/lake/names', 'lib/ may import only: contracts, config'],
    ['packages/laptop/x.ts', '../../core/lake/names', 'packages/ may import only: nothing of the other rooms'],
    ['packages/laptop/engines/x.ts', '../../../contracts', 'packages/ may import only: nothing of the other rooms'],
    ['synthetic/x.ts', '../core/records/time', 'synthetic/ may import only: contracts'],
    [
      'cli/commands/x.ts',
      '../../lambdas/shared/errors',
      'cli/ may import only: synthetic, contracts, profiles, config, core, guard, ops',
    ],
    ['ops/verify/x.ts', '@carelake/laptop/clock', 'only cli/, bench/ and test/ run the laptop'],
    ['guard/x.ts', '../packages/laptop/clock', 'the laptop is imported by its package name'],
    ['bin/x.ts', '@carelake/laptop/clock', 'only cli/, bench/ and test/ run the laptop'],
    ['scripts/x.ts', '@carelake/laptop/clock', 'only cli/, bench/ and test/ run the laptop'],
    ['test/core/x.ts', '../../packages/laptop/clock', 'the laptop is imported by its package name'],
  ];
  const accepted: [string, string][] = [
    ['core/load/x.ts', '../lake/names'],
    ['core/lake/x.ts', 'hyparquet-writer'],
    ['core/load/x.ts', '../../contracts'],
    ['lambdas/load/x.ts', '../../core/lake/names'],
    ['cli/commands/x.ts', '@carelake/laptop/clock'],
    ['test/core/x.ts', '@carelake/laptop/clock'],
    ['bench/x.ts', '@carelake/laptop/clock'],
  ];

  it('refuses each planted import against the direction of the house, and no other', () => {
    const found = lint([...refused, ...accepted].map(([file, from]) => ({ file, from })));
    expect(found).toEqual([...refused.map(([, , message]) => message), ...accepted.map(() => '')]);
  });
});

describe('circles of imports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-circles-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the lint script of package.json on other files. */
  function circles(pattern: string) {
    const [tool, ...args] = scripts['lint:circles'].split(' ');
    const options = args.filter((a) => a.startsWith('-') || a === 'circular:1');
    return spawnSync(join(ROOT, 'node_modules/.bin', tool), [...options, pattern], { cwd: ROOT, encoding: 'utf8' });
  }

  function plant(name: string, files: Record<string, string>): string {
    mkdirSync(join(folder, name));
    for (const [file, code] of Object.entries(files)) writeFileSync(join(folder, name, file), code);
    return join(folder, name, '*.ts');
  }

  it('refuses a planted circle, of types alone too', () => {
    const ran = circles(
      plant('circle', {
        'a.ts': "import type { B } from './b';\nexport interface A { b: B }\n",
        'b.ts': "import type { A } from './a';\nexport interface B { a: A }\n",
      }),
    );
    expect(ran.stdout).toMatch(/b\.ts -> .*a\.ts/);
    expect(ran.status).toBe(1);
  });

  it('accepts imports that form none', () => {
    const ran = circles(plant('line', { 'a.ts': "export { b } from './b';\n", 'b.ts': 'export const b = 1;\n' }));
    expect(ran.status).toBe(0);
  });

  it('looks at every folder that the type check looks at', () => {
    const [, rooms] = /'\{(.+)\}\/\*\*\/\*\.ts'/.exec(scripts['lint:circles'])!;
    expect(rooms.split(',').sort()).toEqual([...include].sort());
  });
});
