import { silverColumns } from '../../contracts/derive/columns';
import { nextChunk } from '../../core/files/chunk';
import { mapperOf } from '../../core/files/mapper-of';
import { openFile, readerAt } from '../../core/files/open';
import { Keyring } from '../../core/records/keys';
import { builtInProfile } from '../../profiles';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');
export const FILE_MS = Date.parse('2026-05-01T12:00:00Z');

export type SilverObject = Record<string, unknown>;

/** What the built-in profile makes of files. */
export interface Made {
  received: number;
  accepted: number;
  /** Rules and pointers, by the position of what was rejected. */
  rejected: [string, string][];
  unmapped: Record<string, number>;
  rows: Record<string, SilverObject[]>;
}

/** Reads files by the built-in profile, without anything that stores. */
export async function readByFhirR4(bodies: Iterable<Buffer | string>): Promise<Made> {
  const made: Made = { received: 0, accepted: 0, rejected: [], unmapped: {}, rows: {} };
  for (const body of bodies) {
    const bytes = Buffer.from(body);
    const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
    const opened = await openFile(builtInProfile('fhir-r4')!, source);
    if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
    const facts = { objectKey: 'fhir-r4/x', lastModifiedMs: FILE_MS, fileTime: FILE_MS * 1000 };
    const mapper = mapperOf(opened.file, facts);
    const reader = readerAt(opened.file, opened.file.start);
    for (let done = false; !done;) {
      const chunk = await nextChunk(reader, mapper, { keys, maxBytes: 8_388_608, deriveEventId: true });
      if (chunk.thrown.length > 0) throw chunk.thrown[0];
      done = chunk.done;
      made.accepted += chunk.accepted;
      made.received += chunk.accepted + chunk.rejected.length;
      for (const { position, violations } of chunk.rejected)
        made.rejected.push([position, violations.map(({ rule, pointer }) => `${rule} ${pointer}`).join(', ')]);
      for (const [type, n] of Object.entries(chunk.unmapped)) {
        made.unmapped[type] = (made.unmapped[type] ?? 0) + n;
        made.received += n;
      }
      for (const { entity, rows } of chunk.entities) {
        const names = silverColumns(entity).map(({ name }) => name);
        const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
        made.rows[entity] = [...(made.rows[entity] ?? []), ...objects];
      }
    }
  }
  return made;
}
