import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { isLoadable, RECEIPTS } from '../../core/lake/names';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployedEnvironment, notDeployed } from '../account';
import { CliError, EXIT } from '../errors';
import { execute } from '../executions';
import type { Names, Served } from '../folder';
import { again } from '../hints';
import { countUnder } from '../keys-under';
import { count, type Progress } from '../output';

/** A platform that runs: the state machines that empty its warehouse and load it, and where silver and receipts lie. */
export interface RunningPlace {
  readonly rebuildMachine: string;
  readonly loadMachine: string;
  readonly silver: string;
  readonly control: string;
  readonly clients: { region: string; endpoint?: string; credentials?: Served['credentials'] };
  /** Where to read why it failed. */
  readonly logs: string;
}

/** Between two counts of receipts, which are listings. */
const COUNT_EVERY_MS = 10_000;
/** Executions in a row that may load nothing, and the pause between two: longer than another execution's sign of life counts. */
const MOST_IDLE_RUNS = 6;
const PAUSE_MS = 10_000;

/**
 * Rebuilds the warehouse of a platform that runs, in an account or on a serving laptop, by its state machines. Interrupted, it may be
 * started again at any time; once it has begun to load, so does the next load by the clock.
 * @returns silver objects that are loaded, or were refused
 * @throws CliError when a load is under way, or when something fails
 */
export async function rebuildRunning(at: RunningPlace, progress: Progress): Promise<number> {
  const sfn = new SFNClient(at.clients);
  const s3 = new S3Client({ ...at.clients, forcePathStyle: at.clients.endpoint !== undefined });
  try {
    await progress.step('empty the warehouse, and remove the records of its loads', () =>
      execute(
        sfn,
        at.rebuildMachine,
        {},
        {
          what: 'the rebuild',
          where: at.logs,
          next: `on REBUILD-BUSY a load is under way: wait for it to end; otherwise the log of migrate says why (docs/runbooks/load.md); then: ${again()}`,
        },
      ),
    );
    return await progress.step('load all of silver', (tell) => loadAll(sfn, s3, at, tell));
  } finally {
    sfn.destroy();
    s3.destroy();
  }
}

/**
 * Has all of silver loaded. An execution ends at once where another one carries a load, which may have begun in between and look at the last
 * hours only: it is started again until every object has its receipt.
 */
async function loadAll(
  sfn: SFNClient,
  s3: S3Client,
  at: RunningPlace,
  tell: (detail: string) => void,
): Promise<number> {
  const wanted = await countUnder(s3, at.silver, '', isLoadable);
  const loaded = (): Promise<number> => countUnder(s3, at.control, RECEIPTS);
  let counted = Date.now();
  const saying = {
    what: 'the load',
    where: at.logs,
    next: `the log of load says why (docs/runbooks/load.md); what is loaded stays: start the load machine with {"window":"full"}, or: ${again()}`,
  };
  let before = -1;
  for (let still = 0; still < MOST_IDLE_RUNS; still++) {
    await execute(sfn, at.loadMachine, { window: 'full' }, saying, async () => {
      if (Date.now() - counted < COUNT_EVERY_MS) return;
      tell(`${count(await loaded())} of ${count(wanted)} objects`);
      counted = Date.now();
    });
    const now = await loaded();
    if (now >= wanted) return now;
    if (now > before) still = 0;
    before = now;
    await sleep(PAUSE_MS);
  }
  throw new CliError(`${count(wanted - before)} of ${count(wanted)} silver objects are not loaded`, {
    where: saying.where,
    next: saying.next,
    exitCode: EXIT.failed,
  });
}

/** The platform that serves a data folder. */
export function servedPlace(
  { url, credentials }: Pick<Served, 'url' | 'credentials'>,
  names: Names,
  dataDir: string,
): RunningPlace {
  const { rebuildMachine, loadMachine, buckets, region } = names;
  if (!rebuildMachine || !buckets.control || !buckets.silver)
    throw new CliError('this data folder is served by an earlier release, which cannot rebuild', {
      where: dataDir,
      next: `stop it, then: ${again()}`,
    });
  return {
    rebuildMachine,
    loadMachine,
    silver: buckets.silver,
    control: buckets.control,
    clients: { region, endpoint: url, credentials },
    logs: `${dataDir}/logs`,
  };
}

/** An environment in the account behind the caller's credentials. */
export async function accountPlace(env: string, asked: string | undefined): Promise<RunningPlace> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { RebuildMachineArn: rebuildMachine, LoadMachineArn: loadMachine } = outputs;
  const { SilverBucketName: silver, ControlBucketName: control } = outputs;
  if (!rebuildMachine || !loadMachine || !silver || !control) throw notDeployed(where, 'no rebuild');
  return {
    rebuildMachine,
    loadMachine,
    silver,
    control,
    clients: { region },
    logs: `${where}: log groups of migrate and load`,
  };
}
