import { ENTITIES } from '../../contracts';
import { conform } from '../../core/records/conform';
import { bytes, broken, ctx, envelope, conformed, received } from './samples';

describe('a rejected record tells rule and pointer', () => {
  const text = JSON.stringify(envelope('patient'));
  const invalid = Buffer.from(text.replace('Ann', 'A?n'));
  invalid[invalid.indexOf('?')] = 0xff;
  const nul = Buffer.from(text);
  nul[nul.indexOf('Ann')] = 0;

  it.each<[string, unknown, string]>([
    ['malformed JSON', '{"event_id": "e-1",', 'DQ-FMT-02 #'],
    ['an empty record', '', 'DQ-FMT-02 #'],
    ['a byte-order mark', '\ufeff{}', 'DQ-FMT-02 #'],
    ['bytes that are no UTF-8', invalid, 'DQ-FMT-01 #'],
    ['UTF-16', Buffer.from(text, 'utf16le'), 'DQ-FMT-01 #'],
    ['a NUL byte', nul, 'DQ-FMT-01 #'],
    ['an escaped NUL', envelope('patient', { last_name: 'a\u0000b' }), 'DQ-FMT-01 /payload/last_name'],
    ['half a surrogate pair', text.replace('Ann', '\\ud800x'), 'DQ-FMT-01 /payload/first_name'],
    ['a record over the limit', envelope('patient', { last_name: 'x'.repeat(2_000_000) }), 'ENV-SIZE #'],
    ['an array', [envelope('patient')], 'ENV-OBJECT #'],
    ['null', 'null', 'ENV-OBJECT #'],
    ['an unknown envelope member', envelope('patient', {}, { extra: 1 }), 'ENV-UNKNOWN #'],
    ['__proto__ as a member', text.replace('"event_id"', '"__proto__":{},"event_id"'), 'ENV-UNKNOWN #'],
    ['an unknown payload member', envelope('patient', { ssn: '123456789' }), 'FLD-UNKNOWN /payload'],
    ['an unknown entity', envelope('patient', {}, { entity: 'pet' }), 'ENV-ENTITY /entity'],
    [
      'an entity named like a member of every object',
      envelope('patient', {}, { entity: 'constructor' }),
      'ENV-ENTITY /entity',
    ],
    [
      'an unknown version',
      envelope('patient', {}, { schema_version: ENTITIES.patient.version + 1 }),
      'ENV-VERSION /schema_version',
    ],
    ['a version as text', envelope('patient', {}, { schema_version: '1' }), 'ENV-TYPE /schema_version'],
    ['an unknown operation', envelope('patient', {}, { op: 'merge' }), 'ENV-OP /op'],
    ['a missing event_id', envelope('patient', {}, { event_id: undefined }), 'ENV-MISSING /event_id'],
    ['an event_id of 129 bytes', envelope('patient', {}, { event_id: 'é'.repeat(64) + 'x' }), 'ENV-ID /event_id'],
    ['a source_system with a blank', envelope('patient', {}, { source_system: 'my ehr' }), 'ENV-ID /source_system'],
    ['a missing recorded_at', envelope('patient', {}, { recorded_at: undefined }), 'ENV-MISSING /recorded_at'],
    [
      'effective_at on Feb 30',
      envelope('patient', {}, { effective_at: '2024-02-30T00:00:00Z' }),
      'ENV-TIME /effective_at',
    ],
    ['recorded_at as a number', envelope('patient', {}, { recorded_at: 1700000000 }), 'ENV-TYPE /recorded_at'],
    ['a missing payload', envelope('patient', {}, { payload: undefined }), 'ENV-MISSING /payload'],
    ['a payload that is no object', envelope('patient', {}, { payload: ['P1'] }), 'ENV-OBJECT /payload'],
    ['a missing key', envelope('patient', { patient_id: undefined }), 'DQ-ID-01 /payload/patient_id'],
    ['an empty key', envelope('patient', { patient_id: '' }), 'DQ-ID-01 /payload/patient_id'],
    [
      'a missing required member',
      envelope('appointment', { patient_id: undefined }),
      'FLD-MISSING /payload/patient_id',
    ],
    ['a key as a number', envelope('patient', { patient_id: 17 }), 'FLD-TYPE /payload/patient_id'],
    [
      'a key of 65 bytes in 33 characters',
      envelope('patient', { patient_id: 'é'.repeat(32) + 'x' }),
      'FLD-LENGTH /payload/patient_id',
    ],
    [
      'a key without a visible character',
      envelope('patient', { patient_id: ' \u200b\ufeff' }),
      'DQ-ID-01 /payload/patient_id',
    ],
    [
      'a required reference that is blank',
      envelope('appointment', { clinic_id: '\t' }),
      'FLD-MISSING /payload/clinic_id',
    ],
    ['a member twice', text.replace('"Ann"', '"Ann","first_name":"Eve"'), 'DQ-FMT-07 #'],
    ['a member twice, once by an escape', text.replace('"Ann"', '"Ann","first\\u005fname" :"Eve"'), 'DQ-FMT-07 #'],
    ['a member of the envelope twice', text.replace('"op"', '"op":"delete","op"'), 'DQ-FMT-07 #'],
    ['a member twice in what a member holds', text.replace('"Ann"', '[{"a":1,"a":2}]'), 'DQ-FMT-07 #'],
    ['a status outside the set', envelope('appointment', { status_code: 'no-show' }), 'DQ-APT-05 /payload/status_code'],
    [
      'Feb 30',
      envelope('appointment', { scheduled_start_at: '2024-02-30T10:00:00Z' }),
      'FLD-TIME /payload/scheduled_start_at',
    ],
    [
      'Feb 29 of a common year',
      envelope('appointment', { scheduled_start_at: '2023-02-29T10:00:00Z' }),
      'FLD-TIME /payload/scheduled_start_at',
    ],
    [
      'a time without offset',
      envelope('appointment', { scheduled_start_at: '2024-03-01T10:00:00' }),
      'FLD-TIME /payload/scheduled_start_at',
    ],
    [
      'hour 24',
      envelope('appointment', { scheduled_start_at: '2024-03-01T24:00:00Z' }),
      'FLD-TIME /payload/scheduled_start_at',
    ],
    [
      'the year 2201',
      envelope('appointment', { scheduled_start_at: '2201-01-01T00:00:00Z' }),
      'FLD-TIME /payload/scheduled_start_at',
    ],
    [
      'a provider known by an NPI with a wrong check digit alone',
      envelope('provider', { provider_id: undefined, npi: '1234567890' }),
      'DQ-ID-03 /payload/npi',
    ],
    [
      'a provider with neither of its keys',
      envelope('provider', { provider_id: undefined, npi: undefined }),
      'DQ-ID-01 /payload/npi',
    ],
  ])('%s', (_name, value, expected) => {
    expect(broken(value)).toEqual([expected]);
  });

  it('tells every rule that the record broke, in the order of the contract', () => {
    expect(
      broken(envelope('appointment', { status_code: 'gone', patient_id: undefined, reminder_count: -1 }, { op: 'x' })),
    ).toEqual(['ENV-OP /op', 'FLD-MISSING /payload/patient_id', 'DQ-APT-05 /payload/status_code']);
  });

  it('names entity and version only where the contracts know them', () => {
    expect(conformed(envelope('patient', { patient_id: 7 }))).toMatchObject({
      entity: 'patient',
      version: ENTITIES.patient.version,
    });
    expect(conformed(envelope('patient', {}, { schema_version: 9 }))).toEqual({
      ok: false,
      violations: [{ rule: 'ENV-VERSION', pointer: '/schema_version' }],
      entity: 'patient',
      version: undefined,
    });
    expect(conformed(envelope('patient', {}, { entity: 'Ann Example' }))).toMatchObject({
      entity: undefined,
      version: undefined,
    });
  });
});

describe('the bounds themselves are accepted', () => {
  it.each([
    ['Feb 29 of a leap year', envelope('appointment', { created_at: '2024-02-29T10:00:00-05:00' })],
    ['Feb 29, 2000', envelope('patient', { birth_date: '2000-02-29' })],
    ['the first birth date', envelope('patient', { birth_date: '1900-01-01' })],
    ['an age of 0', envelope('patient', { birth_date: undefined, reported_age_years: 0 })],
    ['an age of 130', envelope('patient', { reported_age_years: 130 })],
    ['a name of 128 bytes', envelope('patient', { last_name: 'é'.repeat(64) })],
    ['an event_id of 128 bytes', envelope('patient', {}, { event_id: 'é'.repeat(64) })],
    ['seven digits of a second', envelope('appointment', { created_at: '2024-03-01T10:00:00.1234567Z' })],
    ['microseconds', envelope('appointment', { created_at: '2024-03-01T10:00:00.123456Z' })],
    ['a whole surrogate pair', envelope('patient', { first_name: '😀' })],
    ['the offset +14:00', envelope('appointment', { created_at: '2024-03-01T10:00:00+14:00' })],
    ['a day of minutes', envelope('appointment', { planned_duration_min: 1440 })],
  ])('%s', (_name, value) => {
    expect(broken(value)).toEqual(['accepted']);
  });

  it('a record of exactly the greatest size', () => {
    const record = bytes(envelope('clinic'));
    const padded = Buffer.concat([record, Buffer.alloc(ctx.maxBytes - record.length, ' ')]);
    expect(broken(padded)).toEqual(['accepted']);
    expect(conform(Buffer.concat([padded, Buffer.from(' ')]), ctx, received)).toMatchObject({
      ok: false,
      violations: [{ rule: 'ENV-SIZE', pointer: '' }],
    });
  });
});
