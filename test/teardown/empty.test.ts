import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { loadConfig } from '../../config';
import { allowEmptying, emptyBucket } from '../../ops/teardown/empty';

interface Version {
  Key: string;
  VersionId: string;
  marker: boolean;
}

/** A versioned bucket behind the SDK's client: lists a page at a time, and removes versions, never names. */
class VersionedBucket extends S3Client {
  readonly lists: number[] = [];
  refuse: string | undefined;

  constructor(public kept: Version[]) {
    super({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    this.kept.sort((a, b) => (a.Key + a.VersionId < b.Key + b.VersionId ? -1 : 1));
  }

  override send = (async (command: unknown) => {
    if (command instanceof ListObjectVersionsCommand) return this.list(command.input);
    if (command instanceof DeleteObjectsCommand) return this.remove(command.input);
    throw new Error('unexpected call');
  }) as never;

  private list({ Bucket }: { Bucket?: string }) {
    expect(Bucket).toBe('b');
    const page = this.kept.slice(0, 1000);
    this.lists.push(page.length);
    return { Versions: page.filter((v) => !v.marker), DeleteMarkers: page.filter((v) => v.marker) };
  }

  private remove({ Delete }: { Delete?: { Objects?: { Key?: string; VersionId?: string }[] } }) {
    const objects = Delete!.Objects!;
    expect(objects.length).toBeLessThanOrEqual(1000);
    if (this.refuse) return { Errors: [{ Key: objects[0]!.Key, Code: this.refuse }] };
    for (const { Key, VersionId } of objects) {
      const at = this.kept.findIndex((v) => v.Key === Key && v.VersionId === VersionId);
      // Without its version an object stays, and gets a marker on top.
      if (at >= 0) this.kept.splice(at, 1);
      else this.kept.push({ Key: Key!, VersionId: `m${this.kept.length}`, marker: true });
    }
    return {};
  }
}

const versions = (objects: number, each: number): Version[] =>
  Array.from({ length: objects * each }, (_, i) => ({
    Key: `k${String(Math.floor(i / each)).padStart(6, '0')}`,
    VersionId: `v${String(i).padStart(7, '0')}`,
    marker: i % each === each - 1,
  }));

test('every version and every delete marker goes, page by page', async () => {
  const bucket = new VersionedBucket(versions(1500, 3));
  expect(await emptyBucket(bucket, 'b')).toEqual({ bucket: 'b', versions: 3000, markers: 1500 });
  expect(bucket.kept).toEqual([]);
  expect(bucket.lists).toEqual([1000, 1000, 1000, 1000, 500, 0]);
});

test('a bucket that is empty already is left as it is', async () => {
  expect(await emptyBucket(new VersionedBucket([]), 'b')).toEqual({ bucket: 'b', versions: 0, markers: 0 });
});

test('what S3 refuses to remove is an error that names the code and no object', async () => {
  const bucket = new VersionedBucket(versions(2, 2));
  bucket.refuse = 'AccessDenied';
  await expect(emptyBucket(bucket, 'b')).rejects.toThrow(
    /^b: 1 of 4 versions were not removed \(AccessDenied\); run this again$/,
  );
});

test('production is refused whatever is typed, and any other environment without its name in full', () => {
  expect(() => allowEmptying(loadConfig('prod'), 'carelake-prod')).toThrow(
    'prod keeps its data: its configuration says production',
  );
  const dev = loadConfig('dev');
  expect(() => allowEmptying({ ...dev, allowRemoval: false }, 'carelake-dev')).toThrow('allowRemoval: false');
  for (const typed of [undefined, '', 'yes', 'dev', 'carelake-prod'])
    expect(() => allowEmptying(dev, typed)).toThrow('nothing was removed: confirm with --confirm carelake-dev');
  expect(() => allowEmptying(dev, 'carelake-dev')).not.toThrow();
});
