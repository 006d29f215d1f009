import { ENVELOPE_FIELDS } from '../envelope';
import { ENTITIES, contractOf } from '../index';
import { namedKey } from '../check';
import type { DerivedField, EntityContract, EntityName, Field, NamedMember, PhiClass } from '../types';

/** Physical kind of a Parquet column; `decimal` is INT64 (up to 18 digits), `decimal128` FIXED_LEN_BYTE_ARRAY(16), `timestamp` is INT64 microseconds UTC, `date` INT32 days. */
export type ParquetKind =
  'string' | 'timestamp' | 'date' | 'int32' | 'int64' | 'decimal' | 'decimal128' | 'boolean' | 'double' | 'bytes';

/** One column of a silver, bronze or quarantine object and of the stage table it is copied into. */
export interface Column {
  readonly name: string;
  readonly parquet: ParquetKind;
  /** Warehouse type, such as `varchar(64)`; empty for columns that never reach the warehouse. */
  readonly redshift: string;
  readonly nullable: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly phi: PhiClass;
  /** What the column is made of. */
  readonly role: 'envelope' | 'hash' | 'key' | 'reference' | 'payload' | 'derived' | 'flags' | 'lineage';
  readonly doc: string;
}

const KINDS: Record<Field['type'], ParquetKind> = {
  string: 'string',
  code: 'string',
  digits: 'string',
  npi: 'string',
  zone: 'string',
  ts: 'timestamp',
  date: 'date',
  int: 'int32',
  decimal: 'decimal',
  bool: 'boolean',
  double: 'double',
};

/** Whether a field names something: a spreadsheet in between may have changed its text. */
export const isIdentifier = (field: Pick<Field, 'name' | 'type'>): boolean =>
  field.type === 'digits' || field.type === 'npi' || (field.type === 'string' && field.name.endsWith('_id'));

/** Whether a member says in which code system another one is a code. */
export const isSystem = (name: string, { fields }: Pick<EntityContract, 'fields'>): boolean =>
  fields.some((field) => field.system === name);

/** Whether a derived field is a silver column; local days and hours are made in the warehouse. */
export const isInSilver = (d: DerivedField): boolean => d.take === 'tz_offset_min';

/** Width of a text field in bytes. */
export function widthOf(field: Field): number {
  if (field.type === 'npi') return 10;
  if (field.type === 'digits') return field.length ?? 0;
  return field.maxBytes ?? 0;
}

/** The frozen table of field type → warehouse type. */
export function redshiftType(field: Field): string {
  switch (field.type) {
    case 'ts':
      return 'timestamp';
    case 'date':
      return 'date';
    case 'int':
      return 'integer';
    case 'bool':
      return 'boolean';
    case 'double':
      return 'double precision';
    case 'decimal':
      return `decimal(${field.precision},${field.scale})`;
    default:
      return `varchar(${widthOf(field)})`;
  }
}

function fieldColumn(field: Field, role: Column['role']): Column {
  return {
    name: field.name,
    parquet: field.type === 'decimal' && field.precision! > 18 ? 'decimal128' : KINDS[field.type],
    redshift: redshiftType(field),
    nullable: role === 'payload' ? true : !field.required,
    precision: field.precision,
    scale: field.scale,
    phi: field.phi,
    role,
    doc: field.doc,
  };
}

function text(name: string, bytes: number, nullable: boolean, role: Column['role'], doc: string): Column {
  return { name, parquet: 'string', redshift: `varchar(${bytes})`, nullable, phi: 'none', role, doc };
}

const LINEAGE: readonly Column[] = [
  text(
    'record_source',
    512,
    false,
    'lineage',
    'Where the record was received: stream and shard, or landing object and its version.',
  ),
  text(
    'record_position',
    64,
    false,
    'lineage',
    'Position within record_source: sequence number (with /0, /1 … for the events packed into one record, or the entries of a FHIR Bundle and, after another slash, the elements of their lists), or 1-based data row (with /0, /1 … for the elements of its lists); absent-<reading>-<number> for a key of the previous snapshot that this one lacks.',
  ),
];

/** Columns with keys that are made of a dimension's identifiers. */
export const identifierKeys = ({ name, identifiers = [] }: EntityContract): { column: string; doc: string }[] =>
  identifiers.flatMap(({ column, value, assigned }) => [
    { column, doc: `Key of ${value} within its system and source, by which facts may name the ${name}.` },
    ...(assigned
      ? [{ column: assigned.column, doc: `Durable key of the ${name} whose id ${value} is, by who assigned it.` }]
      : []),
  ]);

/** Columns of the silver objects of a contract, whether it is published or not. */
export function columnsOf(contract: EntityContract): Column[] {
  const key = (name: string, role: 'key' | 'reference', doc: string) => text(name, 32, false, role, doc);
  return [
    ...ENVELOPE_FIELDS.map((f) => fieldColumn(f, 'envelope')),
    {
      name: 'payload_hash',
      parquet: 'int64',
      redshift: 'bigint',
      nullable: false,
      phi: 'quasi_id',
      role: 'hash',
      doc: 'First 64 bits of SHA-256 over entity, version, operation, source system and conformed payload; distinguishes events that share an event_id.',
    },
    key(
      `${contract.name}_key`,
      'key',
      `Durable key of the ${contract.name}: 128 bits of HMAC-SHA-256 over its natural key, as hex.`,
    ),
    ...contract.references.map((r) =>
      key(
        r.column,
        'reference',
        `Durable key of the ${r.entity} named by ${r.field}${r.orElse ? `, else by ${r.orElse}` : ''}; 32 zeros where none is named.`,
      ),
    ),
    ...contract.references
      .filter((r) => r.identifier)
      .map((r) => ({
        ...key(
          namedKey(r),
          'reference',
          `${r.column}, where ${r.identifier} names the ${r.entity}; the holder is looked up in the warehouse.`,
        ),
        nullable: true,
      })),
    ...(contract.names ?? []).map((n) =>
      key(n.column, 'reference', `Durable key of the ${n.entity} named by ${namersOf(n)}.`),
    ),
    ...identifierKeys(contract).map((i) => ({ ...key(i.column, 'reference', i.doc), nullable: true })),
    ...(contract.relations ?? []).map((r) =>
      key(r.column, 'reference', `Durable key of the ${r.entity} named by ${r.field}; 32 zeros where none is named.`),
    ),
    ...contract.fields.map((f) => fieldColumn(f, 'payload')),
    ...contract.derived
      .filter(isInSilver)
      .map((d) => fieldColumn({ name: d.name, type: d.type, phi: d.phi, doc: d.doc }, 'derived')),
    text(
      'dq_flags',
      512,
      true,
      'flags',
      'Ids of the warning rules that the record broke, separated by spaces; null if none.',
    ),
    ...LINEAGE,
  ];
}

/** Members that name a member of another dimension. */
export const namersOf = ({ source, system, field, identifier }: NamedMember): string =>
  `${[source ?? system, field].filter(Boolean).join(' and ')}${identifier ? `, else by ${identifier}` : ''}`;

const memo = new Map<string, readonly Column[]>();

/**
 * Columns of an entity's silver objects, in Parquet, stage table and COPY order.
 * @param version published version of the contract; the newest if not given
 * @throws Error if the version was never published
 */
export function silverColumns(entity: EntityName, version: number = ENTITIES[entity].version): readonly Column[] {
  const id = `${entity}/${version}`;
  let columns = memo.get(id);
  if (!columns) {
    const contract = contractOf(entity, version);
    if (!contract) throw new Error(`contract ${entity} has no version ${version}`);
    columns = columnsOf(contract);
    memo.set(id, columns);
  }
  return columns;
}

/** Column names in COPY order. */
export function copyColumns(entity: EntityName, version?: number): string[] {
  return silverColumns(entity, version).map((c) => c.name);
}

/** Statement that makes the temporary stage table for one COPY of one contract version. */
export function stageDdl(contract: EntityContract, tableName: string): string {
  const lines = columnsOf(contract).map((c) => `  ${c.name} ${c.redshift}`);
  return `create temporary table ${tableName} (\n${lines.join(',\n')}\n)`;
}

/** Columns of a bronze object: every received record of a stream before validation. */
export const BRONZE_COLUMNS: readonly Column[] = [
  ...LINEAGE,
  {
    name: 'partition_key',
    parquet: 'string',
    redshift: '',
    nullable: false,
    phi: 'direct_id',
    role: 'lineage',
    doc: 'Partition key of the stream record.',
  },
  {
    name: 'arrived_at',
    parquet: 'timestamp',
    redshift: '',
    nullable: false,
    phi: 'none',
    role: 'lineage',
    doc: 'Approximate arrival at the stream.',
  },
  {
    name: 'data',
    parquet: 'bytes',
    redshift: '',
    nullable: false,
    phi: 'direct_id',
    role: 'payload',
    doc: 'Exact bytes of the record.',
  },
  {
    name: 'members',
    parquet: 'int32',
    redshift: '',
    nullable: true,
    phi: 'none',
    role: 'lineage',
    doc: 'How many events the producer packed into the record; null where the record is one event.',
  },
  {
    name: 'parts',
    parquet: 'string',
    redshift: '',
    nullable: true,
    phi: 'none',
    role: 'lineage',
    doc: 'Of a record that holds FHIR: what was made of it, as positions within the record with blanks between (entry, entry/element), and =Type after those that nothing in the profile reads; else null.',
  },
];

const long = (name: string, nullable: boolean, doc: string): Column => ({
  name,
  parquet: 'int64',
  redshift: 'bigint',
  nullable,
  phi: 'none',
  role: 'lineage',
  doc,
});

/** Columns of a quarantine object. It points at the record and never holds a value of it. */
export const QUARANTINE_COLUMNS: readonly Column[] = [
  text('quarantine_id', 32, false, 'key', 'First 128 bits of SHA-256 over source and position.'),
  ...LINEAGE,
  long('byte_offset', true, 'First byte of the record in its landing object; null for streams.'),
  text('entity', 64, true, 'envelope', 'Entity, if the record names a known one.'),
  text('rule_ids', 512, false, 'flags', 'Ids of the rules that the record broke, separated by spaces.'),
  text(
    'pointers',
    1024,
    false,
    'flags',
    'JSON pointer for each of rule_ids, separated by spaces; # means the whole record.',
  ),
  text('severity', 16, false, 'flags', 'reject'),
  {
    name: 'contract_version',
    parquet: 'int32',
    redshift: 'integer',
    nullable: true,
    phi: 'none',
    role: 'lineage',
    doc: 'Schema version, if the record names a known one.',
  },
  text('profile', 64, true, 'lineage', 'Profile that read the file; null for streams.'),
  {
    name: 'arrived_at',
    parquet: 'timestamp',
    redshift: 'timestamp',
    nullable: false,
    phi: 'none',
    role: 'lineage',
    doc: 'Arrival of the record, or time of last modification of the file.',
  },
  text('bronze_object', 512, false, 'lineage', 'Bucket and key of the object with the exact bytes.'),
  long('bronze_row', true, '0-based row in the bronze object; null for files.'),
  long('byte_length', true, 'Length of the record in bytes.'),
  {
    name: 'sha256',
    parquet: 'string',
    redshift: 'varchar(64)',
    nullable: true,
    phi: 'quasi_id',
    role: 'lineage',
    doc: 'SHA-256 of the record (hex), to recognize it again. It is not keyed, so whoever guesses the whole record can confirm the guess. Null for a file or object that was refused as a whole.',
  },
];

/** Columns of the list of a load's objects: the temporary table `batch_object` of `sql/load/begin.sql`. */
export const OBJECT_LIST_COLUMNS: readonly Column[] = [
  text('object', 1024, false, 'lineage', 'Key of the silver object.'),
  text('entity', 64, false, 'lineage', 'Entity of its rows.'),
  {
    name: 'schema_version',
    parquet: 'int32',
    redshift: 'integer',
    nullable: false,
    phi: 'none',
    role: 'lineage',
    doc: 'Contract version of its rows.',
  },
  long('row_count', false, 'Number of its rows.'),
  {
    name: 'is_withdrawn',
    parquet: 'boolean',
    redshift: 'boolean',
    nullable: true,
    phi: 'none',
    role: 'lineage',
    doc: 'Whether it is withdrawn from now on or in force again; null where the load brings its rows.',
  },
];
