import { MAX_RECORD_BYTES } from '../contracts/envelope';
import type { EntityName, RuleId } from '../contracts';
import { conform, type Conformed, type SilverRow } from './records/conform';
import type { Keyring } from './records/keys';
import { sha256Hex } from './records/hash';
import { membersOf } from './records/members';
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

/** Events by what became of them; received = accepted + quarantined. A record that packs many counts as many. */
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
  /** What was thrown, one for each record quarantined as SYS-THROWN. Their messages may quote the record. */
  thrown: unknown[];
}

type Accepted = Extract<Conformed, { ok: true }>;
type Refused = Extract<Conformed, { ok: false }>;

/** What is accepted or rejected by itself: a record, or one of the events that it packs. */
interface Member {
  /** Place of the record in the batch. */
  record: number;
  /** Sequence number of the record, and after a slash the place in it, where it packs several. */
  position: string;
  data: Uint8Array;
  /** Where the record begins as a batch and cannot be taken apart. */
  broken: boolean;
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

const refusedBy = (rule: RuleId, of: { entity?: EntityName; version?: number } = {}): Refused => ({
  ok: false,
  violations: [{ rule, pointer: '' }],
  entity: of.entity,
  version: of.version,
});

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

  add(index: number, { entity, version, row }: Accepted): void {
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

/** The records of a batch as members that are taken as they are. */
const unpacked = ({ records }: StreamBatch): Member[] =>
  records.map(({ sequence, data }, record) => ({ record, position: sequence, data, broken: false }));

/** The members of a batch's records, in their order, and how many each record packs; null where it is one event. */
function unpack(batch: StreamBatch): { members: Member[]; packed: (number | null)[] } {
  const members: Member[] = [];
  const packed = batch.records.map(({ sequence, data }, record) => {
    const found = membersOf(data);
    if (found === undefined || found === 'broken') {
      members.push({ record, position: sequence, data, broken: found === 'broken' });
      return null;
    }
    found.forEach((one, i) => members.push({ record, position: `${sequence}/${i}`, data: one, broken: false }));
    return found.length;
  });
  return { members, packed };
}

/** Makes the objects of a batch, each of its members judged by `judge`. */
function plan(
  batch: StreamBatch,
  { members, packed }: { members: Member[]; packed: (number | null)[] },
  bronzeBucket: string,
  judge: (member: Member) => Conformed,
): IngestPlan {
  const range = rangeOf(batch);
  const source = streamSource(batch.stream, batch.shardId);
  const bronze = bronzeKey(range);
  const groups = new SilverGroups(members, source);
  const refused = new Map<number, Refused>();
  const thrown: unknown[] = [];
  members.forEach((member, index) => {
    const judged = attempt(() => judge(member), thrown) ?? refusedBy('SYS-THROWN');
    if (judged.ok) groups.add(index, judged);
    else refused.set(index, judged);
  });
  const silver = groups.objects(range, thrown, (index, why) => refused.set(index, why));
  const rejected = [...refused]
    .sort(([a], [b]) => a - b)
    .map(([index, why]): Rejected => {
      const { record, position, data } = members[index];
      return {
        recordSource: source,
        recordPosition: position,
        byteOffset: null,
        entity: why.entity ?? null,
        version: why.version ?? null,
        violations: why.violations,
        profile: null,
        arrivedAt: batch.records[record].arrivedAt,
        bronzeObject: `${bronzeBucket}/${bronze}`,
        bronzeRow: record,
        byteLength: data.length,
        sha256: sha256Hex(data),
      };
    });
  return {
    bronze: { key: bronze, body: writeBronze(source, batch.records, packed) },
    silver,
    quarantine: rejected.length > 0 ? { key: quarantineKey(range), body: writeQuarantine(rejected) } : null,
    counts: {
      received: members.length,
      accepted: members.length - rejected.length,
      quarantined: rejected.length,
    },
    thrown,
  };
}

/**
 * Validates a batch and makes the bytes of every object that it becomes: a pure function of the batch, the contracts and
 * the key secret, so that a retry of the same batch makes the same objects under the same names. A record at which the
 * code itself throws is quarantined, since asking for it again would throw again and hold up its shard. What a producer
 * packed into one record is accepted or rejected event by event.
 * @param batch at least one record
 * @param bronzeBucket name that quarantine rows give as the place of the exact bytes
 */
export function planBatch(batch: StreamBatch, keys: Keyring, bronzeBucket: string): IngestPlan {
  const ctx = { keys, maxBytes: MAX_RECORD_BYTES };
  return plan(batch, unpack(batch), bronzeBucket, ({ data, broken, record }) =>
    broken ? refusedBy('DQ-FMT-03') : conform(data, ctx, batch.records[record]),
  );
}

/** The same for records that end the process that reads them: quarantined unread. */
export function planUnread(batch: StreamBatch, bronzeBucket: string): IngestPlan {
  return plan(batch, { members: unpacked(batch), packed: batch.records.map(() => null) }, bronzeBucket, () =>
    refusedBy('SYS-KILLED'),
  );
}
