import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = join(__dirname, '..');
const BUILT = join(SOURCES, '..', '..', 'build', 'engine');

/**
 * The program of the warehouse's process as one plain file, made again when a source has changed: with a loader for the sources it would start
 * in thrice the time, at every start and after every end. Those of earlier sources stay: a platform that still serves may need its own again.
 */
export async function engineProgram(folder = BUILT): Promise<string> {
  const program = join(folder, `warehouse-host-${fingerprint()}.cjs`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const { buildSync } = await import('esbuild');
  const draft = `${program}.${process.pid}`;
  buildSync({
    entryPoints: [join(__dirname, 'warehouse-host.ts')],
    outfile: draft,
    bundle: true,
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  renameSync(draft, program);
  return program;
}

/** Changes with every source of this package. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts')) continue;
    const { size, mtimeMs } = statSync(join(SOURCES, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
