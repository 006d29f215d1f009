import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keyOfPath, pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { errorOf, openEndpoints, type Opened } from './open';

const Bucket = 'lake-bucket';
let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.s3.createBucket(Bucket);
});
afterAll(() => opened.close());

const s3 = () => opened.clients.s3;
const put = (Key: string, Body: string | Buffer = Key, more = {}) =>
  s3().send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

describe('listing', () => {
  const keys = ['a', 'a-b', 'a/b', 'a/b/c', 'b/1', 'b/2', 'c', 'é', '\uffee', '😀'];
  const ListBucket = 'list-bucket';
  beforeAll(async () => {
    opened.endpoints.s3.createBucket(ListBucket);
    for (const key of [...keys].reverse()) await opened.endpoints.s3.put(ListBucket, key, key);
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

  test.each([1, 3, 1000])('versions in pages of %i are the objects, each its only one', async (MaxKeys) => {
    const found: string[] = [];
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      const got = await s3().send(
        new ListObjectVersionsCommand({
          Bucket: ListBucket,
          MaxKeys,
          KeyMarker,
          VersionIdMarker,
          OptionalObjectAttributes: ['RestoreStatus'],
        }),
      );
      for (const v of got.Versions ?? []) {
        expect(v).toMatchObject({ VersionId: 'null', IsLatest: true, StorageClass: 'STANDARD' });
        expect(v.LastModified!.getTime()).toBeGreaterThan(0);
        found.push(`${v.Key} ${v.ETag}`);
      }
      KeyMarker = got.NextKeyMarker;
      VersionIdMarker = got.NextVersionIdMarker;
      expect(got.IsTruncated).toBe(KeyMarker !== undefined);
    } while (KeyMarker);
    expect(found).toEqual((await page()).Contents!.map((o) => `${o.Key} ${o.ETag}`));
  });

  test('more than a page of a thousand', async () => {
    for (let i = 0; i < 1100; i++) await opened.endpoints.s3.put(ListBucket, `many/${i}`, '');
    const first = await page({ Prefix: 'many/' });
    const second = await page({ Prefix: 'many/', ContinuationToken: first.NextContinuationToken });
    expect([first.KeyCount, second.KeyCount]).toEqual([1000, 100]);
    for (let i = 0; i < 1100; i += 2) opened.endpoints.s3.delete(ListBucket, `many/${i}`);
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
    opened.endpoints.s3.createBucket(own);
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
