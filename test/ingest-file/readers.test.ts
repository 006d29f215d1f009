import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import { encode } from 'iconv-lite';
import { byteOrderMark } from '../../core/files/text';
import { records } from './mangled';

const values = (r: { value?: unknown }[]): unknown[] => r.map((x) => x.value);
const places = (r: { row: number; offset: number; length: number; fault?: string }[]): unknown[] =>
  r.map((x) => [x.row, x.offset, x.length, x.fault]);

describe('CSV records', () => {
  test('rows, bytes and lengths of plain lines; CRLF, a last line without end, empty lines', async () => {
    const text = 'a,b\r\nü,2\n\n\r\nlast,3';
    const read = await records(text, { width: 2 });
    expect(values(read)).toEqual([
      ['a', 'b'],
      ['ü', '2'],
      ['last', '3'],
    ]);
    for (const r of read)
      expect(
        Buffer.from(text)
          .subarray(r.offset, r.offset + r.length)
          .toString(),
      ).toBe((r.value as string[]).join(','));
    expect(read.map((r) => r.row)).toEqual([1, 2, 3]);
  });

  test('quoted cells: delimiters, doubled quotes, line breaks; a quote inside a plain cell is a character', async () => {
    const read = await records('"x, ""y""",1\n"two\nlines",2\n5" pipe,3\n"",4\n', { width: 2 });
    expect(values(read)).toEqual([
      ['x, "y"', '1'],
      ['two\nlines', '2'],
      ['5" pipe', '3'],
      ['', '4'],
    ]);
    expect(read.map((r) => r.row)).toEqual([1, 2, 3, 4]);
  });

  test('a ragged row is the fault of its line alone', async () => {
    expect(places(await records('a,b\n1\n1,2,3\nc,d\n', { width: 2 }))).toEqual([
      [1, 0, 3, undefined],
      [2, 4, 1, 'DQ-FMT-01'],
      [3, 6, 5, 'DQ-FMT-01'],
      [4, 12, 3, undefined],
    ]);
  });

  test('a quote that is never closed costs one line, not the rest of the file', async () => {
    const read = await records('1,a\n2,"open\n3,c\n4,d\n', { width: 2 });
    expect(read.map((r) => r.fault ?? r.value)).toEqual([['1', 'a'], 'FIL-ROW-02', ['3', 'c'], ['4', 'd']]);
  });

  test('a stray quote that meets another one far below costs its line, and the lines between are read', async () => {
    const read = await records('1,"open\n2,b\n3,"closed"\n4,d\n', { width: 2 });
    expect(read.map((r) => r.fault ?? r.value)).toEqual(['FIL-ROW-02', ['2', 'b'], ['3', 'closed'], ['4', 'd']]);
  });

  test('text after a closing quote', async () => {
    const read = await records('"a"b,1\nc,2\n', { width: 2 });
    expect(read.map((r) => r.fault ?? r.value)).toEqual(['FIL-ROW-02', ['c', '2']]);
  });

  test('bytes that are no UTF-8 and a NUL are the fault of their line alone', async () => {
    const read = await records(
      Buffer.concat([Buffer.from('a,1\n'), Buffer.from([0xff, 0x2c, 0x32, 0x0a]), Buffer.from('b\0,3\nc,4\n')]),
      { width: 2 },
    );
    expect(read.map((r) => r.fault ?? r.value)).toEqual([['a', '1'], 'DQ-FMT-01', 'DQ-FMT-01', ['c', '4']]);
  });

  test('a row longer than allowed is named by its place, and reading goes on after it, whatever the blocks', async () => {
    const text = `a,1\n${'x'.repeat(5000)},2\nb,3\n"${'y'.repeat(5000)}\nc,4\n`;
    for (const block of [64, 100, 1000, 100_000]) {
      const read = await records(text, { width: 2, block, file: { max_record_bytes: 256 } });
      expect(read.map((r) => [r.row, r.offset, r.length, r.fault ?? r.value])).toEqual([
        [1, 0, 3, ['a', '1']],
        [2, 4, 256, 'FIL-ROW-01'],
        [3, 5007, 3, ['b', '3']],
        [4, 5011, 256, 'FIL-ROW-01'],
        [5, 10_013, 3, ['c', '4']],
      ]);
    }
  });

  test.each([
    ['windows-1252', 'win1252'],
    ['iso-8859-1', 'latin1'],
    ['utf-16le', 'utf-16le'],
    ['utf-16be', 'utf-16be'],
    ['utf-8', 'utf-8'],
  ] as const)('%s, with and without line breaks in quotes', async (encoding, name) => {
    const text = 'Müller;"é\nß";1\r\nŽiga €;x;2\n'.replace(/[Ž€]/g, (c) => (encoding === 'iso-8859-1' ? '' : c));
    const bytes = encode(text, name);
    const read = await records(bytes, { width: 3, file: { encoding, delimiter: ';' }, block: 6 });
    expect(values(read)).toEqual([
      ['Müller', 'é\nß', '1'],
      [encoding === 'iso-8859-1' ? 'iga ' : 'Žiga €', 'x', '2'],
    ]);
    expect(read[1]!.offset).toBe(encode(text.slice(0, text.indexOf('\r\n') + 2), name).length);
  });

  test('a byte without a character in Windows-1252 and half a surrogate pair in UTF-16 are faults of their lines', async () => {
    expect(
      (await records(Buffer.from([0x61, 0x81, 0x0a, 0x62, 0x0a]), { file: { encoding: 'windows-1252' } })).map(
        (r) => r.fault,
      ),
    ).toEqual(['DQ-FMT-01', undefined]);
    expect(
      (
        await records(Buffer.from([0x00, 0xd8, 0x0a, 0x00, 0x62, 0x00, 0x0a, 0x00]), { file: { encoding: 'utf-16le' } })
      ).map((r) => r.fault),
    ).toEqual(['DQ-FMT-01', undefined]);
  });

  test('well-formed files read as csv-parse reads them', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '漢'), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 8, max: 64 }),
        async (rows, eol, block) => {
          const text = rows
            .map((row) => row.map((c) => (/[",\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(','))
            .join(eol);
          const expected = parse(text, { skip_empty_lines: true, record_delimiter: eol }) as string[][];
          expect(values(await records(text, { width: 3, block }))).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('whatever the bytes: blocks do not show, going on at any record gives the rest, and every byte belongs to a record or a line end', async () => {
    const soup = fc.string({
      unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', '\r', '\0', 'longer text '),
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(
        soup,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 5 }),
        async (text, block, at) => {
          const file = { max_record_bytes: 64 };
          const whole = await records(text, { width: 2, file });
          expect(await records(text, { width: 2, file, block })).toEqual(whole);
          const from = whole[at];
          if (from)
            expect(
              await records(text, { width: 2, file, block, from: { offset: from.offset, row: from.row - 1 } }),
            ).toEqual(whole.slice(at));
          const bytes = Buffer.from(text);
          let end = 0;
          for (const r of whole) {
            expect(bytes.subarray(end, r.offset).toString()).toMatch(r.offset === end ? /^$/ : /[\r\n]/);
            end = r.offset + r.length;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('NDJSON records', () => {
  test('a broken line, a list, a number and an empty line', async () => {
    const read = await records('{"a":1}\n{"a":\n[1]\n7\n\n{"b":"ü"}', { file: { format: 'ndjson' } });
    expect(read.map((r) => r.fault ?? r.value)).toEqual([{ a: 1 }, 'DQ-FMT-02', 'DQ-FMT-02', 'DQ-FMT-02', { b: 'ü' }]);
    expect(read.map((r) => r.row)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a record of 2 MB is refused by its place and does not fill the memory', async () => {
    const text = `{"a":1}\n{"a":"${'x'.repeat(2_000_000)}"}\n{"a":2}\n`;
    const read = await records(text, { file: { format: 'ndjson' }, block: 64 * 1024 });
    expect(read.map((r) => [r.row, r.fault ?? r.value])).toEqual([
      [1, { a: 1 }],
      [2, 'FIL-ROW-01'],
      [3, { a: 2 }],
    ]);
  });
});

test('byte-order marks', () => {
  expect(byteOrderMark(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toEqual({ encoding: 'utf-8', length: 3 });
  expect(byteOrderMark(Buffer.from([0xff, 0xfe, 0x61, 0]))).toEqual({ encoding: 'utf-16le', length: 2 });
  expect(byteOrderMark(Buffer.from([0xfe, 0xff, 0, 0x61]))).toEqual({ encoding: 'utf-16be', length: 2 });
  expect(byteOrderMark(Buffer.from('abc'))).toBeNull();
});
