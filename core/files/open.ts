import { type CheckedProfile, checkHeader, spelled } from '../../profiles';
import type { FileRule } from '../../profiles/rules';
import type { Profile } from '../../profiles/schema';
import { CsvReader } from './csv';
import { FhirDocument } from './fhir/document';
import { FhirLines } from './fhir/lines';
import { layoutOf } from './fhir/open';
import { type FileRecord, NdjsonReader, type Position, type Records } from './records';
import type { ByteSource } from './source';
import { linesAbove } from './preamble';
import { binaryKind, byteOrderMark, type Encoding, isUtf8Head, textOf, unitBytes } from './text';

const LF = 10;
const CR = 13;

/** Why a whole file is refused before a row of it is read. Messages name what the profile says and never a value of the file. */
export interface Refusal {
  errors: { rule: FileRule; pointer: string; line?: number; message: string }[];
}

/** A file whose head was read and fits its profile. */
export interface OpenFile {
  profile: Profile;
  source: ByteSource;
  /** Columns in the order of the file; null for NDJSON and FHIR. */
  header: string[] | null;
  /** The lines above the columns, as many as the profile says. */
  preamble: string[];
  /** All bytes of a file of FHIR that is one JSON document. */
  document?: Buffer;
  /** The first data record. */
  start: Position;
}

/** Bytes at the beginning of a file by which it is judged. */
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
      `the file starts with the byte-order mark of ${mark.encoding}, but the profile says ${encoding}`,
      '/file/encoding',
    );
  const skip = mark?.length ?? 0;
  if (source.size <= skip) return refuse('FIL-HDR-01', 'the file is empty');
  const kind = binaryKind(head, encoding);
  if (kind)
    return refuse(
      'FIL-ENC-01',
      kind.startsWith('text')
        ? `the file looks like ${kind}, but the profile says ${encoding}`
        : `the file is ${kind}, but the profile reads ${profile.file.format} text`,
      '/file/encoding',
    );
  if (isUtf8Head(head, encoding))
    return refuse(
      'FIL-ENC-03',
      `the file is UTF-8, but the profile says ${encoding}: letters such as ü would become Ã¼`,
      '/file/encoding',
    );
  const lines = endsOfLines(head, encoding);
  if (lines.cr && !lines.lf)
    return refuse('FIL-LIN-01', 'the lines of the file end with CR alone: save it with LF or CRLF line endings');
  if ((source.size - skip) % unitBytes(encoding) !== 0)
    return refuse(
      'FIL-ENC-01',
      `the file has an odd number of bytes, which ${encoding} text cannot have`,
      '/file/encoding',
    );
  if (profile.file.format === 'fhir') return openFhir(profile, source, skip, refuse);
  const above = linesAbove(profile.file, head.subarray(skip), source.size <= head.length);
  if ('rule' in above) return refuse(above.rule, above.message, above.pointer);
  const file = { profile, source, preamble: above.lines, start: { offset: skip + above.bytes, row: 0 } };
  return profile.file.format === 'ndjson' ? openNdjson(file, refuse) : openCsv(checked, file, refuse);
}

async function openFhir(profile: Profile, source: ByteSource, skip: number, refuse: Refuse): Promise<Opened> {
  const layout = await layoutOf(source, skip);
  if ('rule' in layout) return refuse(layout.rule, layout.message);
  const document = layout.document === null ? {} : { document: layout.document };
  return {
    ok: true,
    file: { profile, source, header: null, preamble: [], ...document, start: { offset: skip, row: 0 } },
  };
}

/** Which marks of line ends the head of a file holds. */
function endsOfLines(head: Buffer, encoding: Encoding): { cr: boolean; lf: boolean } {
  const text = textOf(head.subarray(0, head.length - (head.length % unitBytes(encoding))), encoding);
  return { cr: text.indexOf(CR, 0) >= 0, lf: text.indexOf(LF, 0) >= 0 };
}

type Refuse = (rule: FileRule, message: string, pointer?: string) => { ok: false } & Refusal;
/** A file whose columns are not known yet; `start` is where they stand. */
type Below = Omit<OpenFile, 'header'>;
type Opened = { ok: true; file: OpenFile } | ({ ok: false } & Refusal);

/** So many records at the beginning of a file tell whether its lines are records at all. */
const FIRST_RECORDS = 20;

async function openNdjson(file: Below, refuse: Refuse): Promise<Opened> {
  const { profile, source, start } = file;
  const records = await firstRecords(new NdjsonReader(source, profile.file, start, HEAD_BYTES), FIRST_RECORDS);
  const [first] = records;
  if (!first) return refuse('FIL-HDR-01', 'the file has no record');
  // One broken line is that line's fault alone; a file none of whose first lines is an object is no NDJSON at all.
  const line = (await textAt(source, profile, first)).trim();
  if (first.fault && (/^\[/.test(line) || (records.length > 1 && records.every((r) => r.fault) && /[{[,]$/.test(line))))
    return refuse(
      'FIL-HDR-07',
      "the file is one JSON document over many lines (indented, or an array), but the profile reads one object per line: convert it (jq -c . for an object, jq -c '.[]' for an array)",
    );
  if (first.fault && !line.startsWith('{')) return refuse('FIL-HDR-06', 'the first line is not a JSON object');
  return { ok: true, file: { ...file, header: null } };
}

/** The first bytes of a record as text. */
async function textAt(source: ByteSource, profile: Profile, { offset, length }: FileRecord): Promise<string> {
  const bytes = Buffer.from(await source.read(offset, Math.min(HEAD_BYTES, length)));
  return bytes.toString(profile.file.encoding === 'utf-16le' ? 'utf16le' : 'latin1').replaceAll('\0', '');
}

async function openCsv(checked: CheckedProfile, file: Below, refuse: Refuse): Promise<Opened> {
  const { profile, source, start } = file;
  const fixed = profile.file.header;
  if (fixed) {
    const verdict = checkHeader(checked, fixed);
    return verdict.ok ? { ok: true, file: { ...file, header: fixed } } : { ok: false, errors: verdict.errors };
  }
  const reader = new CsvReader(source, profile.file, start, 0, HEAD_BYTES);
  const [first] = await firstRecords(reader, 1);
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
  const header = spelled(profile, profile.file.trim ? cells.map((name) => name.trim()) : cells);
  const verdict = checkHeader(checked, header);
  if (!verdict.ok) return { ok: false, errors: verdict.errors };
  return { ok: true, file: { ...file, header, start: { offset: reader.position.offset, row: 0 } } };
}

/** Records from where a reader stands, as many as there are up to a number. */
async function firstRecords(reader: Records, most: number): Promise<FileRecord[]> {
  const found: FileRecord[] = [];
  for (;;) {
    const record = reader.take();
    if (record) found.push(record);
    if (found.length === most || (!record && reader.done)) return found;
    if (!record) await reader.fill();
  }
}

/** A reader of an open file from a position on. */
export function readerAt(file: OpenFile, from: Position, blockBytes?: number): Records {
  const { profile, source, header, document, start } = file;
  if (document) return new FhirDocument(document, start.offset, from, profile.file.max_record_bytes);
  if (profile.file.format === 'fhir') return new FhirLines(source, profile.file, from, blockBytes);
  return header
    ? new CsvReader(source, profile.file, from, header.length, blockBytes)
    : new NdjsonReader(source, profile.file, from, blockBytes);
}

const lineIn = (checked: CheckedProfile, pointer: string): number =>
  checked.lines.get(pointer) ?? checked.lines.get('/file') ?? 1;
