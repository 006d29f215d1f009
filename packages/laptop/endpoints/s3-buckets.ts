import { EndpointError } from './errors';
import { readBody } from './json';
import { ALGORITHMS, type Algorithm } from './checksums';
import type { ObjectInfo, Removal, S3Store } from './s3-types';
import type { EndpointCall, EndpointReply } from './types';
import { s3Xml, type XmlNode } from './xml';

/** A call on one bucket. */
export interface BucketCall {
  readonly store: S3Store;
  readonly call: EndpointCall;
  readonly bucket: string;
  readonly region: string;
  readonly account: string;
}

const xml = (body: string): EndpointReply => ({ status: 200, headers: { 'content-type': 'application/xml' }, body });
const arnOf = (bucket: string): string => `arn:aws:s3:::${bucket}`;

export function listBuckets({ store, call, account, region }: Omit<BucketCall, 'bucket'>): EndpointReply {
  call.allow('s3:ListAllMyBuckets', '*');
  const prefix = call.query.get('prefix') ?? '';
  const buckets = store.buckets().filter((b) => b.name.startsWith(prefix));
  return xml(
    s3Xml('ListAllMyBucketsResult', {
      Owner: { ID: account, DisplayName: 'carelake' },
      Buckets: {
        Bucket: buckets.map((b) => ({
          Name: b.name,
          CreationDate: new Date(b.createdAt).toISOString(),
          BucketRegion: region,
        })),
      },
    }),
  );
}

export function headBucket({ store, call, bucket, region }: BucketCall): EndpointReply {
  call.allow('s3:ListBucket', arnOf(bucket));
  if (!store.hasBucket(bucket))
    throw new EndpointError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: bucket });
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
}

export function createBucket({ store, call, bucket }: BucketCall): EndpointReply {
  call.allow('s3:CreateBucket', arnOf(bucket));
  if (store.hasBucket(bucket))
    throw new EndpointError(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
      { BucketName: bucket },
    );
  store.createBucket(bucket);
  return { status: 200, headers: { location: `/${bucket}` } };
}

export function deleteBucket({ store, call, bucket }: BucketCall): EndpointReply {
  call.allow('s3:DeleteBucket', arnOf(bucket));
  store.deleteBucket(bucket);
  return { status: 204 };
}

export function bucketLocation({ store, call, bucket, region }: BucketCall): EndpointReply {
  call.allow('s3:GetBucketLocation', arnOf(bucket));
  headOnly(store, bucket);
  const location = region === 'us-east-1' ? '' : region;
  return xml(
    `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${location}</LocationConstraint>`,
  );
}

function headOnly(store: S3Store, bucket: string): void {
  if (!store.hasBucket(bucket))
    throw new EndpointError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: bucket });
}

/** ListObjectsV2 and, for clients that still send it, ListObjects. */
export function listObjects({ store, call, bucket, account }: BucketCall): EndpointReply {
  const { query } = call;
  const v2 = query.get('list-type') === '2';
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  call.allow('s3:ListBucket', arnOf(bucket), {
    's3:prefix': prefix,
    ...(delimiter ? { 's3:delimiter': delimiter } : {}),
  });
  const maxKeys = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new EndpointError('InvalidArgument', 'Provided max-keys not an integer or within integer range', 400, {
      ArgumentName: 'max-keys',
    });
  const token = query.get('continuation-token');
  const continuation = token === null ? undefined : Buffer.from(token, 'base64').toString('utf8');
  if (continuation !== undefined && !/^[kp]/.test(continuation))
    throw new EndpointError('InvalidArgument', 'The continuation token provided is incorrect', 400, {
      ArgumentName: 'continuation-token',
    });
  const startAfter = (v2 ? query.get('start-after') : query.get('marker')) || undefined;
  const page = store.list(bucket, { prefix, delimiter, maxKeys: Math.min(maxKeys, 1000), startAfter, continuation });
  const encode =
    query.get('encoding-type') === 'url'
      ? (t: string) => encodeURIComponent(t).replaceAll('%2F', '/')
      : (t: string) => t;
  const withOwner = !v2 || query.get('fetch-owner') === 'true';
  const contents = page.objects.map((o) => contentsOf(o, encode, withOwner ? account : undefined));
  const shared = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: page.next !== undefined,
    Contents: contents,
    CommonPrefixes: page.commonPrefixes.map((p) => ({ Prefix: encode(p) })),
  };
  if (!v2)
    return xml(
      s3Xml('ListBucketResult', {
        ...shared,
        Marker: encode(startAfter ?? ''),
        NextMarker: page.next === undefined ? undefined : encode(page.next.slice(1)),
      }),
    );
  return xml(
    s3Xml('ListBucketResult', {
      ...shared,
      StartAfter: startAfter === undefined ? undefined : encode(startAfter),
      KeyCount: page.objects.length + page.commonPrefixes.length,
      ContinuationToken: token ?? undefined,
      NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next, 'utf8').toString('base64'),
    }),
  );
}

const contentsOf = (o: ObjectInfo, encode: (t: string) => string, owner: string | undefined): XmlNode => ({
  Key: encode(o.key),
  LastModified: new Date(o.lastModified).toISOString(),
  ETag: `"${o.etag}"`,
  ...(Object.keys(o.checksums ?? {}).length > 0
    ? {
        ChecksumAlgorithm: Object.keys(o.checksums ?? {}).map((a) => ALGORITHMS[a as Algorithm]) as unknown as XmlNode,
        ChecksumType: o.checksumType,
      }
    : {}),
  Size: o.size,
  StorageClass: 'STANDARD',
  Owner: owner === undefined ? undefined : { ID: owner, DisplayName: 'carelake' },
});

/** Content of every element of a name in a small document that a client sent. */
export function elements(xmlText: string, name: string): string[] {
  return [...xmlText.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map((m) => m[1] ?? '');
}
/** Content as text. */
export function unescapeXml(content: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return content.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex: string, decimal: string, name: string) =>
    hex
      ? String.fromCodePoint(parseInt(hex, 16))
      : decimal
        ? String.fromCodePoint(Number(decimal))
        : (named[name] ?? whole),
  );
}

const deletedOf = (key: string, versionId: string | undefined, removal: Removal): XmlNode => ({
  Key: key,
  VersionId: versionId,
  DeleteMarker: removal.deleteMarker,
  DeleteMarkerVersionId: removal.deleteMarker ? removal.versionId : undefined,
});

/** DeleteObjects: up to 1,000 keys; what may not be deleted is reported, the rest goes. */
export async function deleteObjects({ store, call, bucket }: BucketCall): Promise<EndpointReply> {
  const body = (await readBody(call, 2 * 1024 * 1024)).toString('utf8');
  headOnly(store, bucket);
  const keys = elements(body, 'Object').map((o) => ({
    key: unescapeXml(elements(o, 'Key')[0] ?? ''),
    versionId: elements(o, 'VersionId')[0],
  }));
  if (keys.length === 0 || keys.length > 1000)
    throw new EndpointError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  const quiet = elements(body, 'Quiet')[0] === 'true';
  const errors: XmlNode[] = [];
  const deleted: XmlNode[] = [];
  for (const { key, versionId } of keys) {
    try {
      const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
      call.allow(action, `${arnOf(bucket)}/${key}`);
      const removal = store.delete(bucket, key, versionId);
      if (!quiet) deleted.push(deletedOf(key, versionId, removal));
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      errors.push({ Key: key, Code: 'AccessDenied', Message: error.message });
    }
  }
  return xml(s3Xml('DeleteResult', { Deleted: deleted, Error: errors }));
}
