import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { warehouseFile } from '@carelake/laptop/engines/warehouse';
import { readLoadCounts } from '../answers';
import { checkLoad, checkLoaded, countSilverRows, type LoadCounts } from '../conservation';
import { CliError, EXIT } from '../errors';
import { again, runnable } from '../hints';
import { existingFolder, servedBy, type Names } from '../folder';
import { asker, boot, zonesOf } from '../laptop';
import { count, print, printJson, Progress } from '../output';
import { synthesize } from '../synthesize';
import { accountPlace, rebuildRunning, servedPlace, type RunningPlace } from './rebuild-running';

export interface RebuildOptions {
  env?: string;
  region?: string;
  data?: string;
  yes?: boolean;
  json?: boolean;
}

/** What of the control zone says what loads did; the rest says what ingest did. */
const OF_LOADS = ['_ledger/', 'loads/'];

/**
 * `carelake rebuild`: makes the warehouse again from silver, by the platform's own migrations and loads. A rebuild that is interrupted
 * leaves a warehouse that the next start, or the next rebuild, fills.
 */
export async function rebuild(options: RebuildOptions): Promise<number> {
  if (options.env !== undefined) return rebuildAt(await accountPlace(options.env, options.region), options);
  const { dataDir, run } = existingFolder(options.data);
  const { names } = run;
  const served = servedBy(dataDir);
  if (served && names) return rebuildAt(servedPlace(served, names, dataDir), options);
  if (!names)
    throw new CliError('the first start on this folder did not get far enough to rebuild anything', {
      where: dataDir,
      next: 'npm start',
    });
  const file = warehouseFile(dataDir);
  const lost = `${file} is removed and rebuilt from silver; your own views in the schema custom are lost.`;
  if (!options.yes) await consent(file, lost);
  const progress = new Progress(options.json);
  const { assemblyDir } = await progress.step(`synthesize the templates of environment ${run.env}`, () =>
    synthesize(dataDir, run.env),
  );
  await progress.step('remove the warehouse and the records of its loads', () => forget(dataDir, names));
  const platform = await progress.step('boot, with an empty warehouse', (tell) =>
    boot({ assemblyDir, dataDir, port: 0, onProgress: tell }),
  );
  let load: LoadCounts;
  try {
    await progress.step('load all of silver', () => platform.execute('LoadMachine', { window: 'full' }));
    await platform.idle({ quietMs: 500 });
    load = await readLoadCounts(asker(platform.endpoints.warehouse, dataDir));
    checkLoad(load, 'ops.conservation');
    checkLoaded(await countSilverRows(zonesOf(dataDir, names)), load, dataDir);
  } finally {
    await platform.stop();
  }
  if (options.json) printJson({ load });
  else print(runnable(`Rebuilt: ${count(load.read)} events loaded. To compare everything: carelake check`));
  return EXIT.ok;
}

async function rebuildAt(at: RunningPlace, options: RebuildOptions): Promise<number> {
  const where = options.env === undefined ? 'the serving laptop' : `environment ${options.env}`;
  if (!options.yes) await consent(where, `The warehouse of ${where} is emptied and loaded again from silver.`);
  const objects = await rebuildRunning(at, new Progress(options.json));
  if (options.json) printJson({ objects });
  else print(`Rebuilt: ${count(objects)} silver objects loaded. The daily check compares the tables.`);
  return EXIT.ok;
}

async function consent(where: string, what: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliError('not confirmed: this rebuilds the warehouse from silver', {
      where,
      next: again('--yes'),
    });
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const said = await prompt.question(`${what} Continue? [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(said.trim())) throw new CliError('not started', { where });
}

/**
 * Removes the warehouse, receipts and plans, the answers that the Data API remembers, executions of loads, and the note that
 * migrations ran. Receipts go first: with them gone, a start after an interruption loads everything into whatever warehouse there is.
 */
async function forget(dataDir: string, names: Names): Promise<void> {
  const s3 = await openS3Store(dataDir, new RealClock());
  const control = names.buckets.control!;
  for (const prefix of OF_LOADS)
    for (let page = s3.list(control, { prefix }); page.objects.length > 0; page = s3.list(control, { prefix }))
      for (const { key } of page.objects) s3.delete(control, key);
  const file = warehouseFile(dataDir);
  for (const path of [file, `${file}.wal`, 'warehouse.tmp', 'redshift-data', 'custom-resources'])
    rmSync(path.startsWith('/') ? path : join(dataDir, path), { recursive: true, force: true });
  const executions = join(dataDir, 'executions');
  for (const journal of existsSync(executions) ? readdirSync(executions) : [])
    if (journal.endsWith('.json') && readFileSync(join(executions, journal), 'utf8').includes('LoadMachine'))
      rmSync(join(executions, journal));
}
