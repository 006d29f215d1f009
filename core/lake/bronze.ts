import { parquetReadObjects } from 'hyparquet';
import type { BronzeRecord } from './parquet';

interface BronzeRow {
  record_position: string;
  partition_key: string;
  arrived_at: Date | bigint;
  data: Uint8Array;
}

/** The records of a bronze object, as they were received. */
export async function readBronze(bytes: Uint8Array): Promise<BronzeRecord[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = (await parquetReadObjects({
    file,
    // Bytes stay bytes, and times stay exact to the microsecond.
    utf8: false,
    parsers: { timestampFromMicroseconds: (micros: bigint) => micros },
  })) as unknown as BronzeRow[];
  return rows.map((row) => ({
    sequence: row.record_position,
    partitionKey: row.partition_key,
    arrivedAt: Number(row.arrived_at),
    data: row.data,
  }));
}
