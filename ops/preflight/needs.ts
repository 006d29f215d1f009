import type { StackTemplate } from '../assembly';
import type { Account } from './account';
import type { Finding } from './finding';

/** Zones of the subnets: ids that the configuration names, or positions in the Region's list. */
export interface Zones {
  ids: string[];
  positions: number[];
}

/** What the environment's templates need of the account; derived from the synthesized assembly, never typed by hand. */
export interface Needs {
  environment: string;
  production: boolean;
  zones: Zones;
  bootstrapVersion: number;
  /** CloudFormation service names in the templates, e.g. `Kinesis`, `RedshiftServerless`. */
  services: string[];
  functions: number;
  /** Concurrency that functions reserve; Lambda refuses what would leave the others of the account less than 100. */
  reservedConcurrency: number;
  vpcs: number;
  buckets: number;
  /** Base capacities of the workgroups. */
  baseRpus: number[];
  stacks: StackTemplate[];
  baaConfirmed: boolean;
  today: string;
}

export type Check = (account: Account, needs: Needs) => Promise<Finding[]>;

/** Reads from the templates what the account must offer. */
export function needsOf(
  stacks: StackTemplate[],
  rest: Pick<Needs, 'environment' | 'production' | 'bootstrapVersion' | 'baaConfirmed' | 'today'>,
): Needs {
  const resources = stacks.flatMap(({ template }) => Object.values(template.Resources));
  const ofType = (type: string) => resources.filter((resource) => resource.Type === type);
  const services = resources
    .map((resource) => resource.Type.split('::'))
    .filter(([vendor, service]) => vendor === 'AWS' && service !== 'CDK');
  return {
    ...rest,
    zones: zonesOf(ofType('AWS::EC2::Subnet')),
    services: [...new Set(services.map(([, service]) => service!))].sort(),
    functions: ofType('AWS::Lambda::Function').length,
    reservedConcurrency: ofType('AWS::Lambda::Function').reduce(
      (sum, r) => sum + Number(r.Properties?.ReservedConcurrentExecutions ?? 0),
      0,
    ),
    vpcs: ofType('AWS::EC2::VPC').length,
    buckets: ofType('AWS::S3::Bucket').length,
    baseRpus: ofType('AWS::RedshiftServerless::Workgroup').map((r) => Number(r.Properties?.BaseCapacity)),
    stacks,
  };
}

/** One subnet of each kind stands in every zone: the distinct zones of the subnets are the zones needed. */
function zonesOf(subnets: { Properties?: Record<string, unknown> }[]): Zones {
  const ids = subnets.flatMap((s) =>
    s.Properties?.AvailabilityZoneId ? [String(s.Properties.AvailabilityZoneId)] : [],
  );
  const positions = subnets.flatMap((s) => {
    const zone = s.Properties?.AvailabilityZone as { 'Fn::Select'?: [number | string, unknown] } | undefined;
    return zone?.['Fn::Select'] ? [Number(zone['Fn::Select'][0])] : [];
  });
  return { ids: [...new Set(ids)].sort(), positions: [...new Set(positions)].sort() };
}
