/**
 * Silver of the work W, made by SQL from the frozen input of bench/peers/gen.py: what the platform's ingest writes for it, without the ingest.
 * Keys and hashes are other numbers than the platform's HMAC gives; no figure depends on their value.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const local = (at: string, offset: string): string => `(${at}::timestamp + to_minutes(${offset}::bigint))`;
const key = (entity: string, id: string): string => `md5('${entity}' || chr(31) || 'ehr-a' || chr(31) || ${id})`;
const hash = (columns: string): string => `CAST(hash(${columns}) >> 1 AS bigint)`;
const lineage = (source: string): string =>
  `CAST(NULL AS varchar) AS dq_flags, '${source}' AS record_source, CAST(file_row_number + 1 AS varchar) AS record_position`;

const selects: Record<string, (from: string, source: string) => string> = {
  clinic: (
    from,
    source,
  ) => `SELECT 'clinic-' || clinic_id AS event_id, 'upsert' AS op, 'ehr-a' AS source_system, timestamp '2023-01-01' AS effective_at, timestamp '2023-01-01' AS recorded_at,
    ${hash('clinic_id, clinic_name, city, timezone')} AS payload_hash, ${key('clinic', 'clinic_id')} AS clinic_key,
    clinic_id, clinic_name, city, CAST(NULL AS varchar) AS state, timezone, ${lineage(source)} FROM ${from}`,
  provider: (
    from,
    source,
  ) => `SELECT 'provider-' || provider_npi AS event_id, 'upsert' AS op, 'ehr-a' AS source_system, timestamp '2023-01-01' AS effective_at, timestamp '2023-01-01' AS recorded_at,
    ${hash('provider_npi, provider_name, specialty')} AS payload_hash, ${key('provider', 'provider_npi')} AS provider_key,
    provider_npi AS npi, provider_name AS full_name, specialty, ${lineage(source)} FROM ${from}`,
  patient: (
    from,
    source,
  ) => `SELECT event_id, 'upsert' AS op, source_system, effective_at::timestamp AS effective_at, recorded_at::timestamp AS recorded_at,
    ${hash('patient_id, birth_date, sex, zip5, insurer')} AS payload_hash, ${key('patient', 'patient_id')} AS patient_key,
    patient_id, CAST(NULL AS varchar) AS first_name, CAST(NULL AS varchar) AS last_name, sex AS gender_code, birth_date, CAST(NULL AS integer) AS reported_age_years, zip5, CAST(NULL AS varchar) AS state, insurer AS primary_payer_id, ${lineage(source)} FROM ${from}`,
  appointment: (
    from,
    source,
  ) => `SELECT event_id, 'upsert' AS op, source_system, effective_at::timestamp AS effective_at, recorded_at::timestamp AS recorded_at,
    ${hash('appointment_id, patient_id, clinic_id, provider_npi, status, appointment_type, created_at, scheduled_start_at, planned_duration_min, actual_start_at')} AS payload_hash,
    ${key('appointment', 'appointment_id')} AS appointment_key, ${key('patient', 'patient_id')} AS patient_key, ${key('clinic', 'clinic_id')} AS clinic_key, ${key('provider', 'provider_npi')} AS provider_key,
    appointment_id, patient_id, clinic_id, provider_npi, appointment_type AS appointment_type_code,
    CASE status WHEN 'scheduled' THEN 'booked' WHEN 'attended' THEN 'fulfilled' WHEN 'no_show' THEN 'noshow' ELSE 'cancelled' END AS status_code,
    created_at::timestamp AS created_at, scheduled_start_at::timestamp AS scheduled_start_at, 'instant' AS scheduled_precision, planned_duration_min::integer AS planned_duration_min,
    CAST(NULL AS timestamp) AS arrived_at, actual_start_at::timestamp AS actual_start_at, CAST(NULL AS timestamp) AS completed_at, CAST(NULL AS timestamp) AS cancelled_at, CAST(NULL AS integer) AS reminder_count,
    scheduled_tz_offset_min::integer AS scheduled_tz_offset_min, ${local('scheduled_start_at', 'scheduled_tz_offset_min')}::date AS scheduled_date,
    (hour(${local('scheduled_start_at', 'scheduled_tz_offset_min')}) * 100 + minute(${local('scheduled_start_at', 'scheduled_tz_offset_min')}))::integer AS scheduled_time_key,
    ${local('created_at', 'created_tz_offset_min')}::date AS created_date, ${local('actual_start_at', 'scheduled_tz_offset_min')}::date AS actual_date,
    (hour(${local('actual_start_at', 'scheduled_tz_offset_min')}) * 100 + minute(${local('actual_start_at', 'scheduled_tz_offset_min')}))::integer AS actual_time_key, ${lineage(source)} FROM ${from}`,
};

/** Writes `out/<base|delta>/<entity>/part-*.parquet` from the frozen input in `dir`; returns nothing, the files are the result. */
export async function makeSilver(connection: DuckDBConnection, dir: string, out: string): Promise<void> {
  await connection.run(`SET TimeZone='UTC'`);
  for (const half of ['base', 'delta'] as const) {
    for (const entity of ['clinic', 'provider', 'patient', 'appointment'] as const) {
      const small = entity === 'clinic' || entity === 'provider';
      if (small && half === 'delta') continue;
      const pattern = small ? `${dir}/${entity}s.parquet` : `${dir}/${half}/${entity}s/*.parquet`;
      const files = (await connection.runAndReadAll(`SELECT file FROM glob('${pattern}') ORDER BY file`))
        .getRows()
        .map((row) => String(row[0]));
      const target = join(out, half, entity);
      mkdirSync(target, { recursive: true });
      for (const [index, file] of files.entries()) {
        const select = selects[entity](`read_parquet('${file}', file_row_number = true)`, `bench-w/${entity}-${half}`);
        await connection.run(
          `COPY (${select}) TO '${target}/part-${String(index).padStart(3, '0')}.parquet' (FORMAT parquet, COMPRESSION snappy)`,
        );
      }
    }
  }
}
