import { type EntityName } from '../../contracts';
import { silverColumns } from '../../contracts/derive/columns';
import { nextChunk } from '../../core/files/chunk';
import { mapperOf } from '../../core/files/mapper-of';
import { openFile, readerAt } from '../../core/files/open';
import { Keyring } from '../../core/records/keys';
import { checkOwnProfile } from '../../profiles';
import { FILE_MS, type SilverObject } from './fhir-r4';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');

/** The rows that ingest makes of a small CSV by a profile of one entity. */
export async function readCsv(
  source_system: string,
  entity: EntityName,
  fields: Record<string, unknown>,
  text: string,
  /** What the profile says of all its entities. */
  ofAll: Record<string, unknown> = {},
): Promise<SilverObject[]> {
  const check = checkOwnProfile(
    JSON.stringify({
      profile: source_system,
      source_system,
      mode: 'delta',
      file: { format: 'csv', zone: 'UTC' },
      entities: [{ entity, fields }],
      ...ofAll,
    }),
  );
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const bytes = Buffer.from(text);
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
  const opened = await openFile(check.checked, source);
  if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
  const facts = { objectKey: `${source_system}/x`, lastModifiedMs: FILE_MS, fileTime: FILE_MS * 1000 };
  const ctx = { keys, maxBytes: 1_000_000, deriveEventId: true };
  const chunk = await nextChunk(readerAt(opened.file, opened.file.start), mapperOf(opened.file, facts), ctx);
  const names = silverColumns(entity).map(({ name }) => name);
  return chunk.entities[0]!.rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
}
