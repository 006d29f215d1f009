import type { EntityName } from '../contracts';
import type { Event } from './files/chunk';
import type { FhirReader } from './files/fhir/stream';
import type { SilverRow } from './records/conform';
import type { Keyring } from './records/keys';
import { sha256Hex } from './records/hash';
import type { Refused } from './records/outcome';
import { type Member, refusedBy, takeApart, type TakenApart, unread } from './stream-members';
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

/** Events by what became of them; received = accepted + quarantined + unmapped. A record that packs many counts as many. */
export interface Counts {
  received: number;
  accepted: number;
  quarantined: number;
  /** Resources of FHIR of types that nothing in the profile reads. */
  unmapped: number;
}

/** What one batch becomes. Bronze is to be written before the others. */
export interface IngestPlan {
  bronze: PlannedObject;
  silver: PlannedObject[];
  quarantine: PlannedObject | null;
  counts: Counts;
  /** What was thrown, one for each record quarantined as SYS-THROWN. Their messages may quote the record. */
  thrown: unknown[];
  /** Whether records of FHIR were refused for want of a reader: plan again with one. */
  lacksReader: boolean;
}

interface Group {
  entity: EntityName;
  version: number;
  rows: SilverRow[];
  /** Places of the rows' members. */
  indexes: number[];
}

/** The place of a batch in its stream, which names its objects. */
export function rangeOf(batch: StreamBatch): StreamRange {
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

/** Runs `make`, or keeps what it threw. */
function attempt<T>(make: () => T, thrown: unknown[]): T | undefined {
  try {
    return make();
  } catch (error) {
    thrown.push(error);
    return undefined;
  }
}

/** Silver objects of the accepted records. A row that no object can hold is refused, and its group written without it. */
class SilverGroups {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly members: readonly Member[],
    private readonly source: string,
  ) {}

  add(index: number, { entity, version, row }: Event): void {
    const id = `${entity}/${version}`;
    let group = this.groups.get(id);
    if (!group) this.groups.set(id, (group = { entity, version, rows: [], indexes: [] }));
    group.rows.push(row);
    group.indexes.push(index);
  }

  objects(range: StreamRange, thrown: unknown[], refuse: (index: number, refused: Refused) => void): PlannedObject[] {
    return [...this.groups.values()].flatMap((group): PlannedObject[] => {
      const key = silverKey(group.entity, group.version, range);
      const body = attempt(() => this.body(group), []);
      if (body) return [{ key, body }];
      const sound: Group = { ...group, rows: [], indexes: [] };
      group.rows.forEach((row, i) => {
        const alone = { ...group, rows: [row], indexes: [group.indexes[i]] };
        if (attempt(() => this.body(alone), thrown)) {
          sound.rows.push(row);
          sound.indexes.push(group.indexes[i]);
        } else refuse(group.indexes[i], refusedBy('SYS-THROWN', group));
      });
      // Rows that can be written one by one but not together are a fault of the batch: it throws, and Lambda splits it.
      return sound.rows.length > 0 ? [{ key, body: this.body(sound) }] : [];
    });
  }

  private body({ entity, version, rows, indexes }: Group): Uint8Array {
    const positions = indexes.map((index) => this.members[index].position);
    return writeSilver(entity, rows, { record_source: this.source, positions, version });
  }
}

/** Makes the objects of a batch that was taken apart. */
function plan(batch: StreamBatch, taken: TakenApart, bronzeBucket: string, thrown: unknown[]): IngestPlan {
  const { members, packed, parts } = taken;
  const range = rangeOf(batch);
  const source = streamSource(batch.stream, batch.shardId);
  const bronze = bronzeKey(range);
  const groups = new SilverGroups(members, source);
  const refused = new Map<number, Refused>();
  let unmapped = 0;
  members.forEach(({ outcome }, index) => {
    if ('unmapped' in outcome) unmapped++;
    else if (outcome.ok) for (const event of outcome.events) groups.add(index, event);
    else refused.set(index, outcome);
  });
  const silver = groups.objects(range, thrown, (index, why) => refused.set(index, why));
  const rejected = [...refused]
    .sort(([a], [b]) => a - b)
    .map(([index, why]): Rejected => {
      const { record, position, data, profile } = members[index];
      return {
        recordSource: source,
        recordPosition: position,
        byteOffset: null,
        entity: why.entity ?? null,
        version: why.version ?? null,
        violations: why.violations,
        profile,
        arrivedAt: batch.records[record].arrivedAt,
        bronzeObject: `${bronzeBucket}/${bronze}`,
        bronzeRow: record,
        byteLength: data.length,
        sha256: sha256Hex(data),
      };
    });
  return {
    bronze: { key: bronze, body: writeBronze(source, batch.records, packed, parts) },
    silver,
    quarantine: rejected.length > 0 ? { key: quarantineKey(range), body: writeQuarantine(rejected) } : null,
    counts: {
      received: members.length,
      accepted: members.length - rejected.length - unmapped,
      quarantined: rejected.length,
      unmapped,
    },
    thrown,
    lacksReader: taken.lacksReader,
  };
}

/**
 * Validates a batch and makes the bytes of every object that it becomes: a pure function of the batch, the contracts, the profile of FHIR and
 * the key secret, so that a retry of the same batch makes the same objects under the same names. A record at which the
 * code itself throws is quarantined, since asking for it again would throw again and hold up its shard. What a producer
 * packed into one record is accepted or rejected event by event.
 * @param batch at least one record
 * @param bronzeBucket name that quarantine rows give as the place of the exact bytes
 * @param fhir reads records that are FHIR; without it they are refused, and the plan says that it lacks it
 */
export function planBatch(batch: StreamBatch, keys: Keyring, bronzeBucket: string, fhir?: FhirReader): IngestPlan {
  const thrown: unknown[] = [];
  return plan(batch, takeApart(batch.records, { keys, fhir, thrown }), bronzeBucket, thrown);
}

/** The same for records that end the process that reads them: quarantined unread. */
export const planUnread = (batch: StreamBatch, bronzeBucket: string): IngestPlan =>
  plan(batch, unread(batch.records, 'SYS-KILLED'), bronzeBucket, []);
