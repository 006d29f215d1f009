import type { Clock } from '../clock';
import type { PutRecord } from './kinesis-store';

/** What one shard takes in a second, by Kinesis' quotas. */
const RECORDS_A_SECOND = 1000;
const BYTES_A_SECOND = 1024 * 1024;

/** Keeps count of what every shard has taken in the current second. */
export class ShardLimits {
  private second = -1;
  private readonly taken = new Map<string, { records: number; bytes: number }>();

  constructor(private readonly clock: Clock) {}

  /** Whether the shard takes this record now. */
  takes(shard: string, record: PutRecord): boolean {
    const second = Math.floor(this.clock.now() / 1000);
    if (second !== this.second) this.taken.clear();
    this.second = second;
    const taken = this.taken.get(shard) ?? { records: 0, bytes: 0 };
    const bytes = taken.bytes + record.data.length + Buffer.byteLength(record.partitionKey);
    if (taken.records >= RECORDS_A_SECOND || bytes > BYTES_A_SECOND) return false;
    this.taken.set(shard, { records: taken.records + 1, bytes });
    return true;
  }
}
