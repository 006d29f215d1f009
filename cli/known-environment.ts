import { environmentNames } from '../config';
import { CliError } from './errors';
import { again } from './hints';

/** An environment by its name. @throws CliError that lists those there are */
export function knownEnvironment(env: string): string {
  if (environmentNames().includes(env)) return env;
  throw new CliError(`no environment is named ${env}; there are: ${environmentNames().join(', ')}`, {
    where: '--env',
    next: `${again('--env', environmentNames()[0]!)} (config/environments.ts)`,
  });
}
