import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silverColumns } from '../../contracts/derive/columns';
import { nextChunk } from '../../core/files/chunk';
import { mapperOf } from '../../core/files/mapper-of';
import { openFile, readerAt } from '../../core/files/open';
import { checkOwnProfile } from '../../profiles';
import { keys } from '../core/samples';

type Json = Record<string, unknown>;
interface Shown extends Json {
  views: { person: { select: { column: { name: string; path: string }[] }[] } };
}

const page = readFileSync(join(__dirname, '../../docs/profiles.md'), 'utf8');
const chapter = page.slice(page.indexOf('### Resources of FHIR'), page.indexOf('### The built-in profile `fhir-r4`'));
const [profile, resource, row] = [...chapter.matchAll(/```json\n([\s\S]*?)```/g)].map((m) => m[1]!);
const refused = [...chapter.matchAll(/^\| `([^`]+)` +\| `([^`]+ here)` +\|$/gm)].map(([, path, said]) => [
  path!,
  said!,
]);

test('the profile that docs/profiles.md shows makes of the resource the row that it shows', async () => {
  const check = checkOwnProfile(profile!);
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const bytes = Buffer.from(resource!);
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
  const opened = await openFile(check.checked, source);
  if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
  const at = Date.UTC(2026, 4, 1);
  const mapper = mapperOf(opened.file, { objectKey: 'my-ehr/x', lastModifiedMs: at, fileTime: at * 1000 });
  const context = { keys, maxBytes: 1_048_576, deriveEventId: true };
  const { accepted, entities } = await nextChunk(readerAt(opened.file, opened.file.start), mapper, context);
  expect([accepted, entities.map(({ entity }) => entity)]).toEqual([1, ['patient']]);
  const { version, rows } = entities[0]!;
  const made = Object.fromEntries(silverColumns('patient', version).map((c, i) => [c.name, rows[0]![i]]));
  const day = new Date(Number(made.birth_date) * 86_400_000).toISOString().slice(0, 10);
  expect({ ...made, birth_date: day }).toMatchObject(JSON.parse(row!) as Json);
});

test('paths that it says are refused are shown', () => expect(refused.length).toBeGreaterThan(3));

test.each(refused)('%s is refused as it says', (path, said) => {
  const changed = JSON.parse(profile!) as Shown;
  changed.views.person.select[0]!.column.push({ name: 'x', path });
  const check = checkOwnProfile(JSON.stringify(changed));
  expect(check.ok ? [] : check.errors.map(({ rule, pointer }) => [rule, pointer])).toEqual([
    ['PRF-VIEW', '/views/person/select/0/column/3/path'],
  ]);
  expect(check.ok ? [] : check.errors[0]!.message).toContain(said);
});
