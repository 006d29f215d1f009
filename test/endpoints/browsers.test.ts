import { connect } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createListener } from '@carelake/laptop/endpoints/listener';
import { openEndpoints, type Opened } from './open';
import { presigned, send } from './sign';

const Bucket = 'lake-bucket';
let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.s3.createBucket(Bucket);
  opened.endpoints.setPageContent(() => ({ Section: { 'NAME-CANARY': '<script>1</script>' } }));
});
afterAll(() => opened.close());

const BROWSER = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };

describe('the page', () => {
  test('without the token of this start it says how to get one, and shows nothing', async () => {
    for (const path of ['/', '/?token=guessed', '/?token=']) {
      const { status, text, headers } = await send(opened.url + path, { headers: BROWSER });
      expect([status, text]).toEqual([401, expect.stringContaining('CARELAKE_PAGE')]);
      expect(text).not.toMatch(/CANARY|Section|token=/);
      expect(headers['set-cookie']).toBeUndefined();
    }
    const { port } = new URL(opened.url);
    const cookie = { cookie: `carelake_${port}=guessed` };
    expect((await send(opened.url, { headers: { ...BROWSER, ...cookie } })).status).toBe(401);
  });

  test('the token becomes a cookie of the same site, which opens the page and no protocol', async () => {
    const page = new URL(opened.page);
    expect(page.origin).toBe(opened.url);
    const { status, headers } = await send(opened.page, { headers: BROWSER });
    expect([status, headers.location]).toEqual([303, '/']);
    const [set] = headers['set-cookie'] as string[];
    expect(set).toMatch(new RegExp(`^carelake_${page.port}=[\\w-]{32}; HttpOnly; SameSite=Strict; Path=/$`));
    const cookie = set!.split(';')[0]!;
    const shown = await send(opened.url, { headers: { ...BROWSER, cookie: `a=b; ${cookie}` } });
    expect(shown).toMatchObject({ status: 200, text: expect.stringContaining('NAME-CANARY') });
    expect(shown.text).toContain('&lt;script&gt;');
    expect(shown.headers['content-security-policy']).toContain("default-src 'none'; sandbox");
    expect((await send(`${opened.url}/${Bucket}`, { headers: { ...BROWSER, cookie } })).status).toBe(403);
    expect((await send(opened.url, { headers: { ...BROWSER, cookie, 'sec-fetch-site': 'cross-site' } })).status).toBe(
      403,
    );
    const again = await opened.reopen();
    opened = again;
    expect(again.page).not.toBe(page.href);
    expect(
      (await send(again.page.replace(/=.*/, `=${page.searchParams.get('token')}`), { headers: BROWSER })).status,
    ).toBe(401);
  });
});

describe('what is stored', () => {
  const put = (Key: string, more: object) =>
    opened.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: '<script>1</script>', ...more }));
  const get = async (key: string, headers: Record<string, string> = {}, query = '') => {
    const ask = { url: `${opened.url}/${Bucket}/${key}${query}`, service: 's3' };
    const link = await presigned(opened.endpoints.callers.user, ask);
    return (await send(opened.url + link, { headers })).headers;
  };

  test('is never shown as a page: no sniffing, no script, a download', async () => {
    for (const [key, more] of Object.entries({
      'a.html': { ContentType: 'text/html' },
      'b.html': { ContentType: 'text/html', ContentDisposition: 'inline; filename="b.html"' },
      'c.svg': { ContentType: 'image/svg+xml' },
      'd.xml': { ContentType: 'application/xml' },
    })) {
      await put(key, more);
      for (const headers of [{}, BROWSER]) {
        expect(await get(key, headers)).toMatchObject({
          'x-content-type-options': 'nosniff',
          'content-security-policy': expect.stringContaining('sandbox'),
          'content-disposition': expect.stringMatching(/^attachment/),
        });
      }
    }
    expect((await get('b.html'))['content-disposition']).toBe('attachment; filename="b.html"');
    await put('plain.txt', { ContentType: 'text/plain' });
    expect((await get('plain.txt'))['content-disposition']).toBeUndefined();
    expect((await get('plain.txt', BROWSER))['content-disposition']).toBe('attachment');
  });

  test('nor does a link that asks for other headers make it one', async () => {
    const asked = [
      'response-content-type=text%2Fhtml',
      'response-content-disposition=inline',
      'response-content-security-policy=default-src%20*',
      'response-x-content-type-options=none',
      'response-access-control-allow-origin=*',
    ];
    const headers = await get('plain.txt', {}, `?${asked.join('&')}`);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'content-type': 'text/html',
      'content-disposition': 'attachment',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('connections', () => {
  /** Resolves when the other side ends the connection. */
  const ends = (port: number, ...pieces: string[]): Promise<string> =>
    new Promise((resolve) => {
      let got = '';
      const socket = connect({ port, host: '127.0.0.1' }, () => pieces.forEach((piece) => socket.write(piece)));
      socket.on('data', (chunk) => (got += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(got));
    });

  test('that say nothing, half a request or half a body, or rest too long, are ended; HTTP/2 as well', async () => {
    const listener = createListener(
      async (request) => {
        for await (const piece of request.body) void piece;
        return { status: 200, body: 'done' };
      },
      { headMs: 60, restMs: 60, stallMs: 60 },
    );
    const port = await listener.listen(0);
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
    await ends(port);
    await ends(port, 'G');
    await ends(port, request);
    await ends(port, `${request}Content-Length: 10\r\n\r\nhalf`);
    expect(await ends(port, `${request}\r\n`)).toContain('done');
    await ends(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0');
    await listener.close();
  });

  test('whose headers come byte by byte without end are ended too', async () => {
    const listener = createListener(() => Promise.resolve({ status: 200 }), {
      headMs: 60,
      restMs: 60,
      stallMs: 60_000,
    });
    const port = await listener.listen(0);
    await new Promise<void>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' }, () =>
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX: '),
      );
      const trickle = setInterval(() => socket.write('x'), 5);
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => (clearInterval(trickle), resolve()));
    });
    await listener.close();
  });
});
