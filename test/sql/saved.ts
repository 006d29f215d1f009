import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engines';

const ROOT = join(__dirname, '../..');
const FOLDER = join(ROOT, 'build/test-warehouses');
/** Whatever decides what an engine's file holds: the SQL, who translates and runs it, and the versions of the engines. */
const SOURCES = ['sql', 'contracts', 'core/warehouse', 'packages/laptop', 'test/sql', 'package-lock.json'];

/** Changes with every byte of the sources, so that no suite ever sees what an earlier state of them made. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const path = join(ROOT, source);
    const files = source.includes('.') ? [''] : readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files)
      if (/\.\w+$/.test(file || source)) hash.update(file).update(readFileSync(join(path, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Brings an engine to a state that the first suite makes, and every later one with the same sources reads from a file. */
export async function asSaved(engine: Engine, state: string, make: () => Promise<void>): Promise<void> {
  const prefix = `${engine.name}-${state}-`;
  const file = join(FOLDER, prefix + fingerprint());
  if (existsSync(file)) return engine.restore(file);
  await make();
  mkdirSync(FOLDER, { recursive: true });
  for (const old of readdirSync(FOLDER)) if (old.startsWith(prefix)) rmSync(join(FOLDER, old));
  // Two workers may make it at once: each its own, and the last one stays.
  const draft = join(FOLDER, `draft-${process.pid}-${prefix}`);
  await engine.save(draft);
  renameSync(draft, file);
}
