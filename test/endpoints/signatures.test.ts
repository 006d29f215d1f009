import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import {
  readSignature,
  type SignatureV2,
  type SignatureV4,
  type SignedRequest,
} from '@carelake/laptop/endpoints/signature';
import { verifyV2 } from '@carelake/laptop/endpoints/sigv2';
import { EMPTY_SHA256, verifyV4 } from '@carelake/laptop/endpoints/sigv4';
import { errorOf, openEndpoints, type Opened } from './open';
import { presigned, type RawAnswer, send, sendSigned, signedHeaders, type ToSign } from './sign';

const Bucket = 'lake-bucket';
const KEYS = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-abcdef';
const ROLE = 'arn:aws:iam::000000000000:role/ingest';
let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.s3.createBucket(Bucket);
  opened.endpoints.secrets.ensure(KEYS, 'keys', () => 'SECRET-CANARY');
  await opened.endpoints.s3.put(Bucket, 'kept', 'PATIENT-CANARY');
});
afterAll(() => opened.close());

const user = () => opened.endpoints.callers.user;
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const s3Ask = (path: string, more: Partial<ToSign> = {}): ToSign => ({
  url: opened.url + path,
  service: 's3',
  ...more,
});
const refused = { status: 403, text: expect.stringMatching(/^(?!.*CANARY)/s) };

describe('the credentials of a folder', () => {
  test('lie in a file of the owner alone, are random, and stay over a restart; those of roles follow from them', async () => {
    const own = await openEndpoints();
    const file = join(own.dataDir, 'credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(own.endpoints.callers.user);
    expect(own.endpoints.callers.user).not.toEqual(user());
    const role = own.endpoints.callers.registerRole(ROLE);
    const elsewhere = opened.endpoints.callers.registerRole(ROLE);
    expect(elsewhere.accessKeyId).toBe(role.accessKeyId);
    expect([elsewhere.secretAccessKey, elsewhere.sessionToken]).not.toEqual([role.secretAccessKey, role.sessionToken]);
    const again = await own.reopen();
    expect(again.endpoints.callers.user).toEqual(own.endpoints.callers.user);
    expect(again.endpoints.callers.registerRole(ROLE)).toEqual(role);
    await again.close();
  });

  test('damaged, are named without what they hold, and with the way on', async () => {
    const own = await openEndpoints();
    await own.endpoints.close();
    for (const content of ['', '{"accessKeyId":"CANARY","secret', '[]', '{"accessKeyId":"CANARY"}']) {
      writeFileSync(join(own.dataDir, 'credentials.json'), content);
      const { message } = await errorOf(openEndpoints({ dataDir: own.dataDir }));
      expect(message).toMatch(/credentials\.json is damaged.*remove this file/);
      expect(message).not.toContain('CANARY');
    }
  });
});

describe('a caller without the folder’s credentials', () => {
  test('gets neither an object nor a secret: no key, a made-up one, the right key with a wrong secret', async () => {
    const strangers = [
      { accessKeyId: 'evil', secretAccessKey: 'evil' },
      { accessKeyId: 'carelake', secretAccessKey: 'carelake' },
      { ...user(), secretAccessKey: 'guessed' },
      { ...opened.endpoints.callers.registerRole(ROLE), secretAccessKey: 'guessed' },
      { ...opened.endpoints.callers.registerRole(ROLE), sessionToken: 'guessed' },
    ];
    for (const stranger of strangers) {
      const { s3, secrets, kinesis, kinesisHttp1, redshift, sts } = opened.as(stranger);
      expect((await errorOf(s3.send(new GetObjectCommand({ Bucket, Key: 'kept' })))).status).toBe(403);
      const { message, status } = await errorOf(secrets.send(new GetSecretValueCommand({ SecretId: 'keys' })));
      expect([status, message]).toEqual([403, expect.stringContaining('carelake env')]);
      for (const client of [kinesis, kinesisHttp1, redshift, sts]) client.destroy();
    }
    const forged =
      'AWS4-HMAC-SHA256 Credential=evil/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=deadbeef';
    expect(await send(`${opened.url}/${Bucket}/kept`, { headers: { authorization: forged } })).toMatchObject(refused);
    expect(await send(`${opened.url}/${Bucket}/kept?X-Amz-Credential=a%2Fb`, {})).toMatchObject({
      text: expect.not.stringContaining('CANARY'),
    });
  });
});

describe('what a signature covers', () => {
  const signed = async (
    ask: ToSign,
    change: (headers: Record<string, string>) => Partial<ToSign>,
  ): Promise<RawAnswer> => {
    const headers = await signedHeaders(user(), ask);
    const { url = ask.url, ...more } = change(headers);
    return send(url, { ...ask, headers, ...more });
  };

  test('path, query, body, headers and method: a change of any is refused', async () => {
    const ask = s3Ask(`/${Bucket}/covered?x-id=PutObject`, { method: 'PUT', body: 'as signed' });
    expect((await signed(ask, () => ({}))).status).toBe(200);
    const changes: Record<string, (h: Record<string, string>) => Partial<ToSign>> = {
      path: () => ({ url: ask.url.replace('covered', 'kept') }),
      query: () => ({ url: `${ask.url}&response-content-type=text%2Fhtml` }),
      method: () => ({ method: 'GET', body: undefined }),
      'a header added': (h) => ({ headers: { ...h, 'x-amz-copy-source': `/${Bucket}/kept` } }),
      'a header changed': (h) => ({ headers: { ...h, 'x-amz-content-sha256': sha256('other') } }),
      host: (h) => ({ headers: { ...h, host: 'other.localhost' } }),
    };
    for (const [name, change] of Object.entries(changes))
      expect([name, (await signed(ask, change)).status]).toEqual([name, 403]);
    expect(await signed(ask, () => ({ body: 'otherwise' }))).toMatchObject({
      status: 400,
      text: expect.stringContaining('<Code>XAmzContentSHA256Mismatch</Code>'),
    });
    expect((await opened.endpoints.s3.get(Bucket, 'covered')).toString()).toBe('as signed');
  });

  test('the body of a JSON call, whether its hash is named or not', async () => {
    const ask = {
      url: opened.url,
      service: 'secretsmanager',
      method: 'POST',
      headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' },
      body: '{"SecretId":"keys"}',
    };
    expect(await signed(ask, () => ({}))).toMatchObject({ status: 200, text: expect.stringContaining('CANARY') });
    expect((await signed({ ...ask, body: '{"SecretId":"none"}' }, () => ({ body: ask.body }))).status).toBe(400);
    const unnamed = { ...ask, named: false };
    expect((await signedHeaders(user(), unnamed))['x-amz-content-sha256']).toBeUndefined();
    expect((await signed(unnamed, () => ({}))).text).toContain('CANARY');
    expect(await signed({ ...unnamed, body: '{"SecretId":"none"}' }, () => ({ body: ask.body }))).toMatchObject({
      status: 403,
      text: expect.stringContaining('InvalidSignatureException'),
    });
  });

  test('time: fifteen minutes by the real clock, whatever the platform’s own says', async () => {
    const own = await openEndpoints({ clock: { now: () => 0, sleep: () => Promise.resolve() } });
    own.endpoints.s3.createBucket(Bucket);
    const at = (minutes: number) =>
      sendSigned(own.endpoints.callers.user, {
        url: `${own.url}/${Bucket}`,
        service: 's3',
        date: new Date(Date.now() + minutes * 60_000),
      });
    expect(await Promise.all([-16, -14, 0, 14, 16].map(async (m) => (await at(m)).status))).toEqual([
      403, 200, 200, 200, 403,
    ]);
    expect((await at(-16)).text).toContain('<Code>RequestTimeTooSkewed</Code>');
    const link = await presigned(own.endpoints.callers.user, {
      url: `${own.url}/${Bucket}`,
      service: 's3',
      date: new Date(Date.now() - 3_600_000),
      expires: 7200,
    });
    expect((await send(own.url + link, {})).status).toBe(200);
    await own.close();
  });
});

/** The worked examples of AWS's own documentation, in which all values are given. */
describe('examples of the documentation', () => {
  const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const chunked = (payload: string, more: Record<string, string>, signature: string): [SignedRequest, SignatureV4] => {
    const headers: Record<string, string> = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': payload,
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      ...more,
    };
    headers.authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${Object.keys(headers).sort().join(';')},Signature=${signature}`;
    const request = { method: 'PUT', path: '/examplebucket/chunkObject.txt', query: new URLSearchParams(), headers };
    return [request, readSignature(request) as SignatureV4];
  };
  const pieces = [Buffer.alloc(65_536, 'a'), Buffer.alloc(1024, 'a'), Buffer.alloc(0)].map(sha256);

  test('a body in signed pieces', () => {
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
    const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
    const [request, signature] = chunked(payload, { 'content-length': '66824' }, seed);
    const chunks = verifyV4(request, signature, SECRET, payload);
    expect(pieces.map((hash) => chunks.next('PAYLOAD', hash))).toEqual([
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ]);
    expect(pieces[2]).toBe(EMPTY_SHA256);
  });

  test('a body in signed pieces with a signed trailer', () => {
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
    const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
    const [request, signature] = chunked(payload, { 'x-amz-trailer': 'x-amz-checksum-crc32c' }, seed);
    const chunks = verifyV4(request, signature, SECRET, payload);
    expect(pieces.map((hash) => chunks.next('PAYLOAD', hash))).toEqual([
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    ]);
    expect(chunks.next('TRAILER', sha256('x-amz-checksum-crc32c:sOO8/Q==\n'))).toBe(
      'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    );
  });

  test('version 2, by header and by query, which older clients still put into links', () => {
    const request = (headers: Record<string, string>, search = ''): [SignedRequest, SignatureV2] => {
      const asked = { method: 'GET', path: `/photos/puppy.jpg${search}`, query: new URLSearchParams(search), headers };
      return [asked, readSignature(asked) as SignatureV2];
    };
    const byHeader = request({
      date: 'Tue, 27 Mar 2007 19:36:42 +0000',
      authorization: 'AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU=',
    });
    verifyV2(byHeader[0], 'johnsmith', byHeader[1], SECRET);
    const byQuery = request(
      {},
      '?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620',
    );
    verifyV2(byQuery[0], 'johnsmith', byQuery[1], SECRET);
    expect(() => verifyV2(byQuery[0], 'other', byQuery[1], SECRET)).toThrow('does not match');
  });
});

describe('bodies in pieces', () => {
  const payloads = ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'];

  test.each(payloads)('%s: each piece must be the one that was signed, in its place', async (payload) => {
    const trailer = payload.endsWith('TRAILER') ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : undefined;
    const ask = s3Ask(`/${Bucket}/pieces`, {
      method: 'PUT',
      headers: {
        'x-amz-content-sha256': payload,
        'x-amz-decoded-content-length': '11',
        'content-encoding': 'aws-chunked',
        ...trailer,
      },
    });
    const headers = await signedHeaders(user(), ask);
    const signed = (order: string[], said = order): string => {
      const asked = { method: 'PUT', path: `/${Bucket}/pieces`, query: new URLSearchParams(), headers };
      const chunks = verifyV4(asked, readSignature(asked) as SignatureV4, user().secretAccessKey, payload);
      const parts = order.map((data, i) => {
        const signature = chunks.next('PAYLOAD', sha256(data));
        return `${data.length.toString(16)};chunk-signature=${signature}\r\n${data === '' ? '' : `${said[i]}\r\n`}`;
      });
      if (!payload.endsWith('TRAILER')) return `${parts.join('')}\r\n`;
      const line = 'x-amz-checksum-crc32:DUoRhQ==\n';
      return `${parts.join('')}${line.trim()}\r\nx-amz-trailer-signature:${chunks.next('TRAILER', sha256(line))}\r\n\r\n`;
    };
    const whole = signed(['hello ', 'world', '']);
    expect((await send(ask.url, { method: 'PUT', headers, body: whole })).status).toBe(200);
    expect((await opened.endpoints.s3.get(Bucket, 'pieces')).toString()).toBe('hello world');
    const broken: Record<string, string> = {
      'a piece changed': signed(['hello ', 'world', ''], ['hello ', 'w0rld', '']),
      'a signature left out': whole.replace(/;chunk-signature=[0-9a-f]+/, ''),
      'the last piece unsigned': whole.replace(/0;chunk-signature=[0-9a-f]+/, '0'),
      'a signature of another place': whole.replace(
        /5;chunk-signature=[0-9a-f]+/,
        /6(;chunk-signature=[0-9a-f]+)/.exec(whole)![1]!.replace(/^/, '5'),
      ),
      ...(payload.endsWith('TRAILER')
        ? { 'trailer unsigned': whole.replace(/x-amz-trailer-signature:\S+\r\n/, '') }
        : {}),
    };
    for (const [name, body] of Object.entries(broken)) {
      const answer = await send(ask.url.replace('pieces', 'pieces'), { method: 'PUT', headers, body });
      expect([name, answer.status, answer.text]).toEqual([name, 403, expect.stringContaining('SignatureDoesNotMatch')]);
    }
    expect((await opened.endpoints.s3.get(Bucket, 'pieces')).toString()).toBe('hello world');
  });

  test('a link for one key puts one key, and a payload that is not signed is taken as such', async () => {
    const link = await presigned(user(), s3Ask(`/${Bucket}/by-link`, { method: 'PUT' }));
    expect((await send(opened.url + link, { method: 'PUT', body: 'any' })).status).toBe(200);
    expect((await send(opened.url + link.replace('by-link', 'kept'), { method: 'PUT', body: 'any' })).status).toBe(403);
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const ask = s3Ask(`/${Bucket}/unsigned-payload`, { method: 'PUT', headers, body: 'body' });
    expect((await sendSigned(user(), ask)).status).toBe(200);
    await opened.clients.s3.send(new PutObjectCommand({ Bucket, Key: "ä (1)+~!*'/b", Body: 'é' }));
    const { Body } = await opened.clients.s3.send(new GetObjectCommand({ Bucket, Key: "ä (1)+~!*'/b" }));
    expect(await Body!.transformToString()).toBe('é');
  });
});
