import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunkReceiptPrefix, readingId } from '../../core/files/readings';
import { readMarkKey, versionOf } from '../../core/files/landed';
import { isWithdrawn } from '../../core/files/withdrawals';
import { keyId } from '../../core/lake/names';
import { landingHash } from '../../core/records/hash';
import { deployedEnvironment, notDeployed } from '../account';
import { decisionsAbout } from '../decisions';
import { CliError, EXIT } from '../errors';
import { ended, started } from '../executions';
import { storedFile, uploadFile, uploadProfile } from '../feed';
import { mostRejected, unmappedText } from '../findings';
import { servedFolder } from '../folder';
import { again, quoted, runnable } from '../hints';
import { keysUnder } from '../keys-under';
import { count, print, printJson, Progress } from '../output';
import { isFile } from '../paths';
import { fileOfProfile } from '../source';

export interface IngestOptions {
  profile?: string;
  /** Reads a folder of files, each by one of its profiles. */
  source?: string;
  phiOk?: boolean;
  env?: string;
  region?: string;
  /** `--no-wait`: false. */
  wait: boolean;
  json?: boolean;
  data?: string;
}

/** Where a file is landed and told of, what reads it, and clients that reach them. */
export interface Place {
  s3: S3Client;
  sfn: SFNClient;
  landing: string;
  control: string;
  /** The state machine that reads files. */
  files: string;
  logs: string;
  /** Options that mean this place, for a hint; those of a laptop every hint gets. */
  options: string;
}

/** A landed object as this command's profile reads it. */
interface Reading {
  /** What stands for the object in names, and when it was stored. */
  hash: string;
  landedMs: number;
  digest: string;
}

export interface Read {
  received: number;
  accepted: number;
  quarantined: number;
  /** Records of kinds that nothing in the profile reads, by kind. */
  unmapped?: Record<string, number>;
  /** The landing object of which the same bytes were read before: nothing was read of this one. */
  same_as?: string;
}

const POLL_MS = 500;
/** A file of some gigabytes is read for minutes; one in a queue of files for longer. */
const WAIT_MS = 15 * 60_000;

/** Lands a file where its profile reads it, in a serving folder or an account, and tells what became of its rows. */
export async function ingestFile(file: string, profile: string, options: IngestOptions): Promise<number> {
  if (!isFile(file))
    throw new CliError('no such file', {
      where: file,
      next: 'check the path; it is relative to the current folder',
    });
  if (options.env === undefined && options.phiOk !== true)
    throw new CliError('a file may hold data of real patients; nothing was read', {
      where: file,
      rule: 'files are accepted only with --phi-ok',
      next: `if this machine may hold such data: ${again('--phi-ok')}`,
    });
  const { key, control, state } = await fileOfProfile(profile, file);
  const at = await placeOf(options);
  const progress = new Progress(options.json);
  try {
    if (control) await uploadProfile(at.s3, at.control, control.key, control.text);
    const stored = await storedFile(at.s3, at.landing, key, state.sha256);
    if (!stored)
      await progress.step(`land ${count(state.size)} bytes for ${state.profile}`, () =>
        uploadFile(at.s3, at.landing, key, file, state.size, state.sha256),
      );
    const reading = { ...(await landed(at, key)), digest: state.digest };
    if (stored) await refuseWithdrawn(at, reading.hash);
    // Nothing tells the platform of an object that lies there already: its reading is started here.
    const execution = stored && (await started(at.sfn, at.files, stored));
    const read = options.wait
      ? await progress.step(execution ? 'read it again from landing' : 'read it', () =>
          untilRead(at, reading, execution),
        )
      : undefined;
    return report({ id: keyId(key), already: stored !== undefined, ...(read ? { read } : {}) }, options);
  } finally {
    at.s3.destroy();
    at.sfn.destroy();
  }
}

function report(told: { id: string; already: boolean; read?: Read | undefined }, options: IngestOptions): number {
  const { id, already, read } = told;
  if (options.json) printJson({ landing_object: id, landed: !already, ...(read ?? {}) });
  else
    print(
      `${already ? 'These bytes are already in landing' : 'Landed'} (landing object ${id}). ${rowsText(already, read, options.env === undefined)}`,
    );
  return read && mostRejected(read.accepted, read.quarantined) ? EXIT.rejected : EXIT.ok;
}

function rowsText(already: boolean, read: Read | undefined, isLaptop: boolean): string {
  if (!read) return `It is read${already ? ' again' : ''} now, or as soon as the files before it have been read.`;
  const { received, accepted, quarantined, unmapped, same_as } = read;
  if (same_as !== undefined)
    return `Its bytes are the same as those of landing object ${same_as}, which was read before: nothing was ingested from it.`;
  const look = quarantined > 0 && isLaptop ? runnable(' Look at them: carelake quarantine list') : '';
  return `${count(received)} rows read: ${count(accepted)} accepted, ${count(quarantined)} rejected.${look}${unmapped ? `\n${unmappedText(unmapped)}` : ''}`;
}

export async function landed({ s3, landing }: Place, key: string): Promise<Omit<Reading, 'digest'>> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: landing, Key: key }));
  const landedMs = head.LastModified!.getTime();
  const version = versionOf({ versionId: head.VersionId, etag: head.ETag!, landedMs });
  return { hash: landingHash(landing, key, version), landedMs };
}

/** @throws CliError where nothing would be read, since the object was withdrawn */
export async function refuseWithdrawn({ s3, control, landing, options }: Place, hash: string): Promise<void> {
  if (isWithdrawn(await decisionsAbout(s3, control, hash), hash))
    throw new CliError('this file was landed and withdrawn; nothing was read', {
      where: landing,
      next: `to reinstate it: carelake withdraw ${hash}${options} --undo`,
      exitCode: EXIT.failed,
    });
}

/**
 * Waits until the object was read to its end, by the execution that was started here or the one that its landing started, and sums what the
 * chunks of this reading counted.
 * @returns undefined where that takes too long, or may not be seen
 */
export async function untilRead(at: Place, reading: Reading, execution: string | undefined): Promise<Read | undefined> {
  const { s3, control } = at;
  const deadline = Date.now() + WAIT_MS;
  if (execution !== undefined) {
    const next = 'the logs say why (docs/runbooks/files.md); then run the same command again';
    const isRead = await ended(at.sfn, execution, { what: 'the reading', where: at.logs, next }, { deadline });
    return isRead ? countsOf(s3, control, reading) : undefined;
  }
  const mark = { Bucket: control, Key: readMarkKey(reading.landedMs, reading.hash) };
  for (; Date.now() < deadline; await sleep(POLL_MS)) {
    try {
      await s3.send(new HeadObjectCommand(mark));
      return await countsOf(s3, control, reading);
    } catch (error) {
      const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
      if (httpStatusCode === 403) return undefined;
      if (httpStatusCode !== 404) throw error;
    }
  }
  return undefined;
}

async function countsOf(s3: S3Client, control: string, { hash, digest }: Reading): Promise<Read> {
  const total: Read = { received: 0, accepted: 0, quarantined: 0 };
  // Other profiles may have read the object before: their counts are not this reading's.
  const prefix = chunkReceiptPrefix(readingId(hash, digest));
  for await (const Key of keysUnder(s3, control, prefix)) {
    const receipt = await s3.send(new GetObjectCommand({ Bucket: control, Key }));
    const counts = JSON.parse(await receipt.Body!.transformToString()) as Partial<Read>;
    for (const name of ['received', 'accepted', 'quarantined'] as const) total[name] += counts[name] ?? 0;
    for (const [kind, n] of Object.entries(counts.unmapped ?? {}))
      total.unmapped = { ...total.unmapped, [kind]: (total.unmapped?.[kind] ?? 0) + n };
    if (counts.same_as !== undefined) total.same_as = counts.same_as;
  }
  // A copy keeps the receipt that says so where it was read after all.
  if (total.received > 0) delete total.same_as;
  return total;
}

/** @throws CliError where nothing serves the folder, or the environment is not there */
export const placeOf = async ({ env, region, data }: Pick<IngestOptions, 'env' | 'region' | 'data'>): Promise<Place> =>
  env === undefined ? laptop(data) : account(env, region);

function laptop(data: string | undefined): Place {
  const { dataDir, served, names } = servedFolder(data, 'nothing would read the file');
  const { buckets, region, filesMachine: files } = names;
  const common = { endpoint: served.url, region, credentials: served.credentials };
  const s3 = new S3Client({ ...common, forcePathStyle: true });
  const logs = `${dataDir}/logs`;
  return {
    s3,
    sfn: new SFNClient(common),
    landing: buckets.landing!,
    control: buckets.control!,
    files,
    logs,
    options: '',
  };
}

async function account(env: string, asked: string | undefined): Promise<Place> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { LandingBucketName: landing, ControlBucketName: control, IngestFileMachineArn: files } = outputs;
  if (!landing || !control || !files) throw notDeployed(where, 'no landing');
  const clients = { s3: new S3Client({ region }), sfn: new SFNClient({ region }) };
  const options = ` --env ${env}${asked === undefined ? '' : ` --region ${quoted(asked)}`}`;
  return { ...clients, landing, control, files, logs: `${where}: log groups of the pipeline's functions`, options };
}
