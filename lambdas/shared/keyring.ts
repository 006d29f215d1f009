import type { S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Keyring } from '../../core/records/keys';
import { FINGERPRINT_KEY } from '../../core/lake/names';
import { SafeError } from './errors';
import { putOnce } from './s3';

/** Where the key secret and its fingerprint stand. */
export interface KeySources {
  s3: S3Client;
  secrets: SecretsManagerClient;
  secretArn: string;
  controlBucket: string;
}

async function readSecret(from: KeySources): Promise<Keyring> {
  const answer = await from.secrets.send(new GetSecretValueCommand({ SecretId: from.secretArn }));
  if (!answer.SecretString) throw new SafeError('KEY-SECRET', 'the key secret has no text');
  try {
    return Keyring.fromSecret(answer.SecretString);
  } catch (error) {
    throw new SafeError('KEY-SECRET', (error as Error).message);
  }
}

/** The bytes that stand in the lake as the fingerprint of a secret. */
export function fingerprintBody(keys: Keyring): Uint8Array {
  return Buffer.from(JSON.stringify({ fingerprint: keys.fingerprint, key_version: keys.keyVersion }));
}

/**
 * Reads the key secret and holds it against the fingerprint of the lake; the first one to come lays it down.
 * @throws SafeError `KEY-FINGERPRINT` if the lake was keyed with another secret: with this one every person would get
 * a second key, and nothing would join any more
 */
export async function loadKeyring(from: KeySources): Promise<Keyring> {
  const keys = await readSecret(from);
  try {
    await putOnce(from.s3, from.controlBucket, FINGERPRINT_KEY, fingerprintBody(keys), 'application/json');
  } catch (error) {
    if (!(error instanceof SafeError) || error.code !== 'LAKE-CONFLICT') throw error;
    throw new SafeError(
      'KEY-FINGERPRINT',
      `the key secret is not the one with which this lake was keyed (fingerprint in ${from.controlBucket}/${FINGERPRINT_KEY}); restore the former secret`,
    );
  }
  return keys;
}

/** The same keyring for all invocations of one instance; a failure is not kept, so that the next one tries again. */
export function keyringOnce(from: () => KeySources): () => Promise<Keyring> {
  let loading: Promise<Keyring> | undefined;
  return () => {
    loading ??= loadKeyring(from()).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
