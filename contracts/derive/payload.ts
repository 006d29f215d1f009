import type { EntityContract } from '../types';

type FieldOf<C extends EntityContract> = C['fields'][number];

type ValueOf<F> = F extends { type: 'int' | 'double' }
  ? number
  : F extends { type: 'bool' }
    ? boolean
    : F extends { type: 'decimal' }
      ? number | string
      : F extends { values: readonly (infer V)[] }
        ? V
        : string;

type Required_<C extends EntityContract> = Extract<FieldOf<C>, { required: true }>;
type Optional_<C extends EntityContract> = Exclude<FieldOf<C>, { required: true }>;

/** TypeScript type of an upsert's payload, derived from the contract: `PayloadOf<typeof appointment>`. */
export type PayloadOf<C extends EntityContract> = {
  [F in Required_<C> as F['name']]: ValueOf<F>;
} & {
  [F in Optional_<C> as F['name']]?: ValueOf<F> | null;
};
