import { EndpointError } from './errors';
import type { BucketCall } from './s3-buckets';
import type { EndpointReply } from './types';
import { versionIdOf } from './s3-kept-versions';
import { s3Xml } from './xml';

/** ListObjectVersions. In a bucket that keeps none every object is its only version, `null`. */
export function listVersions({ store, call, bucket }: BucketCall): EndpointReply {
  call.allow('s3:ListBucketVersions', `arn:aws:s3:::${bucket}`);
  const { query } = call;
  if (query.get('delimiter'))
    throw new EndpointError('NotImplemented', "the laptop's S3 endpoint lists versions only without a delimiter", 501);
  const maxKeys = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new EndpointError('InvalidArgument', 'Provided max-keys not an integer or within integer range', 400, {
      ArgumentName: 'max-keys',
    });
  const prefix = query.get('prefix') ?? '';
  const marker = query.get('key-marker') ?? '';
  const versionId = query.get('version-id-marker') || undefined;
  const page = store.listVersions(bucket, {
    prefix,
    maxKeys: Math.min(maxKeys, 1000),
    after: marker ? { key: marker, versionId } : undefined,
  });
  const encode =
    query.get('encoding-type') === 'url'
      ? (t: string): string => encodeURIComponent(t).replaceAll('%2F', '/')
      : (t: string): string => t;
  const common = (v: (typeof page.versions)[number]): Record<string, string | boolean> => ({
    Key: encode(v.key),
    VersionId: versionIdOf(v),
    IsLatest: v.isLatest,
    LastModified: new Date(v.lastModified).toISOString(),
  });
  const body = s3Xml('ListVersionsResult', {
    Name: bucket,
    Prefix: encode(prefix),
    KeyMarker: encode(marker),
    MaxKeys: maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: page.next !== undefined,
    NextKeyMarker: page.next && encode(page.next.key),
    NextVersionIdMarker: page.next?.versionId,
    VersionIdMarker: versionId,
    Version: page.versions
      .filter((v) => !v.deleteMarker)
      .map((v) => ({ ...common(v), ETag: `"${v.etag}"`, Size: v.size, StorageClass: 'STANDARD' })),
    DeleteMarker: page.versions.filter((v) => v.deleteMarker).map(common),
  });
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

/** GetBucketVersioning. */
export function bucketVersioning({ store, call, bucket }: BucketCall): EndpointReply {
  call.allow('s3:GetBucketVersioning', `arn:aws:s3:::${bucket}`);
  const body = s3Xml('VersioningConfiguration', { Status: store.isVersioned(bucket) ? 'Enabled' : undefined });
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}
