import { CopyError } from '../engines/copy-error';
import type { Caller } from './types';
import type { S3Store } from './s3-types';

/** Asks whether the role may; throws the text of the refusal. */
export type RoleGuard = (action: string, resource: string) => void;

/**
 * The lake as COPY and UNLOAD see it: by the IAM role that the namespace names as its default, and no further.
 * @param guard undefined while no authorizer is set; everything is then allowed, as on the endpoints.
 */
export function asRole(s3: S3Store, guard: () => RoleGuard | undefined): S3Store {
  const checked: Partial<S3Store> = {
    // COPY needs to list the bucket of whatever it reads.
    hasBucket: (bucket) => {
      guard()?.('s3:ListBucket', `arn:aws:s3:::${bucket}`);
      return s3.hasBucket(bucket);
    },
    head: (bucket, key) => {
      guard()?.('s3:GetObject', `arn:aws:s3:::${bucket}/${key}`);
      return s3.head(bucket, key);
    },
    put: (bucket, key, ...rest) => {
      guard()?.('s3:PutObject', `arn:aws:s3:::${bucket}/${key}`);
      return s3.put(bucket, key, ...rest);
    },
  };
  return new Proxy(s3, {
    get(target, name) {
      const own = Reflect.get(checked, name) as unknown;
      if (own !== undefined) return own;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The warehouse's own caller: it has no access key, since nobody else can be it. */
export const warehouseCaller = (roleArn: string): Caller => ({ kind: 'role', arn: roleArn, accessKeyId: '' });

/** What Redshift says when S3 refuses its role. */
export const refusedByS3 = (action: string, reason: string): CopyError =>
  new CopyError(`S3ServiceException: not authorized to perform: ${action}; ${reason},Status 403,Error AccessDenied`);
