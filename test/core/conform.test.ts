import { createHash, createHmac } from 'node:crypto';
import { UNKNOWN_KEY } from '../../contracts';
import { silverColumns } from '../../contracts/derive';
import { conform, conformEnvelope } from '../../core/records/conform';
import { fileOrder } from '../../core/records/order';
import { bytes, broken, ctx, days, envelope, conformed, micros, received, SECRET, silver } from './samples';

const hmac = (message: string) =>
  createHmac('sha256', (JSON.parse(SECRET) as { secret: string }).secret)
    .update(message)
    .digest('hex')
    .slice(0, 32);

describe('an accepted record', () => {
  it('becomes a row of all silver columns but its lineage, with keys, UTC times and the offsets they were written with', () => {
    const result = conformed(envelope('appointment'));
    expect(result).toMatchObject({ ok: true, entity: 'appointment', version: 2, flags: [] });
    const row = silver(envelope('appointment'));
    expect(Object.keys(row)).toEqual(
      silverColumns('appointment')
        .map((c) => c.name)
        .slice(0, -2),
    );
    const { payload_hash, ...rest } = row;
    expect(typeof payload_hash).toBe('bigint');
    expect(rest).toEqual({
      event_id: 'e-1',
      op: 'upsert',
      source_system: 'clinic-ehr',
      effective_at: micros('2024-03-10T05:50:00Z'),
      recorded_at: micros('2024-03-10T05:51:00.250Z'),
      source_order: 0n,
      appointment_key: hmac('appointment\x1fclinic-ehr\x1fA1'),
      patient_key: hmac('patient\x1fclinic-ehr\x1fP1'),
      clinic_key: hmac('clinic\x1fclinic-ehr\x1fC1'),
      provider_key: hmac('provider\x1f\x1f1234567893'),
      encounter_key: hmac('encounter\x1fclinic-ehr\x1fE1'),
      appointment_id: 'A1',
      patient_id: 'P1',
      clinic_id: 'C1',
      provider_npi: '1234567893',
      appointment_type_code: 'follow-up',
      status_code: 'fulfilled',
      created_at: micros('2024-03-01T15:00:00Z'),
      scheduled_start_at: micros('2024-03-10T04:50:00Z'),
      scheduled_precision: 'instant',
      planned_duration_min: 30,
      arrived_at: micros('2024-03-10T04:45:00Z'),
      actual_start_at: micros('2024-03-10T05:20:00Z'),
      completed_at: micros('2024-03-10T05:50:00Z'),
      cancelled_at: null,
      reminder_count: 2,
      provider_id: null,
      encounter_id: 'E1',
      slot_id: 'S1',
      referral_id: 'R1',
      priority_code: 'routine',
      modality_code: 'in-person',
      channel_code: 'portal',
      hospital_name: 'General Hospital',
      cancel_reason_code: null,
      scheduled_tz_offset_min: -300,
      created_tz_offset_min: -300,
      actual_tz_offset_min: -300,
      dq_flags: null,
    });
  });

  it.each([
    [undefined, 0n, null],
    [null, 0n, null],
    ['', 0n, null],
    [0, 20000000000000000000000000000000000000n, null],
    [41, 20000000000000000000000000000000000041n, null],
    ['0041  ', 20000000000000000000000000000000000041n, null],
    ['9'.repeat(37), 29999999999999999999999999999999999999n, null],
    ['9'.repeat(38), 0n, 'ENV-SEQUENCE'],
    [2 ** 53, 0n, 'ENV-SEQUENCE'],
    [-1, 0n, 'ENV-SEQUENCE'],
    [1.5, 0n, 'ENV-SEQUENCE'],
    ['0/16B3748', 0n, 'ENV-SEQUENCE'],
    [{}, 0n, 'ENV-SEQUENCE'],
  ])('has its place in the order of its source by source_sequence (%p)', (source_sequence, order, flag) => {
    const plain = silver(envelope('clinic'));
    const row = silver(envelope('clinic', {}, { source_sequence }));
    expect(row).toEqual({ ...plain, source_order: order, dq_flags: flag });
  });

  it.each([
    ['2024-03-11T10:00:00Z', 'accepted'],
    ['2024-03-11T05:00:00-05:00', 'accepted'],
    ['2024-03-11T10:00:00.000001Z', 'ENV-AHEAD /recorded_at'],
    ['2124-03-11T10:00:00Z', 'ENV-AHEAD /recorded_at'],
  ])('may be known at most a day after it arrived (%s: %s)', (recorded_at, outcome) => {
    const arrived = { arrivedAt: micros('2024-03-10T10:00:00.000Z') };
    // When it takes effect is another matter.
    const value = envelope('clinic', {}, { recorded_at, effective_at: '2124-03-11T10:00:00Z' });
    const result = conform(bytes(value), ctx, arrived);
    expect(result.ok ? 'accepted' : result.violations.map((v) => `${v.rule} ${v.pointer}`).join()).toBe(outcome);
    expect(conformEnvelope(value, ctx, arrived).ok).toBe(result.ok);
  });

  it('is placed by file time and row, below every sequence, where it is a row of a file', () => {
    const at = fileOrder(micros('2024-03-10T12:00:00.000Z') + 7);
    const order = (sequence?: number): unknown => {
      const result = conformEnvelope(envelope('clinic', {}, { source_sequence: sequence }), ctx, {
        ...received,
        order: at(3),
      });
      return result.ok && result.row[silverColumns('clinic').findIndex((c) => c.name === 'source_order')];
    };
    expect(order()).toBe(10001710072000000007000000000003000000n);
    expect(order(0)).toBe(20000000000000000000000000000000000000n);
  });

  it.each([
    ['clinic', 'clinic_key', 'clinic\x1fclinic-ehr\x1fC1'],
    ['patient', 'patient_key', 'patient\x1fclinic-ehr\x1fP1'],
    ['provider', 'provider_key', 'provider\x1fclinic-ehr\x1fD1'],
    ['diagnosis_code', 'diagnosis_code_key', `diagnosis_code\x1f\x1fhttp://hl7.org/fhir/sid/icd-10-cm\x1fI10`],
  ] as const)('keys a %s by its natural key', (entity, column, message) => {
    expect(silver(envelope(entity))[column]).toBe(hmac(message));
  });

  it('names a provider by the identifier of its source, else by the NPI, else by another identifier of its source', () => {
    const by = (named: Record<string, unknown>) => {
      const { provider_key, provider_named_key, dq_flags } = silver(
        envelope('encounter', { provider_id: undefined, ...named }),
      );
      return [provider_key, provider_named_key, dq_flags];
    };
    const token = hmac('provider\x1fclinic-ehr\x1furn:oid:1\x1fX|7');
    const all = { provider_id: 'D1', provider_npi: '1234567893', provider_identifier: 'urn:oid:1|X|7' };
    expect(by(all)).toEqual([hmac('provider\x1fclinic-ehr\x1fD1'), null, null]);
    expect(by({ ...all, provider_id: undefined })).toEqual([hmac('provider\x1f\x1f1234567893'), null, null]);
    expect(by({ provider_identifier: all.provider_identifier })).toEqual([token, token, null]);
    // A wrong NPI names nobody, and what comes after it may.
    expect(by({ ...all, provider_id: undefined, provider_npi: '1234567890' })).toEqual([token, token, 'DQ-ID-03']);
    expect(by({ provider_npi: '1234567890' })).toEqual([UNKNOWN_KEY, null, 'DQ-ID-03']);
    expect(by({ provider_identifier: 'no bar' })).toEqual([UNKNOWN_KEY, null, null]);
    expect(by({})).toEqual([UNKNOWN_KEY, null, null]);
  });

  it('names a code by its system and itself, everywhere; by one of them alone nothing', () => {
    const by = (named: Record<string, unknown>) => silver(envelope('diagnosis', named)).diagnosis_code_key;
    const icd = 'http://hl7.org/fhir/sid/icd-10-cm';
    expect(by({ diagnosis_system: icd, diagnosis_code: 'E11' })).toBe(hmac(`diagnosis_code\x1f\x1f${icd}\x1fE11`));
    expect(by({ diagnosis_system: undefined })).toBe(UNKNOWN_KEY);
    expect(by({ diagnosis_code: undefined })).toBe(UNKNOWN_KEY);
  });

  it('keys the identifiers that a member holds, each within its system', () => {
    const { mrn_alias_key, member_id_alias_key } = silver(envelope('patient', { member_id: undefined }));
    expect(mrn_alias_key).toBe(hmac('patient\x1fclinic-ehr\x1furn:oid:1.2.3\x1fMRN-1'));
    expect(member_id_alias_key).toBeNull();
    expect(silver(envelope('patient', { mrn_system: undefined })).mrn_alias_key).toBeNull();
  });

  it('is a tombstone where its status says that it was a mistake, whatever its operation', () => {
    expect(silver(envelope('encounter', { status_code: 'entered-in-error' })).op).toBe('delete');
    expect(silver(envelope('encounter', { status_code: ' entered-in-error ' })).op).toBe('delete');
    expect(silver(envelope('encounter', { status_code: 'cancelled' })).op).toBe('upsert');
    expect(silver(envelope('encounter')).op).toBe('upsert');
  });

  it('hashes what the statement says by the documented text', () => {
    const text = [
      'clinic',
      '2',
      'upsert',
      'clinic-ehr',
      `${days('2024-03-10')}.21000.0`,
      `${days('2024-03-10')}.21060.250000`,
      'C1',
      'North Clinic',
      'Troy',
      'NY',
      'America/New_York',
      'O1',
      '',
      '01234',
      '',
      '',
    ].join('\0');
    expect(silver(envelope('clinic')).payload_hash).toBe(createHash('sha256').update(text).digest().readBigInt64BE(0));
  });

  it('tells the same instant from another local time', () => {
    const utc = silver(envelope('appointment', { scheduled_start_at: '2024-03-10T04:50:00Z' }));
    const local = silver(envelope('appointment'));
    expect(utc.scheduled_start_at).toBe(local.scheduled_start_at);
    expect([utc.scheduled_tz_offset_min, local.scheduled_tz_offset_min]).toEqual([0, -300]);
    expect(utc.payload_hash).not.toBe(local.payload_hash);
  });

  it('reads one instant in any notation as the same payload', () => {
    const plain = silver(envelope('appointment', { created_at: '2024-03-01T15:00:00Z' })).payload_hash;
    for (const same of ['2024-03-01T15:00:00.000Z', '2024-03-01T15:00:00+00:00', '2024-03-01T15:00:00.0-00:00']) {
      expect(silver(envelope('appointment', { created_at: same })).payload_hash).toBe(plain);
    }
  });

  it('drops blanks around a text, and what has no width', () => {
    const plain = envelope('patient', { patient_id: 'P1', first_name: 'Ada', gender_code: 'female' });
    for (const id of ['P1 ', ' P1', '\ufeffP1', 'P1\u200b', '\u00a0P1\t', '\u200eP1\u2060\r\n']) {
      const blank = envelope('patient', { patient_id: id, first_name: 'Ada  ', gender_code: '\u200bfemale ' });
      expect(silver({ ...blank, event_id: `${String(plain.event_id)} `, source_system: ' clinic-ehr' })).toEqual(
        silver(plain),
      );
    }
    expect(silver(envelope('patient', { first_name: '  ' }))).toEqual(silver(envelope('patient', { first_name: '' })));
    expect(silver(envelope('patient', { first_name: 'Ada  May' }))).toMatchObject({ first_name: 'Ada  May' });
  });

  it('takes off what a spreadsheet puts around an identifier, and flags one that has lost its digits', () => {
    const id = (patient_id: string) => {
      const { patient_key, dq_flags, ...row } = silver(envelope('patient', { patient_id }));
      return [row.patient_id, dq_flags, patient_key === hmac(`patient\x1fclinic-ehr\x1f${String(row.patient_id)}`)];
    };
    expect(id('="00123"')).toEqual(['00123', 'DQ-ID-13', true]);
    expect(id("'00124")).toEqual(['00124', 'DQ-ID-13', true]);
    expect(id('29872499824296.0')).toEqual(['29872499824296', 'DQ-ID-13', true]);
    expect(id('2.98725E+13')).toEqual(['2.98725E+13', 'DQ-ID-13', true]);
    expect(id('2,98725E+13')).toEqual(['2,98725E+13', 'DQ-ID-13', true]);
    // What nobody sees does not make another patient, wherever it stands.
    for (const hidden of ['P\u200b1', 'P\ufeff1', '\u202aP1\u202c', 'P1\u00ad', '="P\u200b1"'])
      expect(id(hidden)).toEqual(['P1', 'DQ-ID-13', true]);
    expect(id(' P1\u200b\ufeff')).toEqual(['P1', null, true]);
    expect(broken(envelope('patient', { patient_id: '\u00ad\u202a' }))).toEqual(['DQ-ID-01 /payload/patient_id']);
    for (const plain of ['00123', '2E10', '1.5', 'A=1', "O'Neil", "'quoted'", '1.2.0'])
      expect(id(plain)).toEqual([plain, null, true]);
    expect(broken(envelope('patient', { patient_id: '=" "' }))).toEqual(['DQ-ID-01 /payload/patient_id']);
    // A name may begin with an apostrophe.
    expect(silver(envelope('patient', { last_name: "'t Hooft" }))).toMatchObject({
      last_name: "'t Hooft",
      dq_flags: null,
    });
    expect(silver(envelope('patient', { patient_id: '="7"' })).payload_hash).not.toBe(
      silver(envelope('patient', { patient_id: '7' })).payload_hash,
    );
  });

  it('takes an empty text for an absent member', () => {
    expect(silver(envelope('patient', { first_name: '' }))).toEqual(
      silver(envelope('patient', { first_name: undefined })),
    );
    expect(silver(envelope('patient', { first_name: null })).first_name).toBeNull();
  });

  it('may hold undefined where an object is given, and makes an event_id of what it says where asked', () => {
    const whole = envelope('clinic', {}, { event_id: undefined });
    const row = (value: Record<string, unknown>) => {
      const result = conformEnvelope(value, { ...ctx, deriveEventId: true }, received);
      return result.ok ? result.row[0] : result.violations;
    };
    const id = row(whole);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(row({ ...whole, event_id: undefined, payload: { ...(whole.payload as object), city: 'Troy' } })).toBe(id);
    expect(row({ ...whole, payload: { ...(whole.payload as object), city: undefined } })).not.toBe(id);
    expect(row({ ...whole, event_id: 'given' })).toBe('given');
    expect(broken(whole)).toEqual(['ENV-MISSING /event_id']);
  });

  it('needs only the natural key on a delete', () => {
    const row = silver(envelope('appointment', {}, { op: 'delete', payload: { appointment_id: 'A1' } }));
    expect(row).toMatchObject({
      op: 'delete',
      appointment_key: hmac('appointment\x1fclinic-ehr\x1fA1'),
      patient_key: UNKNOWN_KEY,
      status_code: null,
      scheduled_precision: null,
    });
    expect(broken(envelope('patient', {}, { op: 'delete', payload: { patient_id: 'P1' } }))).toEqual(['accepted']);
    expect(broken(envelope('patient', {}, { op: 'delete', payload: {} }))).toEqual(['DQ-ID-01 /payload/patient_id']);
  });
});

describe('flags that keep the record', () => {
  it('flags a state that the times contradict', () => {
    const flags = (change: Record<string, unknown>) => silver(envelope('appointment', change)).dq_flags;
    expect(flags({ status_code: 'noshow' })).toBe('DQ-APT-06');
    const never = { arrived_at: undefined, actual_start_at: undefined, completed_at: undefined };
    expect(flags({ status_code: 'noshow', ...never })).toBeNull();
    expect(flags({ status_code: 'cancelled', ...never, arrived_at: '2024-03-09T23:45:00-05:00' })).toBeNull();
    expect(flags({ status_code: 'cancelled', ...never, completed_at: '2024-03-10T00:50:00-05:00' })).toBe('DQ-APT-06');
  });

  it('takes the zones of the pinned list, and no others', () => {
    const zone = (timezone: string) => {
      const row = silver(envelope('clinic', { timezone }));
      return [row.timezone, row.dq_flags];
    };
    for (const name of ['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'US/Eastern', 'UTC', 'Asia/Calcutta'])
      expect(zone(name)).toEqual([name, null]);
    for (const name of ['America/NewYork', 'Berlin', 'EDT', '+02:00', 'america/new_york'])
      expect(zone(name)).toEqual([null, 'FLD-ZONE']);
  });

  it('keeps an appointment with a wrong NPI under the unknown provider', () => {
    const row = silver(envelope('appointment', { provider_npi: '139672875' }));
    expect(row).toMatchObject({ provider_npi: '139672875', provider_key: UNKNOWN_KEY, dq_flags: 'DQ-ID-03' });
  });

  it('leads an appointment without provider to the unknown provider, unflagged', () => {
    expect(silver(envelope('appointment', { provider_npi: undefined }))).toMatchObject({
      provider_npi: null,
      provider_key: UNKNOWN_KEY,
      dq_flags: null,
    });
  });

  it('flags times out of order once', () => {
    const odd = { arrived_at: '2024-03-10T02:00:00-05:00', completed_at: '2024-03-10T00:00:00-05:00' };
    expect(silver(envelope('appointment', odd)).dq_flags).toBe('DQ-APT-04');
  });

  it('takes no birth after the source knew it, a day aside, and never asks what day it is', () => {
    const born = (recorded_at: string) => {
      const { birth_date, dq_flags } = silver(envelope('patient', { birth_date: '2024-03-11' }, { recorded_at }));
      return [birth_date, dq_flags];
    };
    expect(born('2024-03-09T23:59:59Z')).toEqual([null, 'DQ-PAT-07']);
    expect(born('2024-03-10T00:00:00Z')).toEqual([days('2024-03-11'), null]);
    expect(born('2024-03-11T05:00:00+09:00')).toEqual([days('2024-03-11'), null]);
  });

  it('lets a status go back and an unknown clinic pass: that takes other records', () => {
    expect(broken(envelope('appointment', { clinic_id: 'nobody-knows', status_code: 'proposed' }))).toEqual([
      'accepted',
    ]);
  });
});
