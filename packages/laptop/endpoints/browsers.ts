import { EndpointError } from './errors';
import type { EndpointReply } from './types';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Headers of every answer: nothing that the port serves is taken for another type, runs a script, or is shown inside another page. What is
 * stored here may come from anyone.
 */
const SAFE = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Types that browsers run or render with the rights of the place they come from. */
const ACTIVE = /html|xml|svg|javascript|ecmascript|pdf|multipart\/|^\s*$/i;

/** Adds what keeps an answer from being run by a browser; no header that a client stored or asked for takes it away. */
export function harmless(reply: EndpointReply): EndpointReply {
  return { ...reply, headers: { ...reply.headers, ...SAFE } };
}

/**
 * Makes a stored object a download wherever a browser would show it: when its type is active, or when a browser asks. Other clients get the
 * headers that were put.
 */
export function asDownload(stored: Record<string, string>, request: Headers): Record<string, string> {
  const browser = request['sec-fetch-dest'] !== undefined || (request['accept'] ?? '').includes('text/html');
  const { 'content-disposition': disposition, 'content-type': type = '' } = stored;
  if (!(browser || ACTIVE.test(type)) || /^\s*attachment\b/i.test(disposition ?? '')) return stored;
  const filename = /;.*$/s.exec(disposition ?? '')?.[0] ?? '';
  return { ...stored, 'content-disposition': `attachment${filename}` };
}

/**
 * A page in the user's browser can reach loopback, by its own script or under a name that resolves here, and so can the page of another
 * program's port on this machine: none of them may call.
 * @throws EndpointError AccessDenied
 */
export function refuseForeign(headers: Headers): void {
  const authority = (headers[':authority'] ?? headers['host'] ?? '').toLowerCase();
  const host = authority.replace(/:\d+$/, '');
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(host) && !host.endsWith('.localhost'))
    throw new EndpointError('AccessDenied', 'the endpoints answer only to 127.0.0.1 and localhost', 403);
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${authority}`)
    throw new EndpointError('AccessDenied', 'the endpoints do not answer to web pages of other origins', 403);
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new EndpointError(
      'AccessDenied',
      'the endpoints do not answer to web pages of other origins; type the address or paste it instead of following a link',
      403,
    );
}
