import { planBatch } from '../core/ingest';
import { Keyring } from '../core/records/keys';
import { appointment } from './appointments';
import { inTurn } from './measure';

/** What the ingest core is measured on. */
export interface IngestCoreOptions {
  /** Makes the record of a number, as a producer would send it. */
  record?: (i: number) => string;
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

interface Encoded {
  partitionKey: string;
  sequence: string;
  base64: string;
}

function makeBatches(record: (i: number) => string, batches: number, batchSize: number): Encoded[][] {
  return Array.from({ length: batches }, (_, b) =>
    Array.from({ length: batchSize }, (_unused, k) => {
      const i = b * batchSize + k;
      return {
        partitionKey: `P-${i}`,
        sequence: `4965${String(i).padStart(52, '0')}`,
        base64: Buffer.from(record(i)).toString('base64'),
      };
    }),
  );
}

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
  const { record = appointment, batchSize = 5000, batches: count = 4, reps = 9 } = opts;
  const batches = makeBatches(record, count, batchSize);
  const records = count * batchSize;
  let written = 0;
  const { floor, platform } = await inTurn(reps, {
    floor: () => runFloor(batches),
    platform: () => {
      // A fresh keyring each time: remembered keys of an earlier repetition would flatter the rate.
      const keys = Keyring.fromSecret(JSON.stringify({ key_version: 1, secret: 'bench-secret-of-no-consequence' }));
      written = runPlatform(batches, keys);
    },
  });
  const bytes = batches[0]!.reduce((sum, r) => sum + Buffer.byteLength(r.base64, 'base64'), 0) / batchSize;
  return {
    floor: Math.round(records / floor),
    platform: Math.round(records / platform),
    ratio: floor / platform,
    batchSize,
    records,
    reps,
    bytesPerRecord: Math.round(bytes),
    bytesWrittenPerRecord: Math.round(written / records),
  };
}

if (require.main === module) void ingestCore().then((r) => console.log(JSON.stringify(r)));
