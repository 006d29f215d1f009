/** A file in memory as the readers see it, and a way to read all of it with blocks of any size. */
import { CsvReader } from '../../core/files/csv';
import { type FileRecord, NdjsonReader, type Position, type RecordReader } from '../../core/files/records';
import type { ByteSource } from '../../core/files/source';
import type { Profile } from '../../profiles';

function sourceOf(bytes: Uint8Array): ByteSource & { largest: number } {
  return {
    size: bytes.length,
    largest: 0,
    read(offset, length) {
      this.largest = Math.max(this.largest, length);
      return Promise.resolve(Uint8Array.from(bytes.subarray(offset, offset + length)));
    },
  };
}

const fileOptions = (changes: Partial<Profile['file']> = {}): Profile['file'] => ({
  format: 'csv',
  encoding: 'utf-8',
  delimiter: ',',
  quote: '"',
  decimal_mark: '.',
  trim: true,
  null_values: [],
  max_record_bytes: 1_048_576,
  ...changes,
});

async function readAll(reader: RecordReader): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  while (!reader.done) {
    const record = reader.take();
    if (record) records.push(record);
    else if (!reader.done) await reader.fill();
  }
  return records;
}

/** All records of a text or bytes, read in blocks of so many bytes from a position on. */
export function records(
  content: string | Uint8Array,
  options: { width?: number; file?: Partial<Profile['file']>; block?: number; from?: Position } = {},
): Promise<FileRecord[]> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const file = fileOptions(options.file);
  const from = options.from ?? { offset: 0, row: 0 };
  const reader =
    file.format === 'csv'
      ? new CsvReader(sourceOf(bytes), file, from, options.width ?? 0, options.block)
      : new NdjsonReader(sourceOf(bytes), file, from, options.block);
  return readAll(reader);
}
