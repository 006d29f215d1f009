import { escapeXml } from './xml';

/** An error that an endpoint answers with, in its protocol's own form. Messages name sizes, limits and names of resources, never data. */
export class EndpointError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    /** Members beside code and message. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = code;
  }
}

/** What an endpoint says of an operation it does not implement; an empty success would be taken for an answer. */
export function unknownOperation(service: string, operation: string): EndpointError {
  return new EndpointError(
    'UnknownOperationException',
    `the laptop's ${service} endpoint does not implement ${operation}`,
  );
}

/** JSON 1.1 form: Kinesis, Secrets Manager, Redshift Data. */
export function jsonError(
  error: EndpointError,
  requestId: string,
): { status: number; headers: Record<string, string>; body: string } {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': error.code,
    },
    body: JSON.stringify({ __type: error.code, message: error.message, ...error.fields }),
  };
}

/** S3's form. The JSON protocols' names for refusals are S3's without `Exception`. */
export function s3Error(
  error: EndpointError,
  requestId: string,
  resource: string,
): { status: number; headers: Record<string, string>; body: string } {
  const code = error.code.replace(/Exception$/, '');
  const named = code === 'UnknownOperation' ? 'NotImplemented' : code;
  const status = named === 'AccessDenied' ? 403 : named === 'NotImplemented' ? 501 : error.status;
  const members = { Code: named, Message: error.message, Resource: resource, ...error.fields, RequestId: requestId };
  const inner = Object.entries(members)
    .map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
    .join('');
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}</Error>`,
  };
}

/** The query protocol's form. */
export function queryError(
  error: EndpointError,
  requestId: string,
): { status: number; headers: Record<string, string>; body: string } {
  const code = error.code === 'UnknownOperationException' ? 'InvalidAction' : error.code.replace(/Exception$/, '');
  return {
    status: code === 'AccessDenied' ? 403 : error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${escapeXml(code)}</Code>` +
      `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}
