import { ListObjectVersionsCommand, S3Client, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { setTimeout as sleep } from 'node:timers/promises';
import { versionOf } from '../../core/files/landed';
import { keyId } from '../../core/lake/names';
import { landingHash } from '../../core/records/hash';
import { deployedEnvironment, notDeployed } from '../account';
import { decisionsAbout } from '../decisions';
import { CliError, EXIT } from '../errors';
import { execute } from '../executions';
import { servedFolder, type Served } from '../folder';
import { again } from '../hints';
import { print, printJson, Progress } from '../output';

export interface WithdrawOptions {
  undo?: boolean;
  objectVersion?: string;
  env?: string;
  region?: string;
  json?: boolean;
  data?: string;
}

/** The state machines that decide and load, and where landing and the decisions lie. */
interface Place {
  files: string;
  loads: string;
  landing: string;
  control: string;
  clients: { region: string; endpoint?: string; credentials?: Served['credentials'] };
  logs: string;
}

/** A version of an object in landing. */
interface Landed {
  key: string;
  versionId: string | undefined;
  etag: string;
  size: number;
  landedMs: number;
  /** What stands for it in names. */
  hash: string;
}

/** Executions in a row that may leave the decision undone, and the pause between two: longer than another one's sign of life counts. */
const MOST_RUNS = 8;
const PAUSE_MS = 5_000;

/**
 * `carelake withdraw`: decides that a landed object is withdrawn, or stands again, and waits until the warehouse has followed. Asked again it
 * goes on where it was interrupted.
 */
export async function withdraw(object: string, options: WithdrawOptions): Promise<number> {
  const at = options.env === undefined ? laptop(options.data) : await account(options.env, options.region);
  const sfn = new SFNClient(at.clients);
  const s3 = new S3Client({ ...at.clients, forcePathStyle: at.clients.endpoint !== undefined });
  const state = options.undo ? 'standing' : 'withdrawn';
  const progress = new Progress(options.json);
  try {
    const landed = await progress.step('look for it in landing', () => find(s3, at.landing, object, options));
    const { key, etag, size, versionId } = landed;
    const saying = {
      where: at.logs,
      next: 'the logs say why (docs/runbooks/files.md); then run the same command again',
    };
    const input = {
      bucket: at.landing,
      key,
      etag,
      size,
      ...(versionId ? { version_id: versionId } : {}),
      decide: state,
    };
    await progress.step(options.undo ? 'read it again' : 'decide', () =>
      execute(sfn, at.files, input, { ...saying, what: 'the decision' }),
    );
    await progress.step('load', () => follow(sfn, s3, at, landed.hash, saying));
    if (options.json) printJson({ object: landed.hash, state });
    else print(options.undo ? `Object ${landed.hash} is reinstated.` : `Object ${landed.hash} is withdrawn.`);
    return EXIT.ok;
  } finally {
    sfn.destroy();
    s3.destroy();
  }
}

/** What S3 calls the version of an object that was stored without versions. */
const UNVERSIONED = 'null';
/** What stands for an object in logs and listings tells nothing of where it lies; a key does. */
const AN_ID = /^[0-9a-f]{16}$/;

/** @throws CliError where nothing, or more than one version, is meant */
export async function find(s3: S3Client, landing: string, object: string, options: WithdrawOptions): Promise<Landed> {
  const found = (await versions(s3, landing, AN_ID.test(object) ? undefined : object)).filter(
    ({ key, hash, versionId = UNVERSIONED }) =>
      [key, keyId(key), hash].includes(object) &&
      (options.objectVersion === undefined || options.objectVersion === versionId),
  );
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new CliError('there is no such object in landing', {
      where: landing,
      next: `give its key as aws s3 ls shows it, or its id${options.env === undefined ? ' from carelake quarantine list' : ''}; with --object-version, an existing version`,
    });
  throw new CliError(`this object was landed ${found.length} times`, {
    where: landing,
    lines: found.map(
      (v) => `${new Date(v.landedMs).toISOString()}  ${v.hash}  --object-version ${v.versionId ?? UNVERSIONED}`,
    ),
    next: again('--object-version', found[0]!.versionId ?? UNVERSIONED),
  });
}

async function versions(s3: S3Client, landing: string, prefix: string | undefined): Promise<Landed[]> {
  const all: Landed[] = [];
  let marker: { key?: string; version?: string } | undefined = {};
  while (marker) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({
        Bucket: landing,
        Prefix: prefix,
        KeyMarker: marker.key,
        VersionIdMarker: marker.version,
      }),
    );
    for (const v of page.Versions ?? []) {
      const of = { versionId: v.VersionId, etag: v.ETag ?? '', landedMs: v.LastModified?.getTime() ?? 0 };
      const hash = landingHash(landing, v.Key!, versionOf(of));
      all.push({
        ...of,
        key: v.Key!,
        size: v.Size ?? 0,
        hash,
        versionId: v.VersionId === UNVERSIONED ? undefined : v.VersionId,
      });
    }
    marker = page.IsTruncated ? { key: page.NextKeyMarker, version: page.NextVersionIdMarker } : undefined;
  }
  return all;
}

/** Loads until every decision about the object is done. An execution ends at once where another one carries a load. */
async function follow(
  sfn: SFNClient,
  s3: S3Client,
  at: Place,
  hash: string,
  saying: { where: string; next: string },
): Promise<void> {
  for (let run = 0; run < MOST_RUNS; run++) {
    if (run > 0) await sleep(PAUSE_MS);
    await execute(sfn, at.loads, { window: 'sweep' }, { ...saying, what: 'the load' });
    if ([...(await decisionsAbout(s3, at.control, hash)).values()].every((d) => d.done)) return;
  }
  throw new CliError('the decision is recorded, but no load has applied it yet', { ...saying, exitCode: EXIT.failed });
}

function laptop(data: string | undefined): Place {
  const { dataDir, served, names } = servedFolder(data, 'nothing can be withdrawn');
  return {
    files: names.filesMachine,
    loads: names.loadMachine,
    landing: names.buckets.landing!,
    control: names.buckets.control!,
    clients: { region: names.region, endpoint: served.url, credentials: served.credentials },
    logs: `${dataDir}/logs`,
  };
}

async function account(env: string, asked: string | undefined): Promise<Place> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { IngestFileMachineArn: files, LoadMachineArn: loads } = outputs;
  const { LandingBucketName: landing, ControlBucketName: control } = outputs;
  if (!files || !loads || !landing || !control) throw notDeployed(where, 'no withdrawals');
  return {
    files,
    loads,
    landing,
    control,
    clients: { region },
    logs: `${where}: log groups of the pipeline's functions`,
  };
}
