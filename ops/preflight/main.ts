import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { bootstrapVersion, readTemplates, synthesize, type StackTemplate } from '../assembly';
import { contextValue } from '../context';
import { realAccount } from './account';
import { preflight, type Needs } from './checks';
import type { EligibilityTable } from './eligibility';
import type { Finding } from './finding';

const MARK: Record<Finding['status'], string> = {
  ok: 'ok     ',
  missing: 'MISSING',
  warn: 'warn   ',
  confirm: 'confirm',
};

/** Reads from the templates what the account must offer. */
export function needsOf(
  templates: StackTemplate[],
  rest: Pick<Needs, 'environment' | 'bootstrapVersion' | 'baaConfirmed' | 'today'>,
): Needs {
  const resources = templates.flatMap(({ template }) => Object.values(template.Resources));
  const count = (type: string): number => resources.filter((resource) => resource.Type === type).length;
  const services = resources
    .map((resource) => resource.Type.split('::'))
    .filter(([vendor, service]) => vendor === 'AWS' && service !== 'CDK');
  return {
    ...rest,
    // There is one subnet of each kind in every zone: the distinct zones of the subnets are the zones needed.
    availabilityZones: new Set(
      resources.filter((r) => r.Type === 'AWS::EC2::Subnet').map((r) => JSON.stringify(r.Properties?.AvailabilityZone)),
    ).size,
    services: [...new Set(services.map(([, service]) => service!))].sort(),
    functions: count('AWS::Lambda::Function'),
    reservedConcurrency: resources
      .filter((r) => r.Type === 'AWS::Lambda::Function')
      .reduce((sum, r) => sum + Number(r.Properties?.ReservedConcurrentExecutions ?? 0), 0),
    vpcs: count('AWS::EC2::VPC'),
    buckets: count('AWS::S3::Bucket'),
  };
}

export const loadEligibility = (): EligibilityTable =>
  JSON.parse(readFileSync(join(__dirname, 'hipaa-eligible.json'), 'utf8')) as EligibilityTable;

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
    .option('--json', 'print findings as JSON')
    .parse();
  const options = command.opts<{ context: string; region: string; baaConfirmed?: boolean; json?: boolean }>();
  const environment = contextValue(options.context, 'env');
  const assembly = synthesize(environment);
  const needs = needsOf(readTemplates(assembly), {
    environment,
    bootstrapVersion: bootstrapVersion(assembly),
    baaConfirmed: options.baaConfirmed ?? false,
    today: new Date().toISOString().slice(0, 10),
  });
  const findings = await preflight(realAccount(options.region), needs, loadEligibility());
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

if (require.main === module) void main();
