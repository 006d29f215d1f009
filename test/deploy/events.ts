/** Valid appointment events as a producer puts them: an envelope each, keyed by appointment. */
export function appointmentEvents(count: number): { Data: Buffer; PartitionKey: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `APPT-${String(index).padStart(4, '0')}`;
    const envelope = {
      event_id: `deploy-check-${index}`,
      entity: 'appointment',
      schema_version: 1,
      op: 'upsert',
      source_system: 'deploy-check',
      effective_at: '2026-03-02T09:00:00-05:00',
      recorded_at: '2026-03-02T10:00:00-05:00',
      payload: {
        appointment_id: id,
        patient_id: `PATIENT-${index % 7}`,
        clinic_id: 'CLINIC-1',
        status_code: 'fulfilled',
        created_at: '2026-02-20T08:00:00-05:00',
        scheduled_start_at: '2026-03-02T09:00:00-05:00',
      },
    };
    return { Data: Buffer.from(JSON.stringify(envelope)), PartitionKey: id };
  });
}
