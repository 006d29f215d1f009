import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { ColumnChunk, CompressionCodec, Encoding, Statistics } from 'hyparquet';
import type { Column } from '../../contracts/derive';
import { Scratch } from './scratch';
import { snappyBound, snappyInto } from './snappy';

/** What a cell of a Parquet column may be; see `Cell`, and bytes for bronze. */
export type Value = string | number | bigint | boolean | Uint8Array | null;

/** The part of a byte writer that pages need. */
export interface PageWriter {
  offset: number;
  appendBytes(bytes: Uint8Array): void;
}

const page = new Scratch();
const squeezed = new Scratch();

/** One run of the RLE / bit-packed hybrid: numbers of `width` bits each, in groups of eight. */
function bitPacked(numbers: Uint32Array | Uint8Array, count: number, width: number): void {
  const groups = Math.ceil(count / 8);
  page.varint((groups << 1) | 1);
  page.room(groups * width);
  const end = page.at + groups * width;
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    pending |= numbers[i] << bits;
    bits += width;
    while (bits >= 8) {
      page.bytes[page.at++] = pending & 0xff;
      pending >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) page.bytes[page.at++] = pending & 0xff;
  page.bytes.fill(0, page.at, end);
  page.at = end;
}

function repeated(value: number, count: number): void {
  page.varint(count << 1);
  page.room(1);
  page.bytes[page.at++] = value;
}

/** Definition levels of an optional column: 1 where there is a value, with their length in front. */
function levels(values: readonly Value[], nulls: number): void {
  const start = page.at;
  page.at += 4;
  if (nulls === 0) repeated(1, values.length);
  else if (nulls === values.length) repeated(0, values.length);
  else {
    const present = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) present[i] = values[i] === null ? 0 : 1;
    bitPacked(present, values.length, 1);
  }
  page.view.setUint32(start, page.at - start - 4, true);
}

/** Dictionaries pay while values repeat; numbers of more bits than this would not pack in 32 bits either. */
const MAX_DICTIONARY = 1 << 15;
const SAMPLE = 200;

interface Dictionary {
  values: Value[];
  indexes: Uint32Array;
  count: number;
}

/** Numbers the different values, or undefined where they hardly repeat. Looks at a sample first. */
function dictionaryOf(values: readonly Value[]): Dictionary | undefined {
  const numbers = new Map<Value, number>();
  const indexes = new Uint32Array(values.length);
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    let n = numbers.get(value);
    if (n === undefined) {
      n = numbers.size;
      if (n >= MAX_DICTIONARY || (count >= SAMPLE && n * 2 > count)) return undefined;
      numbers.set(value, n);
    }
    indexes[count++] = n;
  }
  return numbers.size * 2 <= count ? { values: [...numbers.keys()], indexes, count } : undefined;
}

function plain(values: readonly Value[], kind: Column['parquet']): void {
  for (const value of values) {
    if (value === null) continue;
    if (typeof value === 'string') page.text(value);
    else if (typeof value === 'bigint') {
      if (kind === 'decimal128') page.int128(value);
      else page.bigint(value);
    } else if (typeof value === 'number') {
      if (kind === 'timestamp' || kind === 'int64') page.int64(value);
      else if (kind === 'double') page.double(value);
      else page.int32(value);
    } else if (typeof value !== 'boolean') page.binary(value);
  }
}

function plainBooleans(values: readonly Value[]): void {
  const present = values.filter((v) => v !== null);
  const bytes = Buffer.alloc(Math.ceil(present.length / 8));
  present.forEach((v, i) => {
    if (v) bytes[i >> 3] |= 1 << (i & 7);
  });
  page.room(bytes.length);
  page.bytes.set(bytes, page.at);
  page.at += bytes.length;
}

/** Writes the page held in `page`; returns its uncompressed length with header. */
function flush(writer: PageWriter, header: Record<string, unknown>, codec: CompressionCodec): number {
  let body: Uint8Array = page.bytes.subarray(0, page.at);
  if (codec === 'SNAPPY') {
    squeezed.at = 0;
    squeezed.room(snappyBound(page.at));
    body = squeezed.bytes.subarray(0, snappyInto(page.bytes, page.at, squeezed.bytes, 0));
  }
  const start = writer.offset;
  const sizes = { uncompressed_page_size: page.at, compressed_page_size: body.length };
  writePageHeader(writer as never, { ...header, ...sizes } as never);
  const headerLength = writer.offset - start;
  writer.appendBytes(body);
  return headerLength + page.at;
}

const KINDS_WITH_RANGE: ReadonlySet<Column['parquet']> = new Set<Column['parquet']>(['timestamp', 'date', 'int32']);

/** Kinds whose values repeat often enough to look for a dictionary. */
const KINDS_THAT_REPEAT: ReadonlySet<Column['parquet']> = new Set<Column['parquet']>([
  'string',
  'date',
  'int32',
  'decimal128',
]);

/** Least and greatest value of columns of numbers; texts go without, so that no name ends up in a footer. */
function statisticsOf(values: readonly Value[], column: Column, nulls: number): Statistics {
  const statistics: Statistics = { null_count: BigInt(nulls) };
  if (!KINDS_WITH_RANGE.has(column.parquet) || nulls === values.length) return statistics;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    if ((value as number) < min) min = value as number;
    if ((value as number) > max) max = value as number;
  }
  const long = column.parquet === 'timestamp';
  return { ...statistics, min_value: long ? BigInt(min) : min, max_value: long ? BigInt(max) : max };
}

export const PHYSICAL = {
  string: 'BYTE_ARRAY',
  bytes: 'BYTE_ARRAY',
  timestamp: 'INT64',
  int64: 'INT64',
  decimal: 'INT64',
  decimal128: 'FIXED_LEN_BYTE_ARRAY',
  date: 'INT32',
  int32: 'INT32',
  boolean: 'BOOLEAN',
  double: 'DOUBLE',
} as const satisfies Record<Column['parquet'], string>;

/** Digests and keys look random: trying to compress them costs time and saves nothing. */
function codecOf(column: Column): CompressionCodec {
  return column.role === 'key' || column.role === 'reference' || column.role === 'hash' ? 'UNCOMPRESSED' : 'SNAPPY';
}

/**
 * Writes one column of one row group: a dictionary page where values repeat, and one data page of the first version,
 * which every reader knows.
 */
export function writeColumnChunk(writer: PageWriter, column: Column, values: readonly Value[]): ColumnChunk {
  const start = writer.offset;
  let nulls = 0;
  for (const value of values) if (value === null) nulls++;
  const mayRepeat = KINDS_THAT_REPEAT.has(column.parquet);
  const dictionary = mayRepeat && nulls < values.length ? dictionaryOf(values) : undefined;
  // A dictionary of random-looking keys leaves a page of small numbers, which does compress.
  const codec = dictionary ? 'SNAPPY' : codecOf(column);
  let uncompressed = 0;
  if (dictionary) {
    page.at = 0;
    plain(dictionary.values, column.parquet);
    uncompressed += flush(
      writer,
      { type: 'DICTIONARY_PAGE', dictionary_page_header: { num_values: dictionary.values.length, encoding: 'PLAIN' } },
      codec,
    );
  }
  const dataStart = writer.offset;
  const encoding: Encoding = dictionary ? 'RLE_DICTIONARY' : 'PLAIN';
  page.at = 0;
  if (column.nullable) levels(values, nulls);
  if (dictionary) {
    const width = Math.max(1, 32 - Math.clz32(dictionary.values.length - 1));
    page.room(1);
    page.bytes[page.at++] = width;
    bitPacked(dictionary.indexes, dictionary.count, width);
  } else if (column.parquet === 'boolean') plainBooleans(values);
  else plain(values, column.parquet);
  const data_page_header = {
    num_values: values.length,
    encoding,
    definition_level_encoding: 'RLE',
    repetition_level_encoding: 'RLE',
  };
  uncompressed += flush(writer, { type: 'DATA_PAGE', data_page_header }, codec);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: PHYSICAL[column.parquet],
      encodings: dictionary ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : ['PLAIN', 'RLE'],
      path_in_schema: [column.name],
      codec,
      num_values: BigInt(values.length),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      dictionary_page_offset: dictionary ? BigInt(start) : undefined,
      statistics: statisticsOf(values, column, nulls),
    },
  };
}
