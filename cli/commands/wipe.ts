import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { isDataFolder } from '@carelake/laptop/data-folder';
import { CliError, EXIT } from '../errors';
import { chooseFolder, refuseServed } from '../folder';
import { ofFolder } from '../hints';
import { print, printJson } from '../output';

/** Removes a data folder and everything in it. */
export async function wipe(options: { data?: string; yes?: boolean; json?: boolean }): Promise<number> {
  const dataDir = chooseFolder(options.data);
  if (!existsSync(dataDir)) {
    if (options.json) printJson({ wiped: null });
    else print(`There is nothing at ${dataDir}.`);
    return EXIT.ok;
  }
  refuseServed(dataDir);
  // Nothing else is ever removed.
  if (!isDataFolder(dataDir)) {
    throw new CliError('this is not a Carelake data folder; nothing was removed', {
      where: dataDir,
      next: 'name the data folder: --data DIR',
    });
  }
  if (options.yes !== true) await confirm(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
  if (options.json) printJson({ wiped: dataDir });
  else print(`Removed ${dataDir}.`);
  return EXIT.ok;
}

async function confirm(dataDir: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CliError('there is no terminal to confirm on', {
      where: dataDir,
      next: `carelake wipe --yes ${ofFolder(dataDir)}`,
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`Remove ${dataDir} with all its data, including its key secret? Type yes: `);
  lines.close();
  if (answer.trim() !== 'yes') throw new CliError('nothing was removed', { where: dataDir, exitCode: EXIT.failed });
}
