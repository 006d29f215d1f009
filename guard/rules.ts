import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the rules lie. */
const FOLDER = join(__dirname, 'rules');

/** The platform's own rules in Guard's language, each file a source with its name. */
export const guardRules = (): { name: string; content: string }[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.guard'))
    .sort()
    .map((file) => ({ name: file.replace(/\.guard$/, ''), content: readFileSync(join(FOLDER, file), 'utf8') }));
