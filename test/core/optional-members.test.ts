import { UNKNOWN_KEY } from '../../contracts';
import { envelope, silver } from './samples';

describe('an optional member that breaks a rule costs the member alone', () => {
  it.each<[string, 'patient' | 'appointment', Record<string, unknown>, string]>([
    ['a name of 129 bytes', 'patient', { last_name: 'é'.repeat(64) + 'x' }, 'FLD-LENGTH'],
    ['a name that is a number', 'patient', { last_name: 17 }, 'FLD-TYPE'],
    ['a gender outside the set', 'patient', { gender_code: 'F' }, 'FLD-CODE'],
    ['Feb 30', 'appointment', { created_at: '2024-02-30T10:00:00Z' }, 'FLD-TIME'],
    ['a time without offset', 'appointment', { created_at: '2024-03-01T10:00:00' }, 'FLD-TIME'],
    ['a date that is no date', 'patient', { birth_date: '1980-02-30' }, 'FLD-DATE'],
    ['a birth before 1900', 'patient', { birth_date: '1899-12-31' }, 'DQ-PAT-01'],
    ['an age of -1', 'patient', { reported_age_years: -1 }, 'DQ-PAT-05'],
    ['an age of 131', 'patient', { reported_age_years: 131 }, 'FLD-RANGE'],
    ['an age with a fraction', 'patient', { reported_age_years: 1.5 }, 'FLD-TYPE'],
    ['an age as text', 'patient', { reported_age_years: '40' }, 'FLD-TYPE'],
    ['a duration over a day', 'appointment', { planned_duration_min: 1441 }, 'FLD-RANGE'],
    ['a count over its limit', 'appointment', { reminder_count: 1e9 }, 'FLD-RANGE'],
    ['four digits of ZIP', 'patient', { zip5: '1234' }, 'FLD-DIGITS'],
    ['Arabic-Indic digits of ZIP', 'patient', { zip5: '٠١٢٣٤' }, 'FLD-DIGITS'],
    ['a provider number of eleven digits', 'appointment', { provider_npi: '12345678931' }, 'FLD-LENGTH'],
    ['a provider number that is a number', 'appointment', { provider_npi: 1234567893 }, 'FLD-TYPE'],
    ['an object', 'appointment', { appointment_type_code: { code: 'x' } }, 'FLD-TYPE'],
  ])('%s', (_name, entity, change, rule) => {
    const [member] = Object.keys(change);
    const without = silver(envelope(entity, { [member]: undefined }));
    const row = silver(envelope(entity, change));
    expect(row).toEqual({ ...without, dq_flags: rule, payload_hash: row.payload_hash });
    // It is no repeat of an event that never had the member: which of the two came first would decide on the flag.
    expect(row.payload_hash).not.toBe(without.payload_hash);
  });

  it('several tell each rule once', () => {
    const row = silver(envelope('patient', { last_name: 1, first_name: 2, zip5: 'x', birth_date: '' }));
    expect(row).toMatchObject({
      last_name: null,
      first_name: null,
      zip5: null,
      dq_flags: 'FLD-DIGITS FLD-ONE-OF FLD-TYPE',
    });
  });

  it('neither birth date nor age is flagged; one that cannot be read was given', () => {
    expect(silver(envelope('patient', { birth_date: undefined })).dq_flags).toBe('FLD-ONE-OF');
    expect(silver(envelope('patient', { birth_date: undefined, reported_age_years: -1 })).dq_flags).toBe('DQ-PAT-05');
  });

  it('on a delete everything but the key is optional', () => {
    const payload = { appointment_id: 'A1', status_code: 'gone', patient_id: 5 };
    expect(silver(envelope('appointment', {}, { op: 'delete', payload }))).toMatchObject({
      appointment_id: 'A1',
      status_code: null,
      patient_key: UNKNOWN_KEY,
      dq_flags: 'DQ-APT-05 FLD-TYPE',
    });
  });
});
