/** One record to put. */
export interface PutRecord {
  readonly data: Uint8Array;
  /** 1..256 characters. */
  readonly partitionKey: string;
  /** Decimal 0..2^128-1, instead of the partition key's MD5. */
  readonly explicitHashKey?: string;
}

/** One record as stored. */
export interface StoredRecord {
  /** Decimal digits, all of one length within a stream: text order is number order. */
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly arrivedAt: number;
}

/** Where reading starts. */
export type StartPosition =
  | { readonly type: 'TRIM_HORIZON' | 'LATEST' }
  | { readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string }
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };

export interface StreamSummary {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly retentionHours: number;
  readonly shards: readonly ShardSummary[];
}
export interface ShardSummary {
  readonly shardId: string;
  readonly startingHashKey: string;
  readonly endingHashKey: string;
  readonly startingSequenceNumber: string;
}

/** Streams as durable append-only logs, partitioned by the MD5 of the partition key. */
export interface KinesisStore {
  /** Makes the stream, or finds it with the same shards; another number of shards is refused. */
  createStream(name: string, shards: number, retentionHours: number): StreamSummary;
  describe(name: string): StreamSummary | undefined;
  list(): string[];
  /** Id of the shard that a record goes to. */
  shardOf(name: string, record: PutRecord): string;
  /** Appends; every record is in the log when this returns, and on the disk once `synced` resolves. */
  putRecords(name: string, records: readonly PutRecord[]): { shardId: string; sequenceNumber: string }[];
  /** Resolves once what was appended until now is on the disk, where the folder is durable; else at once. */
  synced(name: string): Promise<void>;
  /** Ordinal (0-based count of records ever put in the shard) where a position starts. */
  locate(name: string, shardId: string, position: StartPosition): number;
  /** Records from an ordinal on, at most `limit` and 10 MiB; `next` is the ordinal to go on from. */
  read(name: string, shardId: string, from: number, limit: number): { records: StoredRecord[]; next: number };
  /** How long the record of an ordinal has lain there; 0 at the end. */
  millisBehindLatest(name: string, shardId: string, ordinal: number): number;
  /** Ordinal that the next record takes. */
  end(name: string, shardId: string): number;
  /** Stretches of ordinals whose records are held; `to` is after the last. */
  runs(name: string, shardId: string): { from: number; to: number }[];
  sequenceNumber(name: string, shardId: string, ordinal: number): string;
  /** Lets a shard go on no lower than where its readers stand. @returns what was lost, in the shards whose log is shorter than that. */
  goOnAbove(name: string, settled: (shardId: string) => number): LostRecords[];
  /** Called after every append. @returns the function that ends it. */
  onAppend(listener: (stream: string, shardId: string) => void): () => void;
  close(): void;
}

/** Records that were acknowledged and are not in the log: how many is not known, since numbers have gaps. */
export interface LostRecords {
  readonly shardId: string;
  readonly from: string;
  readonly to: string;
}
