import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { rereadKey } from '../../core/lake/names';
import { sha256Base64 } from '../../core/records/hash';
import { SafeError } from './errors';

const ATTEMPTS = 8;
const PUT_ATTEMPTS = 6;
const FIRST_DELAY_MS = 50;

/** HTTP status of a service's error. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

/** What `ask` answers, or undefined where there is no such object. */
async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** A small text object with its ETag, or undefined where there is none. */
export async function getText(
  s3: S3Client,
  bucket: string,
  key: string,
): Promise<{ text: string; etag: string | undefined } | undefined> {
  return orUndefined(async () => {
    const found = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { text: (await found.Body?.transformToString('utf8')) ?? '', etag: found.ETag };
  });
}

/** When an object was written, or undefined where there is none. */
export async function writtenAt(s3: S3Client, bucket: string, key: string): Promise<Date | undefined> {
  return orUndefined(async () => {
    const found = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return found.LastModified ?? new Date(0);
  });
}

/** Whether the object exists. */
export const exists = async (s3: S3Client, bucket: string, key: string): Promise<boolean> =>
  (await writtenAt(s3, bucket, key)) !== undefined;

/** Writes an object, replacing what was there. */
export async function put(
  s3: S3Client,
  bucket: string,
  key: string,
  body: string | Uint8Array,
  type: string,
): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: type }));
}

/**
 * Writes an object unless one exists already, whatever its content: the first writer wins.
 * @returns whether this call wrote it
 */
export async function putIfAbsent(s3: S3Client, bucket: string, key: string, body: string): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: 'application/json',
          IfNoneMatch: '*',
        }),
      );
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      if (statusOf(error) !== 409 || attempt >= ATTEMPTS) throw error;
    }
  }
}

const pause = (attempt: number) =>
  new Promise((done) => setTimeout(done, FIRST_DELAY_MS * 2 ** attempt * (0.5 + Math.random() / 2)));

/** Checksum of a stored object, or null where it was written without one; undefined where there is no such object. */
async function storedChecksum(s3: S3Client, bucket: string, key: string): Promise<string | null | undefined> {
  return orUndefined(async () => {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }));
    return head.ChecksumSHA256 ?? null;
  });
}

/**
 * Writes an object that must not exist yet, or proves that the existing one is the same.
 * @returns `written`, or `present` if the same bytes stood there already (a retry)
 * @throws SafeError `LAKE-CONFLICT` if other bytes stand under that name; the service's error if it refuses
 */
export async function putOnce(
  s3: S3Client,
  bucket: string,
  key: string,
  body: Uint8Array,
  contentType = 'application/vnd.apache.parquet',
): Promise<'written' | 'present'> {
  const checksum = sha256Base64(body);
  for (let attempt = 0; attempt < PUT_ATTEMPTS; attempt++) {
    if (attempt > 0) await pause(attempt - 1);
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: contentType,
          IfNoneMatch: '*',
          ChecksumSHA256: checksum,
        }),
      );
      return 'written';
    } catch (error) {
      const status = statusOf(error);
      // 409: another write of the same name is under way, and may yet fail.
      if (status === 409) continue;
      if (status !== 412) throw error;
    }
    const stored = await storedChecksum(s3, bucket, key);
    if (stored === checksum) return 'present';
    // An ETag would prove nothing: under KMS it is no digest of the bytes.
    if (stored !== undefined) throw new SafeError('LAKE-CONFLICT', `there are other bytes at ${bucket}/${key}`);
  }
  throw new SafeError('LAKE-BUSY', `could not write ${bucket}/${key} in ${PUT_ATTEMPTS} attempts`);
}

/** Readings of the same records by different releases for which there are names. */
const MOST_READINGS = 9;

/**
 * Writes an object once under its name or, where code of another release has written other bytes under it, under the
 * next name that is free or its own: a deployment between two attempts holds nobody up. The load removes what both say.
 */
export async function putReading(s3: S3Client, bucket: string, key: string, body: Uint8Array): Promise<void> {
  for (let reading = 1; ; reading++) {
    try {
      await putOnce(s3, bucket, reading === 1 ? key : rereadKey(key, reading), body);
      return;
    } catch (error) {
      const taken = error instanceof SafeError && error.code === 'LAKE-CONFLICT';
      if (!taken || reading === MOST_READINGS) throw error;
    }
  }
}

/**
 * Changes a small shared object: reads, changes and writes it, from the start again when another writer came in between.
 * @param change pure; returning its argument writes nothing
 */
export async function update<T>(
  s3: S3Client,
  at: { bucket: string; key: string },
  read: (text: string | undefined) => T,
  change: (value: T) => T,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await getText(s3, at.bucket, at.key);
    const before = read(found?.text);
    const after = change(before);
    if (after === before || JSON.stringify(after) === JSON.stringify(before)) return after;
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: at.bucket,
          Key: at.key,
          Body: JSON.stringify(after),
          ContentType: 'application/json',
          ...(found?.etag ? { IfMatch: found.etag } : { IfNoneMatch: '*' }),
        }),
      );
      return after;
    } catch (error) {
      if (![404, 409, 412].includes(statusOf(error) ?? 0)) throw error;
    }
  }
  throw new SafeError('LAKE-BUSY', `could not change ${at.bucket}/${at.key} in ${ATTEMPTS} attempts`);
}

/** One page of a listing. */
export interface Page {
  objects: { key: string; bytes: number; writtenMs: number }[];
  /** With a delimiter, the prefixes under which there are more. */
  prefixes: string[];
}

/** The pages of a listing, one after another. */
export async function* pages(
  s3: S3Client,
  bucket: string,
  options: { prefix: string; delimiter?: string; startAfter?: string },
): AsyncGenerator<Page & { last: boolean }> {
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: options.prefix,
        Delimiter: options.delimiter,
        StartAfter: options.startAfter,
        ContinuationToken: token,
      }),
    );
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
    yield {
      last: token === undefined,
      objects: (page.Contents ?? []).map((o) => ({
        key: o.Key!,
        bytes: o.Size ?? 0,
        writtenMs: o.LastModified?.getTime() ?? 0,
      })),
      prefixes: (page.CommonPrefixes ?? []).map((p) => p.Prefix!),
    };
  } while (token);
}

/** A whole listing. */
export async function list(s3: S3Client, bucket: string, options: Parameters<typeof pages>[2]): Promise<Page> {
  const all: Page = { objects: [], prefixes: [] };
  for await (const { objects, prefixes } of pages(s3, bucket, options)) {
    for (const o of objects) all.objects.push(o);
    for (const p of prefixes) all.prefixes.push(p);
  }
  return all;
}

/** Applies `work` to all items, at most `limit` at a time, and keeps their order. The first failure ends it. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
