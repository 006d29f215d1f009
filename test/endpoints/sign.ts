import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { request } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Credentials } from '@carelake/laptop/endpoints/server';

type User = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'> & Partial<Credentials>;

/** What the SDK's signer hashes with. */
class Sha256 {
  private readonly hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array));
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
  reset(): void {
    throw new Error('not needed');
  }
}

/** A request that the SDK's own signer signs. */
export interface ToSign {
  readonly method?: string;
  readonly url: string;
  readonly service: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly date?: Date;
  /** Whether the hash of the body is named in a header, as the SDKs do and the AWS CLI does not. */
  readonly named?: boolean;
  /** Seconds that a presigned request is good for. */
  readonly expires?: number;
}

function parts({ method = 'GET', url, headers = {}, body }: ToSign) {
  const { hostname, port, host, pathname, searchParams } = new URL(url);
  return {
    method,
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: { host, ...headers },
    body,
  };
}

const signer = (credentials: User, { service, named = true }: ToSign): SignatureV4 =>
  new SignatureV4({
    credentials,
    region: 'us-east-1',
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: named,
  });

/** Headers of a request signed by header. */
export async function signedHeaders(credentials: User, ask: ToSign): Promise<Record<string, string>> {
  const { headers } = await signer(credentials, ask).sign(parts(ask), { signingDate: ask.date });
  return headers;
}

/** Path and query of a request signed by query. */
export async function presigned(credentials: User, ask: ToSign): Promise<string> {
  const { path, query = {} } = await signer(credentials, ask).presign(
    { ...parts(ask), headers: { ...parts(ask).headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    { signingDate: ask.date, expiresIn: ask.expires ?? 60, unhoistableHeaders: new Set() },
  );
  return `${path}?${new URLSearchParams(query as Record<string, string>).toString().replaceAll('+', '%20')}`;
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

/** Sends a request without a client. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (c: Buffer) => chunks.push(c));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Signs a request by header and sends it. */
export async function sendSigned(credentials: User, ask: ToSign): Promise<RawAnswer> {
  return send(ask.url, { ...ask, headers: await signedHeaders(credentials, ask) });
}
