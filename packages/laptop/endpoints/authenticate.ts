import { createHash } from 'node:crypto';
import { EndpointError } from './errors';
import { timeOf, type Signature, type SignedRequest } from './signature';
import { verifyV2 } from './sigv2';
import { type ChunkSigner, same, verifyV4 } from './sigv4';
import type { Caller, Callers } from './types';
import { envHint } from '../hint';

/** How far the clocks of a client and of the platform may lie apart, in milliseconds; the longest life of a recorded request. */
const SKEW_MS = 15 * 60_000;
/** Largest body that is read before its signature can be compared: a call of a JSON protocol whose client names no hash. */
const MAX_UNNAMED_BYTES = 18 * 1024 * 1024;

/** A request as it comes in. */
export interface Incoming extends SignedRequest {
  readonly body: AsyncIterable<Uint8Array>;
  continueBody(): void;
}

/** Whose request it is, and its body, which fails at its end when it is not the one that was signed. */
export interface Authenticated {
  readonly caller: Caller;
  readonly body: AsyncIterable<Uint8Array>;
  /** Signer of the pieces of an aws-chunked body whose pieces are signed. */
  readonly chunks?: ChunkSigner;
}

/**
 * Proves that a request comes from whom it says. Dates are held to the real clock, whatever the time of the platform is.
 * @param bucketOfHost bucket that the host names, which version 2 signs as a part of the path
 * @throws EndpointError in the words of AWS
 */
export async function authenticate(
  request: Incoming,
  signature: Signature,
  callers: Callers,
  bucketOfHost: string | undefined,
): Promise<Authenticated> {
  const known = callers.find(signature.accessKeyId);
  if (!known) throw unknownKey(signature);
  const { caller, secretAccessKey, sessionToken } = known;
  if (signature.version === 2) {
    // Roles sign in version 4; their session token has no place here.
    if (sessionToken !== undefined) throw unknownKey(signature);
    checkTime(signature, signature.expires === undefined ? Date.parse(request.headers['date'] ?? '') : undefined);
    verifyV2(request, bucketOfHost, signature, secretAccessKey);
    return { caller, body: request.body };
  }
  if (sessionToken !== undefined && !same(sessionToken, signature.sessionToken ?? '')) throw unknownKey(signature);
  if (signature.day !== signature.date.slice(0, 8))
    throw new EndpointError(
      'IncompleteSignatureException',
      'the day of the credential scope differs from that of the date',
      403,
    );
  checkTime(signature, timeOf(signature.date));
  const named = request.headers['x-amz-content-sha256'];
  if (named === undefined) return unnamed(request, signature, caller, secretAccessKey);
  const chunks = verifyV4(request, signature, secretAccessKey, named);
  if (/^[0-9a-f]{64}$/.test(named)) return { caller, body: hashed(request.body, named) };
  if (named === 'UNSIGNED-PAYLOAD' || named === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    return { caller, body: request.body };
  if (named.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')) return { caller, body: request.body, chunks };
  throw new EndpointError(
    'InvalidRequest',
    'the laptop does not support this kind of payload hash in x-amz-content-sha256',
    400,
  );
}

/** A request that names no hash of its body: S3's links sign none, every other signer takes the body's own. */
async function unnamed(
  request: Incoming,
  signature: Signature & { version: 4 },
  caller: Caller,
  secret: string,
): Promise<Authenticated> {
  if (signature.service === 's3' && signature.expires !== undefined) {
    verifyV4(request, signature, secret, 'UNSIGNED-PAYLOAD');
    return { caller, body: request.body };
  }
  const bytes = await whole(request);
  verifyV4(request, signature, secret, createHash('sha256').update(bytes).digest('hex'));
  return { caller, body: only(bytes) };
}

async function whole(request: Incoming): Promise<Buffer> {
  request.continueBody();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body) {
    size += piece.length;
    if (size > MAX_UNNAMED_BYTES)
      throw new EndpointError(
        'RequestEntityTooLargeException',
        `a request of more than ${MAX_UNNAMED_BYTES} bytes must state its hash in x-amz-content-sha256`,
        413,
      );
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* only(bytes: Buffer): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* hashed(body: AsyncIterable<Uint8Array>, expected: string): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== expected)
    throw new EndpointError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      400,
    );
}

function unknownKey({ service }: Signature): EndpointError {
  if (service === 's3')
    return new EndpointError(
      'InvalidAccessKeyId',
      `The AWS Access Key Id you provided does not exist in our records. ${envHint('the credentials of the folder served here')}.`,
      403,
    );
  return new EndpointError(
    service === 'sts' ? 'InvalidClientTokenId' : 'UnrecognizedClientException',
    `The security token included in the request is invalid. ${envHint('the credentials of the folder served here')}.`,
    403,
  );
}

function checkTime(signature: Signature, signedAt: number | undefined): void {
  const now = Date.now();
  const { expires } = signature;
  if (expires !== undefined) {
    const end = signature.version === 2 ? expires * 1000 : (signedAt ?? NaN) + expires * 1000;
    if (!(now <= end)) throw new EndpointError('AccessDenied', 'Request has expired', 403);
    if (signedAt !== undefined && signedAt > now + SKEW_MS)
      throw new EndpointError('AccessDenied', 'Request is not yet valid', 403);
    return;
  }
  if (Math.abs(now - (signedAt ?? NaN)) <= SKEW_MS) return;
  throw new EndpointError(
    signature.service === 's3' ? 'RequestTimeTooSkewed' : 'InvalidSignatureException',
    'Signature expired or not yet current: the difference between the request time and the current time is too large (15 minutes).',
    403,
  );
}
