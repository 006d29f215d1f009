import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { buildSync } from 'esbuild';

/** Every function that ships; each has its entry in `lambdas/<name>/index.ts`. */
export const LAMBDA_NAMES = [
  'ingest-stream',
  'ingest-file',
  'replay-failed',
  'sweep-landing',
  'rebuild-silver',
  'select-load',
  'load',
  'migrate',
  'usage-limit',
  'watch-keys',
  'check',
] as const;
/** Name of a function that ships. */
export type LambdaName = (typeof LAMBDA_NAMES)[number];

/** What `migrate` applies to a warehouse; the rest that travels with it empties one for a rebuild. */
const MIGRATED = ['migrations', 'documents', 'generated/views', 'generated/grants.sql', 'marts', 'security'];

/** Folders and files under `sql/` that travel beside a function's `index.js`, as `sql/<folder>/…`. */
const SQL_FOLDERS: Partial<Record<LambdaName, string[]>> = {
  'select-load': ['load', 'generated/load'],
  load: ['load', 'generated/load'],
  check: ['checks', 'generated/checks', 'load/holder.sql'],
  migrate: [...MIGRATED, 'rebuild', 'generated/rebuild.sql', 'generated/tables.sql', 'load/holder.sql'],
};

const ROOT = resolve(__dirname, '..', '..');

/**
 * Bundles every function with one esbuild call into `build/lambdas/<name>/index.js` (CommonJS), with its SQL beside it.
 * Files are replaced only when their content changed, so that two synths at the same time do not disturb each other.
 * @param root the repository; a test gives another.
 * @returns the folder of each function.
 * @throws Error naming the entries that are missing.
 */
export function bundleLambdas(root = ROOT): Record<LambdaName, string> {
  const out = join(root, 'build', 'lambdas');
  const missing = LAMBDA_NAMES.map((name) => join('lambdas', name, 'index.ts')).filter(
    (p) => !existsSync(join(root, p)),
  );
  if (missing.length) throw new Error(`cannot bundle the functions, no such entry: ${missing.join(', ')}`);
  const built = buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(LAMBDA_NAMES.map((name) => [`${name}/index`, `lambdas/${name}/index.ts`])),
    outdir: out,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    mainFields: ['module', 'main'],
    loader: { '.sql': 'text' },
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'error',
  });
  const files = new Map(built.outputFiles.map((f) => [f.path, Buffer.from(f.contents)]));
  for (const name of LAMBDA_NAMES) {
    for (const folder of SQL_FOLDERS[name] ?? []) {
      for (const file of sqlFiles(root, folder))
        files.set(join(out, name, 'sql', file), readFileSync(join(root, 'sql', file)));
    }
  }
  for (const [path, content] of files) writeIfChanged(path, content);
  for (const name of LAMBDA_NAMES) removeOthers(join(out, name), files);
  return Object.fromEntries(LAMBDA_NAMES.map((name) => [name, join(out, name)])) as Record<LambdaName, string>;
}

/** SHA-256 over names and contents of what `migrate` applies; a change of it makes CloudFormation call the migration. */
export function sqlHash(root = ROOT): string {
  const hash = createHash('sha256');
  for (const folder of MIGRATED) {
    for (const file of sqlFiles(root, folder))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, 'sql', file)))
        .update('\0');
  }
  return hash.digest('hex');
}

/** SQL files of one folder, or the one file of that name, relative to `sql/`, sorted, with forward slashes on every system. */
function sqlFiles(root: string, folder: string): string[] {
  const base = join(root, 'sql', folder);
  if (!existsSync(base)) return [];
  if (statSync(base).isFile()) return [folder];
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.sql'))
    .map((f) => `${folder}/${f.split(sep).join('/')}`)
    .sort();
}

function writeIfChanged(path: string, content: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(content)) return;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, path);
}

/** A file left from an earlier build would change the asset's hash. */
function removeOthers(folder: string, wanted: Map<string, Buffer>): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry);
    const inWork = /\.\d+$/.test(relative(folder, path));
    if (statSync(path, { throwIfNoEntry: false })?.isFile() && !wanted.has(path) && !inWork)
      rmSync(path, { force: true });
  }
}
