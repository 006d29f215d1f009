import { MAX_RECORD_BYTES } from '../contracts/envelope';
import type { EntityName } from '../contracts';
import { conform, type SilverRow } from './records/conform';
import type { Keyring } from './records/keys';
import { bronzeKey, quarantineKey, silverKey, streamSource, type StreamRange } from './lake/names';
import { writeBronze, writeQuarantine, writeSilver, type BronzeRecord, type Rejected } from './lake/parquet';

/** A run of records of one shard, in the order of the stream. */
export interface StreamBatch {
  stream: string;
  shardId: string;
  records: readonly BronzeRecord[];
}

/** An object to be written once. */
export interface PlannedObject {
  key: string;
  body: Uint8Array;
}

/** Records by what became of them; received = accepted + quarantined. */
export interface Counts {
  received: number;
  accepted: number;
  quarantined: number;
}

/** What one batch becomes. Bronze is to be written before the others. */
export interface IngestPlan {
  bronze: PlannedObject;
  silver: PlannedObject[];
  quarantine: PlannedObject | null;
  counts: Counts;
}

interface Group {
  entity: EntityName;
  version: number;
  rows: SilverRow[];
  positions: string[];
}

function rangeOf(batch: StreamBatch): StreamRange {
  const first = batch.records[0];
  const last = batch.records[batch.records.length - 1];
  return {
    stream: batch.stream,
    shardId: batch.shardId,
    firstSequence: first.sequence,
    lastSequence: last.sequence,
    arrivalMs: Math.floor(first.arrivedAt / 1000),
  };
}

/**
 * Validates a batch and makes the bytes of every object that it becomes: a pure function of the batch, the contracts and
 * the key secret, so that a retry of the same batch makes the same objects under the same names.
 * @param batch at least one record
 * @param bronzeBucket name that quarantine rows give as the place of the exact bytes
 */
export function planBatch(batch: StreamBatch, keys: Keyring, bronzeBucket: string): IngestPlan {
  const range = rangeOf(batch);
  const source = streamSource(batch.stream, batch.shardId);
  const bronze = bronzeKey(range);
  const groups = new Map<string, Group>();
  const rejected: Rejected[] = [];
  const ctx = { keys, maxBytes: MAX_RECORD_BYTES };
  batch.records.forEach((record, index) => {
    const validated = conform(record.data, ctx);
    if (validated.ok) {
      const id = `${validated.entity}/${validated.version}`;
      let group = groups.get(id);
      if (!group)
        groups.set(id, (group = { entity: validated.entity, version: validated.version, rows: [], positions: [] }));
      group.rows.push(validated.row);
      group.positions.push(record.sequence);
      return;
    }
    rejected.push({
      recordSource: source,
      recordPosition: record.sequence,
      byteOffset: null,
      entity: validated.entity ?? null,
      version: validated.version ?? null,
      violations: validated.violations,
      profile: null,
      arrivedAt: record.arrivedAt,
      bronzeObject: `${bronzeBucket}/${bronze}`,
      bronzeRow: index,
      byteLength: record.data.length,
    });
  });
  return {
    bronze: { key: bronze, body: writeBronze(source, batch.records) },
    silver: [...groups.values()].map((g) => ({
      key: silverKey(g.entity, g.version, range),
      body: writeSilver(g.entity, g.rows, { record_source: source, positions: g.positions, version: g.version }),
    })),
    quarantine: rejected.length > 0 ? { key: quarantineKey(range), body: writeQuarantine(rejected) } : null,
    counts: {
      received: batch.records.length,
      accepted: batch.records.length - rejected.length,
      quarantined: rejected.length,
    },
  };
}
