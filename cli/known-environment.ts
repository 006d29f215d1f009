import { environmentNames } from '../config';
import { CliError } from './errors';

/** An environment by its name. @throws CliError that lists those there are */
export function knownEnvironment(env: string): string {
  if (environmentNames().includes(env)) return env;
  throw new CliError(`no environment is named ${env}; there are: ${environmentNames().join(', ')}`, {
    where: '--env',
    next: `the same command with --env ${environmentNames()[0]} (config/environments.ts)`,
  });
}
