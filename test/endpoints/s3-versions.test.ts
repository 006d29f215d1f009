import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { objectCreated } from '@carelake/laptop/engines/rules';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { scratch } from '../laptop/fixtures';
import { openEndpoints, type Opened } from './open';

const Bucket = 'landing';

describe('a bucket that keeps versions, through the port', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openEndpoints();
    opened.endpoints.s3.createBucket(Bucket, { versioned: true });
  });
  afterAll(() => opened.close());
  const put = async (Key: string, Body: string): Promise<string> =>
    (await opened.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId!;
  const read = async (Key: string, VersionId?: string): Promise<string> =>
    (await opened.clients.s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body!.transformToString();
  const listed = async (Prefix: string, MaxKeys = 1000): Promise<{ versions: string[]; markers: string[] }> => {
    const versions: string[] = [];
    const markers: string[] = [];
    for (let KeyMarker: string | undefined, VersionIdMarker: string | undefined, more = true; more;) {
      const page = await opened.clients.s3.send(
        new ListObjectVersionsCommand({ Bucket, Prefix, MaxKeys, KeyMarker, VersionIdMarker }),
      );
      const name = (v: { Key?: string; VersionId?: string; IsLatest?: boolean }): string =>
        `${v.Key} ${v.VersionId}${v.IsLatest ? ' latest' : ''}`;
      versions.push(...(page.Versions ?? []).map(name));
      markers.push(...(page.DeleteMarkers ?? []).map(name));
      [KeyMarker, VersionIdMarker, more] = [page.NextKeyMarker, page.NextVersionIdMarker, page.IsTruncated === true];
    }
    return { versions, markers };
  };

  test('every put is a version, which its id reads; without one the last is read', async () => {
    const ids = [await put('a', 'one'), await put('a', 'two'), await put('a', 'three')];
    expect(new Set(ids).size).toBe(3);
    expect(await Promise.all(ids.map((id) => read('a', id)))).toEqual(['one', 'two', 'three']);
    expect(await read('a')).toBe('three');
    const head = await opened.clients.s3.send(new HeadObjectCommand({ Bucket, Key: 'a', VersionId: ids[0] }));
    expect([head.ContentLength, head.VersionId]).toEqual([3, ids[0]]);
    const status = await opened.clients.s3.send(new GetBucketVersioningCommand({ Bucket }));
    expect(status.Status).toBe('Enabled');
    await expect(read('a', 'none')).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  test('an old version can be copied, and becomes the newest by that', async () => {
    const [first] = [await put('c', 'one'), await put('c', 'two')];
    await opened.clients.s3.send(
      new CopyObjectCommand({ Bucket, Key: 'c2', CopySource: `${Bucket}/c?versionId=${first}` }),
    );
    expect(await read('c2')).toBe('one');
  });

  test('a removal leaves a mark; without the mark the object is back; a version is removed for good', async () => {
    const ids = [await put('d', 'one'), await put('d', 'two')];
    const removed = await opened.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'd' }));
    expect(removed.DeleteMarker).toBe(true);
    await expect(read('d')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(await read('d', ids[1])).toBe('two');
    await expect(read('d', removed.VersionId)).rejects.toMatchObject({ $metadata: { httpStatusCode: 405 } });
    expect(await listed('d')).toEqual({
      versions: [`d ${ids[1]}`, `d ${ids[0]}`],
      markers: [`d ${removed.VersionId} latest`],
    });
    await opened.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'd', VersionId: removed.VersionId }));
    expect(await read('d')).toBe('two');
    await opened.clients.s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'd', VersionId: ids[1] }] } }),
    );
    expect(await read('d')).toBe('one');
    await opened.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'd', VersionId: ids[0] }));
    expect(await listed('d')).toEqual({ versions: [], markers: [] });
  });

  test.each([1, 2, 5, 1000])('pages of %i list every version once, by key and then the newest first', async (size) => {
    const prefix = `page${size}/`;
    const expected: string[] = [];
    for (const key of ['a', 'b', 'c']) {
      const ids = [];
      for (let i = 0; i < 3; i++) ids.push(await put(prefix + key, String(i)));
      expected.push(...ids.reverse().map((id, i) => `${prefix}${key} ${id}${i || key === 'b' ? '' : ' latest'}`));
    }
    const { VersionId } = await opened.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: `${prefix}b` }));
    expect(await listed(prefix, size)).toEqual({ versions: expected, markers: [`${prefix}b ${VersionId} latest`] });
    const { Contents } = await opened.clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
    expect(Contents!.map((o) => o.Key)).toEqual([`${prefix}a`, `${prefix}c`]);
  });
});

describe('versions on the disk', () => {
  let at: ReturnType<typeof scratch>;
  beforeEach(() => {
    at = scratch();
  });
  afterEach(() => at.clean());
  const open = async (): Promise<S3Store> => {
    const store = await openS3Store(at.dir, new VirtualClock(Date.now()));
    store.createBucket(Bucket, { versioned: true });
    return store;
  };
  const versionsOf = (store: S3Store): [string, string | undefined, boolean][] =>
    store.listVersions(Bucket).versions.map((v) => [v.key, v.versionId, v.isLatest]);

  test('survive the process, with what was stored before the bucket kept any', async () => {
    const plain = await openS3Store(at.dir, new VirtualClock());
    plain.createBucket(Bucket);
    await plain.put(Bucket, 'a', 'before');
    const store = await open();
    await store.put(Bucket, 'a', 'one');
    await store.put(Bucket, 'a', 'two');
    await store.put(Bucket, 'b', 'x');
    store.delete(Bucket, 'b');
    const before = versionsOf(store);
    expect(before.map(([key, id]) => [key, id === undefined])).toEqual([
      ['a', false],
      ['a', false],
      ['a', true],
      ['b', false],
      ['b', false],
    ]);
    const again = await open();
    expect(versionsOf(again)).toEqual(before);
    expect(again.head(Bucket, 'a', 'null')?.size).toBe(6);
  });

  test('a kill between the steps of a put loses neither the old object nor the new one, and names none twice', async () => {
    const store = await open();
    const old = await store.put(Bucket, 'a', 'one');
    const current = store.pathOf(Bucket, 'a');
    await store.put(Bucket, 'a', 'two');
    const kept = store.pathOf(Bucket, 'a', old.versionId);
    // Killed after the old one was kept, before the new one took its place.
    rmSync(current);
    linkSync(kept, current);
    rmSync(join(at.dir, 's3-state', 'meta', Bucket), { recursive: true });
    const meta = join(at.dir, 's3-state', 'meta', Bucket, 'a%o.json');
    mkdirSync(dirname(meta), { recursive: true });
    const { ino, mtimeMs } = statSync(current);
    writeFileSync(meta, JSON.stringify({ ...old, ino, mtimeMs }));
    expect(versionsOf(await open())).toEqual([['a', old.versionId, true]]);
    // Killed after the new one took its place, before it was described.
    const again = await open();
    const second = await again.put(Bucket, 'a', 'two');
    writeFileSync(`${current}.new`, 'three');
    renameSync(`${current}.new`, current);
    const found = (await open()).listVersions(Bucket).versions;
    expect(found[0]!.size).toBe(5);
    expect(found[0]!.versionId).not.toBe(second.versionId);
  });

  test('a kill between the steps of a removal leaves the object removed', async () => {
    const store = await open();
    await store.put(Bucket, 'a', 'one');
    const path = store.pathOf(Bucket, 'a');
    const meta = join(at.dir, 's3-state', 'meta', Bucket, readdirSync(join(at.dir, 's3-state', 'meta', Bucket))[0]!);
    const sidecar = readFileSync(meta);
    const { versionId } = store.head(Bucket, 'a')!;
    store.delete(Bucket, 'a');
    linkSync(store.pathOf(Bucket, 'a', versionId), path);
    mkdirSync(dirname(meta), { recursive: true });
    writeFileSync(meta, sidecar);
    const again = await open();
    expect(again.head(Bucket, 'a')).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    expect(versionsOf(again).map(([, , latest]) => latest)).toEqual([true, false]);
  });

  test('events name the version, and two versions are two events', () => {
    const place = { account: '0', region: 'r' };
    const object = { bucket: Bucket, key: 'a', size: 1, etag: 'e', reason: 'PutObject', time: 0 };
    const [plain, first, second] = [undefined, 'v1', 'v2'].map((versionId) =>
      objectCreated({ ...object, versionId }, place),
    );
    expect((first!.detail as { object: object }).object).toMatchObject({ 'version-id': 'v1' });
    expect((plain!.detail as { object: object }).object).not.toHaveProperty('version-id');
    expect(new Set([plain!.id, first!.id, second!.id]).size).toBe(3);
  });
});
