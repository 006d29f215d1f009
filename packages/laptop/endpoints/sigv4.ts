import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { EndpointError } from './errors';
import type { Headers, SignatureV4, SignedRequest } from './signature';
import { envHint } from '../hint';

/** SHA-256 of no bytes. */
export const EMPTY_SHA256 = createHash('sha256').digest('hex');
/** Derived keys that are kept; they change daily, and clients use few regions and services. */
const MAX_KEYS = 64;
const keys = new Map<string, Buffer>();

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The key that signs for a day, region and service: four HMACs, so it is kept. */
function signingKey(secret: string, { day, region, service }: SignatureV4): Buffer {
  const name = `${secret}/${day}/${region}/${service}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(name, key);
  }
  return key;
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** What signs the pieces of a body after the headers: each signature carries the one before. */
export interface ChunkSigner {
  /** The signature that the next piece must carry. @param kind `PAYLOAD` for data, `TRAILER` for the headers at the end. */
  next(kind: 'PAYLOAD' | 'TRAILER', sha256: string): string;
}

/**
 * Compares the signature of a request with the one that the secret gives.
 * @param payload hash of the body, or the word that stands for it, as the signer used it
 * @returns the signer of the body's pieces
 * @throws EndpointError SignatureDoesNotMatch
 */
export function verifyV4(request: SignedRequest, s: SignatureV4, secret: string, payload: string): ChunkSigner {
  checkCoverage(request.headers, s);
  const key = signingKey(secret, s);
  const scope = `${s.day}/${s.region}/${s.service}/aws4_request`;
  const canonical = canonicalRequest(request, s, payload);
  // Node reads headers as Latin-1, so this gives back the bytes that were sent.
  const digest = createHash('sha256').update(canonical, 'latin1').digest('hex');
  let last = hmac(key, `AWS4-HMAC-SHA256\n${s.date}\n${scope}\n${digest}`).toString('hex');
  if (!same(last, s.signature))
    throw new EndpointError(
      s.service === 's3' || s.service === 'sts' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException',
      `The request signature we calculated does not match the signature you provided. ${envHint('the credentials of the folder served here')}.`,
      403,
    );
  return {
    next(kind, sha256) {
      const empty = kind === 'PAYLOAD' ? `${EMPTY_SHA256}\n` : '';
      last = hmac(key, `AWS4-HMAC-SHA256-${kind}\n${s.date}\n${scope}\n${last}\n${empty}${sha256}`).toString('hex');
      return last;
    },
  };
}

/** The host and whatever changes the meaning of a call must be under the signature, or whoever sees a link could change it. */
function checkCoverage(headers: Headers, { signedHeaders }: SignatureV4): void {
  const signed = new Set(signedHeaders);
  const open = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !signed.has(name));
  // The SDK signs the host by its name in HTTP/2.
  if (!signed.has('host') && !signed.has(':authority')) open.unshift('host');
  if (open.length > 0)
    throw new EndpointError('AccessDenied', 'There were headers present in the request which were not signed', 403, {
      HeadersNotSigned: open.join(', '),
    });
}

function canonicalRequest(request: SignedRequest, s: SignatureV4, payload: string): string {
  const { headers } = request;
  const mark = request.path.indexOf('?');
  const path = mark < 0 ? request.path : request.path.slice(0, mark);
  const query = mark < 0 ? '' : request.path.slice(mark + 1);
  // HTTP/2 sends the host under another name.
  const valueOf = (name: string): string =>
    (name === 'host' ? (headers['host'] ?? headers[':authority']) : headers[name]) ?? '';
  return [
    request.method,
    canonicalPath(path, s.service === 's3'),
    canonicalQuery(query),
    ...s.signedHeaders.map((name) => `${name}:${valueOf(name).trim().replace(/ +/g, ' ')}`),
    '',
    s.signedHeaders.join(';'),
    payload,
  ].join('\n');
}

/** Percent-encoding of RFC 3986: all but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EndpointError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** S3 encodes a path once, every other service encodes what was sent once more. */
function canonicalPath(path: string, once: boolean): string {
  return path
    .split('/')
    .map((segment) => encode(once ? decode(segment) : segment))
    .join('/');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part): [string, string] => {
      const equals = part.indexOf('=');
      return equals < 0
        ? [encode(decode(part)), '']
        : [encode(decode(part.slice(0, equals))), encode(decode(part.slice(equals + 1)))];
    })
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}
