import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { registryFiles } from '../contracts/derive/registry';

/**
 * Writes all that is derived and committed: the registry of entities, the history of published versions, and what outsiders read.
 * The registry comes first, since everything else is read through it.
 */
const ROOT = join(__dirname, '..');

function write(path: string, text: string): void {
  const full = join(ROOT, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  console.log(path);
}

async function main(): Promise<void> {
  const entities = readdirSync(join(ROOT, 'contracts/entities'));
  for (const [name, text] of Object.entries(registryFiles(entities))) write(`contracts/entities/${name}`, text);
  const { appendHistory, generatedDocs } = await import('../contracts/derive');
  const { generatedProfileDocs } = await import('../profiles/documents');
  const HISTORY = 'contracts/history/published.json';
  const history = JSON.parse(readFileSync(join(ROOT, HISTORY), 'utf8')) as Parameters<typeof appendHistory>[0];
  write(HISTORY, `${JSON.stringify(appendHistory(history), null, 2)}\n`);
  for (const [name, text] of Object.entries({ ...generatedDocs(), ...generatedProfileDocs() }))
    write(`docs/generated/${name}`, text);
  const { generatedDictionary, generatedSql } = await import('../core/warehouse/generated-sql');
  write('docs/generated/warehouse.md', generatedDictionary(ROOT));
  // Rendered before the folder goes: what is refused leaves it as it was.
  const sql = generatedSql(ROOT);
  rmSync(join(ROOT, 'sql/generated'), { recursive: true, force: true });
  for (const [name, text] of Object.entries(sql)) write(`sql/generated/${name}`, text);
}

// What is refused is told by its own message; a stack would bury it.
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
