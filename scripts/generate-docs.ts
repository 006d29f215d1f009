import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedDocs } from '../contracts/derive';
import { generatedProfileDocs } from '../profiles/documents';

/** Writes what outsiders read of the contracts and of the profile language to `docs/generated`. */
for (const [name, text] of Object.entries({ ...generatedDocs(), ...generatedProfileDocs() })) {
  const path = join(__dirname, '..', 'docs', 'generated', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`docs/generated/${name}`);
}
