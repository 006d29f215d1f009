import { EndpointError } from './errors';
import type { BucketCall } from './s3-buckets';
import type { EndpointReply } from './types';
import { s3Xml } from './xml';

/** ListObjectVersions, as S3 answers it for a bucket that keeps no versions: every object is its only version, `null`. */
export function listVersions({ store, call, bucket }: BucketCall): EndpointReply {
  call.allow('s3:ListBucketVersions', `arn:aws:s3:::${bucket}`);
  const { query } = call;
  if (query.get('delimiter'))
    throw new EndpointError('NotImplemented', "the laptop's S3 endpoint lists versions without a delimiter only", 501);
  const maxKeys = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new EndpointError('InvalidArgument', 'Provided max-keys not an integer or within integer range', 400, {
      ArgumentName: 'max-keys',
    });
  const prefix = query.get('prefix') ?? '';
  const marker = query.get('key-marker') ?? '';
  const page = store.list(bucket, { prefix, maxKeys: Math.min(maxKeys, 1000), startAfter: marker || undefined });
  const encode =
    query.get('encoding-type') === 'url'
      ? (t: string): string => encodeURIComponent(t).replaceAll('%2F', '/')
      : (t: string): string => t;
  const last = page.next === undefined ? undefined : page.objects.at(-1)?.key;
  const body = s3Xml('ListVersionsResult', {
    Name: bucket,
    Prefix: encode(prefix),
    KeyMarker: encode(marker),
    MaxKeys: maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: last !== undefined,
    NextKeyMarker: last === undefined ? undefined : encode(last),
    NextVersionIdMarker: last === undefined ? undefined : 'null',
    Version: page.objects.map((o) => ({
      Key: encode(o.key),
      VersionId: 'null',
      IsLatest: true,
      LastModified: new Date(o.lastModified).toISOString(),
      ETag: `"${o.etag}"`,
      Size: o.size,
      StorageClass: 'STANDARD',
    })),
  });
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}
