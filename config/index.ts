import { ENVIRONMENTS } from './environments';
import { parseConfig, type CarelakeConfig } from './schema';

export { parseConfig, alwaysAwakeUsd, RPU_HOUR_USD } from './schema';
export type { CarelakeConfig, LoadTrigger } from './schema';

/** Names that `-c env=` accepts. */
export const environmentNames = (): string[] => Object.keys(ENVIRONMENTS);

/** Whether an environment loads whatever arrives, rather than by the clock. */
export const loadsOnArrival = (env: string): boolean => loadConfig(env).load.trigger.kind === 'onArrival';

/**
 * The validated configuration of one environment.
 * @throws Error when the name is unknown or the value breaks a rule.
 */
export function loadConfig(env: string): CarelakeConfig {
  const value = Object.hasOwn(ENVIRONMENTS, env) ? ENVIRONMENTS[env] : undefined;
  if (!value) {
    throw new Error(`unknown environment "${env}"; known: ${environmentNames().join(', ')} (config/environments.ts)`);
  }
  return parseConfig(value);
}
