import { parse } from 'csv-parse/sync';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityName } from '../contracts';
import { nextChunk } from '../core/files/chunk';
import { mapperOf } from '../core/files/mapper-of';
import { objectsOf } from '../core/files/objects';
import { openFile, readerAt } from '../core/files/open';
import { Keyring } from '../core/records/keys';
import { builtInProfile, builtInSource, ignoredBy, profilesFor, type CheckedProfile } from '../profiles';

/** A file with the profile that reads it. */
export interface BenchFile {
  name: string;
  bytes: Buffer;
  checked: CheckedProfile;
}

/** What became of records, and of how many events of each entity they were. */
export interface ReadCounts {
  received: number;
  accepted: number;
  quarantined: number;
  unmapped: number;
  entities: Partial<Record<EntityName, number>>;
}

/** The time at which the files of a benchmark were made: after what they tell. */
const MADE_MS = Date.UTC(2026, 4, 1);

/** What ingest does with files except storing: reads them by their profiles to Parquet objects of silver and quarantine. */
export async function readFiles(files: readonly BenchFile[]): Promise<ReadCounts> {
  const counts: ReadCounts = { received: 0, accepted: 0, quarantined: 0, unmapped: 0, entities: {} };
  // A fresh keyring each time: remembered keys of an earlier repetition would flatter the rate.
  const keys = Keyring.fromSecret(JSON.stringify({ key_version: 1, secret: 'bench-secret-of-no-consequence' }));
  for (const { name, bytes, checked } of files) {
    const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
    const opened = await openFile(checked, source);
    if (!opened.ok) throw new Error(`bench: ${name} does not fit ${checked.profile.profile}`);
    const { file } = opened;
    const landing = { bucket: 'bench', key: `bench/${name}`, version: '1', lastModifiedMs: MADE_MS, digest: checked.digest }; // prettier-ignore
    const facts = {
      objectKey: landing.key,
      lastModifiedMs: MADE_MS,
      fileTime: MADE_MS * 1000,
      preamble: file.preamble,
    };
    const context = { keys, maxBytes: checked.profile.file.max_record_bytes, deriveEventId: true };
    const mapper = mapperOf(file, facts);
    const reader = readerAt(file, file.start);
    for (let done = false; !done;) {
      const chunk = await nextChunk(reader, mapper, context);
      objectsOf(chunk, landing, checked.profile.profile);
      add(counts, chunk);
      done = chunk.done;
    }
  }
  return counts;
}

function add(counts: ReadCounts, chunk: Awaited<ReturnType<typeof nextChunk>>): void {
  const unmapped = Object.values(chunk.unmapped).reduce((sum, n) => sum + n, 0);
  counts.accepted += chunk.accepted;
  counts.quarantined += chunk.rejected.length;
  counts.unmapped += unmapped;
  counts.received += chunk.accepted + chunk.rejected.length + unmapped;
  for (const { entity, rows } of chunk.entities) counts.entities[entity] = (counts.entities[entity] ?? 0) + rows.length;
}

/** All files of FHIR in a folder, but for the log of an export. */
export const fhirFiles = (folder: string): BenchFile[] =>
  readdirSync(folder)
    .filter((name) => /\.(ndjson|json)$/.test(name) && name !== 'log.ndjson')
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)), checked: builtInProfile('fhir-r4')! }));

/** The files of a folder that the source Synthea reads. @throws Error where it knows none of them */
export function syntheaFiles(folder: string): BenchFile[] {
  const source = builtInSource('synthea')!;
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.csv') && ignoredBy(source, name) === undefined)
    .flatMap((name) => profilesFor(source, name).map((checked) => ({ name, checked })));
  if (files.length === 0) throw new Error('the folder has no file of a Synthea export');
  return files.map((file) => ({ ...file, bytes: readFileSync(join(folder, file.name)) }));
}

/** Documents and lines of JSON by nothing but JSON.parse. */
export function parseJson({ name, bytes }: BenchFile): unknown[] {
  const text = bytes.toString('utf8');
  if (!name.endsWith('.ndjson')) return [JSON.parse(text)];
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]));
}

/** Rows of a CSV file by nothing but a parser. */
export const parseCsv = ({ bytes }: BenchFile): unknown[] => parse(bytes, { bom: true, columns: true }) as unknown[];
