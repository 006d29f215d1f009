import type { EntityName } from '../../contracts';
import { sha256Hex } from '../records/hash';
import { conformEnvelope, type ConformContext, type Received, type SilverRow } from '../records/conform';
import { trimmed } from '../records/text';
import type { FileRule } from '../../profiles/rules';
import type { Row } from './making';
import type { MappedEntity, Member, RowMapper, RowViolation } from './mapper';
import type { FileRecord, Position, Records } from './records';

/** Rows after which a chunk ends. Chunks name objects, so neither number may depend on anything but the file. */
export const CHUNK_ROWS = 20_000;
/** Bytes of the file after which a chunk ends, so that rows of any length fit the memory. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/** Accepted events of one entity version, in the order of their rows. */
export interface EntityRows {
  entity: EntityName;
  version: number;
  rows: SilverRow[];
  /** 1-based data row of each and, of a list in it, the element. */
  positions: string[];
}

/** A row that was not accepted. */
export interface RejectedRow {
  record: FileRecord;
  /** Row and, of a list in it, the element. */
  position: string;
  /** SHA-256 of its bytes, hex. */
  sha256: string;
  violations: RowViolation[];
  /** The entity that was at fault, if it was one. */
  entity: EntityName | null;
  version: number | null;
}

/** A run of rows of a file, validated. */
export interface Chunk {
  firstRow: number;
  lastRow: number;
  accepted: number;
  entities: EntityRows[];
  rejected: RejectedRow[];
  /** Records of kinds that nothing in the profile reads, by kind. */
  unmapped: Record<string, number>;
  /** Rows by what is worth telling of them. */
  notes: Partial<Record<FileRule, number>>;
  /** Keys that the rows name, for a snapshot; null in other modes. */
  keys: SnapshotKey[] | null;
  /** Rows whose keys could not be read, by entity; only for a snapshot. */
  unkeyed: number;
  /** What was thrown, one for each row rejected as SYS-THROWN. Their messages may quote the row. */
  thrown: unknown[];
  /** Where the next chunk begins. */
  end: Position;
  done: boolean;
}

/** A key that a row of a snapshot names. */
export interface SnapshotKey {
  entity: EntityName;
  sourceSystem: string;
  /** Who assigned the key, where it was not the source. */
  authority?: string;
  naturalKey: string[];
  accepted: boolean;
}

/** What became of a row, or of an element of one of its lists: accepted where nothing is wrong. */
export interface Verdict extends Member {
  events: Event[];
  faulty: MappedEntity[];
  violations: RowViolation[];
}

const refusedBy = (rule: RowViolation['rule'], pointer = '#'): Verdict => ({
  mapped: [],
  events: [],
  faulty: [],
  violations: [{ rule, pointer }],
});

/**
 * What becomes of a record, or its kind where nothing in the profile reads any. One at which the code itself throws is rejected, since whatever it came
 * in would be stopped by it at every further try.
 */
export function judgeRecord(
  record: FileRecord,
  mapper: RowMapper,
  ctx: ConformContext,
  thrown: unknown[],
): Verdict[] | string {
  const unmapped = record.value && mapper.unmapped(record.value as Row);
  if (unmapped) return unmapped;
  try {
    return judge(record, mapper, ctx);
  } catch (error) {
    thrown.push(error);
    return [refusedBy('SYS-THROWN')];
  }
}

/** The entity that was at fault, if it was one. */
export function faultyEntity({ faulty }: Verdict): Pick<RejectedRow, 'entity' | 'version'> {
  const plans = new Set(faulty.map(({ plan }) => plan));
  const [only] = plans;
  return plans.size === 1 && only ? { entity: only.entity, version: only.version } : { entity: null, version: null };
}

/** Validates a row. */
function validateRow(record: FileRecord, mapper: RowMapper, ctx: ConformContext, into: Chunk): void {
  const verdicts = judgeRecord(record, mapper, ctx, into.thrown);
  if (typeof verdicts === 'string') {
    into.unmapped[verdicts] = (into.unmapped[verdicts] ?? 0) + 1;
    return;
  }
  for (const verdict of verdicts) {
    const isAccepted = verdict.violations.length === 0;
    if (isAccepted) {
      into.accepted++;
      for (const event of verdict.events) accept(into, event, positionOf(record, verdict));
    } else reject(into, record, verdict);
    if (into.keys) noteKeys(into, verdict.mapped, isAccepted);
  }
}

/**
 * What a row feeds must be right, or the row as a whole is rejected with all that is wrong; the elements of a list in it are each accepted or
 * rejected by themselves.
 */
function judge(record: FileRecord, mapper: RowMapper, ctx: ConformContext): Verdict[] {
  if (record.value === undefined) return [refusedBy(record.fault ?? 'DQ-FMT-01', record.pointer)];
  const row = record.value as Row;
  const unknown = mapper.unknownMember(row);
  const violations: RowViolation[] = unknown === null ? [] : [{ rule: 'FIL-ROW-03', pointer: unknown }];
  const members = mapper.members(row, violations);
  if (members.length === 0 && violations.length === 0) violations.push({ rule: 'FIL-ROW-04', pointer: '#' });
  const received = receivedOf(mapper.received(row, record.row, violations), record);
  if (violations.length > 0) {
    // One fault of the row is told once, with all that is wrong in what it feeds.
    const mapped = members.flatMap((member) => member.mapped);
    return [validateMember({ mapped }, ctx, received, violations)];
  }
  return members.map((member) => validateMember(member, ctx, received, []));
}

/** Place of a member in its file: the row, the entry of a row that packs several and, of a list in it, the element, with slashes between. */
const positionOf = ({ row, entry }: FileRecord, { place }: Pick<Member, 'place'>): string =>
  [row, entry, place].filter((part) => part !== undefined).join('/');

/** An event that a row feeds, as silver keeps it. */
export type Event = { entity: EntityName; version: number; row: SilverRow };

/** Room between two entries of a row for the elements of the lists in one, and entries for which there is some. */
const PER_ENTRY = 100;
const MOST_ENTRIES = 9_999;

/** Entries and elements of one row follow one another as rows of a file do. */
function receivedOf(received: Received, { entry, place }: { entry?: number; place?: number }): Received {
  if (received.order === undefined || (entry ?? place) === undefined) return received;
  const step = entry === undefined ? place! + 1 : Math.min(entry, MOST_ENTRIES) * PER_ENTRY;
  return { ...received, order: received.order + BigInt(step) };
}

function validateMember(member: Member, ctx: ConformContext, ofRow: Received, violations: RowViolation[]): Verdict {
  const events: Event[] = [];
  const faulty: MappedEntity[] = [];
  const received = receivedOf(ofRow, { place: member.place });
  for (const one of member.mapped) {
    const found = validateEntity(one, ctx, received, violations);
    if (found) events.push(found);
    else faulty.push(one);
  }
  return { ...member, events, faulty, violations };
}

function validateEntity(
  one: MappedEntity,
  ctx: ConformContext,
  received: Received,
  violations: RowViolation[],
): Event | null {
  const { plan, failed, element } = one;
  const result = conformEnvelope(one.envelope, ctx, received, { faults: failed, flags: one.flags });
  const push = (rule: RowViolation['rule'], member: string): void => {
    for (const pointer of plan.sourcePointers(member, element)) {
      if (!violations.some((v) => v.rule === rule && v.pointer === pointer)) violations.push({ rule, pointer });
    }
  };
  // What stands around a payload is needed, but for the sequence; of the payload the contract says what the record can be without.
  const missing = [...(failed ?? [])].filter(
    ([member]) => !member.startsWith('payload/') && member !== 'source_sequence',
  );
  for (const [member, rule] of missing) push(rule, `/${member}`);
  if (!result.ok) {
    // A member that could not be made has been told of already; the contract would only add that it is missing.
    for (const v of result.violations) if (!missing.some(([m]) => `/${m}` === v.pointer)) push(v.rule, v.pointer);
    return null;
  }
  return missing.length > 0 ? null : { entity: result.entity, version: result.version, row: result.row };
}

function accept(into: Chunk, event: Event, position: string): void {
  let rows = into.entities.find((e) => e.entity === event.entity && e.version === event.version);
  if (!rows) into.entities.push((rows = { entity: event.entity, version: event.version, rows: [], positions: [] }));
  rows.rows.push(event.row);
  rows.positions.push(position);
}

function reject(into: Chunk, record: FileRecord, verdict: Verdict): void {
  into.rejected.push({
    record: { ...record, value: undefined },
    position: positionOf(record, verdict),
    sha256: '',
    violations: verdict.violations,
    ...faultyEntity(verdict),
  });
}

/** A rejected row still says that its key is there: what a snapshot holds in a broken form must not be taken for absent. */
function noteKeys(into: Chunk, mapped: MappedEntity[], accepted: boolean): void {
  if (mapped.length === 0) into.unkeyed++;
  for (const { plan, envelope } of mapped) {
    const naturalKey = plan.naturalKey(envelope);
    const sourceSystem = trimmed(envelope.source_system);
    if (naturalKey === null || typeof sourceSystem !== 'string') into.unkeyed++;
    else {
      const authority = (envelope.authorities as Record<string, unknown> | undefined)?.[plan.entity];
      into.keys?.push({
        entity: plan.entity,
        sourceSystem,
        ...(typeof authority === 'string' && authority !== sourceSystem ? { authority } : {}),
        naturalKey,
        accepted,
      });
    }
  }
}

/** Reads and validates one chunk from where the reader stands. Its end depends on the file alone. */
export async function nextChunk(
  reader: Records,
  mapper: RowMapper,
  ctx: ConformContext,
  limits = { rows: CHUNK_ROWS, bytes: CHUNK_BYTES },
): Promise<Chunk> {
  const begin = reader.position;
  const chunk: Chunk = {
    firstRow: begin.row + 1,
    lastRow: begin.row,
    accepted: 0,
    entities: [],
    rejected: [],
    unmapped: {},
    notes: {},
    keys: mapper.profile.mode === 'snapshot' ? [] : null,
    unkeyed: 0,
    thrown: [],
    end: begin,
    done: false,
  };
  const isFull = (): boolean =>
    chunk.lastRow - begin.row >= limits.rows || reader.position.offset - begin.offset >= limits.bytes;
  while (reader.isWithinRow || !isFull()) {
    const record = reader.take();
    if (record) {
      chunk.lastRow = record.row;
      const rejected = chunk.rejected.length;
      validateRow(record, mapper, ctx, chunk);
      // Its bytes are at hand only until the reader goes on.
      const sha256 = chunk.rejected.length > rejected ? sha256Hex(reader.bytesOf(record)) : '';
      for (const one of chunk.rejected.slice(rejected)) one.sha256 = sha256;
      if (record.value && reader.isTwiceEncoded(record)) mapper.notes.add('FIL-TXT-01');
      for (const note of mapper.notes) chunk.notes[note] = (chunk.notes[note] ?? 0) + 1;
      mapper.notes.clear();
    } else if (reader.done) break;
    else await reader.fill();
  }
  // The rest of an endless line belongs to its row: the next chunk must not begin inside it.
  while (!reader.settle()) await reader.fill();
  chunk.end = reader.position;
  chunk.done = reader.done;
  return chunk;
}
