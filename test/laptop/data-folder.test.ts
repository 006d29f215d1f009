import { chmodSync, existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFolder } from '@carelake/laptop/data-folder';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'carelake-folder-'));
const modeOf = (path: string): number => statSync(path).mode & 0o777;
afterEach(() => jest.restoreAllMocks());

test('a new folder is its owner’s alone, whatever the umask', () => {
  const before = process.umask(0);
  const folder = join(fresh(), 'a', 'b');
  ownFolder(folder);
  process.umask(before);
  expect(modeOf(folder)).toBe(0o700);
});

test('a data folder with wider rights is tightened, and what lies in it', () => {
  const folder = fresh();
  chmodSync(folder, 0o755);
  for (const name of ['run.json', 'warehouse.duckdb']) writeFileSync(join(folder, name), '', { mode: 0o644 });
  mkdirSync(join(folder, 'kinesis'), { mode: 0o775 });
  ownFolder(folder);
  expect([folder, ...['run.json', 'warehouse.duckdb', 'kinesis'].map((n) => join(folder, n))].map(modeOf)).toEqual([
    0o700, 0o600, 0o600, 0o700,
  ]);
});

test('an empty folder is tightened; one with other things in it is refused and left as it is, unless it is closed', () => {
  const folder = fresh();
  chmodSync(folder, 0o755);
  ownFolder(folder);
  expect(modeOf(folder)).toBe(0o700);
  writeFileSync(join(folder, 'letter.txt'), '');
  ownFolder(folder);
  chmodSync(folder, 0o755);
  expect(() => ownFolder(folder)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('other users'),
      next: expect.stringContaining('chmod 700'),
    }),
  );
  expect(modeOf(folder)).toBe(0o755);
});

test('a folder on a file system that is read-only, or without rights, is refused with what is the matter', () => {
  const folder = fresh();
  for (const [code, says, next] of [
    ['EROFS', 'read-only', '--data DIR'],
    ['EACCES', 'may not read and write', `chmod u+rwx ${folder}`],
  ] as const) {
    jest.spyOn(fs, 'accessSync').mockImplementationOnce(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(() => ownFolder(folder)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(says), next: expect.stringContaining(next) }),
    );
  }
});

test('somebody else’s folder, a file and a place where none can be made are refused with a way on', () => {
  const folder = fresh();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const way = { name: 'FolderRefused', next: expect.stringContaining('--data DIR') };
  expect(() => ownFolder(file)).toThrow(expect.objectContaining({ ...way, message: 'this is not a folder' }));
  expect(() => ownFolder(join(file, 'below'))).toThrow(expect.objectContaining(way));
  expect(existsSync(join(file, 'below'))).toBe(false);
  const uid = process.getuid!();
  jest.spyOn(process as Required<typeof process>, 'getuid').mockReturnValue(uid + 1);
  expect(() => ownFolder(folder)).toThrow(
    expect.objectContaining({ ...way, message: expect.stringContaining('another user') }),
  );
});
