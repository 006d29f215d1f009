import { ENTITY_NAMES, PUBLISHED } from '../index';
import { dictionaryMarkdown } from './dictionary';
import { erdMarkdown } from './erd';
import { jsonSchema } from './json-schema';

/** Every derived file that outsiders read: path below `docs/generated`, and its text. */
export function generatedDocs(): Record<string, string> {
  const files: Record<string, string> = { 'dictionary.md': dictionaryMarkdown(), 'erd.md': erdMarkdown() };
  for (const entity of ENTITY_NAMES) {
    for (const version of Object.keys(PUBLISHED[entity]).map(Number)) {
      files[`schemas/${entity}-v${version}.json`] = `${JSON.stringify(jsonSchema(entity, version), null, 2)}\n`;
    }
  }
  return files;
}
