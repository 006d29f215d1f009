import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunkReceiptPrefix } from '../../core/files/readings';
import { readMarkKey, versionOf } from '../../core/files/landed';
import { keyId } from '../../core/lake/names';
import { landingHash } from '../../core/records/hash';
import { deployedEnvironment, notDeployed } from '../account';
import { CliError, EXIT } from '../errors';
import { storedFile, uploadFile, uploadProfile } from '../feed';
import { existingFolder, servedBy } from '../folder';
import { again, runnable } from '../hints';
import { count, print, printJson, Progress } from '../output';
import { isFile } from '../paths';
import { fileOfProfile } from '../source';

export interface IngestOptions {
  profile: string;
  phiOk?: boolean;
  env?: string;
  region?: string;
  /** `--no-wait`: false. */
  wait: boolean;
  json?: boolean;
  data?: string;
}

/** Buckets that a file is landed in and told of, and a client that reaches them. */
interface Place {
  s3: S3Client;
  landing: string;
  control: string;
}

interface Read {
  received: number;
  accepted: number;
  quarantined: number;
}

const POLL_MS = 500;
/** A file of some gigabytes is read for minutes; one in a queue of files for longer. */
const WAIT_MS = 15 * 60_000;

/** `carelake ingest`: lands a file where its profile reads it, in a serving folder or an account, and tells what became of its rows. */
export async function ingest(file: string, options: IngestOptions): Promise<number> {
  if (!isFile(file))
    throw new CliError('no such file', {
      where: file,
      next: 'check the path; it is read from the folder you stand in',
    });
  if (options.env === undefined && options.phiOk !== true)
    throw new CliError('a file may hold real patients; nothing was read', {
      where: file,
      rule: 'files are taken in only with --phi-ok',
      next: `if this machine may hold them: ${again('--phi-ok')}`,
    });
  const { key, control, state } = await fileOfProfile(options.profile, file);
  const at = options.env === undefined ? laptop(options.data) : await account(options.env, options.region);
  const progress = new Progress(options.json);
  try {
    if (control) await uploadProfile(at.s3, at.control, control.key, control.text);
    const already = (await storedFile(at.s3, at.landing, key, state.sha256)) !== undefined;
    if (!already)
      await progress.step(`land ${count(state.size)} bytes for ${state.profile}`, () =>
        uploadFile(at.s3, at.landing, key, file, state.size, state.sha256),
      );
    const read = options.wait ? await progress.step('read it', () => untilRead(at, key)) : undefined;
    return report({ id: keyId(key), already, ...(read ? { read } : {}) }, options);
  } finally {
    at.s3.destroy();
  }
}

function report(told: { id: string; already: boolean; read?: Read | undefined }, options: IngestOptions): number {
  const { id, already, read } = told;
  if (options.json) printJson({ landing_object: id, landed: !already, ...(read ?? {}) });
  else {
    const landed = already ? 'These bytes lie in landing already' : 'Landed';
    const rows = read
      ? `${count(read.received)} rows read: ${count(read.accepted)} accepted, ${count(read.quarantined)} rejected.${read.quarantined > 0 ? ' Look at them: carelake quarantine list' : ''}`
      : 'It is read now, or when the files before it are.';
    print(runnable(`${landed} (landing object ${id}). ${rows}`));
  }
  return read && read.quarantined > read.accepted ? EXIT.rejected : EXIT.ok;
}

/** Waits for the mark that the object was read to its end, and sums what its chunks counted. @returns undefined where that takes too long, or may not be seen */
async function untilRead({ s3, landing, control }: Place, key: string): Promise<Read | undefined> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: landing, Key: key }));
  const landedMs = head.LastModified!.getTime();
  const version = versionOf({ versionId: head.VersionId, etag: head.ETag!, landedMs });
  const hash = landingHash(landing, key, version);
  const mark = { Bucket: control, Key: readMarkKey(landedMs, hash) };
  for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    try {
      await s3.send(new HeadObjectCommand(mark));
      return await countsOf(s3, control, hash);
    } catch (error) {
      const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
      if (httpStatusCode === 403) return undefined;
      if (httpStatusCode !== 404) throw error;
    }
  }
  return undefined;
}

async function countsOf(s3: S3Client, control: string, hash: string): Promise<Read> {
  const total: Read = { received: 0, accepted: 0, quarantined: 0 };
  // The receipts of a reading lie below the object's hash and the digest of the profile that read it.
  const prefix = chunkReceiptPrefix(hash).replace(/\/$/, '');
  for (let token: string | undefined, more = true; more;) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: control, Prefix: prefix, ContinuationToken: token }));
    for (const { Key } of page.Contents ?? []) {
      const receipt = await s3.send(new GetObjectCommand({ Bucket: control, Key }));
      const counts = JSON.parse(await receipt.Body!.transformToString()) as Partial<Read>;
      for (const name of ['received', 'accepted', 'quarantined'] as const) total[name] += counts[name] ?? 0;
    }
    token = page.NextContinuationToken;
    more = token !== undefined;
  }
  return total;
}

function laptop(data: string | undefined): Place {
  const { dataDir, run } = existingFolder(data);
  const served = servedBy(dataDir);
  if (!served || !run.names)
    throw new CliError('nothing serves this data folder, so nothing would read the file', {
      where: dataDir,
      next: 'in another terminal: npm start; or, with no server: npm start -- --profile NAME --input FILE',
    });
  const { buckets, region } = run.names;
  const s3 = new S3Client({ endpoint: served.url, region, credentials: served.credentials, forcePathStyle: true });
  return { s3, landing: buckets.landing!, control: buckets.control! };
}

async function account(env: string, asked: string | undefined): Promise<Place> {
  const { region, where, outputs } = await deployedEnvironment(env, asked);
  const { LandingBucketName: landing, ControlBucketName: control } = outputs;
  if (!landing || !control) throw notDeployed(where, 'no landing');
  return { s3: new S3Client({ region }), landing, control };
}
