import type { Context } from 'aws-lambda';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { context, ENV } from '../ingest-stream/run';

Object.assign(process.env, ENV, { POWERTOOLS_SERVICE_NAME: 'watch-keys' });

const KEYS = ['arn:key:sound', 'arn:key:gone', 'arn:key:dying'];
const SECRETS = ['arn:secret:denied', 'arn:secret:sound'];
const printed: string[] = [];
let handler: (event: unknown, context: Context) => Promise<{ keys: number; secrets: number; endangered: string[] }>;
beforeAll(async () => {
  ({ handler } = (await import('../../lambdas/watch-keys')) as unknown as { handler: typeof handler });
});
beforeEach(() => {
  printed.length = 0;
  process.env.KEY_ARNS = KEYS.join(' ');
  process.env.SECRET_ARNS = SECRETS.join(' ');
  for (const method of ['log', 'info', 'debug', 'warn', 'error'] as const)
    jest
      .spyOn(console, method)
      .mockImplementation((...args: unknown[]) => void printed.push(args.map(String).join(' ')));
  const failing = (name: string) => Promise.reject(Object.assign(new Error('x'), { name }));
  const answer = (id: string): unknown => {
    if (id.endsWith('gone')) return failing('NotFoundException');
    if (id.endsWith('denied')) return failing('AccessDeniedException');
    return Promise.resolve({ KeyMetadata: { KeyState: id.endsWith('dying') ? 'PendingDeletion' : 'Enabled' } });
  };
  jest
    .spyOn(KMSClient.prototype, 'send')
    .mockImplementation((c: unknown) => answer((c as { input: { KeyId: string } }).input.KeyId) as never);
  jest
    .spyOn(SecretsManagerClient.prototype, 'send')
    .mockImplementation((c: unknown) => answer((c as { input: { SecretId: string } }).input.SecretId) as never);
});
afterEach(() => jest.restoreAllMocks());

const metrics = (): Record<string, unknown>[] =>
  printed.filter((l) => l.includes('_aws')).map((l) => JSON.parse(l) as Record<string, unknown>);

test('a key or secret that cannot be looked at counts as endangered, and the others are looked at', async () => {
  const endangered = ['arn:key:gone', 'arn:key:dying', 'arn:secret:denied'];
  expect(await handler({}, context)).toEqual({ keys: 3, secrets: 2, endangered });
  expect(metrics()).toMatchObject([
    { EndangeredKeys: 3, service: 'watch-keys' },
    { Faults: 3, service: 'platform' },
  ]);
});

test('a function of a sweep that fails counts among the faults of all kinds', async () => {
  delete process.env.KEY_ARNS;
  await expect(handler({}, context)).rejects.toThrow();
  expect(metrics()).toMatchObject([{ Faults: 1, service: 'platform' }]);
});
