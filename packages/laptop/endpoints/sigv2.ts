import { createHmac } from 'node:crypto';
import { EndpointError } from './errors';
import type { SignatureV2, SignedRequest } from './signature';
import { same } from './sigv4';
import { envHint } from '../hint';

/** Query parameters that version 2 signs: sub-resources, and overrides of the answer's headers. */
const SIGNED =
  /^(acl|delete|lifecycle|location|logging|notification|partNumber|policy|requestPayment|tagging|torrent|uploadId|uploads|versionId|versioning|versions|website|response-(content-type|content-language|expires|cache-control|content-disposition|content-encoding))$/;

/** Compares a signature of version 2, by header or by query. @throws EndpointError SignatureDoesNotMatch */
export function verifyV2(
  request: SignedRequest,
  bucketOfHost: string | undefined,
  s: SignatureV2,
  secret: string,
): void {
  const { headers, query, method } = request;
  const amz = Object.keys(headers)
    .filter((name) => name.startsWith('x-amz-'))
    .sort()
    .map((name) => `${name}:${(headers[name] ?? '').trim()}\n`);
  const parameters = [...query]
    .filter(([name]) => SIGNED.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  // A bucket is signed with a slash at its end, whether it was sent with one or not.
  const path = (request.path.split('?')[0] ?? '/').replace(/^\/[^/]+$/, bucketOfHost === undefined ? '$&/' : '$&');
  const date = s.expires === undefined ? (headers['x-amz-date'] ? '' : (headers['date'] ?? '')) : String(s.expires);
  const text = [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    date,
    `${amz.join('')}${bucketOfHost === undefined ? '' : `/${bucketOfHost}`}${path}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`,
  ].join('\n');
  if (same(createHmac('sha1', secret).update(text, 'latin1').digest('base64'), s.signature)) return;
  throw new EndpointError(
    'SignatureDoesNotMatch',
    `The request signature we calculated does not match the signature you provided. ${envHint('the credentials of the folder served here')}.`,
    403,
  );
}
