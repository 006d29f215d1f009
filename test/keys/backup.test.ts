import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { copySecret } from '../../ops/keys/backup';

/** Secrets behind the SDK's client; one without a value answers as Secrets Manager does. */
class Secrets extends SecretsManagerClient {
  puts = 0;
  loses = false;

  constructor(readonly values: Record<string, string | undefined>) {
    super({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
  }

  override send = (async (command: unknown) => {
    if (command instanceof GetSecretValueCommand) {
      const SecretString = this.values[command.input.SecretId!];
      if (SecretString === undefined) throw new ResourceNotFoundException({ message: 'no value', $metadata: {} });
      return { SecretString };
    }
    const { SecretId, SecretString } = (command as PutSecretValueCommand).input;
    this.puts++;
    if (!this.loses) this.values[SecretId!] = SecretString;
    return {};
  }) as never;
}

test('the value is copied once; a second time nothing is written', async () => {
  const secrets = new Secrets({ key: 'a secret', backup: undefined });
  expect(await copySecret(secrets, 'key', 'backup')).toBe('copied');
  expect(secrets.values).toEqual({ key: 'a secret', backup: 'a secret' });
  expect(await copySecret(secrets, 'key', 'backup')).toBe('equal already');
  expect(secrets.puts).toBe(1);
});

test('a backup is never replaced by another value: that is the day it is needed', async () => {
  const secrets = new Secrets({ key: 'a newer one', backup: 'a secret' });
  const refused = copySecret(secrets, 'key', 'backup');
  await expect(refused).rejects.toThrow('backup holds another value, which was left as it is');
  await expect(refused).rejects.not.toThrow(/a secret|a newer one/);
  expect(secrets.values.backup).toBe('a secret');
  expect(await copySecret(secrets, 'backup', 'key', { replace: true })).toBe('copied');
  expect(secrets.values.key).toBe('a secret');
});

test('nothing to copy and a copy that reads differently are errors', async () => {
  await expect(copySecret(new Secrets({}), 'key', 'backup')).rejects.toThrow('key has no value to copy');
  const losing = new Secrets({ key: 'a secret' });
  losing.loses = true;
  await expect(copySecret(losing, 'key', 'backup')).rejects.toThrow('does not read back as written');
});
