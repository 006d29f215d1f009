import type { Resource } from '../template/intrinsics';

/** Types that the laptop runs or takes its wiring from. */
export const RUN: readonly string[] = [
  'AWS::S3::Bucket',
  'AWS::Kinesis::Stream',
  'AWS::SecretsManager::Secret',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::StepFunctions::StateMachine',
  'AWS::Events::Rule',
  'AWS::Scheduler::Schedule',
  'AWS::IAM::Role',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::RedshiftServerless::Namespace',
  'AWS::RedshiftServerless::Workgroup',
  'AWS::Logs::LogGroup',
  'AWS::CloudWatch::Alarm',
  'AWS::SQS::Queue',
  'Custom::CarelakeMigrations',
];

/** Types that the laptop knows and leaves out, with what that means. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'AWS::KMS::Key': 'files are protected by the permissions of their folder; roles still need their key grants',
  'AWS::KMS::Alias': 'names a key',
  'AWS::S3::BucketPolicy': 'only denies calls without TLS, which loopback does not use',
  'AWS::SQS::QueuePolicy': 'protects a queue',
  'AWS::Kinesis::ResourcePolicy': 'lets roles of other accounts put records; anyone who can reach the loopback may',
  'AWS::SNS::Topic': 'would send alarms to people',
  'AWS::SNS::TopicPolicy': 'protects a topic',
  'AWS::SNS::Subscription': 'would send alarms to people',
  'AWS::CloudWatch::Dashboard': 'shows metrics of the account',
  'AWS::Budgets::Budget': 'a laptop costs nothing',
  'Custom::CarelakeUsageLimit': 'a laptop has no compute to limit',
  'AWS::EC2::VPC': 'everything is on loopback',
  'AWS::EC2::Subnet': 'everything is on loopback',
  'AWS::EC2::RouteTable': 'everything is on loopback',
  'AWS::EC2::SubnetRouteTableAssociation': 'everything is on loopback',
  'AWS::EC2::SecurityGroup': 'everything is on loopback',
  'AWS::EC2::VPCEndpoint': 'everything is on loopback',
  'AWS::EC2::FlowLog': 'everything is on loopback',
  'AWS::Lambda::Permission': 'rules call functions in-process',
  'AWS::CDK::Metadata': 'names the library that made the template',
};

/** Something of the template that the laptop does not run. */
export interface NotRun {
  readonly type: string;
  readonly logicalId: string;
  readonly reason: string;
}

/**
 * What of the template stays off.
 * @throws Error for a type that is declared neither way: leaving it out silently would be a second wiring.
 */
export function notRun(resources: readonly Resource[]): NotRun[] {
  return resources.flatMap(({ type, logicalId, stack }) => {
    if (RUN.includes(type)) return [];
    const reason = NOT_RUN[type];
    if (!reason)
      throw new Error(
        `stack ${stack}, ${logicalId}: ${type} has neither a handler on the laptop nor an entry in the list of what it does not run`,
      );
    return [{ type, logicalId, reason }];
  });
}

/**
 * Refuses properties that the laptop would not honour.
 * @param known every property that it honours or that means nothing on a laptop.
 */
export function onlyKnown(resource: Resource, known: readonly string[]): void {
  const odd = Object.keys(resource.properties).filter((name) => !known.includes(name) && name !== 'Tags');
  if (odd.length)
    throw new Error(
      `stack ${resource.stack}, ${resource.logicalId} (${resource.type}): the laptop does not run the property ${odd.join(', ')}`,
    );
}

/** Value inside properties, or undefined. */
export const dig = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (v, step) => (v === null || v === undefined ? undefined : (v as Record<string | number, unknown>)[step]),
    value,
  );
