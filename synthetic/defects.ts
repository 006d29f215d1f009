import type { RuleId } from '../contracts/rules';
import type { SyntheticRecord } from './events';
import { mix32 } from './random';
import { badNpi } from './world';

/** One kind of fault that producers really make, with the rule that must catch it. */
export interface Defect {
  name: string;
  rule: RuleId;
  /** How many of 10,000 records carry it. */
  perTenThousand: number;
  bytes: (serial: number) => Uint8Array;
}

type Tree = Record<string, unknown>;

function appointment(serial: number, payload: Tree = {}, envelope: Tree = {}): Tree {
  return {
    event_id: `defect-${serial}`,
    entity: 'appointment',
    schema_version: 1,
    op: 'upsert',
    source_system: 'north-ehr',
    effective_at: '2024-03-11T09:00:00-04:00',
    recorded_at: '2024-03-11T09:00:00-04:00',
    payload: {
      appointment_id: `D${serial}`,
      patient_id: `P${String(serial).padStart(7, '0')}`,
      clinic_id: 'CLINIC-001',
      status_code: 'booked',
      scheduled_start_at: '2024-04-02T10:15:00-04:00',
      ...payload,
    },
    ...envelope,
  };
}

function patient(serial: number, payload: Tree): Tree {
  return appointment(
    serial,
    {},
    {
      entity: 'patient',
      payload: { patient_id: `D${serial}`, first_name: 'Ada', last_name: 'Lee', birth_date: '1980-05-01', ...payload },
    },
  );
}

function provider(serial: number): Tree {
  return appointment(
    serial,
    {},
    { entity: 'provider', payload: { npi: badNpi(200_000_000 + serial), full_name: 'Dr. Lee' } },
  );
}

const json = (tree: Tree): Uint8Array => Buffer.from(JSON.stringify(tree), 'utf8');

function without(tree: Tree, name: string): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([key]) => key !== name));
}

/** Not UTF-8: a Latin-1 letter in the middle of a name. */
function latin1(serial: number): Uint8Array {
  return Buffer.from(JSON.stringify(patient(serial, { last_name: 'Müller' })), 'latin1');
}

const appointmentWith = (payload: Tree) => (serial: number) => json(appointment(serial, payload));
const envelopeWith = (envelope: Tree) => (serial: number) => json(appointment(serial, {}, envelope));
const patientWith = (payload: Tree) => (serial: number) => json(patient(serial, payload));

export const DEFECTS: readonly Defect[] = [
  {
    name: 'cut in the middle',
    rule: 'DQ-FMT-02',
    perTenThousand: 3,
    bytes: (n) => json(appointment(n)).subarray(0, 120),
  },
  { name: 'not UTF-8', rule: 'DQ-FMT-01', perTenThousand: 1, bytes: latin1 },
  { name: 'NUL in a text', rule: 'DQ-FMT-01', perTenThousand: 1, bytes: patientWith({ first_name: 'A\u0000da' }) },
  { name: 'a list', rule: 'ENV-OBJECT', perTenThousand: 1, bytes: (n) => Buffer.from(`[${n}]`) },
  { name: 'unknown member', rule: 'ENV-UNKNOWN', perTenThousand: 1, bytes: envelopeWith({ priority: 'high' }) },
  {
    name: 'no event id',
    rule: 'ENV-MISSING',
    perTenThousand: 1,
    bytes: (n) => json(without(appointment(n), 'event_id')),
  },
  { name: 'version as text', rule: 'ENV-TYPE', perTenThousand: 1, bytes: envelopeWith({ schema_version: '1' }) },
  { name: 'unknown entity', rule: 'ENV-ENTITY', perTenThousand: 1, bytes: envelopeWith({ entity: 'invoice' }) },
  { name: 'unknown version', rule: 'ENV-VERSION', perTenThousand: 1, bytes: envelopeWith({ schema_version: 99 }) },
  { name: 'unknown operation', rule: 'ENV-OP', perTenThousand: 1, bytes: envelopeWith({ op: 'merge' }) },
  {
    name: 'source with a space',
    rule: 'ENV-ID',
    perTenThousand: 1,
    bytes: envelopeWith({ source_system: 'north ehr' }),
  },
  {
    name: 'time without offset',
    rule: 'ENV-TIME',
    perTenThousand: 1,
    bytes: envelopeWith({ recorded_at: '2024-03-11T09:00:00' }),
  },
  { name: 'no key', rule: 'DQ-ID-01', perTenThousand: 2, bytes: patientWith({ patient_id: undefined }) },
  { name: 'unknown field', rule: 'FLD-UNKNOWN', perTenThousand: 1, bytes: appointmentWith({ mood: 'fine' }) },
  {
    name: 'no start',
    rule: 'FLD-MISSING',
    perTenThousand: 1,
    bytes: appointmentWith({ scheduled_start_at: undefined }),
  },
  {
    name: 'a member twice',
    rule: 'DQ-FMT-07',
    perTenThousand: 1,
    bytes: (n) =>
      Buffer.from(JSON.stringify(appointment(n)).replace('"status_code"', '"status_code":"noshow","status_code"')),
  },
  {
    name: 'key as a number',
    rule: 'FLD-TYPE',
    perTenThousand: 1,
    bytes: (n) => json(patient(n, { patient_id: n })),
  },
  {
    name: 'clinic longer than its bytes',
    rule: 'FLD-LENGTH',
    perTenThousand: 2,
    bytes: appointmentWith({ clinic_id: 'é'.repeat(33) }),
  },
  { name: 'blank clinic', rule: 'FLD-MISSING', perTenThousand: 1, bytes: appointmentWith({ clinic_id: ' \u200b' }) },
  { name: 'blank key', rule: 'DQ-ID-01', perTenThousand: 1, bytes: patientWith({ patient_id: '\ufeff ' }) },
  { name: 'payload as text', rule: 'ENV-OBJECT', perTenThousand: 1, bytes: envelopeWith({ payload: '{}' }) },
  {
    name: 'half a surrogate pair',
    rule: 'DQ-FMT-01',
    perTenThousand: 1,
    bytes: patientWith({ first_name: 'A\ud83d' }),
  },
  {
    name: 'impossible time',
    rule: 'FLD-TIME',
    perTenThousand: 2,
    bytes: appointmentWith({ scheduled_start_at: '2024-02-30T10:15:00-05:00' }),
  },
  {
    name: 'status outside the set',
    rule: 'DQ-APT-05',
    perTenThousand: 2,
    bytes: appointmentWith({ status_code: 'no show' }),
  },
  {
    name: 'start as a number',
    rule: 'FLD-TYPE',
    perTenThousand: 1,
    bytes: appointmentWith({ scheduled_start_at: 1_712_067_300 }),
  },
  { name: 'check digit of the NPI', rule: 'DQ-ID-03', perTenThousand: 1, bytes: (n) => json(provider(n)) },
];

/** How many records of each kind a stream of `events` records carries: the declared share, at least one of each. */
export function defectPlan(events: number): { defect: Defect; count: number }[] {
  return DEFECTS.map((defect) => ({
    defect,
    count: Math.max(1, Math.round((events * defect.perTenThousand) / 10_000)),
  }));
}

/** The defect records of a stream, kinds taking turns, so that each is met early. */
export function defectRecords(events: number): SyntheticRecord[] {
  const plan = defectPlan(events);
  const rounds = Math.max(...plan.map((item) => item.count));
  const records: SyntheticRecord[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { defect, count } of plan) {
      const serial = records.length + 1;
      if (round < count)
        records.push({ partitionKey: mix32(serial ^ 0x55555555).toString(16), data: defect.bytes(serial) });
    }
  }
  return records;
}
