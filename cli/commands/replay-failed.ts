import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GIVEN_UP_PREFIX } from '../../core/stream-event';
import { deployedEnvironment, notDeployed } from '../account';
import { EXIT } from '../errors';
import { execute } from '../executions';
import { servedFolder, type Served } from '../folder';
import { again } from '../hints';
import { countUnder } from '../keys-under';
import { count, print, printJson, Progress } from '../output';

export interface ReplayOptions {
  env?: string;
  region?: string;
  json?: boolean;
  data?: string;
}

/** Where the given-up batches lie and what takes them in: the serving laptop's, or an environment's in an account. */
interface Place {
  machine: string;
  bucket: string;
  clients: { region: string; endpoint?: string; credentials?: Served['credentials'] };
  /** Where to read why a replay failed. */
  logs: string;
}

/**
 * `carelake replay-failed`: starts the state machine that takes in what the stream's mapping gave up, and waits for its end.
 * @returns 0 when nothing is left
 */
export async function replayFailed(options: ReplayOptions): Promise<number> {
  const at = options.env === undefined ? laptop(options.data) : await account(options.env, options.region);
  const sfn = new SFNClient(at.clients);
  const s3 = new S3Client({ ...at.clients, forcePathStyle: at.clients.endpoint !== undefined });
  try {
    const before = await countUnder(s3, at.bucket, GIVEN_UP_PREFIX);
    if (before > 0)
      await new Progress(options.json).step(`replay of ${count(before)} batches`, () =>
        execute(
          sfn,
          at.machine,
          {},
          {
            what: 'the replay',
            where: at.logs,
            next: `the log of replay-failed says why (docs/runbooks/stream.md); batches ingested so far are done, and the rest stays; to repeat: ${again()}`,
          },
        ),
      );
    const left = await countUnder(s3, at.bucket, GIVEN_UP_PREFIX);
    // A batch that was given up meanwhile may make more of them.
    const replayed = Math.max(0, before - left);
    if (options.json) printJson({ replayed, left });
    else print(before === 0 ? 'No batch was given up.' : `${count(replayed)} batches ingested, ${count(left)} left.`);
    return left === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    sfn.destroy();
    s3.destroy();
  }
}

function laptop(data: string | undefined): Place {
  const { dataDir, served, names } = servedFolder(data, 'no batch can be ingested');
  return {
    machine: names.replayMachine,
    bucket: names.buckets.failed!,
    clients: { region: names.region, endpoint: served.url, credentials: served.credentials },
    logs: `${dataDir}/logs`,
  };
}

async function account(env: string, asked: string | undefined): Promise<Place> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { ReplayFailedMachineArn: machine, FailedBucketName: bucket } = outputs;
  if (!machine || !bucket) throw notDeployed(where, 'no replay');
  return { machine, bucket, clients: { region }, logs: `${where}: log group of the function replay-failed` };
}
