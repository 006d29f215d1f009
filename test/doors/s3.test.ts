import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { keyOfPath, pathOfKey } from '../../local/doors/s3-keys';
import { errorOf, openDoors, type Opened } from './open';

const Bucket = 'lake-bucket';
let opened: Opened;
beforeAll(async () => {
  opened = await openDoors();
  opened.doors.s3.createBucket(Bucket);
});
afterAll(() => opened.close());

const s3 = () => opened.clients.s3;
const textOf = async (Key: string, more = {}): Promise<string | undefined> =>
  (await s3().send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();
const put = (Key: string, Body: string | Buffer = Key, more = {}) =>
  s3().send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

/** A request without a client, for what clients do not send any more. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const call = request(opened.url + path, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (c: Buffer) => chunks.push(c));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}
const signed = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=carelake/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
};

describe('objects', () => {
  test('content, headers and metadata come back as they were put; the bytes lie in a plain file', async () => {
    const Body = randomBytes(300_000);
    const made = await put('dir/data.bin', Body, {
      ContentType: 'application/x-test',
      Metadata: { source: 'ehr-a' },
      CacheControl: 'no-store',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'k',
    });
    expect(made.ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`);
    expect(made.ServerSideEncryption).toBe('aws:kms');
    const got = await s3().send(new GetObjectCommand({ Bucket, Key: 'dir/data.bin' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    expect(got).toMatchObject({
      ContentType: 'application/x-test',
      Metadata: { source: 'ehr-a' },
      CacheControl: 'no-store',
      ContentLength: 300_000,
      ServerSideEncryption: 'aws:kms',
    });
    expect(readFileSync(join(opened.dataDir, 's3', Bucket, 'dir/data.bin')).equals(Body)).toBe(true);
  });

  test.each([['CRC32'], ['CRC32C'], ['CRC64NVME'], ['SHA1'], ['SHA256']] as const)(
    'a checksum %s is checked, stored and returned',
    async (algorithm) => {
      // Check values of the catalogues for "123456789"; the hashes are node's.
      const known = {
        CRC32: 'y/Q5Jg==',
        CRC32C: '4waSgw==',
        CRC64NVME: 'rosUhgp5mIg=',
        SHA1: createHash('sha1').update('123456789').digest('base64'),
        SHA256: createHash('sha256').update('123456789').digest('base64'),
      };
      const field = `Checksum${algorithm}`;
      await put(`sum-${algorithm}`, '123456789', { [field]: known[algorithm] });
      const head = await s3().send(new HeadObjectCommand({ Bucket, Key: `sum-${algorithm}`, ChecksumMode: 'ENABLED' }));
      expect((head as unknown as Record<string, unknown>)[field]).toBe(known[algorithm]);
      expect((await s3().send(new HeadObjectCommand({ Bucket, Key: `sum-${algorithm}` }))).ETag).toBeDefined();
      const wrong = await errorOf(put(`wrong-${algorithm}`, '123456780', { [field]: known[algorithm] }));
      expect(wrong).toMatchObject({ name: 'BadDigest', status: 400 });
      expect(opened.doors.s3.head(Bucket, `wrong-${algorithm}`)).toBeUndefined();
    },
  );

  test('a stream of unknown beginning goes through in chunks with a trailer, as clients send streams', async () => {
    const parts = Array.from({ length: 40 }, () => randomBytes(70_001));
    const ContentLength = parts.reduce((n, p) => n + p.length, 0);
    await s3().send(
      new PutObjectCommand({
        Bucket,
        Key: 'streamed',
        Body: Readable.from(parts),
        ContentLength,
        ChecksumAlgorithm: 'SHA256',
      }),
    );
    const whole = Buffer.concat(parts);
    expect((await opened.doors.s3.get(Bucket, 'streamed')).equals(whole)).toBe(true);
    expect(opened.doors.s3.head(Bucket, 'streamed')?.checksums?.sha256).toBe(
      createHash('sha256').update(whole).digest('base64'),
    );
  });

  test('an aws-chunked body by hand: chunk signatures, trailer, and the ways it can be broken', async () => {
    const chunked = {
      ...signed,
      'content-encoding': 'aws-chunked,gzip',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '11',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    const body = '6;chunk-signature=abc\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n';
    expect((await raw('PUT', `/${Bucket}/chunked`, chunked, body)).status).toBe(200);
    const { headers } = await s3()
      .send(new HeadObjectCommand({ Bucket, Key: 'chunked' }))
      .then((h) => ({ headers: h }));
    expect(headers.ContentEncoding).toBe('gzip');
    expect((await opened.doors.s3.get(Bucket, 'chunked')).toString()).toBe('hello world');
    expect((await raw('PUT', `/${Bucket}/c2`, chunked, body.replace('DUoRhQ==', 'AAAAAA=='))).text).toContain(
      '<Code>BadDigest</Code>',
    );
    expect((await raw('PUT', `/${Bucket}/c2`, chunked, body.slice(0, 30))).text).toContain(
      '<Code>IncompleteBody</Code>',
    );
    expect(
      (await raw('PUT', `/${Bucket}/c2`, { ...chunked, 'x-amz-decoded-content-length': '12' }, body)).text,
    ).toContain('<Code>IncompleteBody</Code>');
    expect(opened.doors.s3.head(Bucket, 'c2')).toBeUndefined();
  });

  test('a client that waits for 100 Continue gets it, or the refusal without sending its body', async () => {
    const expecting = (path: string) =>
      new Promise<{ continued: boolean; status: number }>((resolve, reject) => {
        let continued = false;
        const call = request(
          opened.url + path,
          { method: 'PUT', headers: { ...signed, expect: '100-continue', 'content-length': '5' } },
          (response) => {
            response.resume();
            response.on('end', () => resolve({ continued, status: response.statusCode ?? 0 }));
          },
        );
        call.on('continue', () => {
          continued = true;
          call.end('hello');
        });
        call.on('error', reject);
        call.flushHeaders();
      });
    expect(await expecting(`/${Bucket}/expected`)).toEqual({ continued: true, status: 200 });
    expect(await expecting('/no-such-bucket/expected')).toEqual({ continued: false, status: 404 });
  });

  test('ranges', async () => {
    await put('range', '0123456789');
    const ranged = async (Range: string) => {
      const got = await s3().send(new GetObjectCommand({ Bucket, Key: 'range', Range }));
      return [got.$metadata.httpStatusCode, got.ContentRange, await got.Body?.transformToString()];
    };
    expect(await ranged('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await ranged('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await ranged('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await ranged('bytes=8-99')).toEqual([206, 'bytes 8-9/10', '89']);
    expect(await errorOf(ranged('bytes=10-'))).toMatchObject({ name: 'InvalidRange', status: 416 });
  });

  test('conditions of reads: If-Match also without quotes, If-None-Match, dates', async () => {
    const { ETag = '' } = await put('conditions', 'x');
    expect(await textOf('conditions', { IfMatch: ETag })).toBe('x');
    expect(await textOf('conditions', { IfMatch: ETag.replaceAll('"', ''), Range: 'bytes=0-0' })).toBe('x');
    expect(await errorOf(textOf('conditions', { IfMatch: '"other"' }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect((await errorOf(textOf('conditions', { IfNoneMatch: ETag }))).status).toBe(304);
    expect((await errorOf(textOf('conditions', { IfModifiedSince: new Date(Date.now() + 5000) }))).status).toBe(304);
    expect((await errorOf(textOf('conditions', { IfUnmodifiedSince: new Date(0) }))).status).toBe(412);
  });

  test('absent keys are 404 by name and by HEAD', async () => {
    expect(await errorOf(textOf('absent'))).toMatchObject({ name: 'NoSuchKey', status: 404 });
    expect(await errorOf(s3().send(new HeadObjectCommand({ Bucket, Key: 'absent' })))).toMatchObject({
      name: 'NotFound',
      status: 404,
    });
    expect(await errorOf(s3().send(new GetObjectCommand({ Bucket: 'absent-bucket', Key: 'k' })))).toMatchObject({
      name: 'NoSuchBucket',
      status: 404,
    });
  });

  test('an operation that is not there answers with an error, not with an empty success', async () => {
    expect(await errorOf(s3().send(new GetObjectAclCommand({ Bucket, Key: 'range' })))).toMatchObject({
      name: 'NotImplemented',
      status: 501,
    });
  });
});

describe('writing once', () => {
  test('of many writers at the same time exactly one wins; the others get 412', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        put('once', `writer ${i}`, { IfNoneMatch: '*' }).then(
          () => 'won',
          (e: { name: string; $metadata: { httpStatusCode: number } }) => `${e.name} ${e.$metadata.httpStatusCode}`,
        ),
      ),
    );
    expect(outcomes.filter((o) => o === 'won')).toHaveLength(1);
    expect(outcomes.filter((o) => o === 'PreconditionFailed 412')).toHaveLength(19);
    expect(await textOf('once')).toBe(`writer ${outcomes.indexOf('won')}`);
  });

  test('a key that is deleted while a conditional write is under way makes it a conflict: 409', async () => {
    const { s3: store } = opened.doors;
    const slow = Readable.from(
      (async function* () {
        yield Buffer.from('a');
        store.delete(Bucket, 'contested');
        yield Buffer.from('b');
      })(),
    );
    expect(await errorOf(store.put(Bucket, 'contested', slow, { ifNoneMatch: true }))).toMatchObject({
      name: 'ConditionalRequestConflict',
    });
    await store.put(Bucket, 'contested', 'now', { ifNoneMatch: true });
  });

  test('If-Match replaces only what it names', async () => {
    const { ETag } = await put('replace', 'one');
    await put('replace', 'two', { IfMatch: ETag });
    expect(await errorOf(put('replace', 'three', { IfMatch: ETag }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect(await errorOf(put('nobody', 'x', { IfMatch: ETag }))).toMatchObject({ name: 'NoSuchKey', status: 404 });
    expect(await textOf('replace')).toBe('two');
  });
});

describe('listing', () => {
  const keys = ['a', 'a-b', 'a/b', 'a/b/c', 'b/1', 'b/2', 'c', 'é', '\uffee', '😀'];
  const ListBucket = 'list-bucket';
  beforeAll(async () => {
    opened.doors.s3.createBucket(ListBucket);
    for (const key of [...keys].reverse()) await opened.doors.s3.put(ListBucket, key, key);
  });
  const page = (more = {}) => s3().send(new ListObjectsV2Command({ Bucket: ListBucket, ...more }));

  test('keys come in the order of their UTF-8 bytes', async () => {
    const sorted = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect((await page()).Contents?.map((o) => o.Key)).toEqual(sorted);
    expect((await page({ EncodingType: 'url' })).Contents?.map((o) => decodeURIComponent(o.Key ?? ''))).toEqual(sorted);
  });

  test.each([1, 2, 3, 4])('pages of %i with delimiter give each key and each prefix once', async (MaxKeys) => {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const got = await page({ Delimiter: '/', MaxKeys, ContinuationToken });
      expect((got.KeyCount ?? 0) <= MaxKeys).toBe(true);
      expect(got.KeyCount).toBe((got.Contents?.length ?? 0) + (got.CommonPrefixes?.length ?? 0));
      found.push(
        ...(got.Contents ?? []).map((o) => o.Key ?? ''),
        ...(got.CommonPrefixes ?? []).map((p) => p.Prefix ?? ''),
      );
      ContinuationToken = got.NextContinuationToken;
      expect(got.IsTruncated).toBe(ContinuationToken !== undefined);
    } while (ContinuationToken);
    expect(found.sort()).toEqual(['a', 'a-b', 'a/', 'b/', 'c', 'é', '\uffee', '😀'].sort());
  });

  test('prefix, start after, owner, none', async () => {
    expect((await page({ Prefix: 'a/' })).Contents?.map((o) => o.Key)).toEqual(['a/b', 'a/b/c']);
    expect((await page({ Prefix: 'b/', StartAfter: 'b/1' })).Contents?.map((o) => o.Key)).toEqual(['b/2']);
    expect((await page({ FetchOwner: true })).Contents?.[0]?.Owner?.ID).toBeDefined();
    expect((await page()).Contents?.[0]?.Owner).toBeUndefined();
    expect(await page({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
    expect(await page({ Prefix: 'zzz' })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  test('more than a page of a thousand', async () => {
    for (let i = 0; i < 1100; i++) await opened.doors.s3.put(ListBucket, `many/${i}`, '');
    const first = await page({ Prefix: 'many/' });
    const second = await page({ Prefix: 'many/', ContinuationToken: first.NextContinuationToken });
    expect([first.KeyCount, second.KeyCount]).toEqual([1000, 100]);
    for (let i = 0; i < 1100; i += 2) opened.doors.s3.delete(ListBucket, `many/${i}`);
    expect((await page({ Prefix: 'many/' })).KeyCount).toBe(550);
  });
});

describe('keys are free text, files are not', () => {
  const awkward = [
    'a',
    'a/',
    'a//b',
    '/lead',
    'dir/',
    '../../etc/passwd',
    'x/../y',
    './z',
    'A b+c%25?#',
    'naïve/ключ',
    'q"\'<>&;\n',
    'a.b',
    'a.b/c',
    'a.b%d/c',
    'n%o',
    'l'.repeat(1000),
    `${'m'.repeat(300)}/${'.'.repeat(400)}`,
    'tab\there',
    '%2E%2E/x',
  ];

  test('every one is kept, read and listed back, and stays inside its bucket', async () => {
    const own = 'awkward-bucket';
    opened.doors.s3.createBucket(own);
    for (const Key of awkward) await s3().send(new PutObjectCommand({ Bucket: own, Key, Body: `content of ${Key}` }));
    for (const Key of awkward)
      expect(await (await s3().send(new GetObjectCommand({ Bucket: own, Key }))).Body?.transformToString()).toBe(
        `content of ${Key}`,
      );
    const listed = (await s3().send(new ListObjectsV2Command({ Bucket: own, EncodingType: 'url' }))).Contents ?? [];
    expect(listed.map((o) => decodeURIComponent(o.Key ?? '')).sort()).toEqual([...awkward].sort());
    const files = readdirSync(join(opened.dataDir, 's3', own), { recursive: true, withFileTypes: true }).filter((e) =>
      e.isFile(),
    );
    expect(files).toHaveLength(awkward.length);
    for (const Key of awkward) await s3().send(new DeleteObjectCommand({ Bucket: own, Key }));
    expect(readdirSync(join(opened.dataDir, 's3', own))).toEqual([]);
  });

  test('the path of a key leads back to it, and no two keys share one', () => {
    expect(awkward.map((k) => keyOfPath(pathOfKey(k)))).toEqual(awkward);
    expect(new Set(awkward.map(pathOfKey)).size).toBe(awkward.length);
    expect(awkward.some((k) => pathOfKey(k).startsWith('..') || pathOfKey(k).startsWith('/'))).toBe(false);
  });

  test('a key of more than 1,024 bytes is refused', async () => {
    expect((await errorOf(put('é'.repeat(513)))).name).toBe('KeyTooLongError');
  });
});

describe('multipart', () => {
  const part = (n: number, size = 5 * 1024 * 1024): Buffer => Buffer.alloc(size, n);

  test('parts become one object: its ETag, its checksum, its bytes', async () => {
    const { UploadId, ChecksumAlgorithm } = await s3().send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'multi', ContentType: 'text/x', ChecksumAlgorithm: 'SHA256' }),
    );
    expect(ChecksumAlgorithm).toBe('SHA256');
    const parts = [part(1), part(2), part(3, 10)];
    const Parts = await Promise.all(
      parts.map(async (Body, i) => {
        const { ETag, ChecksumSHA256 } = await s3().send(
          new UploadPartCommand({
            Bucket,
            Key: 'multi',
            UploadId,
            PartNumber: i + 1,
            Body,
            ChecksumAlgorithm: 'SHA256',
          }),
        );
        return { ETag, ChecksumSHA256, PartNumber: i + 1 };
      }),
    );
    const listed = await s3().send(new ListPartsCommand({ Bucket, Key: 'multi', UploadId }));
    expect(listed.Parts?.map((p) => p.Size)).toEqual([5242880, 5242880, 10]);
    expect((await s3().send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.map((u) => u.UploadId)).toContain(
      UploadId,
    );
    const done = await s3().send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'multi', UploadId, MultipartUpload: { Parts } }),
    );
    const md5s = Buffer.concat(parts.map((p) => createHash('md5').update(p).digest()));
    const shas = Buffer.concat(parts.map((p) => createHash('sha256').update(p).digest()));
    expect(done.ETag).toBe(`"${createHash('md5').update(md5s).digest('hex')}-3"`);
    expect(done.ChecksumSHA256).toBe(`${createHash('sha256').update(shas).digest('base64')}-3`);
    expect((await opened.doors.s3.get(Bucket, 'multi')).equals(Buffer.concat(parts))).toBe(true);
    expect(await s3().send(new HeadObjectCommand({ Bucket, Key: 'multi', ChecksumMode: 'ENABLED' }))).toMatchObject({
      ContentType: 'text/x',
      ChecksumType: 'COMPOSITE',
      ChecksumSHA256: done.ChecksumSHA256,
    });
    expect(await errorOf(s3().send(new ListPartsCommand({ Bucket, Key: 'multi', UploadId })))).toMatchObject({
      name: 'NoSuchUpload',
      status: 404,
    });
  });

  test('an upload outlives a restart; copied ranges are parts; wrong lists are refused', async () => {
    const own = await openDoors();
    own.doors.s3.createBucket(Bucket);
    await own.doors.s3.put(Bucket, 'source', Buffer.concat([part(1), part(2)]));
    const { UploadId } = await own.clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }));
    const id = { Bucket, Key: 'm', UploadId };
    const first = await own.clients.s3.send(
      new UploadPartCopyCommand({
        ...id,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: 'bytes=5242880-10485759',
      }),
    );
    const again = await own.reopen();
    const client = again.clients.s3;
    const second = await client.send(new UploadPartCommand({ ...id, PartNumber: 2, Body: 'small' }));
    const third = await client.send(new UploadPartCommand({ ...id, PartNumber: 3, Body: 'end' }));
    const complete = (Parts: { ETag?: string; PartNumber: number }[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...id, MultipartUpload: { Parts } }));
    const one = { ETag: first.CopyPartResult?.ETag, PartNumber: 1 };
    const two = { ETag: second.ETag, PartNumber: 2 };
    const three = { ETag: third.ETag, PartNumber: 3 };
    expect((await errorOf(complete([two, one]))).name).toBe('InvalidPartOrder');
    expect((await errorOf(complete([one, { ...two, ETag: '"0"' }]))).name).toBe('InvalidPart');
    expect((await errorOf(complete([one, two, three]))).name).toBe('EntityTooSmall');
    await complete([one, two]);
    expect((await again.doors.s3.get(Bucket, 'm')).equals(Buffer.concat([part(2), Buffer.from('small')]))).toBe(true);
    const other = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'given-up' }));
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'given-up', UploadId: other.UploadId }));
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
    await again.close();
  });
});

test('copies keep or replace what is known of an object, and see to their conditions', async () => {
  const { ETag } = await put('copy/from ä', 'copied', { ContentType: 'text/a', Metadata: { a: '1' } });
  const CopySource = encodeURIComponent(`${Bucket}/copy/from ä`);
  await s3().send(new CopyObjectCommand({ Bucket, Key: 'copy/to', CopySource, CopySourceIfMatch: ETag }));
  expect(await s3().send(new HeadObjectCommand({ Bucket, Key: 'copy/to' }))).toMatchObject({
    ContentType: 'text/a',
    Metadata: { a: '1' },
    ETag,
  });
  await s3().send(
    new CopyObjectCommand({
      Bucket,
      Key: 'copy/to',
      CopySource,
      MetadataDirective: 'REPLACE',
      ContentType: 'text/b',
      Metadata: { b: '2' },
    }),
  );
  expect(await s3().send(new HeadObjectCommand({ Bucket, Key: 'copy/to' }))).toMatchObject({
    ContentType: 'text/b',
    Metadata: { b: '2' },
  });
  expect(
    (await errorOf(s3().send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource, CopySourceIfMatch: '"no"' }))))
      .status,
  ).toBe(412);
  expect(
    (await errorOf(s3().send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${Bucket}/absent` })))).name,
  ).toBe('NoSuchKey');
});

test('buckets', async () => {
  await s3().send(new CreateBucketCommand({ Bucket: 'made-by-hand' }));
  expect((await errorOf(s3().send(new CreateBucketCommand({ Bucket: 'made-by-hand' })))).name).toBe(
    'BucketAlreadyOwnedByYou',
  );
  expect((await s3().send(new ListBucketsCommand({}))).Buckets?.map((b) => b.Name)).toEqual(
    expect.arrayContaining(['made-by-hand', Bucket]),
  );
  expect((await s3().send(new HeadBucketCommand({ Bucket }))).$metadata.httpStatusCode).toBe(200);
  expect((await errorOf(s3().send(new HeadBucketCommand({ Bucket: 'absent-bucket' })))).status).toBe(404);
  expect((await s3().send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
  expect(await errorOf(s3().send(new DeleteBucketCommand({ Bucket })))).toMatchObject({
    name: 'BucketNotEmpty',
    status: 409,
  });
  await s3().send(new DeleteBucketCommand({ Bucket: 'made-by-hand' }));
  expect((await errorOf(s3().send(new CreateBucketCommand({ Bucket: 'No_Good' })))).name).toBe('InvalidBucketName');
});

test('DeleteObjects deletes what is there and what is not, and tells which', async () => {
  await put('del/1');
  await put('del/<&>2');
  const { Deleted, Errors } = await s3().send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: 'del/1' }, { Key: 'del/<&>2' }, { Key: 'del/3' }] },
    }),
  );
  expect(Deleted?.map((d) => d.Key)).toEqual(['del/1', 'del/<&>2', 'del/3']);
  expect(Errors).toBeUndefined();
  expect(opened.doors.s3.list(Bucket, { prefix: 'del/' }).objects).toEqual([]);
});

test('an event is told after each commit, and only then', async () => {
  const events: string[] = [];
  const end = opened.doors.s3.onCreated((e) =>
    events.push(`${e.reason} ${e.key} ${existsSync(opened.doors.s3.pathOf(e.bucket, e.key))}`),
  );
  await put('event/1');
  await errorOf(put('event/1', 'x', { IfNoneMatch: '*' }));
  await s3().send(new CopyObjectCommand({ Bucket, Key: 'event/2', CopySource: `${Bucket}/event/1` }));
  end();
  await put('event/3');
  expect(events).toEqual(['PutObject event/1 true', 'CopyObject event/2 true']);
});

test('presigned by query (version 4 and the old version 2), unsigned, expired, virtual host', async () => {
  await put('presigned', 'yes');
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const v4 = (expires: number, date = now) =>
    `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=carelake%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=${date}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=0`;
  expect(await raw('GET', `/${Bucket}/presigned?${v4(60)}`)).toMatchObject({ status: 200, text: 'yes' });
  expect(await raw('GET', `/${Bucket}/presigned?${v4(60, '20200101T000000Z')}`)).toMatchObject({
    status: 403,
    text: expect.stringContaining('Request has expired'),
  });
  const v2 = `AWSAccessKeyId=carelake&Signature=abc%3D&Expires=${Math.floor(Date.now() / 1000) + 60}`;
  expect(await raw('GET', `/${Bucket}/presigned?${v2}`)).toMatchObject({ status: 200, text: 'yes' });
  expect((await raw('PUT', `/${Bucket}/presigned-put?${v4(60)}`, {}, 'put')).status).toBe(200);
  expect(await textOf('presigned-put')).toBe('put');
  expect(await raw('GET', `/${Bucket}/presigned`)).toMatchObject({
    status: 403,
    text: expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
  });
  const virtual = await raw('GET', '/presigned', { ...signed, host: `${Bucket}.localhost` });
  expect(virtual).toMatchObject({ status: 200, text: 'yes' });
});

describe('a restart', () => {
  test('keeps objects, headers, checksums and order; drafts of a killed process are gone', async () => {
    const own = await openDoors();
    own.doors.s3.createBucket(Bucket);
    const info = await own.doors.s3.put(Bucket, 'kept/é', 'content', { contentType: 'text/x', metadata: { m: '1' } });
    writeFileSync(join(own.dataDir, 's3-state', 'drafts', 'torn'), 'half');
    const again = await own.reopen();
    expect(again.doors.s3.head(Bucket, 'kept/é')).toEqual(info);
    expect(readdirSync(join(again.dataDir, 's3-state', 'drafts'))).toEqual([]);
    await again.close();
  });

  test('killed between an object and what is known of it: the object is there, with the checksum of its bytes', async () => {
    const own = await openDoors();
    own.doors.s3.createBucket(Bucket);
    const info = await own.doors.s3.put(Bucket, 'half', 'content');
    rmSync(join(own.dataDir, 's3-state', 'meta', Bucket, `${pathOfKey('half')}.json`));
    const again = await own.reopen();
    expect(again.doors.s3.head(Bucket, 'half')).toMatchObject({ etag: info.etag, checksums: info.checksums, size: 7 });
    await again.close();
  });
});
