import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { SafeError } from '../shared/errors';

/** Constant: another id would make CloudFormation delete the former resource after an update. */
const PHYSICAL_ID = 'carelake-migrations';
const ATTEMPTS = 4;
/** CloudFormation takes an answer of at most 4 KB. */
const MAX_REASON = 1000;

/** Answers CloudFormation at the signed address that it waits at. @throws SafeError if it cannot be reached */
export async function respond(
  event: CloudFormationCustomResourceEvent,
  status: 'SUCCESS' | 'FAILED',
  reason?: string,
): Promise<void> {
  const body = JSON.stringify({
    Status: status,
    Reason: reason?.slice(0, MAX_REASON),
    PhysicalResourceId: PHYSICAL_ID,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      // The signature of the address covers an empty content type.
      const reply = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
      if (reply.ok) return;
    } catch {
      // The address is a credential and the error's text contains it; the next attempt reports what matters.
    }
    await new Promise((done) => setTimeout(done, 500 * 2 ** attempt));
  }
  throw new SafeError('MIGRATION-ANSWER', `CloudFormation could not be answered (${status})`);
}
