export * from './columns';
export { dictionaryMarkdown } from './dictionary';
export { generatedDocs } from './documents';
export { jsonSchema, type JsonSchema } from './json-schema';
export { redactedNames, redactionPaths } from './redaction';
export { appendHistory, historyMistakes, type History } from './history';
