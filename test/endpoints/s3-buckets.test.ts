import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { errorOf, openEndpoints, type Opened } from './open';
import { presigned, send, sendSigned, type ToSign } from './sign';

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
    expect((await opened.endpoints.s3.get(Bucket, 'multi')).equals(Buffer.concat(parts))).toBe(true);
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
    const own = await openEndpoints();
    own.endpoints.s3.createBucket(Bucket);
    await own.endpoints.s3.put(Bucket, 'source', Buffer.concat([part(1), part(2)]));
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
    expect((await again.endpoints.s3.get(Bucket, 'm')).equals(Buffer.concat([part(2), Buffer.from('small')]))).toBe(
      true,
    );
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
  expect(opened.endpoints.s3.list(Bucket, { prefix: 'del/' }).objects).toEqual([]);
});

test('an event is told after each commit, and only then', async () => {
  const events: string[] = [];
  const end = opened.endpoints.s3.onCreated((e) =>
    events.push(`${e.reason} ${e.key} ${existsSync(opened.endpoints.s3.pathOf(e.bucket, e.key))}`),
  );
  await put('event/1');
  await errorOf(put('event/1', 'x', { IfNoneMatch: '*' }));
  await s3().send(new CopyObjectCommand({ Bucket, Key: 'event/2', CopySource: `${Bucket}/event/1` }));
  end();
  await put('event/3');
  expect(events).toEqual(['PutObject event/1 true', 'CopyObject event/2 true']);
});

test('presigned by query, unsigned, expired, virtual host', async () => {
  await put('presigned', 'yes');
  const { user } = opened.endpoints.callers;
  const link = (path: string, more: Partial<ToSign> = {}) =>
    presigned(user, { url: opened.url + path, service: 's3', ...more }).then((signed) => opened.url + signed);
  const get = await link(`/${Bucket}/presigned`);
  expect(await send(get, {})).toMatchObject({ status: 200, text: 'yes' });
  expect(await send(get.replace('/presigned', '/event/1'), {})).toMatchObject({
    status: 403,
    text: expect.stringContaining('<Code>SignatureDoesNotMatch</Code>'),
  });
  for (const date of [new Date('2020-01-01T00:00:00Z'), new Date(Date.now() - 61_000)])
    expect(await send(await link(`/${Bucket}/presigned`, { date }), {})).toMatchObject({
      status: 403,
      text: expect.stringContaining('Request has expired'),
    });
  const putLink = await link(`/${Bucket}/presigned-put`, { method: 'PUT' });
  expect((await send(putLink, { method: 'PUT', body: 'put' })).status).toBe(200);
  expect(await textOf('presigned-put')).toBe('put');
  expect(await send(`${opened.url}/${Bucket}/presigned`, {})).toMatchObject({
    status: 403,
    text: expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
  });
  const host = `${Bucket}.localhost`;
  const ask = { url: `${opened.url}/presigned`, service: 's3', headers: { host } };
  expect(await sendSigned(user, ask)).toMatchObject({ status: 200, text: 'yes' });
});

describe('a restart', () => {
  test('keeps objects, headers, checksums and order; drafts of a killed process are gone', async () => {
    const own = await openEndpoints();
    own.endpoints.s3.createBucket(Bucket);
    const info = await own.endpoints.s3.put(Bucket, 'kept/é', 'content', {
      contentType: 'text/x',
      metadata: { m: '1' },
    });
    writeFileSync(join(own.dataDir, 's3-state', 'drafts', 'torn'), 'half');
    const again = await own.reopen();
    expect(again.endpoints.s3.head(Bucket, 'kept/é')).toEqual(info);
    expect(readdirSync(join(again.dataDir, 's3-state', 'drafts'))).toEqual([]);
    await again.close();
  });

  test('killed between an object and what is known of it: the object is there, with the checksum of its bytes', async () => {
    const own = await openEndpoints();
    own.endpoints.s3.createBucket(Bucket);
    const info = await own.endpoints.s3.put(Bucket, 'half', 'content');
    rmSync(join(own.dataDir, 's3-state', 'meta', Bucket, `${pathOfKey('half')}.json`));
    const again = await own.reopen();
    expect(again.endpoints.s3.head(Bucket, 'half')).toMatchObject({
      etag: info.etag,
      checksums: info.checksums,
      size: 7,
    });
    await again.close();
  });
});
