import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTRACTS_VERSION } from '../../contracts';
import { nextChunk } from '../../core/files/chunk';
import { Mapper } from '../../core/files/mapper';
import { objectsOf } from '../../core/files/objects';
import { openFile, readerAt } from '../../core/files/open';
import { Keyring } from '../../core/records/keys';
import type { LoadObject } from '../../core/load/plan';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { builtInProfile } from '../../profiles';

export const ROOT = join(__dirname, '../..');
export const SILVER = 'bench-silver';
/** Of a benchmark's made-up data only; any secret does. */
const KEYS = Keyring.fromSecret(JSON.stringify({ key_version: 1, secret: 'the benchmark keys nobody in particular' }));
export const FINGERPRINT = KEYS.fingerprint;

const python = join(ROOT, '.venv/bench/bin/python');

/** The frozen input of the peers, generated once into `.carelake/bench-w/<n>/input`. @throws Error saying what is missing */
export function frozenInput(n: number): string {
  const folder = join(ROOT, '.carelake/bench-w', String(n));
  const input = join(folder, 'input');
  if (existsSync(join(input, 'manifest.json'))) return folder;
  if (!existsSync(python))
    throw new Error(
      'work W needs its generator: python3 -m venv .venv/bench && .venv/bench/bin/pip install duckdb==1.5.5 numpy==2.4.6 pyarrow==26.0.1',
    );
  mkdirSync(input, { recursive: true, mode: 0o700 });
  execFileSync(python, [join(ROOT, 'bench/peers/gen.py'), String(n), input, '--ndjson'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return folder;
}

/** Reads one NDJSON file by the profile bench-w into silver objects, as ingest-file does. */
async function ingest(s3: S3Store, path: string, name: string): Promise<LoadObject[]> {
  const checked = builtInProfile('bench-w');
  if (!checked) throw new Error('the profile bench-w is missing');
  const handle = await open(path);
  const { size } = statSync(path);
  const source = {
    size,
    async read(offset: number, length: number): Promise<Uint8Array> {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      await handle.read(buffer, 0, buffer.length, offset);
      return buffer;
    },
  };
  const landing = {
    bucket: 'bench-landing',
    key: `bench-w/${name}`,
    version: '1',
    // After all that it holds was recorded: what is known more than a day before it arrives is rejected.
    lastModifiedMs: Date.UTC(2026, 1, 1),
    digest: checked.digest,
  };
  const opened = await openFile(checked, source);
  if (!opened.ok) throw new Error(`${name} does not fit the profile bench-w: ${opened.errors[0].message}`);
  const mapper = new Mapper(opened.file.profile, opened.file.header, {
    objectKey: landing.key,
    lastModifiedMs: landing.lastModifiedMs,
    fileTime: landing.lastModifiedMs * 1000,
    preamble: opened.file.preamble,
  });
  const context = { keys: KEYS, maxBytes: opened.file.profile.file.max_record_bytes, deriveEventId: false };
  const reader = readerAt(opened.file, opened.file.start);
  const objects: LoadObject[] = [];
  for (;;) {
    const chunk = await nextChunk(reader, mapper, context);
    if (chunk.rejected.length > 0)
      throw new Error(
        `${name}: ${chunk.rejected.length} rows were rejected, ${JSON.stringify(chunk.rejected[0].violations)}`,
      );
    const written = objectsOf(chunk, landing, 'bench-w').filter((o) => o.zone === 'silver');
    for (const [i, { key, body }] of written.entries()) {
      const { entity, version, rows } = chunk.entities[i];
      await s3.put(SILVER, key, body);
      objects.push({ object: key, entity, version, rows: rows.length, bytes: body.byteLength });
    }
    if (chunk.done) break;
  }
  await handle.close();
  return objects;
}

export interface Silver {
  base: LoadObject[];
  delta: LoadObject[];
}

/** Silver of the input by the platform's own ingest, made once per contract version. Not timed: W begins at silver. */
export async function silverOf(folder: string, s3: S3Store): Promise<Silver> {
  s3.createBucket(SILVER);
  const listed = join(folder, `silver-c${CONTRACTS_VERSION}.json`);
  if (existsSync(listed)) return JSON.parse(readFileSync(listed, 'utf8')) as Silver;
  const files = {
    base: ['clinics', 'providers', 'base/patients', 'base/appointments'],
    delta: ['delta/patients', 'delta/appointments'],
  };
  const silver: Silver = { base: [], delta: [] };
  for (const half of ['base', 'delta'] as const)
    for (const file of files[half])
      silver[half].push(...(await ingest(s3, join(folder, 'input', `${file}.ndjson`), `${file}.ndjson`)));
  writeFileSync(listed, JSON.stringify(silver));
  return silver;
}
