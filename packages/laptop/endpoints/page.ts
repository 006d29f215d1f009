import { randomBytes } from 'node:crypto';
import { same } from './sigv4';
import type { EndpointReply, PageContent } from './types';
import { escapeXml } from './xml';

/** The page that a browser gets at the port's root. */
export interface Page {
  /** Lets a browser in: the address with this token turns it into a cookie. Good for this start. */
  readonly token: string;
  /** @returns undefined for a request that is no browser's, which the protocols answer. */
  answer(request: BrowserRequest): EndpointReply | undefined;
}

export interface BrowserRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const CLOSED =
  '<p>This page opens only with the address that <code>npm start</code> printed when it began to serve. In another terminal, ' +
  '<code>npm run --silent carelake -- env</code> prints it again, as <code>CARELAKE_PAGE</code>.</p>' +
  '<p>Programs do not need the page: the same command prints the settings with which any AWS client can sign its requests.</p>';

/**
 * Makes the page of one start. Its cookie is named after the port, since browsers send cookies to every port of a host, and opens the page
 * alone: every call of a protocol is signed.
 */
export function createPage(content: () => PageContent): Page {
  const token = randomBytes(24).toString('base64url');
  const holds = (given: string | null | undefined): boolean => given != null && same(given, token);
  return {
    token,
    answer({ method, path, query, headers }) {
      const browser = (headers['accept'] ?? '').includes('text/html') || query.has('token');
      if ((method !== 'GET' && method !== 'HEAD') || path.split('?')[0] !== '/' || !browser) return undefined;
      const cookie = `carelake_${/:(\d+)$/.exec(headers['host'] ?? headers[':authority'] ?? '')?.[1] ?? '80'}`;
      if (holds(query.get('token')))
        return {
          status: 303,
          headers: {
            location: '/',
            'cache-control': 'no-store',
            'set-cookie': `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/`,
          },
        };
      const sent = (headers['cookie'] ?? '').split(/; */).find((pair) => pair.startsWith(`${cookie}=`));
      const open = holds(sent?.slice(cookie.length + 1));
      return html(open ? 200 : 401, open ? sections(content()) : CLOSED, method);
    },
  };
}

function html(status: number, body: string, method: string): EndpointReply {
  const text =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Carelake</title></head>` +
    `<body><h1>Carelake</h1>${body}</body></html>`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      ...(method === 'HEAD' ? { 'content-length': String(Buffer.byteLength(text)) } : {}),
    },
    body: method === 'HEAD' ? undefined : text,
  };
}

function sections(content: PageContent): string {
  return Object.entries(content)
    .map(([title, rows]) => {
      const lines = Object.entries(rows)
        .map(([name, value]) => `<tr><td>${escapeXml(name)}</td><td><code>${escapeXml(value)}</code></td></tr>`)
        .join('');
      return `<h2>${escapeXml(title)}</h2><table>${lines}</table>`;
    })
    .join('');
}
