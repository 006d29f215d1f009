import { randomUUID } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { backfillKey } from '../../core/files/landed';
import { deployedEnvironment, notDeployed } from '../account';
import { CliError, EXIT } from '../errors';
import { execute } from '../executions';
import { servedFolder, type Served } from '../folder';
import { again, runnable } from '../hints';
import { count, print, printJson, Progress } from '../output';

export interface BackfillOptions {
  from: string;
  to: string;
  restore?: boolean;
  env?: string;
  region?: string;
  json?: boolean;
  data?: string;
}

/** The state machine that goes through landing and bronze, and where it tells how far it is. */
interface Place {
  machine: string;
  control: string;
  clients: { region: string; endpoint?: string; credentials?: Served['credentials'] };
  logs: string;
}

/** What the state machine leaves of a backfill under its name (lambdas/sweep-landing/sweep.ts). */
interface Told {
  waiting?: number;
  landing: { started: number; archived: number; restoring: number; restore_hours: number };
  bronze: Partial<
    Record<'objects' | 'records' | 'written' | 'kept' | 'killed' | 'archived' | 'restoring' | 'restore_hours', number>
  >;
}

/**
 * `carelake backfill`: starts again what arrived in a range of days, files from landing and records of the stream from bronze, and waits
 * until it was read. What is loaded already is not loaded twice.
 * @returns 0 when everything was read; 1 when something lies in an archive
 */
export async function backfill(options: BackfillOptions): Promise<number> {
  if (options.from > options.to)
    throw new CliError('the first day is after the last', {
      where: `--from ${options.from} --to ${options.to}`,
      next: again('--from', options.to, '--to', options.from),
    });
  const at = options.env === undefined ? laptop(options.data) : await account(options.env, options.region);
  const sfn = new SFNClient(at.clients);
  const s3 = new S3Client({ ...at.clients, forcePathStyle: at.clients.endpoint !== undefined });
  const id = `backfill-${randomUUID().slice(0, 18)}`;
  const input = { from: options.from, to: options.to, id, restore: options.restore === true };
  try {
    await new Progress(options.json).step(`backfill of ${options.from} to ${options.to}`, (tell) =>
      execute(
        sfn,
        at.machine,
        input,
        {
          what: 'the backfill',
          where: at.logs,
          next: `the logs of sweep-landing, rebuild-silver and ingest-file say why (docs/runbooks/files.md); what is done stays done; then: ${again()}`,
        },
        async () => {
          const told = await toldBy(s3, at.control, id);
          if (told?.waiting) tell(`${count(told.landing.started)} files started, ${count(told.waiting)} not read yet`);
        },
      ),
    );
    const told = (await toldBy(s3, at.control, id))!;
    return report(told, options);
  } finally {
    sfn.destroy();
    s3.destroy();
  }
}

export function report({ landing, bronze }: Told, options: BackfillOptions): number {
  const archived = landing.archived + (bronze.archived ?? 0);
  const restoring = landing.restoring + (bronze.restoring ?? 0);
  const hours = Math.max(landing.restore_hours, bronze.restore_hours ?? 0);
  const result = {
    files: landing.started,
    batches: bronze.objects ?? 0,
    records: bronze.records ?? 0,
    written: bronze.written ?? 0,
    kept: bronze.kept ?? 0,
    killed: bronze.killed ?? 0,
    archived,
    restoring,
    restore_hours: hours,
  };
  if (options.json) printJson(result);
  else {
    print(
      `${count(result.files)} files read again; ${count(result.records)} records of the stream in ${count(result.batches)} batches, ` +
        `${count(result.written)} objects of theirs were missing and have been written.`,
    );
    if (result.kept > 0)
      print(
        `${count(result.kept)} objects were left as they are: another release read the same records differently, and what it wrote is loaded. ` +
          'If this release reads them correctly: docs/runbooks/files.md, "Objects that a backfill leaves as they are".',
      );
    if (result.killed > 0)
      print(
        `${count(result.killed)} records were left in quarantine: they crashed the process that read them.` +
          // The command reads a data folder: it does not reach the quarantine of an account.
          (options.env === undefined
            ? runnable(' Once that is fixed: carelake quarantine replay --rule SYS-KILLED')
            : ''),
      );
    if (archived > 0)
      print(
        runnable(
          `${count(archived)} objects are archived and were left out. To have S3 restore them, which takes up to ${hours} hours and is billed by the GB: ${again('--restore')}`,
        ),
      );
    if (restoring > 0)
      print(
        runnable(
          `${count(restoring)} objects are being restored from the archive and stay readable for seven days; in ${hours} hours: ${again()}`,
        ),
      );
  }
  return archived + restoring === 0 ? EXIT.ok : EXIT.failed;
}

async function toldBy(s3: S3Client, control: string, id: string): Promise<Told | undefined> {
  try {
    const found = await s3.send(new GetObjectCommand({ Bucket: control, Key: backfillKey(id) }));
    return JSON.parse((await found.Body!.transformToString()) || 'null') as Told;
  } catch (error) {
    if ((error as { name?: string }).name === 'NoSuchKey') return undefined;
    throw error;
  }
}

function laptop(data: string | undefined): Place {
  const { dataDir, served, names } = servedFolder(data, 'nothing can be read again');
  return {
    machine: names.sweepMachine,
    control: names.buckets.control!,
    clients: { region: names.region, endpoint: served.url, credentials: served.credentials },
    logs: `${dataDir}/logs`,
  };
}

async function account(env: string, asked: string | undefined): Promise<Place> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { SweepMachineArn: machine, ControlBucketName: control } = outputs;
  if (!machine || !control) throw notDeployed(where, 'no backfill');
  return { machine, control, clients: { region }, logs: `${where}: log groups of the pipeline's functions` };
}
