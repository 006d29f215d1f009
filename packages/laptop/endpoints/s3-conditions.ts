import { EndpointError } from './errors';
import type { CommitOptions, ObjectInfo, PutOptions } from './s3-types';

/** @throws EndpointError where the conditions of a write do not hold */
export function checkConditions(current: ObjectInfo | undefined, options: PutOptions & CommitOptions): void {
  if (options.ifNoneMatch || options.ifMatch !== undefined) {
    if (options.mark?.conflict)
      throw new EndpointError(
        'ConditionalRequestConflict',
        'The conditional request cannot succeed due to a conflicting operation against this resource.',
        409,
      );
  }
  if (options.ifNoneMatch && current) throw precondition('If-None-Match');
  if (options.ifMatch === undefined) return;
  if (!current) throw new EndpointError('NoSuchKey', 'The specified key does not exist.', 404);
  if (options.ifMatch !== '*' && options.ifMatch !== current.etag) throw precondition('If-Match');
}

export const precondition = (header: string): EndpointError =>
  new EndpointError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: header,
  });
