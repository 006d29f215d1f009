import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../../config';
import { bootstrapVersion, readTemplates, synthesize } from '../assembly';
import { contextValue } from '../context';
import { realAccount, type Account } from './account';
import { preflight } from './checks';
import type { EligibilityTable } from './eligibility';
import type { Finding } from './finding';
import { needsOf, type Needs } from './needs';
import { importMaps, retainedResources } from './retained';

const MARK: Record<Finding['status'], string> = {
  ok: 'ok     ',
  missing: 'MISSING',
  warn: 'warn   ',
  confirm: 'confirm',
};

export const loadEligibility = (): EligibilityTable =>
  JSON.parse(readFileSync(join(__dirname, 'hipaa-eligible.json'), 'utf8')) as EligibilityTable;

/** Writes one file a stack. @returns the commands that take the stores over, in the order of the stacks */
export async function writeImportMaps(account: Account, needs: Needs, folder: string): Promise<string> {
  const maps = importMaps(await retainedResources(account, needs.environment, needs.stacks));
  if (Object.keys(maps).length === 0) return 'Nothing of an earlier deployment is in the account and in no stack.';
  mkdirSync(folder, { recursive: true });
  return needs.stacks
    .flatMap(({ id }) => {
      const deploy = `npx cdk deploy ${id} --exclusively -c env=${needs.environment}`;
      if (!maps[id]) return [deploy];
      const file = join(folder, `${id}.json`);
      writeFileSync(file, `${JSON.stringify(maps[id], null, 2)}\n`);
      return [`npx cdk import ${id} -c env=${needs.environment} --resource-mapping ${file}`, deploy];
    })
    .join('\n');
}

async function main(): Promise<void> {
  const command = new Command('preflight')
    .description(
      'Tells what the AWS account lacks for an environment, with the command that mends each. Reads only; changes nothing.',
    )
    .requiredOption('-c, --context <key=value>', 'the environment, as for cdk: -c env=dev')
    .option(
      '--region <region>',
      'region to look at',
      process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    )
    .option('--baa-confirmed', 'you have read in AWS Artifact that the Business Associate Addendum is signed')
    .option(
      '--import-map <folder>',
      'write what cdk import needs to take over stores of an earlier deployment, and stop',
    )
    .option('--json', 'print findings as JSON')
    .parse();
  const options = command.opts<{
    context: string;
    region: string;
    baaConfirmed?: boolean;
    importMap?: string;
    json?: boolean;
  }>();
  const environment = contextValue(options.context, 'env');
  const assembly = synthesize(environment);
  const needs = needsOf(readTemplates(assembly), {
    environment,
    production: loadConfig(environment).production,
    bootstrapVersion: bootstrapVersion(assembly),
    baaConfirmed: options.baaConfirmed ?? false,
    today: new Date().toISOString().slice(0, 10),
  });
  const account = realAccount(options.region);
  if (options.importMap) return console.log(await writeImportMaps(account, needs, options.importMap));
  const findings = await preflight(account, needs, loadEligibility());
  if (options.json) console.log(JSON.stringify({ environment, region: options.region, findings }, null, 2));
  else {
    for (const { status, title, found, mend } of findings)
      console.log(`${MARK[status]}  ${title}: ${found}${mend ? `\n         → ${mend}` : ''}`);
    const missing = findings.filter((finding) => finding.status === 'missing').length;
    console.log(
      missing === 0
        ? '\nNothing is missing that this tool can see.'
        : `\n${missing} missing: mend them, then run this again.`,
    );
  }
  process.exitCode = findings.some((finding) => finding.status === 'missing') ? 1 : 0;
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error(`preflight: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
