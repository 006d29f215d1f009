import { outputsOf } from '../ops/verify/account';
import { CliError, EXIT } from './errors';
import { knownEnvironment } from './known-environment';

/** An environment as it stands in the account behind the caller's credentials. */
export interface DeployedEnvironment {
  readonly region: string;
  /** Names environment and Region in messages. */
  readonly where: string;
  /** Outputs of its stacks, by name. */
  readonly outputs: Readonly<Record<string, string | undefined>>;
}

/** The Region that a command means: the one asked for, else that of the caller's settings. */
export const regionOf = (asked: string | undefined): string =>
  asked ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1';

/**
 * Reads the outputs of an environment's stacks.
 * @param asked Region of the environment; absent: that of the caller's settings
 * @throws CliError for an environment that the configuration does not know, and where the account cannot be asked; the service's own words
 *   would name it
 */
export async function deployedEnvironment(env: string, asked: string | undefined): Promise<DeployedEnvironment> {
  knownEnvironment(env);
  const region = regionOf(asked);
  const where = `environment ${env}, region ${region}`;
  const outputs = await outputsOf(env, region).catch((error: unknown) => {
    throw new CliError(`the account could not be queried: ${error instanceof Error ? error.name : 'Error'}`, {
      where,
      next: 'run aws sso login, or set AWS_PROFILE; then try again',
      exitCode: EXIT.failed,
    });
  });
  return { region, where, outputs };
}

/** What a command says where the stacks of an environment are older than the command. @param lacks e.g. `no backfill` */
export const notDeployed = (where: string, lacks: string): CliError =>
  new CliError(`the stacks of this environment have ${lacks}`, {
    where,
    next: 'deploy the environment first (docs/deploy.md)',
  });
