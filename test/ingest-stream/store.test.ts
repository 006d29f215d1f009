import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { keyringOnce, loadKeyring } from '../../lambdas/shared/keyring';
import { putOnce } from '../../lambdas/shared/s3';
import { SECRET } from '../core/samples';
import { FakeAws } from './fake-aws';

const aws = new FakeAws();
let s3: S3Client;
let secrets: SecretsManagerClient;
const body = Buffer.from('bytes');

beforeAll(async () => {
  const endpoint = await aws.start();
  const common = {
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
  s3 = new S3Client({ ...common, forcePathStyle: true });
  secrets = new SecretsManagerClient(common);
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.objects.clear();
  aws.calls.length = 0;
  aws.fault = () => undefined;
  aws.secret = SECRET;
});

describe('writing once', () => {
  it('writes what is not there yet', async () => {
    expect(await putOnce(s3, 'silver', 'a/b.parquet', body)).toBe('written');
    expect(aws.objects.get('silver/a/b.parquet')?.body).toEqual(body);
  });

  it('takes the same bytes for a retry', async () => {
    await putOnce(s3, 'silver', 'k', body);
    expect(await putOnce(s3, 'silver', 'k', body)).toBe('present');
    expect(aws.calls).toEqual(['PUT silver/k', 'PUT silver/k', 'HEAD silver/k']);
  });

  it('refuses other bytes under the same name, and leaves the first', async () => {
    await putOnce(s3, 'silver', 'k', body);
    await expect(putOnce(s3, 'silver', 'k', Buffer.from('other'))).rejects.toMatchObject({
      code: 'LAKE-CONFLICT',
      detail: 'there are other bytes at silver/k',
    });
    expect(aws.objects.get('silver/k')?.body).toEqual(body);
  });

  it('refuses an object whose checksum nobody knows', async () => {
    aws.objects.set('silver/k', { body, checksum: null });
    await expect(putOnce(s3, 'silver', 'k', body)).rejects.toMatchObject({ code: 'LAKE-CONFLICT' });
  });

  it('tries again while another write is under way', async () => {
    let conflicts = 2;
    aws.fault = (call) =>
      call.startsWith('PUT') && conflicts-- > 0 ? { status: 409, code: 'ConditionalRequestConflict' } : undefined;
    expect(await putOnce(s3, 'silver', 'k', body)).toBe('written');
    expect(aws.calls).toHaveLength(3);
  });

  it('tries again when the object vanished in between, and gives up in the end', async () => {
    aws.fault = (call) => (call.startsWith('PUT') ? { status: 412, code: 'PreconditionFailed' } : undefined);
    await expect(putOnce(s3, 'silver', 'k', body)).rejects.toMatchObject({ code: 'LAKE-BUSY' });
    expect(aws.calls.filter((c) => c.startsWith('PUT'))).toHaveLength(6);
  });

  it('passes on what the store refuses', async () => {
    aws.fault = () => ({ status: 403, code: 'AccessDenied' });
    await expect(putOnce(s3, 'silver', 'k', body)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the key secret', () => {
  const sources = () => ({ s3, secrets, secretArn: 'arn:key', controlBucket: 'control' });

  it('lays its fingerprint down in a new lake and meets it again', async () => {
    const keys = await loadKeyring(sources());
    const laid = JSON.parse(aws.objects.get('control/_key/fingerprint.json')!.body.toString()) as unknown;
    expect(laid).toEqual({ fingerprint: keys.fingerprint, key_version: 1 });
    expect((await loadKeyring(sources())).fingerprint).toBe(keys.fingerprint);
  });

  it('is refused by a lake that was keyed with another one', async () => {
    await loadKeyring(sources());
    aws.secret = JSON.stringify({ key_version: 1, secret: 'another secret, also long enough' });
    const refused = loadKeyring(sources());
    await expect(refused).rejects.toMatchObject({ code: 'KEY-FINGERPRINT' });
    await expect(refused).rejects.toThrow('restore the former secret');
  });

  it('is refused without being shown', async () => {
    aws.secret = 'sesame, and no JSON';
    const refused = await loadKeyring(sources()).catch((e: unknown) => e as Error);
    expect(refused).toMatchObject({ code: 'KEY-SECRET', detail: 'key secret: not JSON' });
    expect(String((refused as Error).stack)).not.toContain('sesame');
  });

  it('is read once per instance, but again after a failure', async () => {
    const keyring = keyringOnce(sources);
    aws.fault = (call) =>
      call.startsWith('secretsmanager') ? { status: 500, code: 'InternalServiceError' } : undefined;
    await expect(keyring()).rejects.toThrow();
    aws.fault = () => undefined;
    const first = await keyring();
    aws.calls.length = 0;
    expect(await keyring()).toBe(first);
    expect(aws.calls).toEqual([]);
  });
});
