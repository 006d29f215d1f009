import { readFileSync } from 'node:fs';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver, type Resource } from '@carelake/laptop/template/intrinsics';
import { statementsOf } from '../../ops/keys/walk';
import { assemblyOf } from '../infra/assemblies';

interface Policy {
  Statement: { Sid: string; Effect: string; Action: string[]; Resource: string | string[] }[];
}

const policy = (name: string): Policy => JSON.parse(readFileSync(`docs/bootstrap/${name}.json`, 'utf8')) as Policy;
const actionsOf = (document: Policy, effect: string): string[] =>
  document.Statement.filter((statement) => statement.Effect === effect).flatMap((statement) => statement.Action);
const covers = (patterns: string[], action: string): boolean =>
  patterns.some((pattern) => new RegExp(`^${pattern.replace(/\*/g, '.*')}$`).test(action));

/** One action that CloudFormation needs for each type of the templates, to create it. */
const CREATES: Record<string, string> = {
  'AWS::Budgets::Budget': 'budgets:ModifyBudget',
  'AWS::CloudWatch::Alarm': 'cloudwatch:PutMetricAlarm',
  'AWS::EC2::FlowLog': 'ec2:CreateFlowLogs',
  'AWS::EC2::RouteTable': 'ec2:CreateRouteTable',
  'AWS::EC2::SecurityGroup': 'ec2:CreateSecurityGroup',
  'AWS::EC2::Subnet': 'ec2:CreateSubnet',
  'AWS::EC2::SubnetRouteTableAssociation': 'ec2:AssociateRouteTable',
  'AWS::EC2::VPC': 'ec2:CreateVpc',
  'AWS::EC2::VPCEndpoint': 'ec2:CreateVpcEndpoint',
  'AWS::Events::Rule': 'events:PutRule',
  'AWS::IAM::ManagedPolicy': 'iam:CreatePolicy',
  'AWS::IAM::Role': 'iam:CreateRole',
  'AWS::KMS::Key': 'kms:CreateKey',
  'AWS::Kinesis::Stream': 'kinesis:CreateStream',
  'AWS::Lambda::EventSourceMapping': 'lambda:CreateEventSourceMapping',
  'AWS::Lambda::Function': 'lambda:CreateFunction',
  'AWS::Logs::LogGroup': 'logs:CreateLogGroup',
  'AWS::RedshiftServerless::Namespace': 'redshift-serverless:CreateNamespace',
  'AWS::RedshiftServerless::Workgroup': 'redshift-serverless:CreateWorkgroup',
  'AWS::S3::Bucket': 's3:CreateBucket',
  'AWS::S3::BucketPolicy': 's3:PutBucketPolicy',
  'AWS::SNS::Topic': 'sns:CreateTopic',
  'AWS::SNS::TopicPolicy': 'sns:SetTopicAttributes',
  'AWS::SQS::Queue': 'sqs:CreateQueue',
  'AWS::SQS::QueuePolicy': 'sqs:SetQueueAttributes',
  'AWS::Scheduler::Schedule': 'scheduler:CreateSchedule',
  'AWS::SecretsManager::Secret': 'secretsmanager:CreateSecret',
  'AWS::StepFunctions::StateMachine': 'states:CreateStateMachine',
};

describe('the bootstrap policies of the guide', () => {
  const place = { account: '000000000000', region: 'us-east-1' };
  const resources = ['dev', 'prod'].flatMap((environment): Resource[] => {
    const assembly = readAssembly(assemblyOf(environment));
    return new Resolver(assembly, place, identifyIn(place, sharedNames(assembly.stacks))).resources();
  });

  test('the execution policy lets CloudFormation make every type of the templates', () => {
    const types = [...new Set(resources.map((resource) => resource.type))].filter(
      (type) => type.startsWith('AWS::') && type !== 'AWS::CDK::Metadata',
    );
    expect(types.filter((type) => CREATES[type] === undefined)).toEqual([]);
    const allowed = actionsOf(policy('execution-policy'), 'Allow');
    expect(types.filter((type) => !covers(allowed, CREATES[type]!))).toEqual([]);
    expect(covers(allowed, 'dynamodb:CreateTable')).toBe(false);
    expect(allowed).not.toContain('*');
    expect(types.length).toBeGreaterThan(20);
  });

  test('the boundary leaves every role what it was granted, and no role a way to more', () => {
    const boundary = policy('permissions-boundary');
    const roles = resources.filter((resource) => resource.type === 'AWS::IAM::Role');
    const granted = new Set(
      roles.flatMap((role) => statementsOf(role, resources).flatMap((statement) => statement.Action ?? [])),
    );
    expect([...granted].filter((action) => !covers(actionsOf(boundary, 'Allow'), action))).toEqual([]);
    expect([...granted].filter((action) => covers(actionsOf(boundary, 'Deny'), action))).toEqual([]);
    expect(granted.size).toBeGreaterThan(10);
    expect(covers(actionsOf(boundary, 'Deny'), 'iam:CreateRole')).toBe(true);
  });
});
