export * from './columns';
export { dictionaryMarkdown } from './dictionary';
export { generatedDocs } from './documents';
export { jsonSchema, type JsonSchema } from './json-schema';
export type { PayloadOf } from './payload';
export { redactedNames, redactionPaths } from './redaction';
