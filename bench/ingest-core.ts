import { Keyring } from '../core/records/keys';
import { planBatch } from '../core/ingest';

/** What the ingest core is measured on. */
export interface IngestCoreOptions {
  /** Records of one batch, as the event-source mapping hands them over. */
  batchSize?: number;
  /** Different batches per repetition, so that no key is met twice within one. */
  batches?: number;
  /** Repetitions of floor and platform in turn; medians are told. */
  reps?: number;
}

/** Rates in records per CPU second (user + system), medians; ratio = platform / floor. */
export interface IngestCoreResult {
  floor: number;
  platform: number;
  ratio: number;
  batchSize: number;
  records: number;
  reps: number;
  bytesPerRecord: number;
  /** Bytes written per record, bronze and silver together. */
  bytesWrittenPerRecord: number;
}

const two = (n: number) => String(n).padStart(2, '0');
const STATUS = ['booked', 'fulfilled', 'noshow', 'cancelled', 'fulfilled', 'fulfilled'];

/** One appointment event with every member that a busy clinic's system would send. */
function envelope(i: number): string {
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

interface Encoded {
  partitionKey: string;
  sequence: string;
  base64: string;
}

function makeBatches(batches: number, batchSize: number): Encoded[][] {
  return Array.from({ length: batches }, (_, b) =>
    Array.from({ length: batchSize }, (_unused, k) => {
      const i = b * batchSize + k;
      return {
        partitionKey: `P-${i}`,
        sequence: `4965${String(i).padStart(52, '0')}`,
        base64: Buffer.from(envelope(i)).toString('base64'),
      };
    }),
  );
}

/** CPU seconds that `work` takes. */
function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function runFloor(batches: Encoded[][]): void {
  for (const batch of batches) for (const r of batch) JSON.parse(Buffer.from(r.base64, 'base64').toString('utf8'));
}

/** All that ingest does with a batch except sending bytes: decode, validate, key, and make bronze and silver Parquet. */
function runPlatform(batches: Encoded[][], keys: Keyring): number {
  let written = 0;
  for (const batch of batches) {
    const records = batch.map((r) => ({
      sequence: r.sequence,
      partitionKey: r.partitionKey,
      arrivedAt: 1_900_000_000_000_000,
      data: Buffer.from(r.base64, 'base64'),
    }));
    const plan = planBatch({ stream: 'bench', shardId: 'shardId-000000000000', records }, keys, 'bronze');
    if (plan.counts.accepted !== batch.length)
      throw new Error(`bench: ${plan.counts.quarantined} records were rejected`);
    written += plan.bronze.body.length + plan.silver.reduce((sum, o) => sum + o.body.length, 0);
  }
  return written;
}

/**
 * Measures the ingest core (record → validated, all keys, bronze and silver Parquet bytes) against its floor
 * (base64 and JSON.parse of the same records), in turns within one process.
 */
export async function ingestCore(opts: IngestCoreOptions = {}): Promise<IngestCoreResult> {
  const { batchSize = 5000, batches: count = 4, reps = 9 } = opts;
  const batches = makeBatches(count, batchSize);
  const records = count * batchSize;
  const floors: number[] = [];
  const platforms: number[] = [];
  let written = 0;
  for (let rep = -2; rep < reps; rep++) {
    // A fresh keyring each time: remembered keys of an earlier repetition would flatter the rate.
    const keys = Keyring.fromSecret(JSON.stringify({ key_version: 1, secret: 'bench-secret-of-no-consequence' }));
    const floor = cpuSeconds(() => runFloor(batches));
    const platform = cpuSeconds(() => void (written = runPlatform(batches, keys)));
    if (rep < 0) continue;
    floors.push(records / floor);
    platforms.push(records / platform);
  }
  const bytes = batches[0].reduce((sum, r) => sum + Buffer.byteLength(r.base64, 'base64'), 0) / batchSize;
  return {
    floor: Math.round(median(floors)),
    platform: Math.round(median(platforms)),
    ratio: median(platforms) / median(floors),
    batchSize,
    records,
    reps,
    bytesPerRecord: Math.round(bytes),
    bytesWrittenPerRecord: Math.round(written / records),
  };
}

if (require.main === module) void ingestCore().then((r) => console.log(JSON.stringify(r)));
