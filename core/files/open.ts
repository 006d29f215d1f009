import { type CheckedProfile, checkHeader } from '../../profiles';
import type { FileRule } from '../../profiles/rules';
import type { Profile } from '../../profiles/schema';
import { CsvReader } from './csv';
import { NdjsonReader, type Position, type RecordReader } from './records';
import type { ByteSource } from './source';
import { binaryKind, byteOrderMark, unitBytes } from './text';

/** Why a whole file is refused before a row of it is read. Messages name what the profile says and never a value of the file. */
export interface Refusal {
  errors: { rule: FileRule; pointer: string; line?: number; message: string }[];
}

/** A file whose head was read and fits its profile. */
export interface OpenFile {
  profile: Profile;
  source: ByteSource;
  /** Columns in the order of the file; null for NDJSON. */
  header: string[] | null;
  /** The first data record. */
  start: Position;
}

const HEAD_BYTES = 64 * 1024;

/**
 * Reads the head of a file and checks whether it fits its profile: that it is text, in the stated encoding, with the
 * columns of the profile. Nothing is stored; the same is told to somebody who only checks a file.
 */
export async function openFile(
  checked: CheckedProfile,
  source: ByteSource,
): Promise<{ ok: true; file: OpenFile } | ({ ok: false } & Refusal)> {
  const { profile } = checked;
  const refuse = (rule: FileRule, message: string, pointer = '/file'): { ok: false } & Refusal => ({
    ok: false,
    errors: [{ rule, pointer, line: lineIn(checked, pointer), message }],
  });
  const head = Buffer.from(await source.read(0, Math.min(HEAD_BYTES, source.size)));
  const mark = byteOrderMark(head);
  const { encoding } = profile.file;
  if (mark && mark.encoding !== encoding)
    return refuse(
      'FIL-ENC-02',
      `the file starts with the byte-order mark of ${mark.encoding}, the profile says ${encoding}`,
      '/file/encoding',
    );
  const skip = mark?.length ?? 0;
  if (source.size <= skip) return refuse('FIL-HDR-01', 'the file is empty');
  const kind = binaryKind(head, encoding);
  if (kind)
    return refuse(
      'FIL-ENC-01',
      kind.startsWith('text')
        ? `the file looks like ${kind}, the profile says ${encoding}`
        : `the file is ${kind}, the profile reads ${profile.file.format} text`,
      '/file/encoding',
    );
  if ((source.size - skip) % unitBytes(encoding) !== 0)
    return refuse(
      'FIL-ENC-01',
      `the file has an odd number of bytes, which ${encoding} text cannot have`,
      '/file/encoding',
    );
  const start = { offset: skip, row: 0 };
  if (profile.file.format === 'ndjson') return openNdjson(profile, source, start, refuse);
  return openCsv(checked, source, start, refuse);
}

type Refuse = (rule: FileRule, message: string, pointer?: string) => { ok: false } & Refusal;
type Opened = { ok: true; file: OpenFile } | ({ ok: false } & Refusal);

async function openNdjson(profile: Profile, source: ByteSource, start: Position, refuse: Refuse): Promise<Opened> {
  const first = await firstRecord(new NdjsonReader(source, profile.file, start, HEAD_BYTES));
  if (!first) return refuse('FIL-HDR-01', 'the file has no record');
  // One broken line is that line's fault alone; a file whose first character opens no object is no NDJSON at all.
  const head = Buffer.from(await source.read(first.offset, Math.min(256, source.size - first.offset)));
  const text = head
    .toString(profile.file.encoding === 'utf-16le' ? 'utf16le' : 'latin1')
    .replaceAll('\0', '')
    .trimStart();
  if (first.fault && !text.startsWith('{')) return refuse('FIL-HDR-06', 'the first line is no JSON object');
  return { ok: true, file: { profile, source, header: null, start } };
}

async function openCsv(checked: CheckedProfile, source: ByteSource, start: Position, refuse: Refuse): Promise<Opened> {
  const { profile } = checked;
  const fixed = profile.file.header;
  if (fixed) {
    const verdict = checkHeader(checked, fixed);
    return verdict.ok
      ? { ok: true, file: { profile, source, header: fixed, start } }
      : { ok: false, errors: verdict.errors };
  }
  const reader = new CsvReader(source, profile.file, start, 0, HEAD_BYTES);
  const first = await firstRecord(reader);
  if (!first) return refuse('FIL-HDR-01', 'the file is empty');
  if (first.fault)
    return refuse(
      first.fault === 'DQ-FMT-01' ? 'FIL-ENC-01' : 'FIL-HDR-05',
      first.fault === 'DQ-FMT-01'
        ? `the header is not text in ${profile.file.encoding}`
        : 'the header cannot be read as one CSV record',
      '/file',
    );
  const cells = first.value as string[];
  const header = profile.file.trim ? cells.map((name) => name.trim()) : cells;
  const verdict = checkHeader(checked, header);
  if (!verdict.ok) return { ok: false, errors: verdict.errors };
  return { ok: true, file: { profile, source, header, start: { offset: reader.position.offset, row: 0 } } };
}

async function firstRecord(reader: RecordReader): Promise<ReturnType<RecordReader['take']>> {
  for (;;) {
    const record = reader.take();
    if (record || reader.done) return record;
    await reader.fill();
  }
}

/** A reader of an open file from a position on. */
export function readerAt(file: OpenFile, from: Position, blockBytes?: number): RecordReader {
  return file.header
    ? new CsvReader(file.source, file.profile.file, from, file.header.length, blockBytes)
    : new NdjsonReader(file.source, file.profile.file, from, blockBytes);
}

const lineIn = (checked: CheckedProfile, pointer: string): number =>
  checked.lines.get(pointer) ?? checked.lines.get('/file') ?? 1;
