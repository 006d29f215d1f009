import type { STSClientConfig } from '@aws-sdk/client-sts';

/** What the checks may ask of an account: `ask('sts', 'GetCallerIdentity', {})` returns the API's own answer or throws its error. */
export interface Account {
  region: string;
  ask<T = Record<string, unknown>>(service: Service, operation: string, input: Record<string, unknown>): Promise<T>;
}

export type Service =
  | 'sts'
  | 'ssm'
  | 'ec2'
  | 'iam'
  | 'lakeformation'
  | 'ce'
  | 'service-quotas'
  | 'cloudformation'
  | 'cloudcontrol'
  | 'tagging'
  | 'sns'
  | 'cloudtrail';

interface Sendable {
  send(command: unknown): Promise<unknown>;
}

type ClientModule = Record<string, new (input: unknown) => unknown>;

/** Clients are loaded on first use: EC2's alone takes longer to load than most checks take to run. */
const modules: Record<Service, { load: () => Promise<unknown>; client: string }> = {
  sts: { load: () => import('@aws-sdk/client-sts'), client: 'STSClient' },
  ssm: { load: () => import('@aws-sdk/client-ssm'), client: 'SSMClient' },
  ec2: { load: () => import('@aws-sdk/client-ec2'), client: 'EC2Client' },
  iam: { load: () => import('@aws-sdk/client-iam'), client: 'IAMClient' },
  lakeformation: { load: () => import('@aws-sdk/client-lakeformation'), client: 'LakeFormationClient' },
  ce: { load: () => import('@aws-sdk/client-cost-explorer'), client: 'CostExplorerClient' },
  'service-quotas': { load: () => import('@aws-sdk/client-service-quotas'), client: 'ServiceQuotasClient' },
  cloudformation: { load: () => import('@aws-sdk/client-cloudformation'), client: 'CloudFormationClient' },
  cloudcontrol: { load: () => import('@aws-sdk/client-cloudcontrol'), client: 'CloudControlClient' },
  tagging: {
    load: () => import('@aws-sdk/client-resource-groups-tagging-api'),
    client: 'ResourceGroupsTaggingAPIClient',
  },
  sns: { load: () => import('@aws-sdk/client-sns'), client: 'SNSClient' },
  cloudtrail: { load: () => import('@aws-sdk/client-cloudtrail'), client: 'CloudTrailClient' },
};

/** The real account behind the default credential chain; only read operations are ever sent. */
export function realAccount(region: string, credentials?: STSClientConfig['credentials']): Account {
  const clients = new Map<Service, { module: ClientModule; client: Sendable }>();
  return {
    region,
    async ask<T>(service: Service, operation: string, input: Record<string, unknown>): Promise<T> {
      let entry = clients.get(service);
      if (!entry) {
        const module = (await modules[service].load()) as ClientModule;
        // Cost Explorer has one endpoint for the whole partition.
        const settings = { region: service === 'ce' ? 'us-east-1' : region, maxAttempts: 2, credentials };
        entry = { module, client: new module[modules[service].client]!(settings) as Sendable };
        clients.set(service, entry);
      }
      return (await entry.client.send(new entry.module[`${operation}Command`]!(input))) as T;
    },
  };
}
