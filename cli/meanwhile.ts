import { loadsOnArrival } from '../config';
import { existingFolder, servedBy, writeRun } from './folder';
import { asker, boot, namesOf } from './laptop';
import type { Progress } from './output';
import { migrateAgain, noteServing, noteStopped, wasStoppedInOrder } from './resume';
import { synthesize } from './synthesize';
import { QUIET_MS, untilLoaded } from './waiting';

/**
 * Does something that needs a process which serves the folder. Where none does, this one serves it meanwhile, on any free port, and waits until all
 * that was brought in is loaded.
 */
export async function servedMeanwhile<T>(
  data: string | undefined,
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  const { dataDir, run } = existingFolder(data);
  if (servedBy(dataDir)) return work();
  const { assemblyDir } = await progress.step(`synthesize the templates of environment ${run.env}`, () =>
    synthesize(dataDir, run.env),
  );
  // As a start does: what it finds is no warehouse to trust, unless its last process stopped in order.
  if (!wasStoppedInOrder(dataDir)) migrateAgain(dataDir);
  noteServing(dataDir);
  const platform = await progress.step('boot what they describe, since nothing serves this folder', (tell) =>
    boot({ assemblyDir, dataDir, port: 0, onProgress: tell }),
  );
  let inOrder = false;
  try {
    writeRun(dataDir, { ...run, names: namesOf(platform) });
    const result = await work();
    await progress.step('load it', async (tell) => {
      if (!loadsOnArrival(run.env)) await platform.execute('LoadMachine', { window: 'open' });
      await untilLoaded(platform, asker(platform.endpoints.warehouse, dataDir), tell, QUIET_MS);
    });
    inOrder = true;
    return result;
  } finally {
    await platform.stop();
    if (inOrder) noteStopped(dataDir);
  }
}
