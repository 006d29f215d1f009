import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planBatch } from '../../core/ingest';
import { rowsOfObject } from '../core/objects';
import { keys } from '../core/samples';
import { FakeS3 } from '../ingest-file/fake-s3';
import { BUCKETS, ingest, rowsUnder } from '../ingest-file/run';

const example = (name: string): Buffer => readFileSync(join(__dirname, '../../examples', name));
afterEach(() => jest.restoreAllMocks());

test('examples/events.ndjson: what its page says of it', async () => {
  const lines = example('events.ndjson').toString().trim().split('\n');
  const records = lines.map((line, i) => ({
    sequence: String(i + 1),
    partitionKey: 'k',
    arrivedAt: Date.UTC(2026, 0, 2) * 1000,
    data: Buffer.from(line),
  }));
  const { counts, quarantine } = planBatch({ stream: 's', shardId: 'shardId-0', records }, keys, 'bronze');
  expect(counts).toEqual({ received: 11, accepted: 7, quarantined: 4, unmapped: 0 });
  const rejected = await rowsOfObject(quarantine!.body);
  expect(rejected.map((r) => [r.record_position, r.rule_ids, r.pointers])).toEqual([
    ['8', 'DQ-APT-05', '/payload/status_code'],
    ['9', 'DQ-ID-01', '/payload/appointment_id'],
    ['10', 'ENV-TIME', '/recorded_at'],
    ['11', 'DQ-FMT-02', '#'],
  ]);
});

test('examples/visits.csv, read by examples/visits.json', async () => {
  const s3 = new FakeS3();
  s3.install();
  s3.put(BUCKETS.control, 'profiles/example-visits.json', example('visits.json').toString());
  const { result } = await ingest(s3.put(BUCKETS.landing, 'example-visits/visits.csv', example('visits.csv')));
  expect(result).toMatchObject({ received: 5, accepted: 4, quarantined: 1 });
  const visits = await rowsUnder(s3, 'silver/appointment/');
  expect(visits.map((r) => [r.appointment_id, r.status_code, r.planned_duration_min])).toEqual([
    ['V1', 'fulfilled', 30],
    ['V2', 'noshow', 30],
    ['V3', 'booked', null],
    ['V4', 'fulfilled', 20],
  ]);
  const [, , third] = await rowsUnder(s3, 'silver/patient/').then((rows) =>
    rows.filter((r) => r.record_position !== '3'),
  );
  expect([third!.patient_id, third!.birth_date ?? null, third!.dq_flags]).toEqual(['P3', null, 'FIL-MAP-02']);
  expect((await rowsUnder(s3, 'quarantine/')).map((r) => r.record_position)).toEqual(['5']);
});
