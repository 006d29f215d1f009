import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { Places } from './target';

/** Output names of the stacks for each place a probe needs. */
const OUTPUTS: Record<keyof Places, string> = {
  stream: 'StreamName',
  silver: 'SilverBucketName',
  quarantine: 'QuarantineBucketName',
  control: 'ControlBucketName',
  workgroup: 'WorkgroupName',
  database: 'DatabaseName',
};

/** Picks the places out of stack outputs. @throws Error naming the outputs that are missing. */
export function placesOf(outputs: Readonly<Record<string, string>>): Places {
  const missing = Object.values(OUTPUTS).filter((name) => !outputs[name]);
  if (missing.length > 0)
    throw new Error(`stack outputs are missing: ${missing.join(', ')}; deploy the environment first (docs/deploy.md)`);
  return Object.fromEntries(
    Object.entries(OUTPUTS).map(([place, name]) => [place, outputs[name]!]),
  ) as unknown as Places;
}

/** Finds what the probes need in an account. */
export const accountPlaces = async (environment: string, region: string): Promise<Places> =>
  placesOf(await outputsOf(environment, region));

/** Reads the outputs of an environment's stacks in an account. */
export async function outputsOf(environment: string, region: string): Promise<Record<string, string>> {
  const client = new CloudFormationClient({ region });
  const outputs: Record<string, string> = {};
  let token: string | undefined;
  do {
    const page = await client.send(new DescribeStacksCommand({ NextToken: token }));
    for (const stack of page.Stacks ?? []) {
      if (!stack.StackName?.startsWith(`carelake-${environment}-`)) continue;
      for (const { OutputKey, OutputValue } of stack.Outputs ?? [])
        if (OutputKey && OutputValue) outputs[OutputKey] = OutputValue;
    }
    token = page.NextToken;
  } while (token);
  return outputs;
}

/** Minutes that a run keeps the warehouse awake, generously; statements themselves take seconds. */
const AWAKE_MINUTES = 5;

/** Upper estimate in USD of one run in an account: the wake of the warehouse; requests and records cost below a cent. */
export function costOfRun(baseRpu: number, rpuHourUsd: number): number {
  return Math.ceil(((baseRpu * rpuHourUsd * AWAKE_MINUTES) / 60 + 0.01) * 100) / 100;
}
