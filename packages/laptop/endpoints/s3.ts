import { join } from 'node:path';
import type { Clock } from '../clock';
import { EndpointError } from './errors';
import {
  type BucketCall,
  bucketLocation,
  createBucket,
  deleteBucket,
  deleteObjects,
  headBucket,
  listBuckets,
  listObjects,
} from './s3-buckets';
import { bucketVersioning, listVersions } from './s3-versions';
import { Multipart } from './s3-multipart';
import { copyObject, deleteObject, getObject, type ObjectCall, objectTags, putObject } from './s3-objects';
import type { S3Store } from './s3-types';
import type { EndpointCall, EndpointReply } from './types';

/** Query parameters that carry no sub-resource: signatures, and options of the operations below. */
const OPTIONS =
  /^(x-id|X-Amz-.*|AWSAccessKeyId|Signature|Expires|x-amz-.*|response-.*|list-type|prefix|delimiter|max-keys|marker|start-after|continuation-token|fetch-owner|encoding-type|optional-object-attributes|key-marker|version-id-marker|versionId|partNumber|uploadId|part-number-marker|max-parts|max-uploads|max-buckets)$/;

/** The S3 endpoint. */
export function s3Endpoint(store: S3Store, dataDir: string, clock: Clock, region: string, account: string) {
  const multipart = new Multipart(join(dataDir, 's3-state', 'uploads'), clock);
  return async (call: EndpointCall): Promise<EndpointReply> => {
    const { bucket, key } = placeOf(call);
    if (bucket === '') {
      if (call.method !== 'GET') throw notImplemented(call, 'a service operation');
      return listBuckets({ store, call, region, account });
    }
    if (key === '') return onBucket({ store, call, bucket, region, account }, multipart);
    return onObject({ store, call, bucket, key }, multipart);
  };
}

/** The bucket that the host names: `<bucket>.localhost`. */
export function bucketOfHost(headers: EndpointCall['headers']): string | undefined {
  const host = (headers[':authority'] ?? headers['host'] ?? '').replace(/:\d+$/, '').toLowerCase();
  return host.endsWith('.localhost') ? host.slice(0, -'.localhost'.length) : undefined;
}

/** Bucket and key: from the host (`<bucket>.localhost`) or the path. */
function placeOf(call: EndpointCall): { bucket: string; key: string } {
  const path = call.path.split('?')[0]?.slice(1) ?? '';
  const named = bucketOfHost(call.headers);
  try {
    if (named !== undefined) return { bucket: named, key: decodeURIComponent(path) };
    const slash = path.indexOf('/');
    return slash < 0
      ? { bucket: decodeURIComponent(path), key: '' }
      : { bucket: decodeURIComponent(path.slice(0, slash)), key: decodeURIComponent(path.slice(slash + 1)) };
  } catch {
    throw new EndpointError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

const subresource = (call: EndpointCall): string | undefined =>
  [...call.query.keys()].find((name) => !OPTIONS.test(name));
const notImplemented = (call: EndpointCall, what: string): EndpointError =>
  new EndpointError('NotImplemented', `the laptop's S3 endpoint does not implement ${call.method} of ${what}`, 501);

type Bucket = (c: BucketCall, multipart: Multipart) => EndpointReply | Promise<EndpointReply>;
type Objects = (c: ObjectCall, multipart: Multipart) => EndpointReply | Promise<EndpointReply>;

/** By method and sub-resource. */
export const ON_BUCKET: Readonly<Record<string, Bucket>> = {
  'GET ': listObjects,
  'HEAD ': headBucket,
  'PUT ': createBucket,
  'DELETE ': deleteBucket,
  'GET location': bucketLocation,
  'GET versions': listVersions,
  'GET versioning': bucketVersioning,
  'POST delete': deleteObjects,
  'GET uploads': ({ call, bucket, store }, multipart) => {
    call.allow('s3:ListBucketMultipartUploads', `arn:aws:s3:::${bucket}`);
    store.list(bucket, { maxKeys: 0 });
    return multipart.listUploads(bucket);
  },
};

const isCopy = ({ call }: ObjectCall): boolean => call.headers['x-amz-copy-source'] !== undefined;

/** By method and sub-resource; `+upload` where the query names a multipart upload. */
export const ON_OBJECT: Readonly<Record<string, Objects>> = {
  'GET ': getObject,
  'HEAD ': getObject,
  'PUT ': (c) => (isCopy(c) ? copyObject(c) : putObject(c)),
  'DELETE ': deleteObject,
  'GET tagging': objectTags,
  'POST uploads': (c, multipart) => multipart.create(c),
  'PUT +upload': (c, multipart) => (isCopy(c) ? multipart.copyPart(c) : multipart.putPart(c)),
  'POST +upload': (c, multipart) => multipart.complete(c),
  'DELETE +upload': (c, multipart) => multipart.abort(c),
  'GET +upload': (c, multipart) => multipart.listParts(c),
};

async function onBucket(c: BucketCall, multipart: Multipart): Promise<EndpointReply> {
  const sub = subresource(c.call);
  const operation = ON_BUCKET[`${c.call.method} ${sub ?? ''}`];
  if (!operation) throw notImplemented(c.call, sub ? `a bucket's ${sub}` : 'a bucket');
  return operation(c, multipart);
}

async function onObject(c: ObjectCall, multipart: Multipart): Promise<EndpointReply> {
  const sub = subresource(c.call);
  const operation = ON_OBJECT[`${c.call.method} ${sub ?? ''}${c.call.query.has('uploadId') ? '+upload' : ''}`];
  if (!operation) throw notImplemented(c.call, sub ? `an object's ${sub}` : 'an object');
  return operation(c, multipart);
}
