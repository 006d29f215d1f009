import type { S3Client } from '@aws-sdk/client-s3';
import { sameFile } from '../../cli/feed';
import { asCliError } from '../../cli/failures';
import { find } from '../../cli/commands/withdraw';
import { keyId } from '../../core/lake/names';

const VERSIONS = [
  { Key: 'visits/a.csv', VersionId: 'null', ETag: '"1"', Size: 1, LastModified: new Date(1000) },
  { Key: 'visits/a.csv', VersionId: 'v2', ETag: '"2"', Size: 2, LastModified: new Date(2000) },
  { Key: 'visits/a.csv.old', VersionId: 'v3', ETag: '"3"', Size: 3, LastModified: new Date(3000) },
  { Key: 'visits/b.csv', VersionId: 'v4', ETag: '"4"', Size: 4, LastModified: new Date(4000) },
];

describe('the object that is withdrawn', () => {
  let asked: (string | undefined)[];
  const s3 = {
    send: ({ input }: { input: { Prefix?: string } }) => {
      asked.push(input.Prefix);
      return Promise.resolve({ Versions: VERSIONS.filter(({ Key }) => Key.startsWith(input.Prefix ?? '')) });
    },
  } as unknown as S3Client;
  const of = (object: string, objectVersion?: string) => find(s3, 'the-landing', object, { objectVersion });
  beforeEach(() => (asked = []));

  it('is any of its versions, the one included that was stored without versions', async () => {
    expect(await of('visits/a.csv', 'null')).toMatchObject({ size: 1, versionId: undefined });
    expect(await of('visits/a.csv', 'v2')).toMatchObject({ size: 2, versionId: 'v2' });
    await expect(of('visits/a.csv')).rejects.toMatchObject({
      message: 'this object was landed 2 times',
      details: { next: expect.stringContaining('--object-version null') },
    });
    await expect(of('visits/b.csv', 'null')).rejects.toThrow('there is no such object in landing');
  });

  it('is looked for below its key, and by its id in the whole of landing', async () => {
    expect((await of('visits/b.csv')).size).toBe(4);
    expect((await of(keyId('visits/b.csv'))).size).toBe(4);
    expect(asked).toEqual(['visits/b.csv', undefined]);
  });
});

test('a file that was removed since it was read is nothing to tell of; another failure is', async () => {
  const failing = (httpStatusCode: number) =>
    ({ send: () => Promise.reject(Object.assign(new Error('no'), { $metadata: { httpStatusCode } })) }) as unknown as S3Client; // prettier-ignore
  const buckets = { landing: 'the-landing', control: 'the-control' };
  expect(await sameFile(failing(404), buckets, 'visits/a.csv')).toBeUndefined();
  await expect(sameFile(failing(500), buckets, 'visits/a.csv')).rejects.toThrow('no');
});

test('what an endpoint refused is told so that it is true of the laptop and of an account', () => {
  const refused = Object.assign(new Error('not allowed'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  expect(asCliError(refused).render()).toBe(
    [
      'carelake: the platform refused a call: AccessDenied: not allowed',
      '  where: an endpoint, which answered 403',
      '  next:  on the laptop <data folder>/logs/platform.log says more; in an account, check that your credentials may call it (aws sts get-caller-identity)',
    ].join('\n'),
  );
});
