const two = (n: number) => String(n).padStart(2, '0');
const STATUS = ['booked', 'fulfilled', 'noshow', 'cancelled', 'fulfilled', 'fulfilled'];

/** One appointment event with every member that a busy clinic's system would send. */
export function appointment(i: number): string {
  const day = `2026-0${1 + (i % 9)}-${two(1 + ((i * 7) % 28))}`;
  const start = `${two(8 + (i % 9))}:${two((i * 5) % 60)}`;
  return JSON.stringify({
    event_id: `6f1d2c3b-${(i * 2654435761 + 4096).toString(16).padStart(12, '0')}`,
    entity: 'appointment',
    schema_version: 1,
    op: 'upsert',
    source_system: 'clinic-ehr',
    effective_at: `${day}T${start}:00-05:00`,
    recorded_at: `${day}T${start}:${two(i % 60)}.125-05:00`,
    payload: {
      appointment_id: `A-${i}`,
      patient_id: `P-${(i * 7919) % 1_000_003}`,
      clinic_id: `C-${i % 40}`,
      provider_npi: '1234567893',
      appointment_type_code: 'follow-up',
      status_code: STATUS[i % STATUS.length],
      created_at: `2025-12-${two(1 + (i % 28))}T10:${two(i % 60)}:00-05:00`,
      scheduled_start_at: `${day}T${start}:00-05:00`,
      planned_duration_min: 30,
      arrived_at: `${day}T${start}:10-05:00`,
      actual_start_at: `${day}T${start}:40-05:00`,
      reminder_count: i % 3,
    },
  });
}
