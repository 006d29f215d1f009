import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { sha256Base64 } from '../../core/records/hash';
import { Keyring } from '../../core/records/keys';
import { FINGERPRINT_KEY } from '../../core/lake/names';
import { SafeError } from './errors';

const ATTEMPTS = 6;
const FIRST_DELAY_MS = 50;

interface StatusError {
  $metadata?: { httpStatusCode?: number };
}

function statusOf(error: unknown): number | undefined {
  return (error as StatusError | null)?.$metadata?.httpStatusCode;
}

const pause = (attempt: number) =>
  new Promise((done) => setTimeout(done, FIRST_DELAY_MS * 2 ** attempt * (0.5 + Math.random() / 2)));

/** Checksum of a stored object, or null where it was written without one; undefined where there is no such object. */
async function storedChecksum(s3: S3Client, bucket: string, key: string): Promise<string | null | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }));
    return head.ChecksumSHA256 ?? null;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/**
 * Writes an object that must not exist yet, or proves that the one that stands there is the same.
 * @returns `written`, or `present` if the same bytes stood there already (a retry)
 * @throws SafeError `LAKE-CONFLICT` if other bytes stand under that name; the service's error if it refuses
 */
export async function putOnce(
  s3: S3Client,
  bucket: string,
  key: string,
  body: Uint8Array,
  contentType = 'application/vnd.apache.parquet',
): Promise<'written' | 'present'> {
  const checksum = sha256Base64(body);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await pause(attempt - 1);
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: contentType,
          IfNoneMatch: '*',
          ChecksumSHA256: checksum,
        }),
      );
      return 'written';
    } catch (error) {
      const status = statusOf(error);
      // 409: another write of the same name is under way, and may yet fail.
      if (status === 409) continue;
      if (status !== 412) throw error;
    }
    const stored = await storedChecksum(s3, bucket, key);
    if (stored === checksum) return 'present';
    // An ETag would prove nothing: under KMS it is no digest of the bytes.
    if (stored !== undefined) throw new SafeError('LAKE-CONFLICT', `other bytes stand under ${bucket}/${key}`);
  }
  throw new SafeError('LAKE-BUSY', `could not write ${bucket}/${key} in ${ATTEMPTS} attempts`);
}

/** Where the key secret and its fingerprint stand. */
export interface KeySources {
  s3: S3Client;
  secrets: SecretsManagerClient;
  secretArn: string;
  controlBucket: string;
}

async function readSecret(from: KeySources): Promise<Keyring> {
  const answer = await from.secrets.send(new GetSecretValueCommand({ SecretId: from.secretArn }));
  if (!answer.SecretString) throw new SafeError('KEY-SECRET', 'the key secret holds no text');
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
      `the key secret is not the one that this lake was keyed with (fingerprint in ${from.controlBucket}/${FINGERPRINT_KEY}); restore the former secret`,
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
