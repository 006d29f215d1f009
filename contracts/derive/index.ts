export * from './columns';
export type { PayloadOf } from './payload';
