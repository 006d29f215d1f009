/**
 * The transactions that a load may take, as the state machine names them:
 * - `apply-<n>`: the n-th transaction of its plan, from 0
 * - `reconcile`: asks the ledger which objects of the load it holds
 * - `release`: gives the load up
 * - `release-holder`: gives up the load that holds the lease and left no plan
 */
export type Step = `apply-${number}` | 'reconcile' | 'release' | 'release-holder';

/** The n-th transaction of a plan, from 0. */
export const applyStep = (n: number): `apply-${number}` => `apply-${n}`;

/** Which transaction of the plan a step is, from 0; undefined for the others. */
export function applyIndex(step: Step): number | undefined {
  const found = /^apply-(0|[1-9]\d{0,3})$/.exec(step);
  return found ? Number(found[1]) : undefined;
}

/** Whether a value names a step of a plan of so many transactions. */
export function isStep(step: unknown, transactions: number): step is Step {
  if (step === 'reconcile' || step === 'release' || step === 'release-holder') return true;
  const index = typeof step === 'string' ? applyIndex(step as Step) : undefined;
  return index !== undefined && index < transactions;
}
