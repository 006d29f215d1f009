import { openFile } from '../../core/files/open';
import { checkProfile } from '../../profiles';

/** The rules by which a file is refused, none where it is opened, by a profile of clinics whose file is as given. */
async function refused(file: object, bytes: Buffer): Promise<string[]> {
  const at = { constant: '2026-01-01T00:00:00Z' };
  const entities = [{ entity: 'clinic', effective_at: at, recorded_at: at, fields: { clinic_id: 'id' } }];
  const rest = { ignored: ['name'], file: { format: 'csv', ...file }, entities };
  const check = checkProfile(JSON.stringify({ profile: 'p', source_system: 's', mode: 'delta', ...rest }));
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const read = (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length));
  const opened = await openFile(check.checked, { size: bytes.length, read });
  return opened.ok ? [] : opened.errors.map((e) => e.rule);
}

test.each([
  ['sep=\t\r\n', []],
  ['"sep=\t"\r\n', []],
  ['sep=\t \n', []],
  ['sep=;\n', ['FIL-HDR-02']],
])("Excel's line in a file with tabs: %j", async (line, rules) => {
  expect(await refused({ delimiter: '\t' }, Buffer.from(`${line}id\tname\n1\tA\n`))).toEqual(rules);
});

describe('a head of 64 KiB that is UTF-8 under an encoding of one byte', () => {
  const HEAD = 64 * 1024;
  const latin = { encoding: 'windows-1252' };
  /** A file whose head is cut so many bytes after the text that follows `filling`. */
  const cut = (before: string, letters: string, after: number): Buffer => {
    const start = Buffer.from(`id,name\n1,${before}`);
    const fill = Buffer.alloc(HEAD - start.length - after, 'x');
    return Buffer.concat([start, fill, Buffer.from(letters), Buffer.from('\n2,b\n'.repeat(10))]);
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('is told wherever it is cut in Cyrillic: %i', async (after) => {
    expect(await refused(latin, cut('', 'привет', after))).toEqual(after === 1 ? [] : ['FIL-ENC-03']);
    expect(await refused(latin, cut('ж', 'привет', after))).toEqual(['FIL-ENC-03']);
  });

  test('and no text of one byte per letter is taken for it', async () => {
    const bytes = (text: string) => Buffer.from(`id,name\n1,${text}`, 'latin1');
    expect(await refused(latin, bytes('Müller\n'))).toEqual([]);
    // The last letter of a file begins a letter of UTF-8 that nothing ends.
    expect(await refused(latin, bytes('caf\u00e9'))).toEqual([]);
    const first = bytes('');
    const fill = Buffer.alloc(HEAD - first.length - 1, 'x');
    const rest = Buffer.from('\u00e9\n2,b\n', 'latin1');
    expect(await refused(latin, Buffer.concat([first, fill, rest]))).toEqual([]);
  });
});
