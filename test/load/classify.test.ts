import fc from 'fast-check';
import { classify, classifyCall, type Failure } from '../../core/load/classify';
import { afterFailure, afterSuccess, jitterMs } from '../../core/load/decide';
import type { Role } from '../../core/load/load-sql';
import { isStep, type Step } from '../../core/load/steps';
import { ServiceError } from './fake-s3';

const COPY: Role = { kind: 'copy', entity: 'patient', version: 1 };
const LIST: Role = { kind: 'copyList' };
const GUARD: Role = { kind: 'guard' };
const OTHER: Role = { kind: 'other' };

describe('what an engine says is turned into a code', () => {
  it.each<[Failure, Role | undefined, string]>([
    ['LEASE_BUSY', GUARD, 'ERROR: Cannot insert a NULL value into column lease_is_ours'],
    ['LEASE_BUSY', undefined, 'Query #6 failed with ERROR: Cannot insert a NULL value into column lease_is_ours'],
    ['ALREADY_LOADED', GUARD, 'Constraint Error: NOT NULL constraint failed: guard.object_is_new'],
    ['KEY_MISMATCH', GUARD, 'null value in column "key_is_ours" of relation "guard" violates not-null constraint'],
    ['PLAN_STALE', GUARD, 'ERROR: Cannot insert a NULL value into column rows_read'],
    ['LOG_NOT_WHOLE', GUARD, 'ERROR: Cannot insert a NULL value into column events_added'],
    ['PLAN_STALE', GUARD, 'ERROR: Cannot insert a NULL value into column object_list_is_whole'],
    ['STEPS_LOST', GUARD, 'ERROR: Cannot insert a NULL value into column earlier_steps_are_there'],
    ['FACTS_NOT_WHOLE', GUARD, 'ERROR: Cannot insert a NULL value into column facts_are_whole'],
    ['LEFT_OVER', GUARD, 'ERROR: Cannot insert a NULL value into column touched_are_restated'],
    ['LEFT_OVER', GUARD, 'ERROR: Cannot insert a NULL value into column unreferenced_are_pruned'],
    ['CONFLICT', OTHER, 'ERROR: 1023 DETAIL: Serializable isolation violation on table - 100071'],
    ['CONFLICT', OTHER, 'could not complete because of conflict with concurrent transaction'],
    ['CONFLICT', OTHER, 'TransactionContext Error: Conflict on update!'],
    ['CONFLICT', COPY, 'deadlock detected'],
    ['ABORTED', OTHER, 'ERROR: Query (12) cancelled on user request'],
    ['ABORTED', COPY, 'Query (12) canceled by query monitoring rule'],
    ['UNAVAILABLE', OTHER, 'ERROR: connection closed'],
    ['UNAVAILABLE', COPY, 'ERROR: Out of memory'],
    ['COPY_UNREADABLE', COPY, 'S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X'],
    ['COPY_UNREADABLE', COPY, 'Failed to assume role: not authorized'],
    ['COPY_UNREADABLE', LIST, 'S3ServiceException: Please reduce your request rate,Status 503,Error SlowDown'],
    ['PLAN_STALE', COPY, `The manifest's object 3 of 9 has a length other than its content_length`],
    [
      'PLAN_STALE',
      COPY,
      'Problem reading manifest file - S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey',
    ],
    [
      'COPY_REFUSED',
      COPY,
      'Spectrum Scan Error. Detail: code: 15007 context: The length of the data column first_name is longer than the length defined in the table. Table: 128, Data: 200',
    ],
    [
      'COPY_REFUSED',
      COPY,
      `Spectrum Scan Error. File 'https://s3.us-east-1.amazonaws.com/my-bucket-access-denied/patient/v1/x.parquet' has an incompatible Parquet schema for column 's3://kms/credential'`,
    ],
    ['COPY_REFUSED', COPY, `Spectrum Scan Error: invalid value "timed out, permission denied" in column zip5`],
    ['COPY_REFUSED', COPY, 'Spectrum Scan Error: object 3 of 9 is not a Parquet file'],
    ['COPY_REFUSED', COPY, `Spectrum Scan Error. File 'x' is not a valid Parquet file: invalid magic number`],
    ['COPY_REFUSED', COPY, 'Spectrum Scan Error: a NULL value in column event_id, which is NOT NULL; object 1 of 2'],
    ['COPY_UNKNOWN', COPY, 'Spectrum Scan Error. Detail: error: Spectrum Scan Error code: 15007 context: Unspecified'],
    ['COPY_UNKNOWN', COPY, 'ERROR: Assert DETAIL: error: Assert code: 1000'],
    ['COPY_UNKNOWN', COPY, ''],
    ['UNKNOWN', LIST, 'Spectrum Scan Error: no Parquet file'],
    ['DENIED', OTHER, 'ERROR: permission denied for relation patient_log'],
    ['UNKNOWN', OTHER, 'ERROR: syntax error at or near "FROM"'],
    ['UNKNOWN', OTHER, `ERROR: relation "lease_is_ours" does not exist`],
  ])('%s (%j): %s', (failure, role, text) => expect(classify({ status: 'FAILED', text, role })).toBe(failure));

  it('ABORTED without a word', () => expect(classify({ status: 'ABORTED', text: '' })).toBe('ABORTED'));

  it('errors of the call', () => {
    const later = ['ThrottlingException', 'ActiveStatementsExceededException', 'InternalServerException'];
    for (const name of later) expect(classifyCall(new ServiceError(name, 400))).toBe('later');
    expect(classifyCall(new ServiceError('Anything', 503))).toBe('later');
    expect(classifyCall(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe('later');
    expect(classifyCall(new ServiceError('ResourceNotFoundException', 400))).toBe('forgotten');
    expect(classifyCall(new ServiceError('ValidationException', 400))).toBe('refused');
    expect(classifyCall(undefined)).toBe('refused');
  });
});

describe('what follows', () => {
  const load = { size: 10, stale: 0, complete: false };
  const at = (attempt: number) => ({ step: 'apply-0' as Step, attempt });

  it('a commit: the next step, the receipts, or another selection', () => {
    expect(afterSuccess(at(3), 2)).toEqual({ state: 'NEXT', step: 'apply-1', attempt: 0 });
    expect(afterSuccess({ step: 'apply-1', attempt: 0 }, 2)).toEqual({ state: 'DONE', step: 'apply-1', attempt: 0 });
    for (const step of ['reconcile', 'release', 'release-holder'] satisfies Step[])
      expect(afterSuccess({ step, attempt: 0 }, 2).state).toBe('SELECT_AGAIN');
  });

  it.each<[Failure, number, string]>([
    ['LEASE_BUSY', 0, 'BUSY'],
    ['ALREADY_LOADED', 0, 'NEXT reconcile'],
    ['PLAN_STALE', 0, 'NEXT release'],
    ['KEY_MISMATCH', 0, 'FAILED'],
    ['FACTS_NOT_WHOLE', 0, 'FAILED'],
    ['LOG_NOT_WHOLE', 0, 'FAILED'],
    ['STEPS_LOST', 0, 'SELECT_AGAIN'],
    ['LEFT_OVER', 0, 'SELECT_AGAIN'],
    ['DENIED', 0, 'FAILED'],
    ['COPY_REFUSED', 0, 'RETRY'],
    ['COPY_REFUSED', 1, 'NEXT release isolate'],
    ['COPY_UNKNOWN', 0, 'RETRY'],
    ['COPY_UNKNOWN', 1, 'NEXT release isolate'],
    ['COPY_UNREADABLE', 2, 'RETRY'],
    ['COPY_UNREADABLE', 3, 'FAILED'],
    ['CONFLICT', 6, 'RETRY'],
    ['CONFLICT', 7, 'FAILED'],
    ['ABORTED', 0, 'RETRY'],
    ['ABORTED', 1, 'NEXT release isolate'],
    ['FORGOTTEN', 1, 'RETRY'],
    ['UNKNOWN', 2, 'FAILED'],
  ])('%s at attempt %i: %s', (failure, attempt, expected) => {
    const d = afterFailure(failure, at(attempt), load);
    expect(
      [d.state, ...(d.state === 'NEXT' ? [d.step] : []), ...(d.before === 'isolate' ? ['isolate'] : [])].join(' '),
    ).toBe(expected);
    // Whatever ends a plan closes its revision, or the Data API would answer its tokens with the old failure.
    expect(d.closes ?? false).toBe(d.state !== 'RETRY');
  });

  it('a single object that is too slow fails, and one that keeps changing is isolated', () => {
    expect(afterFailure('ABORTED', at(2), { ...load, size: 1 }).state).toBe('FAILED');
    expect(afterFailure('PLAN_STALE', at(0), { ...load, size: 1, stale: 2 }).before).toBe('isolate');
  });

  it('something left over is planned for once; after that it fails', () => {
    expect(afterFailure('LEFT_OVER', at(0), { ...load, complete: true })).toMatchObject({
      state: 'FAILED',
      rule: 'LOAD-LEFT-01',
      closes: true,
    });
  });

  it('no failure is retried forever', () => {
    const failures: Failure[] = [
      'LEASE_BUSY',
      'ALREADY_LOADED',
      'PLAN_STALE',
      'KEY_MISMATCH',
      'FACTS_NOT_WHOLE',
      'LOG_NOT_WHOLE',
      'STEPS_LOST',
      'LEFT_OVER',
      'COPY_REFUSED',
      'COPY_UNKNOWN',
      'COPY_UNREADABLE',
      'CONFLICT',
      'ABORTED',
      'UNAVAILABLE',
      'FORGOTTEN',
      'DENIED',
      'UNKNOWN',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...failures), fc.integer({ min: 1, max: 20 }), fc.nat(5), (failure, size, stale) => {
        let attempt = 0;
        while (attempt < 20) {
          const d = afterFailure(failure, { step: 'apply-1', attempt }, { size, stale, complete: false });
          if (d.state !== 'RETRY') return true;
          attempt = d.attempt;
        }
        return false;
      }),
    );
  });

  it('waits grow, stay short, and differ between rivals', () => {
    expect(jitterMs('ffff'.repeat(8), 0)).toBe(0);
    const waits = [1, 2, 3, 9].map((a) => jitterMs('1234'.repeat(8), a));
    expect(Math.max(...waits)).toBeLessThanOrEqual(8000);
    expect(waits[3]).toBeGreaterThan(waits[0]);
    expect(jitterMs('0000'.repeat(8), 3)).not.toBe(jitterMs('8000'.repeat(8), 3));
  });

  it('steps are words, and transactions that the plan has', () => {
    for (const step of ['release-holder', 'release', 'reconcile', 'apply-0', 'apply-1'])
      expect(isStep(step, 2)).toBe(true);
    for (const step of ['apply-2', 'apply--1', 'apply-01', 'apply-', 'apply', 0, null])
      expect(isStep(step, 2)).toBe(false);
  });
});
