import { createHash } from 'node:crypto';
import type { Identity, Identify, Place } from '../template/intrinsics';

type Properties = Readonly<Record<string, unknown>>;
interface Named {
  /** Name in the account: the template's own, or one derived from stack and logical id. */
  readonly name: string;
  readonly properties: Properties;
  /** `arn:aws:<service>:<region>:<account>:<rest>` */
  readonly arn: (service: string, rest: string) => string;
  /** Hexadecimal digits that depend on stack and logical id alone. */
  readonly digits: (length: number) => string;
}
type Maker = (n: Named) => Identity;

const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
const byName =
  (...attributes: string[]): Maker =>
  (n) => ({ ref: n.name, attributes: Object.fromEntries(attributes.map((a) => [a, `${n.name}.${a}`])) });
const withArn =
  (service: string, rest: (n: Named) => string, refIsArn = false): Maker =>
  (n) => {
    const arn = n.arn(service, rest(n));
    return { ref: refIsArn ? arn : n.name, attributes: { Arn: arn } };
  };

/** Property that carries a resource's own name, by type. */
const NAME_PROPERTY: Record<string, string> = {
  'AWS::S3::Bucket': 'BucketName',
  'AWS::Kinesis::Stream': 'Name',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::RedshiftServerless::Namespace': 'NamespaceName',
  'AWS::RedshiftServerless::Workgroup': 'WorkgroupName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
};

/** How each type that the platform declares is named. A type that is absent here is refused at boot. */
const MAKERS: Record<string, Maker> = {
  'AWS::S3::Bucket': ({ name }) => ({
    ref: name,
    attributes: { Arn: `arn:aws:s3:::${name}` },
  }),
  'AWS::Kinesis::Stream': withArn('kinesis', (n) => `stream/${n.name}`),
  'AWS::SecretsManager::Secret': (n) => {
    const arn = n.arn('secretsmanager', `secret:${n.name}-${n.digits(6)}`);
    return { ref: arn, attributes: { Id: arn } };
  },
  'AWS::Lambda::Function': withArn('lambda', (n) => `function:${n.name}`),
  'AWS::Lambda::EventSourceMapping': (n) => ({ ref: uuid(n.digits(32)), attributes: { Id: uuid(n.digits(32)) } }),
  'AWS::StepFunctions::StateMachine': (n) => {
    const arn = n.arn('states', `stateMachine:${n.name}`);
    return { ref: arn, attributes: { Arn: arn, Name: n.name } };
  },
  'AWS::Events::Rule': withArn('events', (n) => `rule/${n.name}`),
  'AWS::Scheduler::Schedule': withArn('scheduler', (n) => `schedule/default/${n.name}`),
  'AWS::IAM::Role': (n) => {
    const arn = `arn:aws:iam::${n.arn('', '').split(':')[4]}:role/${n.name}`;
    return { ref: n.name, attributes: { Arn: arn, RoleId: `AROA${n.digits(16).toUpperCase()}` } };
  },
  'AWS::IAM::ManagedPolicy': (n) => {
    const arn = `arn:aws:iam::${n.arn('', '').split(':')[4]}:policy/${n.name}`;
    return { ref: arn, attributes: { PolicyArn: arn } };
  },
  'AWS::IAM::Policy': byName(),
  'AWS::Logs::LogGroup': withArn('logs', (n) => `log-group:${n.name}:*`),
  'AWS::KMS::Key': (n) => {
    const id = uuid(n.digits(32));
    return { ref: id, attributes: { Arn: n.arn('kms', `key/${id}`), KeyId: id } };
  },
  'AWS::KMS::Alias': ({ properties }) => ({ ref: String(properties.AliasName), attributes: {} }),
  'AWS::RedshiftServerless::Namespace': (n) => {
    const arn = n.arn('redshift-serverless', `namespace/${n.name}`);
    return {
      ref: n.name,
      attributes: {
        'Namespace.NamespaceArn': arn,
        'Namespace.NamespaceName': n.name,
        'Namespace.DbName': n.properties.DbName,
      },
    };
  },
  'AWS::RedshiftServerless::Workgroup': (n) => {
    // The account has an id here; the endpoint that checks it knows the name.
    const arn = n.arn('redshift-serverless', `workgroup/${n.name}`);
    return { ref: n.name, attributes: { 'Workgroup.WorkgroupArn': arn, 'Workgroup.WorkgroupName': n.name } };
  },
  'AWS::SNS::Topic': (n) => {
    const arn = n.arn('sns', n.name);
    return { ref: arn, attributes: { TopicArn: arn, TopicName: n.name } };
  },
  'AWS::SQS::Queue': (n) => {
    const arn = n.arn('sqs', n.name);
    const [, , , region, account] = arn.split(':');
    const url = `https://sqs.${region}.amazonaws.com/${account}/${n.name}`;
    return { ref: url, attributes: { Arn: arn, QueueName: n.name, QueueUrl: url } };
  },
  'AWS::EC2::VPC': byName('VpcId', 'CidrBlock', 'DefaultSecurityGroup'),
  'AWS::EC2::SecurityGroup': byName('GroupId', 'VpcId'),
  'AWS::EC2::Subnet': byName('SubnetId', 'AvailabilityZone'),
  'AWS::EC2::RouteTable': byName('RouteTableId'),
  'AWS::EC2::VPCEndpoint': byName('Id'),
  'AWS::EC2::FlowLog': byName('Id'),
  'AWS::CloudWatch::Alarm': withArn('cloudwatch', (n) => `alarm:${n.name}`),
  'AWS::CloudWatch::Dashboard': byName(),
};

/** Types that nothing refers to by more than their name. */
const PLAIN = [
  'AWS::S3::BucketPolicy',
  'AWS::Kinesis::ResourcePolicy',
  'AWS::Lambda::Permission',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::Budgets::Budget',
  'AWS::CDK::Metadata',
];

/** Logical ids end in eight hexadecimal digits of the construct path; a name reads better without, where it stays unique. */
export const readable = (logicalId: string): string => logicalId.replace(/(?<=.)[0-9A-F]{8}$/, '');

/**
 * Names resources as an account would, but by stack and logical id alone, so that every boot of a data folder finds its data again.
 * @param shared readable names that several logical ids of one stack share (`<stack>/<readable>`); those keep their digits.
 */
export function identifyIn(place: Place, shared: ReadonlySet<string>): Identify {
  return ({ stackName, logicalId, type, properties }) => {
    const maker = MAKERS[type] ?? (PLAIN.includes(type) || type.startsWith('Custom::') ? byName() : undefined);
    if (!maker)
      throw new Error(
        `stack ${stackName}, ${logicalId}: the laptop does not know the resource type ${type}; give it a handler or declare it as not run`,
      );
    const own = properties[NAME_PROPERTY[type] ?? ''];
    const short = readable(logicalId);
    const derived = `${stackName}-${shared.has(`${stackName}/${short}`) ? logicalId : short}`;
    const name = typeof own === 'string' ? own : type === 'AWS::S3::Bucket' ? derived.toLowerCase() : derived;
    const hash = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex');
    return maker({
      name,
      properties,
      arn: (service, rest) => `arn:aws:${service}:${place.region}:${place.account}:${rest}`,
      digits: (length) => hash.slice(0, length),
    });
  };
}

/** Readable names that several logical ids of the same stack share, as `<stack>/<readable>`. */
export function sharedNames(stacks: readonly { name: string; template: { Resources?: object } }[]): Set<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const stack of stacks)
    for (const logicalId of Object.keys(stack.template.Resources ?? {})) {
      const id = `${stack.name}/${readable(logicalId)}`;
      if (seen.has(id)) shared.add(id);
      seen.add(id);
    }
  return shared;
}
