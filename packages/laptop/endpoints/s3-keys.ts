import { join } from 'node:path';

/** Longest file name that every file system takes, less room for the marks below. */
const MAX_NAME = 200;
const PLAIN = /[^A-Za-z0-9 _=.,@:+()!'~;&$-]/gu;

/**
 * The file of a key under its bucket's folder. Keys are free text; a file tree knows neither "a" beside "a/b", nor empty names, nor
 * names that climb. So: characters outside a plain set are percent-encoded; `.` and `..` lose their dots; a folder whose name holds
 * a dot ends in `%d`, a file whose name holds none in `%o`, so that no file takes a folder's name; long names go on in a folder.
 */
export function pathOfKey(key: string): string {
  const segments = key.split('/');
  const file = segments.pop() ?? '';
  const parts = segments.flatMap((s) => pieces(s)).map((s) => (s.includes('.') ? `${s}%d` : s === '' ? '%e' : s));
  const names = pieces(file);
  const last = names.pop() ?? '';
  return join(...parts, ...names.map((s) => (s.includes('.') ? `${s}%d` : s)), last.includes('.') ? last : `${last}%o`);
}

function pieces(segment: string): string[] {
  const plain = /^\.{1,2}$/.test(segment)
    ? segment.replaceAll('.', '%2E')
    : segment.replace(PLAIN, (c) =>
        [...Buffer.from(c, 'utf8')].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
      );
  if (plain.length <= MAX_NAME) return [plain];
  const cut: string[] = [];
  for (let at = 0; at < plain.length; at += MAX_NAME)
    cut.push(`${plain.slice(at, at + MAX_NAME)}${at + MAX_NAME < plain.length ? '%+' : ''}`);
  return cut;
}

/** The key of a file under its bucket's folder: the inverse of pathOfKey. */
export function keyOfPath(path: string): string {
  const names = path.split('/');
  const file = (names.pop() ?? '').replace(/%o$/, '');
  const key = [...names.map((n) => (n === '%e' ? '' : n.replace(/%d$/, ''))), file].join('/').replaceAll('%+/', '');
  return Buffer.concat(
    key
      .split(/(%[0-9A-F]{2})/)
      .map((p) => (/^%[0-9A-F]{2}$/.test(p) ? Buffer.from(p.slice(1), 'hex') : Buffer.from(p, 'utf8'))),
  ).toString('utf8');
}

/** Order of keys by their UTF-8 bytes, as S3 lists them; UTF-16 units order astral characters differently. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return lift(x) - lift(y);
  }
  return a.length - b.length;
}
const lift = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);
