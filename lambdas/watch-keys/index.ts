import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, makeMetrics } from '../shared/metrics';

const logger = makeLogger();
const metrics = makeMetrics();
const kms = new KMSClient({});
const secrets = new SecretsManagerClient({});

/** What was looked at, and what of it is disabled or about to be deleted. */
export interface KeyReport {
  keys: number;
  secrets: number;
  endangered: string[];
}

const listed = (variable: string): string[] => environment(variable).split(' ').filter(Boolean);

/**
 * Looks once a day at the keys and secrets of the platform: a deletion waits for days, in which it can be taken back, and after which the
 * data is gone for good. KMS publishes no event for it.
 */
export const handler = guarded<unknown, KeyReport>(logger, async () => {
  const keys = await Promise.all(
    listed('KEY_ARNS').map(async (KeyId) => {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      return { arn: KeyId, state: KeyMetadata?.KeyState ?? 'unknown' };
    }),
  );
  const kept = await Promise.all(
    listed('SECRET_ARNS').map(async (SecretId) => {
      const { DeletedDate } = await secrets.send(new DescribeSecretCommand({ SecretId }));
      return { arn: SecretId, state: DeletedDate ? 'PendingDeletion' : 'Enabled' };
    }),
  );
  const endangered = [...keys, ...kept].filter(({ state }) => state !== 'Enabled');
  for (const { arn, state } of endangered) logger.error('key or secret is not safe', { arn, state });
  faultCounter(metrics)('EndangeredKeys', endangered.length);
  return { keys: keys.length, secrets: kept.length, endangered: endangered.map(({ arn }) => arn) };
});
