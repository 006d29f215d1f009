import { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { createReadStream, statSync } from 'node:fs';
import { MTIME } from '../core/files/sender-time';
import { versionOf } from '../core/files/landed';
import { chunkReceiptKey } from '../core/files/objects';
import { CHUNK_RECEIPTS, readingOfReceipt } from '../core/files/readings';
import { landingHash } from '../core/records/hash';
import { generate, type SyntheticRecord } from '../synthetic';
import type { RunState } from './folder';
import { count } from './output';
import { putRecords } from './put-records';

/** After so many more records the progress mark is written: what a crash may send twice. */
const MARK_EVERY = 5000;

/**
 * Streams what is left of the synthetic network. The mark moves only past records that the stream has acknowledged, so
 * a start after a crash goes on from there: nothing is left out, a few records come twice, and the tables do not care.
 */
export async function streamNetwork(
  client: KinesisClient,
  stream: string,
  state: RunState & { source: { kind: 'synthetic' } },
  mark: (sent: number) => void,
  tell: (detail: string) => void,
): Promise<number> {
  const { patients, events, seed } = state.source;
  const from = state.sent;
  const started = Date.now();
  let marked = from;
  const sent = await putRecords(client, stream, skip(generate({ patients, events, seed }), from), {
    onSent: (n) => {
      tell(`${count(from + n)} of ${count(events)} (${count(Math.round((n * 1000) / (Date.now() - started + 1)))}/s)`);
      if (from + n - marked < MARK_EVERY) return;
      marked = from + n;
      mark(marked);
    },
  });
  mark(from + sent);
  return sent;
}

/** Puts somebody's own profile, or a source, where ingest looks for it. */
export async function uploadProfile(client: S3Client, bucket: string, key: string, text: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: 'application/json' }));
}

function* skip(records: Iterable<SyntheticRecord>, n: number): Generator<SyntheticRecord> {
  let seen = 0;
  for (const record of records) if (seen++ >= n) yield record;
}

/** What ingest is told about a landing object. */
export interface LandedObject {
  bucket: string;
  key: string;
  etag: string;
  size: number;
}

/** What is known of an object, if it is there. */
async function headOf(client: S3Client, bucket: string, key: string): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The object, if landing holds this very file already: same name, same content by the mark its upload left. */
export async function storedFile(
  client: S3Client,
  bucket: string,
  key: string,
  sha256: string,
): Promise<LandedObject | undefined> {
  const head = await headOf(client, bucket, key);
  if (head?.Metadata?.sha256 !== sha256) return undefined;
  return { bucket, key, etag: head.ETag!.replaceAll('"', ''), size: head.ContentLength! };
}

/**
 * The landing object of which the file under this key was read before, where ingest found that it has the same bytes. Of a file that was
 * removed since it was read, nothing is told.
 */
export async function sameFile(
  client: S3Client,
  buckets: Readonly<Record<string, string>>,
  key: string,
): Promise<string | undefined> {
  const landing = buckets.landing!;
  const head = await headOf(client, landing, key);
  if (!head) return undefined;
  const version = versionOf({ versionId: head.VersionId, etag: head.ETag!, landedMs: head.LastModified!.getTime() });
  // A copy has one receipt, without rows, under the name of its reading; which profile read it is not known here. It has others as well
  // where it was read after all, since what it is a copy of was withdrawn.
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({
      Bucket: buckets.control!,
      Prefix: `${CHUNK_RECEIPTS}${landingHash(landing, key, version)}-p`,
    }),
  );
  const receipts = Contents.map(({ Key }) => Key!);
  if (receipts.some((receipt) => receipt !== chunkReceiptKey(readingOfReceipt(receipt)!, 0, 0))) return undefined;
  for (const receipt of receipts) {
    try {
      const found = await client.send(new GetObjectCommand({ Bucket: buckets.control!, Key: receipt }));
      const { same_as } = JSON.parse(await found.Body!.transformToString()) as { same_as?: string };
      if (same_as !== undefined) return same_as;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}

const isMissing = (error: unknown): boolean =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404;

/** Puts a file where its profile expects it: `<profile>/<name>` in landing. */
export async function uploadFile(
  client: S3Client,
  bucket: string,
  key: string,
  path: string,
  size: number,
  sha256: string,
  madeMs = statSync(path).mtimeMs,
): Promise<void> {
  const body = createReadStream(path);
  // The client only passes the bytes on; a file that cannot be read any more is this function's to tell.
  const unreadable = new Promise<never>((_, reject) => body.once('error', reject));
  const put = client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentLength: size,
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      Metadata: { sha256, [MTIME]: (madeMs / 1000).toFixed(6) },
    }),
  );
  await Promise.race([put, unreadable]).finally(() => body.destroy());
}
