import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedDocs } from '../contracts/derive';

/** Writes what outsiders read of the contracts to `docs/generated`. */
for (const [name, text] of Object.entries(generatedDocs())) {
  const path = join(__dirname, '..', 'docs', 'generated', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`docs/generated/${name}`);
}
