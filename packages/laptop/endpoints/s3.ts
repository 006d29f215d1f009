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

async function onBucket(c: BucketCall, multipart: Multipart): Promise<EndpointReply> {
  const { call } = c;
  const sub = subresource(call);
  switch (`${call.method} ${sub ?? ''}`) {
    case 'GET ':
      return listObjects(c);
    case 'HEAD ':
      return headBucket(c);
    case 'PUT ':
      return createBucket(c);
    case 'DELETE ':
      return deleteBucket(c);
    case 'GET location':
      return bucketLocation(c);
    case 'GET versions':
      return listVersions(c);
    case 'GET versioning':
      return bucketVersioning(c);
    case 'POST delete':
      return deleteObjects(c);
    case 'GET uploads':
      call.allow('s3:ListBucketMultipartUploads', `arn:aws:s3:::${c.bucket}`);
      c.store.list(c.bucket, { maxKeys: 0 });
      return multipart.listUploads(c.bucket);
    default:
      throw notImplemented(call, sub ? `a bucket's ${sub}` : 'a bucket');
  }
}

async function onObject(c: ObjectCall, multipart: Multipart): Promise<EndpointReply> {
  const { call } = c;
  const sub = subresource(call);
  const upload = call.query.has('uploadId');
  const copy = call.headers['x-amz-copy-source'] !== undefined;
  switch (`${call.method} ${sub ?? ''}${upload ? '+upload' : ''}`) {
    case 'GET ':
    case 'HEAD ':
      return getObject(c);
    case 'PUT ':
      return copy ? copyObject(c) : putObject(c);
    case 'DELETE ':
      return deleteObject(c);
    case 'GET tagging':
      return objectTags(c);
    case 'POST uploads':
      return multipart.create(c);
    case 'PUT +upload':
      return copy ? multipart.copyPart(c) : multipart.putPart(c);
    case 'POST +upload':
      return multipart.complete(c);
    case 'DELETE +upload':
      return multipart.abort(c);
    case 'GET +upload':
      return multipart.listParts(c);
    default:
      throw notImplemented(call, sub ? `an object's ${sub}` : 'an object');
  }
}
