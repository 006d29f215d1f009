import type { IngestFileResult } from '../../lambdas/ingest-file/event';
import type { FakeS3 } from './fake-s3';
import { BUCKETS, ingest } from './run';

/** A profile of a clinic per row: `id,name,day`. */
export const visitsProfile = (more: object = {}, entity: object = {}, fields: object = {}): string =>
  JSON.stringify({
    profile: 'visits',
    source_system: 'pas',
    mode: 'delta',
    file: { format: 'csv' },
    entities: [
      {
        entity: 'clinic',
        effective_at: 'day',
        recorded_at: 'day',
        fields: { clinic_id: 'id', clinic_name: 'name', ...fields },
        ...entity,
      },
    ],
    ...more,
  });

export const useVisits = (s3: FakeS3, profile: string): unknown =>
  s3.put(BUCKETS.control, 'profiles/visits.json', profile);

/** Lands a file at a time, and reads it to its end. */
export async function sendVisits(
  s3: FakeS3,
  key: string,
  body: string,
  at: string,
  metadata?: Record<string, string>,
): Promise<IngestFileResult> {
  s3.now = new Date(at);
  return (await ingest(s3.put(BUCKETS.landing, `visits/${key}`, body, metadata))).result;
}
