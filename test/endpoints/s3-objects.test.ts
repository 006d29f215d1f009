import {
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { errorOf, openEndpoints, type Opened } from './open';
import { sendSigned, signedHeaders } from './sign';

const Bucket = 'lake-bucket';
let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.s3.createBucket(Bucket);
});
afterAll(() => opened.close());

const s3 = () => opened.clients.s3;
const textOf = async (Key: string, more = {}): Promise<string | undefined> =>
  (await s3().send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();
const put = (Key: string, Body: string | Buffer = Key, more = {}) =>
  s3().send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

/** A request without a client, for what clients do not send any more. */
const raw = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
  sendSigned(opened.endpoints.callers.user, { method, url: opened.url + path, service: 's3', headers, body });

describe('objects', () => {
  test('an object that is overwritten while it is read comes whole, the old one or the new', async () => {
    // The client checks the checksum of what it reads; lengths differ, so that a mixture cannot pass.
    const bodies = [1, 2, 3, 4].map((n) => String(n).repeat(20_000 * n));
    await put('contested', bodies[0]!);
    const write = async (): Promise<void> => {
      for (let i = 0; i < 60; i += 1) await put('contested', bodies[i % bodies.length]!);
    };
    const read = async (): Promise<void> => {
      for (let i = 0; i < 60; i += 1) expect(bodies).toContain(await textOf('contested', { ChecksumMode: 'ENABLED' }));
    };
    await Promise.all([write(), read(), read(), read()]);
  });

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
      expect(opened.endpoints.s3.head(Bucket, `wrong-${algorithm}`)).toBeUndefined();
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
    expect((await opened.endpoints.s3.get(Bucket, 'streamed')).equals(whole)).toBe(true);
    expect(opened.endpoints.s3.head(Bucket, 'streamed')?.checksums?.sha256).toBe(
      createHash('sha256').update(whole).digest('base64'),
    );
  });

  test('an aws-chunked body by hand: chunk signatures, trailer, and the ways it can be broken', async () => {
    const chunked = {
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
    expect((await opened.endpoints.s3.get(Bucket, 'chunked')).toString()).toBe('hello world');
    expect((await raw('PUT', `/${Bucket}/c2`, chunked, body.replace('DUoRhQ==', 'AAAAAA=='))).text).toContain(
      '<Code>BadDigest</Code>',
    );
    expect((await raw('PUT', `/${Bucket}/c2`, chunked, body.slice(0, 30))).text).toContain(
      '<Code>IncompleteBody</Code>',
    );
    expect(
      (await raw('PUT', `/${Bucket}/c2`, { ...chunked, 'x-amz-decoded-content-length': '12' }, body)).text,
    ).toContain('<Code>IncompleteBody</Code>');
    expect(opened.endpoints.s3.head(Bucket, 'c2')).toBeUndefined();
  });

  test('a client that waits for 100 Continue gets it, or the refusal without sending its body', async () => {
    const expecting = async (path: string) => {
      const ask = { method: 'PUT', url: opened.url + path, service: 's3', body: 'hello' };
      const signed = await signedHeaders(opened.endpoints.callers.user, ask);
      return new Promise<{ continued: boolean; status: number }>((resolve, reject) => {
        let continued = false;
        const call = request(
          ask.url,
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
    };
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
    const { s3: store } = opened.endpoints;
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

test('an object has no tags, and none are lost: a write that brings some is refused', async () => {
  await put('tagless');
  expect((await s3().send(new GetObjectTaggingCommand({ Bucket, Key: 'tagless' }))).TagSet ?? []).toEqual([]);
  expect(await errorOf(put('tagged', 'x', { Tagging: 'a=b' }))).toMatchObject({ name: 'NotImplemented', status: 501 });
});
