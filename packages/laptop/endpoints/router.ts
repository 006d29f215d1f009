import { envHint } from '../hint';
import { randomUUID } from 'node:crypto';
import { DiskFull } from '../disk';
import { authenticate } from './authenticate';
import { harmless, refuseForeign } from './browsers';
import { EndpointError, jsonError, queryError, s3Error, unknownOperation } from './errors';
import type { Page } from './page';
import { readSignature, type Signature } from './signature';
import { bucketOfHost } from './s3';
import type { Authorizer, Callers, EndpointCall, EndpointReply } from './types';

type JsonEndpoint = (call: EndpointCall, operation: string) => Promise<EndpointReply>;
type PlainEndpoint = (call: EndpointCall) => Promise<EndpointReply>;

/** The endpoints behind the port. */
export interface EndpointSet {
  /** By the prefix of X-Amz-Target. */
  readonly json: Readonly<Record<string, JsonEndpoint>>;
  readonly s3: PlainEndpoint;
  /** Those of the query protocol, by service. */
  readonly query: Readonly<Record<string, PlainEndpoint>>;
}

/** A request of either HTTP, before anything is known of it. */
export type RawRequest = Pick<EndpointCall, 'method' | 'path' | 'headers' | 'body' | 'continueBody'>;

export interface RouterOptions {
  readonly endpoints: EndpointSet;
  readonly callers: Callers;
  readonly authorizer: () => Authorizer | undefined;
  readonly page: Pick<Page, 'answer'>;
}

/**
 * Finds the endpoint of a request: by X-Amz-Target, else by the service in the credential scope (header or presigned query). What finds
 * none gets its protocol's error.
 */
export function createRouter(options: RouterOptions): (request: RawRequest) => Promise<EndpointReply> {
  return async (request) => harmless(await answer(options, request));
}

async function answer(options: RouterOptions, request: RawRequest): Promise<EndpointReply> {
  const requestId = randomUUID();
  const mark = request.path.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : request.path.slice(mark + 1));
  const target = request.headers['x-amz-target'];
  let form: 'json' | 's3' | 'query' = target === undefined ? 's3' : 'json';
  try {
    refuseForeign(request.headers);
    const signature = readSignature({ headers: request.headers, query });
    const page = signature ? undefined : options.page.answer({ ...request, query });
    if (page) return page;
    if (!signature) throw unsigned();
    if (form === 's3' && signature.service !== 's3') form = isXml(request, signature) ? 'query' : 'json';
    const signed = await authenticate({ ...request, query }, signature, options.callers, bucketOfHost(request.headers));
    const call = callOf(options, { ...request, query, requestId, ...signed });
    const reply = await dispatch(options.endpoints, call, target, signature);
    return { ...reply, headers: { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId, ...reply.headers } };
  } catch (error) {
    const known = error instanceof EndpointError ? error : error instanceof DiskFull ? noRoom(error) : internal(error);
    if (form === 'json') return jsonError(known, requestId);
    if (form === 'query') return queryError(known, requestId);
    const reply = s3Error(known, requestId, request.path.split('?')[0] ?? '/');
    // A HEAD has no body; S3's clients then tell errors by their status alone.
    return request.method === 'HEAD'
      ? { ...reply, headers: { ...reply.headers, 'content-length': '0' }, body: undefined }
      : reply;
  }
}

/** Services whose answers are XML at addresses of their own; those of the query protocol are told by the form that they send. */
const REST_XML = new Set(['cloudfront', 'route53', 's3control', 's3express']);

/** Whether a client of another service than S3 reads errors as XML: another form it would call unreadable, and hide what it says. */
const isXml = ({ headers }: RawRequest, { service = '' }: Signature): boolean =>
  service === 'sts' ||
  REST_XML.has(service) ||
  (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');

const unsigned = (): EndpointError =>
  new EndpointError(
    'MissingAuthenticationTokenException',
    `the request is not signed; ${envHint('the exports with which any AWS client can sign')}`,
    403,
  );

function dispatch(
  endpoints: EndpointSet,
  call: EndpointCall,
  target: string | undefined,
  signature: Signature,
): Promise<EndpointReply> {
  if (target !== undefined) {
    const [prefix = '', operation = ''] = target.split('.');
    const endpoint = Object.hasOwn(endpoints.json, prefix) ? endpoints.json[prefix] : undefined;
    if (!endpoint) throw unknownOperation(prefix, operation);
    return endpoint(call, operation);
  }
  if (signature.service === 's3') return endpoints.s3(call);
  const { service = '' } = signature;
  if (Object.hasOwn(endpoints.query, service)) return endpoints.query[service]!(call);
  throw unknownOperation(service || 'unnamed', `${call.method} ${call.path.split('?')[0]}`);
}

function callOf(options: RouterOptions, request: Omit<EndpointCall, 'allow'>): EndpointCall {
  const { caller } = request;
  return {
    ...request,
    allow(action, resource, context = {}) {
      const reason = options.authorizer()?.({ caller, action, resource, context });
      if (reason !== undefined)
        throw new EndpointError(
          'AccessDeniedException',
          `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because ${reason}`,
        );
    },
  };
}

/** Clients try again what is answered so; what was acknowledged before is kept. */
const noRoom = ({ message }: DiskFull): EndpointError => new EndpointError('ServiceUnavailable', message, 503);

/** An unexpected error of an endpoint. Its text stays here: it could quote data. */
function internal(error: unknown): EndpointError {
  const where =
    error instanceof Error ? (error.stack ?? '').split('\n').find((line) => /^\s+at /.test(line)) : undefined;
  console.error(
    `carelake: an endpoint failed: ${error instanceof Error ? error.name : typeof error}${where ? ` ${where.trim()}` : ''}`,
  );
  return new EndpointError('InternalFailure', 'the endpoint failed; see the output of the platform', 500);
}
