import { asDownload } from './browsers';
import { EndpointError } from './errors';
import { streamOf } from './files';
import { checksumHeaders, receive } from './s3-body';
import { versionIdOf } from './s3-kept-versions';
import type { ObjectInfo, PutOptions, S3Store } from './s3-types';
import type { EndpointCall, EndpointReply } from './types';
import { s3Xml } from './xml';

/** A call on one object. */
export interface ObjectCall {
  readonly store: S3Store;
  readonly call: EndpointCall;
  readonly bucket: string;
  readonly key: string;
}

const arnOf = (bucket: string, key: string): string => `arn:aws:s3:::${bucket}/${key}`;
const unquote = (etag: string): string => etag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
const quoted = (etag: string): string => `"${etag}"`;

/** Headers that come back as they were put. */
const KEPT = [
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-storage-class',
];

/** Headers of the answer that a reader may ask for, and no other. */
const OVERRIDDEN = /^response-(cache-control|content-(?:disposition|encoding|language|type)|expires)$/;

/** What a put or the beginning of a multipart upload says of its object. */
export function describeObject(
  headers: EndpointCall['headers'],
): Pick<PutOptions, 'contentType' | 'headers' | 'metadata'> {
  if (headers['x-amz-tagging'])
    throw new EndpointError('NotImplemented', "the laptop's S3 endpoint does not support tags", 501);
  const kept: Record<string, string> = {};
  for (const name of KEPT) if (headers[name] !== undefined) kept[name] = headers[name];
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((e) => e.trim())
    .filter((e) => e !== '' && e !== 'aws-chunked');
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',');
  const metadata = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') && value !== undefined ? [[name.slice('x-amz-meta-'.length), value]] : [],
    ),
  );
  return { contentType: headers['content-type'], headers: kept, metadata };
}

/** Objects carry no tags, which clients ask for before they copy in parts; a write that brings tags is refused. */
export function objectTags({ store, call, bucket, key }: ObjectCall): EndpointReply {
  call.allow('s3:GetObjectTagging', arnOf(bucket, key));
  if (!store.head(bucket, key))
    throw new EndpointError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: s3Xml('Tagging', { TagSet: '' }) };
}

/** Conditions of a write. Only `*` is a condition that S3 knows for If-None-Match. */
export function writeConditions(headers: EndpointCall['headers']): Pick<PutOptions, 'ifNoneMatch' | 'ifMatch'> {
  const none = headers['if-none-match'];
  if (none !== undefined && none.trim() !== '*')
    throw new EndpointError(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented: If-None-Match accepts only *',
      501,
    );
  const match = headers['if-match'];
  return { ifNoneMatch: none !== undefined, ifMatch: match === undefined ? undefined : unquote(match) };
}

/** Encryption headers that the answer of a write repeats. */
export const encryptionHeaders = (info: { headers?: Readonly<Record<string, string>> }): Record<string, string> =>
  Object.fromEntries(
    Object.entries(info.headers ?? {}).filter(([name]) => name.startsWith('x-amz-server-side-encryption')),
  );

export async function putObject({ store, call, bucket, key }: ObjectCall): Promise<EndpointReply> {
  call.allow('s3:PutObject', arnOf(bucket, key));
  const conditions = writeConditions(call.headers);
  const mark = store.begin(bucket, key);
  try {
    const { draft, checksums } = await receive(store, call);
    const info = store.commit(bucket, key, draft, { ...describeObject(call.headers), ...conditions, checksums, mark });
    return {
      status: 200,
      headers: {
        etag: quoted(info.etag),
        ...versionHeader(info),
        ...checksumHeaders(info.checksums, info.checksumType),
        ...encryptionHeaders(info),
      },
    };
  } finally {
    mark.end();
  }
}

/** Checks the conditions of a read. @returns a status that ends it, or undefined. */
function failedCondition(info: ObjectInfo, headers: EndpointCall['headers'], prefix = ''): 304 | 412 | undefined {
  const match = headers[`${prefix}if-match`];
  const none = headers[`${prefix}if-none-match`];
  const seconds = Math.floor(info.lastModified / 1000) * 1000;
  const matches = (list: string): boolean => list.split(',').some((e) => e.trim() === '*' || unquote(e) === info.etag);
  if (match !== undefined) {
    if (!matches(match)) return 412;
  } else {
    const since = Date.parse(headers[`${prefix}if-unmodified-since`] ?? '');
    if (since < seconds) return 412;
  }
  if (none !== undefined) return matches(none) ? 304 : undefined;
  const since = Date.parse(headers[`${prefix}if-modified-since`] ?? '');
  return since >= seconds ? 304 : undefined;
}

function objectHeaders(info: ObjectInfo, call: EndpointCall): Record<string, string> {
  const out: Record<string, string> = {
    etag: quoted(info.etag),
    'last-modified': new Date(info.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeader(info),
    'content-type': info.contentType ?? 'binary/octet-stream',
    ...info.headers,
  };
  for (const [name, value] of Object.entries(info.metadata ?? {})) out[`x-amz-meta-${name}`] = value;
  if (call.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED')
    Object.assign(out, checksumHeaders(info.checksums, info.checksumType));
  for (const [name, value] of call.query) {
    const overridden = OVERRIDDEN.exec(name)?.[1];
    if (overridden !== undefined) out[overridden] = value;
  }
  return call.method === 'GET' ? asDownload(out, call.headers) : out;
}

/** First and last byte of a range, both included. Undefined for a header that is no single byte range: S3 then sends everything. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const range = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').trim());
  if (!range || (range[1] === '' && range[2] === '')) return undefined;
  const [, from = '', to = ''] = range;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (start >= size || start > end)
    throw new EndpointError('InvalidRange', 'The requested range is not satisfiable', 416, {
      ActualObjectSize: String(size),
    });
  return { start, end };
}

/** GetObject and HeadObject. */
export function getObject({ store, call, bucket, key }: ObjectCall): EndpointReply {
  const versionId = call.query.get('versionId') ?? undefined;
  call.allow(versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion', arnOf(bucket, key));
  if (call.query.has('partNumber'))
    throw new EndpointError('NotImplemented', 'the laptop does not read single parts of an object', 501);
  const info = store.head(bucket, key, versionId);
  if (info?.deleteMarker)
    throw new EndpointError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
  if (!info) {
    // Whoever may not list the bucket is not told that an object is absent.
    call.allow('s3:ListBucket', `arn:aws:s3:::${bucket}`);
    throw versionId === undefined
      ? new EndpointError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key })
      : noSuchVersion(key, versionId);
  }
  const failed = failedCondition(info, call.headers);
  if (failed === 304) return { status: 304, headers: { etag: quoted(info.etag) } };
  if (failed === 412)
    throw new EndpointError(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
      {
        Condition: 'If-Match',
      },
    );
  const range = rangeOf(call.headers['range'], info.size);
  const headers = objectHeaders(info, call);
  headers['content-length'] = String(range ? range.end - range.start + 1 : info.size);
  if (range) {
    headers['content-range'] = `bytes ${range.start}-${range.end}/${info.size}`;
    // A checksum of the whole object would not fit the part.
    for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) delete headers[name];
  }
  const status = range ? 206 : 200;
  if (call.method === 'HEAD') return { status, headers };
  if (info.size === 0) return { status, headers, body: '' };
  return { status, headers, body: streamOf(store.pathOf(bucket, key, versionId), range) };
}

export function deleteObject({ store, call, bucket, key }: ObjectCall): EndpointReply {
  const versionId = call.query.get('versionId') ?? undefined;
  call.allow(versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', arnOf(bucket, key));
  const removal = store.delete(bucket, key, versionId);
  return {
    status: 204,
    headers: { ...versionHeader(removal), ...(removal.deleteMarker ? { 'x-amz-delete-marker': 'true' } : {}) },
  };
}

/** Names the version in an answer, where the bucket keeps versions. */
export const versionHeader = (info: { readonly versionId?: string }): Record<string, string> =>
  info.versionId === undefined ? {} : { 'x-amz-version-id': info.versionId };

const noSuchVersion = (key: string, versionId: string): EndpointError =>
  new EndpointError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key, VersionId: versionId });

/** The source of a copy: `bucket/key`, with or without a leading slash, percent-encoded. */
export function copySource({ store, call }: ObjectCall): ObjectInfo {
  const [path = '', query] = (call.headers['x-amz-copy-source'] ?? '').split('?');
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined;
  const source = decodeURIComponent(path).replace(/^\//, '');
  const slash = source.indexOf('/');
  if (slash < 1) throw new EndpointError('InvalidArgument', 'x-amz-copy-source is not bucket/key');
  const [bucket, key] = [source.slice(0, slash), source.slice(slash + 1)];
  call.allow(versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion', arnOf(bucket, key));
  const info = store.head(bucket, key, versionId);
  if (versionId !== undefined && (!info || info.deleteMarker)) throw noSuchVersion(key, versionId);
  if (!info) throw new EndpointError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
  if (failedCondition(info, call.headers, 'x-amz-copy-source-') !== undefined)
    throw new EndpointError(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
      {
        Condition: 'x-amz-copy-source-If-Match',
      },
    );
  return info;
}

export async function copyObject(c: ObjectCall): Promise<EndpointReply> {
  const { store, call, bucket, key } = c;
  const source = copySource(c);
  call.allow('s3:PutObject', arnOf(bucket, key));
  const replace = call.headers['x-amz-metadata-directive']?.toUpperCase() === 'REPLACE';
  if (source.bucket === bucket && source.key === key && !replace)
    throw new EndpointError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  const mark = store.begin(bucket, key);
  try {
    const kinds = Object.keys(source.checksums ?? {}) as (keyof NonNullable<ObjectInfo['checksums']>)[];
    const draft = await store.draft(streamOf(store.pathOf(source.bucket, source.key, versionIdOf(source))), kinds);
    const described = replace
      ? describeObject(call.headers)
      : { contentType: source.contentType, headers: source.headers, metadata: source.metadata };
    const info = store.commit(bucket, key, draft, {
      ...described,
      ...writeConditions(call.headers),
      mark,
      reason: 'CopyObject',
    });
    return {
      status: 200,
      headers: { 'content-type': 'application/xml', ...versionHeader(info) },
      body: s3Xml('CopyObjectResult', {
        ETag: quoted(info.etag),
        LastModified: new Date(info.lastModified).toISOString(),
      }),
    };
  } finally {
    mark.end();
  }
}
