import { nextChunk } from '../../core/files/chunk';
import { Mapper } from '../../core/files/mapper';
import { openFile, readerAt } from '../../core/files/open';
import { BLOCK_BYTES, type ByteSource } from '../../core/files/source';
import { Keyring } from '../../core/records/keys';
import { checkProfile } from '../../profiles';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');
const text = (file: object): string =>
  JSON.stringify({
    profile: 'p',
    source_system: 's',
    mode: 'delta',
    file: { format: 'csv', ...file },
    entities: [
      {
        entity: 'clinic',
        effective_at: { constant: '2026-01-01T00:00:00Z' },
        recorded_at: { constant: '2026-01-01T00:00:00Z' },
        fields: { clinic_id: 'id', clinic_name: 'name' },
      },
    ],
  });

/** A file that nobody ever holds: a header, one pattern over and over, a tail. Its bytes are made when they are asked for. */
class Endless implements ByteSource {
  readonly reads: [number, number][] = [];
  readonly size: number;
  constructor(
    private readonly pattern: Buffer,
    private readonly times: number,
    private readonly tail = Buffer.alloc(0),
  ) {
    this.size = HEADER.length + pattern.length * times + tail.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push([offset, length]);
    const bytes = Buffer.alloc(length);
    const body = HEADER.length - offset;
    const phase = (((offset - HEADER.length) % this.pattern.length) + this.pattern.length) % this.pattern.length;
    bytes.fill(Buffer.concat([this.pattern.subarray(phase), this.pattern.subarray(0, phase)]));
    if (body > 0) HEADER.copy(bytes, 0, offset);
    const end = body + this.pattern.length * this.times;
    if (end < length) this.tail.copy(bytes, Math.max(0, end), Math.max(0, -end));
    return Promise.resolve(Uint8Array.from(bytes));
  }
}

const HEADER = Buffer.from('id,name\n');
const LINE = Buffer.from(`7,${'n'.repeat(997)}\n`);

test('a file is read once, block by block, and a chunk ends before it fills the memory', async () => {
  const check = checkProfile(text({}));
  if (!check.ok) throw new Error('profile');
  const rows = 40_000;
  const source = new Endless(LINE, rows);
  const opened = await openFile(check.checked, source);
  if (!opened.ok) throw new Error('open');
  source.reads.length = 0;
  const mapper = new Mapper(opened.file.profile, opened.file.header, {
    objectKey: '',
    lastModifiedMs: Date.UTC(2026, 0, 2),
    fileTime: 0,
  });
  const reader = readerAt(opened.file, opened.file.start);
  const chunks: [number, number, number][] = [];
  for (let done = false; !done;) {
    const chunk = await nextChunk(
      reader,
      mapper,
      { keys, maxBytes: 1_000_000, deriveEventId: true },
      { rows: 20_000, bytes: 8 * 1024 * 1024 },
    );
    chunks.push([chunk.firstRow, chunk.lastRow, chunk.accepted + chunk.rejected.length]);
    done = chunk.done;
  }
  // 8 MiB come before 20,000 rows of a thousand bytes: each chunk ends with the row that passes the limit.
  expect(chunks.map(([first, last]) => last - first + 1)).toEqual([8389, 8389, 8389, 8389, 6444]);
  expect(chunks.reduce((n, [, , count]) => n + count, 0)).toBe(rows);
  expect(Math.max(...source.reads.map(([, length]) => length))).toBeLessThanOrEqual(BLOCK_BYTES);
  let at = HEADER.length;
  for (const [offset, length] of source.reads) {
    expect(offset).toBe(at);
    at += length;
  }
  expect(at).toBe(source.size);
});

test('a line without end is passed over block by block, and the next chunk begins after it', async () => {
  const check = checkProfile(text({ max_record_bytes: 1000 }));
  if (!check.ok) throw new Error('profile');
  const long = 20_000_000;
  const source = new Endless(Buffer.from('x'), long, Buffer.from('\n8,after\n'));
  const opened = await openFile(check.checked, source);
  if (!opened.ok) throw new Error('open');
  const mapper = new Mapper(opened.file.profile, opened.file.header, {
    objectKey: '',
    lastModifiedMs: Date.UTC(2026, 0, 2),
    fileTime: 0,
  });
  const reader = readerAt(opened.file, opened.file.start);
  const one = { rows: 1, bytes: 8 * 1024 * 1024 };
  const first = await nextChunk(reader, mapper, { keys, maxBytes: 1_000_000, deriveEventId: true }, one);
  expect(first.rejected.map((r) => [r.record.row, r.record.offset, r.record.length, r.violations])).toEqual([
    [1, HEADER.length, 1000, [{ rule: 'FIL-ROW-01', pointer: '#' }]],
  ]);
  expect(first.end).toEqual({ offset: HEADER.length + long + 1, row: 1 });
  const second = await nextChunk(
    readerAt(opened.file, first.end),
    mapper,
    { keys, maxBytes: 1_000_000, deriveEventId: true },
    one,
  );
  expect(second).toMatchObject({ firstRow: 2, lastRow: 2, accepted: 1, done: true });
});
