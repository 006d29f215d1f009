import { checkFolder, CHECK_RULES, type Difference } from '../check';
import { CliError, EXIT } from '../errors';
import { runnable } from '../hints';
import { existingFolder, refuseServed } from '../folder';
import { count, print, printJson, Progress } from '../output';

/** `carelake check`: compares all that a stopped data folder holds. @returns 0 when everything agrees, else 1 */
export async function check(options: { data?: string; json?: boolean }): Promise<number> {
  const { dataDir, run } = existingFolder(options.data);
  refuseServed(dataDir);
  if (!run.names)
    throw new CliError('the first start on this folder did not get far enough to check anything', {
      where: dataDir,
      next: 'npm start',
    });
  const names = run.names;
  const found = await new Progress(options.json).step('check', (tell) => checkFolder(dataDir, names, tell));
  if (options.json) printJson({ differences: found.map((d) => ({ ...d, ...CHECK_RULES[d.rule] })) });
  else print(differencesText(found));
  return found.length === 0 ? EXIT.ok : EXIT.failed;
}

/** What a check found, as the console shows it. */
export function differencesText(found: readonly Difference[]): string {
  if (found.length === 0) return 'Stream, landing, lake and warehouse agree.';
  return found
    .map((d) =>
      [
        `${d.rule} ${d.where}: ${count(d.count)} ${CHECK_RULES[d.rule].is}`,
        ...d.examples.map((example) => `    ${example}`),
        `    next: ${runnable(CHECK_RULES[d.rule].next)}`,
      ].join('\n'),
    )
    .join('\n');
}
