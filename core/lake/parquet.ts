import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { RowGroup, SchemaElement } from 'hyparquet';
import type { EntityName } from '../../contracts';
import {
  BRONZE_COLUMNS,
  OBJECT_LIST_COLUMNS,
  QUARANTINE_COLUMNS,
  silverColumns,
  type Column,
} from '../../contracts/derive';
import type { SilverRow, Violation } from '../records/conform';
import { shownPointer, type AnyRule } from '../records/envelope';
import { quarantineId } from '../records/hash';
import { PHYSICAL, writeColumnChunk, type Value } from './parquet-column';

const MAGIC = 0x31524150;
/** Rows per row group: a page of the widest column stays at some megabytes. */
const GROUP_ROWS = 20_000;

function schemaOf(column: Column): SchemaElement {
  const element: SchemaElement = {
    name: column.name,
    type: PHYSICAL[column.parquet],
    repetition_type: column.nullable ? 'OPTIONAL' : 'REQUIRED',
  };
  switch (column.parquet) {
    case 'string':
      return { ...element, converted_type: 'UTF8', logical_type: { type: 'STRING' } };
    case 'timestamp':
      return {
        ...element,
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      };
    case 'date':
      return { ...element, converted_type: 'DATE', logical_type: { type: 'DATE' } };
    case 'decimal':
    case 'decimal128':
      return {
        ...element,
        ...(column.parquet === 'decimal128' ? { type_length: 16 } : {}),
        converted_type: 'DECIMAL',
        precision: column.precision,
        scale: column.scale,
      };
    default:
      return element;
  }
}

/**
 * Writes columns of equal length as one Parquet file. The same values always give the same bytes: neither a clock nor
 * a library's version is in the file, since a retry must be able to prove that it wrote the same.
 * @param valuesOf the values of column `index` from row `from` up to `to`
 */
function writeFile(
  columns: readonly Column[],
  rows: number,
  valuesOf: (index: number, from: number, to: number) => Value[],
): Uint8Array {
  const writer = new ByteWriter(Math.max(4096, rows * 64));
  writer.appendUint32(MAGIC);
  const rowGroups: RowGroup[] = [];
  for (let from = 0; from < rows; from += GROUP_ROWS) {
    const to = Math.min(rows, from + GROUP_ROWS);
    const chunks = columns.map((column, i) => writeColumnChunk(writer, column, valuesOf(i, from, to)));
    const total = chunks.reduce((sum, c) => sum + (c.meta_data?.total_uncompressed_size ?? 0n), 0n);
    rowGroups.push({ columns: chunks, total_byte_size: total, num_rows: BigInt(to - from) });
  }
  const schema: SchemaElement[] = [{ name: 'carelake', num_children: columns.length }, ...columns.map(schemaOf)];
  writeMetadata(writer, {
    version: 1,
    created_by: 'carelake',
    schema,
    num_rows: BigInt(rows),
    row_groups: rowGroups,
    metadata_length: 0,
  });
  writer.appendUint32(MAGIC);
  return writer.getBytes();
}

/** Writes rows of values in the order of the columns as one Parquet file; see `Cell` for what each kind takes. */
export function writeRows(columns: readonly Column[], rows: readonly (readonly Value[])[]): Uint8Array {
  return writeFile(columns, rows.length, (index, from, to) => rows.slice(from, to).map((row) => row[index]));
}

/** Where the rows of one silver object were received. */
export interface Lineage {
  record_source: string;
  /** Sequence number or 1-based data row of each row, in the order of the rows. */
  positions: readonly string[];
  /** Schema version of the rows; the newest if not given. */
  version?: number;
}

/** One silver object: rows of one entity and version, as `conform` made them. */
export function writeSilver(entity: EntityName, rows: readonly SilverRow[], lineage: Lineage): Uint8Array {
  const columns = silverColumns(entity, lineage.version);
  const source = columns.length - 2;
  if (lineage.positions.length !== rows.length) throw new RangeError('silver: one position per row');
  return writeFile(columns, rows.length, (index, from, to) => {
    const values = new Array<Value>(to - from);
    if (index === source) values.fill(lineage.record_source);
    else if (index > source) for (let i = from; i < to; i++) values[i - from] = lineage.positions[i];
    else for (let i = from; i < to; i++) values[i - from] = rows[i][index];
    return values;
  });
}

/** One received stream record. */
export interface BronzeRecord {
  sequence: string;
  partitionKey: string;
  /** Microseconds since 1970. */
  arrivedAt: number;
  data: Uint8Array;
}

/**
 * One bronze object: every received record of a run of one shard, in order, before any validation.
 * @param packed how many events each record packs; null where it is one
 * @param parts what each record that holds FHIR was taken apart into
 */
export function writeBronze(
  recordSource: string,
  records: readonly BronzeRecord[],
  packed: readonly (number | null)[],
  parts: readonly (string | null)[],
): Uint8Array {
  const pick: ((r: BronzeRecord) => Value)[] = [
    () => recordSource,
    (r) => r.sequence,
    (r) => r.partitionKey,
    (r) => r.arrivedAt,
    (r) => r.data,
  ];
  return writeFile(BRONZE_COLUMNS, records.length, (index, from, to) =>
    index < pick.length
      ? records.slice(from, to).map(pick[index])
      : (index === pick.length ? packed : parts).slice(from, to),
  );
}

/** One rejected record: where it stands and which rules it broke. */
export interface Rejected {
  recordSource: string;
  recordPosition: string;
  byteOffset: number | null;
  entity: EntityName | null;
  version: number | null;
  violations: readonly Violation[];
  profile: string | null;
  /** Microseconds since 1970. */
  arrivedAt: number;
  /** Bucket and key of the object with the exact bytes. */
  bronzeObject: string;
  bronzeRow: number | null;
  byteLength: number | null;
  /** SHA-256 of the bytes, hex. */
  sha256: string | null;
}

const MAX_RULE_IDS = 512;
const MAX_POINTERS = 1024;

/** As many violations as fit the columns, whole ones only and at least the first. */
function fitting(violations: readonly Violation[]): { rules: AnyRule[]; pointers: string[] } {
  const rules: AnyRule[] = [];
  const pointers: string[] = [];
  let ruleLength = 0;
  let pointerLength = 0;
  for (const v of violations) {
    const pointer = shownPointer(v.pointer);
    ruleLength += v.rule.length + 1;
    pointerLength += pointer.length + 1;
    if (ruleLength > MAX_RULE_IDS || pointerLength > MAX_POINTERS) break;
    rules.push(v.rule);
    pointers.push(pointer);
  }
  return { rules, pointers };
}

function quarantineRow(r: Rejected): Value[] {
  const { rules, pointers } = fitting(r.violations);
  return [
    quarantineId(r.recordSource, r.recordPosition),
    r.recordSource,
    r.recordPosition,
    r.byteOffset,
    r.entity,
    rules.join(' '),
    pointers.join(' '),
    'reject',
    r.version,
    r.profile,
    r.arrivedAt,
    r.bronzeObject,
    r.bronzeRow,
    r.byteLength,
    r.sha256,
  ];
}

/** One quarantine object: rule ids and pointers, never a value of a record. */
export function writeQuarantine(rejected: readonly Rejected[]): Uint8Array {
  return writeRows(QUARANTINE_COLUMNS, rejected.map(quarantineRow));
}

/** The objects of a load, which copies this list into a table and joins it: no statement grows with the load. */
export function writeObjectList(
  objects: readonly { object: string; entity: EntityName; version: number; rows: number; is_withdrawn?: boolean }[],
): Uint8Array {
  return writeRows(
    OBJECT_LIST_COLUMNS,
    objects.map((o) => [o.object, o.entity, o.version, o.rows, o.is_withdrawn ?? null]),
  );
}
