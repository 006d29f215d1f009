import { EndpointError } from './errors';

/** Headers as Node gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** The parts of a request that a signature covers, its body aside. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

/** Signature of version 4, by header or by query. */
export interface SignatureV4 {
  readonly version: 4;
  readonly accessKeyId: string;
  /** Day of the credential scope, `YYYYMMDD`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As signed: `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  readonly sessionToken?: string;
  /** Seconds that a presigned request is good for; absent in a header. */
  readonly expires?: number;
}

/** Signature of version 2, which S3 takes and older clients put into the links that they sign. */
export interface SignatureV2 {
  readonly version: 2;
  readonly accessKeyId: string;
  readonly service: 's3';
  readonly signature: string;
  /** Seconds since 1970-01-01 UTC at which a presigned request ends; absent in a header. */
  readonly expires?: number;
}

export type Signature = SignatureV4 | SignatureV2;

const SCOPE = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;
const incomplete = (message: string): EndpointError => new EndpointError('IncompleteSignatureException', message, 403);

/** Reads how a request is signed. @returns undefined for an unsigned one. */
export function readSignature({ headers, query }: Pick<SignedRequest, 'headers' | 'query'>): Signature | undefined {
  const authorization = headers['authorization'];
  if (authorization)
    return authorization.startsWith('AWS ') ? headerV2(authorization) : headerV4(authorization, headers);
  const credential = query.get('X-Amz-Credential');
  if (credential !== null) return queryV4(credential, query);
  const accessKeyId = query.get('AWSAccessKeyId');
  const signature = query.get('Signature');
  if (accessKeyId === null || signature === null) return undefined;
  return { version: 2, accessKeyId, service: 's3', signature, expires: Number(query.get('Expires') ?? NaN) };
}

function headerV4(authorization: string, headers: Headers): SignatureV4 {
  if (!authorization.startsWith('AWS4-HMAC-SHA256'))
    throw incomplete('the Authorization header carries no AWS credential of a supported kind');
  const part = (name: string): string => {
    const found = new RegExp(`(?:^|[\\s,])${name}=([^,\\s]+)`).exec(authorization)?.[1];
    if (found === undefined) throw incomplete(`the Authorization header carries no ${name}`);
    return found;
  };
  return {
    version: 4,
    ...scopeOf(part('Credential')),
    signedHeaders: part('SignedHeaders').toLowerCase().split(';'),
    signature: part('Signature'),
    date: headers['x-amz-date'] ?? basicDate(headers['date']),
    sessionToken: headers['x-amz-security-token'],
  };
}

function queryV4(credential: string, query: URLSearchParams): SignatureV4 {
  const malformed = (message: string): EndpointError =>
    new EndpointError('AuthorizationQueryParametersError', message, 400);
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') throw malformed('X-Amz-Algorithm is not AWS4-HMAC-SHA256');
  const expires = Number(query.get('X-Amz-Expires') ?? NaN);
  if (!Number.isInteger(expires) || expires < 1 || expires > 604_800)
    throw malformed('X-Amz-Expires is not a number of seconds from 1 to 604800');
  return {
    version: 4,
    ...scopeOf(credential),
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    expires,
  };
}

function headerV2(authorization: string): SignatureV2 {
  const found = /^AWS ([^:\s]+):(\S+)$/.exec(authorization);
  if (!found) throw incomplete('the Authorization header carries no AWS credential');
  return { version: 2, accessKeyId: found[1] as string, service: 's3', signature: found[2] as string };
}

function scopeOf(credential: string): Pick<SignatureV4, 'accessKeyId' | 'day' | 'region' | 'service'> {
  const scope = SCOPE.exec(credential);
  if (!scope) throw incomplete('the credential scope is not key/date/region/service/aws4_request');
  const [, accessKeyId = '', day = '', region = '', service = ''] = scope;
  return { accessKeyId, day, region, service };
}

/** The `Date` header in the notation of a signature, for clients that send no `X-Amz-Date`. */
function basicDate(date: string | undefined): string {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? '' : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Milliseconds since 1970-01-01 UTC of a signature's date. */
export function timeOf(date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!parts) throw incomplete('X-Amz-Date is missing or malformed');
  const [year = 0, month = 1, day, hour, minute, second] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
