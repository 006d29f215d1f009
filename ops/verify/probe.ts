import type { Target } from './target';

/** What a probe saw, in words and numbers of its own: never a name, an ARN, SQL or an error text of the account. */
export interface Observation {
  outcome: 'as expected' | 'differs' | 'could not run';
  expected: string;
  seen: string;
}

export interface Probe {
  id: string;
  title: string;
  kind: 'sql' | 'copy' | 'stream' | 'grants';
  note?: string;
  run(target: Target): Promise<Observation>;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** An observation of two values, equal when they read the same. */
export const compare = (expected: unknown, seen: unknown): Observation => ({
  outcome: show(expected) === show(seen) ? 'as expected' : 'differs',
  expected: show(expected),
  seen: show(seen),
});
