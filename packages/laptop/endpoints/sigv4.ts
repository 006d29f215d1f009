import { createHash } from 'node:crypto';
import { EndpointError } from './errors';
import type { Caller, Callers, Credentials } from './types';

/** How a request says who sent it and to which service. */
export interface Signature {
  readonly accessKeyId: string;
  /** From the credential scope; absent in signatures of version 2, which only S3 still takes. */
  readonly service?: string;
  /** Milliseconds since 1970-01-01 UTC after which a presigned request is void. */
  readonly expiresAt?: number;
}

const SCOPE = /^([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/;

/**
 * Reads the signature of a request: SigV4 header or query, SigV2 header or query. Loopback needs no proof of the secret: the
 * access key names the caller, as the folder's files already belong to whoever can reach the port.
 * @returns undefined for an unsigned request.
 */
export function readSignature(
  headers: Readonly<Record<string, string | undefined>>,
  query: URLSearchParams,
): Signature | undefined {
  const authorization = headers['authorization'];
  if (authorization) {
    const v4 = /Credential=([^,\s]+)/.exec(authorization);
    if (v4) return fromScope(v4[1] ?? '');
    const v2 = /^AWS ([^:]+):/.exec(authorization);
    if (v2) return { accessKeyId: v2[1] ?? '', service: 's3' };
    throw new EndpointError('IncompleteSignatureException', 'the Authorization header carries no AWS credential', 403);
  }
  const credential = query.get('X-Amz-Credential');
  if (credential) return { ...fromScope(credential), expiresAt: presignedUntil(query) };
  const key = query.get('AWSAccessKeyId');
  if (key && query.has('Signature'))
    return { accessKeyId: key, service: 's3', expiresAt: Number(query.get('Expires') ?? 0) * 1000 };
  return undefined;
}

function fromScope(credential: string): Signature {
  const scope = SCOPE.exec(credential);
  if (!scope)
    throw new EndpointError(
      'IncompleteSignatureException',
      'the credential scope is not key/date/region/service/aws4_request',
      403,
    );
  return { accessKeyId: scope[1] ?? '', service: scope[3] };
}

function presignedUntil(query: URLSearchParams): number {
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  if (!date) throw new EndpointError('AuthorizationQueryParametersError', 'X-Amz-Date is missing or malformed', 400);
  const [y, mo, d, h, mi, s] = date.slice(1).map(Number);
  return Date.UTC(y ?? 0, (mo ?? 1) - 1, d, h, mi, s) + Number(query.get('X-Amz-Expires') ?? 0) * 1000;
}

/** The registry of callers of one laptop. */
export function createCallers(account: string): Callers {
  const roles = new Map<string, string>();
  return {
    registerRole(roleArn): Credentials {
      const digest = createHash('sha256').update(roleArn).digest('hex');
      const accessKeyId = `LKIA${digest.slice(0, 16).toUpperCase()}`;
      roles.set(accessKeyId, roleArn);
      return { accessKeyId, secretAccessKey: digest.slice(16, 56), sessionToken: `carelake-${digest.slice(56)}` };
    },
    resolve(accessKeyId): Caller | undefined {
      if (!/^LKIA[0-9A-F]{16}$/.test(accessKeyId))
        return { kind: 'user', arn: `arn:aws:iam::${account}:user/carelake`, accessKeyId };
      const arn = roles.get(accessKeyId);
      return arn === undefined ? undefined : { kind: 'role', arn, accessKeyId };
    },
  };
}
