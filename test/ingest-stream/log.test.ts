import { SafeError, showError } from '../../lambdas/shared/errors';
import { redact } from '../../lambdas/shared/log';

describe('what a log shows', () => {
  it('of PHI members, bytes and errors', () => {
    const shown = JSON.stringify(
      {
        patient_id: 'P1',
        nested: { last_name: 'Ann', clinic_id: 'C1' },
        body: Buffer.from('Ann'),
        count: 3n,
        failure: new TypeError('Ann'),
      },
      redact as (k: string, v: unknown) => unknown,
    );
    expect(shown).not.toContain('Ann');
    expect(JSON.parse(shown)).toMatchObject({
      patient_id: '[redacted]',
      nested: { last_name: '[redacted]', clinic_id: 'C1' },
      body: '[redacted]',
      count: '3',
      failure: { name: 'TypeError' },
    });
    expect(JSON.stringify({ chunk: Buffer.from('Ann') }, redact as (k: string, v: unknown) => unknown)).toBe(
      '{"chunk":"[bytes]"}',
    );
  });

  it('of an error: kind and code places, and the detail of the platform’s own', () => {
    const foreign = Object.assign(new Error('Unexpected token A in Ann'), {
      $metadata: { httpStatusCode: 400, requestId: 'r' },
    });
    const shown = showError(new SafeError('LAKE-BUSY', 'silver/x'));
    expect(shown).toMatchObject({ name: 'SafeError', code: 'LAKE-BUSY', detail: 'silver/x' });
    expect(JSON.stringify(showError(foreign))).not.toContain('Ann');
    expect(showError(foreign)).toMatchObject({ name: 'Error', status: 400, requestId: 'r' });
    expect(showError(foreign).frames.length).toBeGreaterThan(0);
    expect(JSON.stringify(showError(new Error('outer', { cause: new Error('Ann') })))).not.toContain('Ann');
    expect(showError('Ann')).toEqual({ name: 'string', frames: [] });
  });

  it('of an error whose name or message is a trap', () => {
    const named = Object.assign(new Error('Ann\n    at Ann (Ann:1:1)'), { name: 'Ann Example' });
    const shown = showError(named);
    expect(shown.name).toBe('Error');
    expect(JSON.stringify(shown)).not.toContain('Ann');
  });
});
