import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { loadConfig, RPU_HOUR_USD } from '../../config';
import { accountPlaces, costOfRun } from '../../ops/verify/account';
import { observe, PROBES, type Observation } from '../../ops/verify/probes';
import { compare, markdown } from '../../ops/verify/report';
import { target, type Places } from '../../ops/verify/target';
import { regionOf } from '../account';
import { CliError, EXIT } from '../errors';
import { again, runnable } from '../hints';
import { knownEnvironment } from '../known-environment';
import { existingFolder, servedBy, type Names, type Served } from '../folder';
import { print, printJson, Progress } from '../output';

export interface VerifyOptions {
  env?: string;
  region?: string;
  yes?: boolean;
  json?: boolean;
  data?: string;
  out?: string;
}

/**
 * `carelake verify`: asks the serving laptop and, with `--env`, the deployed environment the same questions and reports the
 * differences. The report holds no data, names or identifiers.
 * @returns 0 when every probe came out as expected wherever it ran, else 1.
 */
export async function verify(options: VerifyOptions): Promise<number> {
  const progress = new Progress(options.json);
  const laptop = laptopPlaces(options.data);
  if (!laptop && options.env === undefined)
    throw new CliError('nothing to verify: no laptop is serving, and no environment was named', {
      where: options.data ?? '.carelake',
      next: `in another terminal: npm start; or name a deployed environment: ${again('--env', 'dev')}`,
    });
  const account = options.env === undefined ? undefined : await consented(options.env, options);

  const ask = (name: 'laptop' | 'account', places: Places, settings: Parameters<typeof target>[2]) =>
    progress.step(`probe the ${name}`, (tell) => observe(target(name, places, settings), PROBES, tell));
  const onLaptop = laptop && (await ask('laptop', laptop.places, laptop.settings));
  const inAccount = account && (await ask('account', account.places, account.settings));

  const report = compare(options.env ?? 'laptop', PROBES, onLaptop, inAccount);
  if (options.out !== undefined) writeFileSync(options.out, markdown(report));
  if (options.json) printJson(report);
  else print(runnable(markdown(report)));
  return [onLaptop, inAccount].every((seen) => seen === undefined || fine(seen)) ? EXIT.ok : EXIT.failed;
}

/** What the laptop is known to do otherwise than Redshift, or an administrator otherwise than an analyst, is no failure. */
const fine = (seen: Record<string, Observation>): boolean =>
  PROBES.every((probe) => seen[probe.id]?.outcome === 'as expected' || probe.note !== undefined);

function laptopPlaces(
  data: string | undefined,
): { places: Places; settings: Parameters<typeof target>[2] } | undefined {
  let names: Names | undefined;
  let served: Served | undefined;
  try {
    const { dataDir, run } = existingFolder(data);
    names = run.names;
    served = servedBy(dataDir);
  } catch (error) {
    if (data !== undefined) throw error;
  }
  if (!names || !served) return undefined;
  const { silver, quarantine, control } = names.buckets;
  return {
    places: {
      stream: names.stream,
      silver: silver!,
      quarantine: quarantine!,
      control: control!,
      workgroup: names.workgroup,
      database: names.database,
    },
    settings: { endpoint: served.url, region: names.region, credentials: served.credentials },
  };
}

/** Shows what a run in the account costs and goes on only with a yes: the probes wake the warehouse. */
async function consented(env: string, options: VerifyOptions) {
  const config = loadConfig(knownEnvironment(env));
  const region = regionOf(options.region);
  const usd = costOfRun(config.warehouse.baseRpu, RPU_HOUR_USD).toFixed(2);
  process.stderr.write(
    `The probes run in the account behind your credentials, environment ${env}, region ${region}. They wake the warehouse ` +
      `(at most ${usd} USD), put four records of a clinic named carelake-verify into the stream, and change nothing else.\n`,
  );
  if (!options.yes) {
    if (!process.stdin.isTTY)
      throw new CliError('the cost was not accepted', {
        where: `environment ${env}`,
        next: again('--yes'),
      });
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    const said = await prompt.question('Continue? [y/N] ');
    prompt.close();
    if (!/^y(es)?$/i.test(said.trim())) throw new CliError('not started', { where: `environment ${env}` });
  }
  try {
    return { places: await accountPlaces(env, region), settings: { region } };
  } catch (error) {
    const name = error instanceof Error ? error.name : 'Error';
    throw new CliError(name === 'Error' ? (error as Error).message : `the account could not be queried: ${name}`, {
      where: `environment ${env}, region ${region}`,
      next: 'run aws sso login, or set AWS_PROFILE; then try again',
      exitCode: EXIT.failed,
    });
  }
}
