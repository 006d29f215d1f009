export * from './columns';
export type { PayloadOf } from './payload';
export { redactedNames, redactionPaths } from './redaction';
