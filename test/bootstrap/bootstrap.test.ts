import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver, type Resource } from '@carelake/laptop/template/intrinsics';
import { decide, parseStatements, statementsByRole } from '@carelake/laptop/template/policies';
import {
  EXECUTION_POLICY,
  executionStatements,
  HANDLER_ACTIONS,
  packed,
  type PolicyDocument,
  type PolicyStatement,
} from '../../ops/bootstrap/policies';
import { BOUNDARY, logicalIdsOf, synthesizeBounded, typesIn } from '../../ops/bootstrap/synthesized';
import { UNUSED, unusedEntry } from '../../ops/bootstrap/unused';
import { requestsOf } from './requests';

const FOLDER = 'docs/bootstrap';
const COMMAND = 'npm run bootstrap:policies';
const place = { account: '111122223333', region: 'us-east-1' };
const read = (name: string): PolicyDocument => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as PolicyDocument;
const policyFiles = readdirSync(FOLDER).filter((name) => name.startsWith('execution-policy-'));
const execution = policyFiles.flatMap((name) => read(name).Statement);

let assemblies: string[];
let resources: Resource[];
beforeAll(() => {
  assemblies = (['dev', 'prod'] as const).map(synthesizeBounded);
  resources = assemblies.flatMap((folder) => {
    const assembly = readAssembly(folder);
    return new Resolver(assembly, place, identifyIn(place, sharedNames(assembly.stacks))).resources();
  });
});
afterAll(() => assemblies.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Calls of the handlers that these statements do not allow, as text. Nothing bounds CloudFormation's role but its policies. */
function refused(statements: readonly PolicyStatement[]): string[] {
  const parsed = parseStatements({ Statement: statements }, 'execution policies');
  return requestsOf(resources, HANDLER_ACTIONS, place)
    .filter(({ action, resource, context }) => typeof decide(parsed, action, resource, context) === 'string')
    .map(({ who, action, resource }) => `${who}: ${action} on ${resource}`);
}

describe('the policies of a bootstrap without administrator rights', () => {
  test(`are what the templates and the handlers' declarations say; else: ${COMMAND}`, () => {
    expect(Object.keys(HANDLER_ACTIONS)).toEqual(typesIn(assemblies));
    const secrets = logicalIdsOf(assemblies, 'AWS::SecretsManager::Secret');
    expect(policyFiles.map(read)).toEqual(packed(executionStatements(HANDLER_ACTIONS, secrets)));
    for (const name of [...policyFiles, 'permissions-boundary.json'])
      expect([name, JSON.stringify(read(name)).length <= 6144]).toEqual([name, true]);
    expect(policyFiles.length).toBeLessThanOrEqual(10);
  });

  /** What makes and what removes a resource of each type, from the services' own API references: the derived file must know as much. */
  const BY_HAND: Record<string, [makes: string, removes: string]> = {
    'AWS::Budgets::Budget': ['budgets:ModifyBudget', 'budgets:ModifyBudget'],
    'AWS::CloudWatch::Alarm': ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
    'AWS::EC2::FlowLog': ['ec2:CreateFlowLogs', 'ec2:DeleteFlowLogs'],
    'AWS::EC2::RouteTable': ['ec2:CreateRouteTable', 'ec2:DeleteRouteTable'],
    'AWS::EC2::SecurityGroup': ['ec2:CreateSecurityGroup', 'ec2:DeleteSecurityGroup'],
    'AWS::EC2::Subnet': ['ec2:CreateSubnet', 'ec2:DeleteSubnet'],
    'AWS::EC2::SubnetRouteTableAssociation': ['ec2:AssociateRouteTable', 'ec2:DisassociateRouteTable'],
    'AWS::EC2::VPC': ['ec2:CreateVpc', 'ec2:DeleteVpc'],
    'AWS::EC2::VPCEndpoint': ['ec2:CreateVpcEndpoint', 'ec2:DeleteVpcEndpoints'],
    'AWS::Events::Rule': ['events:PutRule', 'events:DeleteRule'],
    'AWS::IAM::ManagedPolicy': ['iam:CreatePolicy', 'iam:DeletePolicy'],
    'AWS::IAM::Role': ['iam:CreateRole', 'iam:DeleteRole'],
    'AWS::KMS::Key': ['kms:CreateKey', 'kms:ScheduleKeyDeletion'],
    'AWS::Kinesis::ResourcePolicy': ['kinesis:PutResourcePolicy', 'kinesis:DeleteResourcePolicy'],
    'AWS::Kinesis::Stream': ['kinesis:CreateStream', 'kinesis:DeleteStream'],
    'AWS::Lambda::EventSourceMapping': ['lambda:CreateEventSourceMapping', 'lambda:DeleteEventSourceMapping'],
    'AWS::Lambda::Function': ['lambda:CreateFunction', 'lambda:DeleteFunction'],
    'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:DeleteLogGroup'],
    'AWS::RedshiftServerless::Namespace': ['redshift-serverless:CreateNamespace', 'redshift-serverless:DeleteNamespace'],
    'AWS::RedshiftServerless::Workgroup': ['redshift-serverless:CreateWorkgroup', 'redshift-serverless:DeleteWorkgroup'],
    'AWS::S3::Bucket': ['s3:CreateBucket', 's3:DeleteBucket'],
    'AWS::S3::BucketPolicy': ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy'],
    'AWS::SNS::Subscription': ['sns:Subscribe', 'sns:Unsubscribe'],
    'AWS::SNS::Topic': ['sns:CreateTopic', 'sns:DeleteTopic'],
    'AWS::SNS::TopicPolicy': ['sns:SetTopicAttributes', 'sns:SetTopicAttributes'],
    'AWS::SQS::Queue': ['sqs:CreateQueue', 'sqs:DeleteQueue'],
    'AWS::SQS::QueuePolicy': ['sqs:SetQueueAttributes', 'sqs:SetQueueAttributes'],
    'AWS::Scheduler::Schedule': ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
    'AWS::SecretsManager::Secret': ['secretsmanager:CreateSecret', 'secretsmanager:DeleteSecret'],
    'AWS::StepFunctions::StateMachine': ['states:CreateStateMachine', 'states:DeleteStateMachine'],
  }; // prettier-ignore

  test("the handlers' declarations name at least what makes and removes each type, by the services' own references", () => {
    for (const type of typesIn(assemblies)) {
      const [makes, removes] = BY_HAND[type] ?? ['this type is not in the list above', ''];
      expect([type, HANDLER_ACTIONS[type]?.create, HANDLER_ACTIONS[type]?.delete]).toEqual([
        type,
        expect.arrayContaining([makes]),
        expect.arrayContaining([removes]),
      ]);
    }
  });

  test('allow CloudFormation every create, read, update, delete and list of every resource of dev and prod', () => {
    expect(refused(execution)).toEqual([]);
    const asked = requestsOf(resources, HANDLER_ACTIONS, place);
    expect(asked.length).toBeGreaterThan(1000);
    const wanted = ['create', 'update', 'delete'].map(
      (o) => new Set(asked.filter((r) => r.who.endsWith(` ${o}`)).map((r) => r.who)).size,
    );
    // Only an association of a subnet knows no update.
    const handled = resources.filter((r) => HANDLER_ACTIONS[r.type]);
    const unchanging = handled.filter((r) => !HANDLER_ACTIONS[r.type]!.update);
    expect(wanted).toEqual([handled.length, handled.length - unchanging.length, handled.length]);
  });

  test.each(['iam:ListEntitiesForPolicy', 'iam:CreateServiceLinkedRole', 'kms:CreateKey', 's3:PutBucketVersioning'])(
    'without %s the calls that need it are named',
    (action) => {
      const without = execution.map((s) =>
        s.Effect === 'Allow' ? { ...s, Action: s.Action.filter((a) => a !== action) } : s,
      );
      const found = refused(without);
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter((line) => !line.includes(`: ${action} on `))).toEqual([]);
    },
  );

  test('every statement that allows is needed: it alone allows some call', () => {
    const beside = ['CustomResources', 'BootstrapVersion'];
    const allowing = execution.filter((s) => s.Effect === 'Allow' && !beside.includes(s.Sid));
    const parsed = new Map(allowing.map((s) => [s, parseStatements({ Statement: s }, s.Sid)]));
    const needed = new Set<string>();
    for (const { action, resource, context } of requestsOf(resources, HANDLER_ACTIONS, place)) {
      const about = allowing.filter(
        (s) => s.Action.includes(action) && typeof decide(parsed.get(s)!, action, resource, context) !== 'string',
      );
      if (about.length === 1) needed.add(about[0]!.Sid);
    }
    expect(allowing.map((s) => s.Sid).filter((sid) => !needed.has(sid))).toEqual([]);
  });

  test('roles are handed to the services that some role trusts, and to no other', () => {
    const passed = execution.find((s) => s.Sid === 'RolesToServices')!.Condition!['StringEquals']![
      'iam:PassedToService'
    ];
    const trusted = resources
      .filter((r) => r.type === 'AWS::IAM::Role')
      .flatMap((r) => [
        ...JSON.stringify(r.properties.AssumeRolePolicyDocument).matchAll(/"([a-z0-9.-]+\.amazonaws\.com)"/g),
      ]);
    expect([passed].flat().sort()).toEqual([...new Set(trusted.map((m) => m[1]!))].sort());
  });

  test('a type whose service has no scope is refused with the place to decide it', () => {
    expect(() => executionStatements({ 'AWS::X::Y': { create: ['glue:CreateDatabase'] } }, [])).toThrow(
      'glue:CreateDatabase has no scope: say in ops/bootstrap/policies.ts',
    );
  });

  test('what is left out of a handler is what no resource sets, and each entry leaves something out', () => {
    const set = UNUSED.flatMap(({ type, properties }) =>
      resources
        .filter((r) => r.type === (type ?? r.type))
        .flatMap((r) => properties.filter((p) => p in r.properties).map((p) => `${r.logicalId}.${p}`)),
    );
    expect(set).toEqual([]);
    const used = new Set(
      Object.entries(HANDLER_ACTIONS).flatMap(([type, h]) =>
        Object.values(h).flatMap((l) => l.map((a) => unusedEntry(type, a))),
      ),
    );
    expect(UNUSED.filter((entry) => !used.has(entry))).toEqual([]);
  });

  test('CloudFormation can write neither the boundary nor its own policies, and makes no role without the boundary', () => {
    const parsed = parseStatements({ Statement: execution }, 'execution policies');
    const iam = (rest: string): string => `arn:aws:iam::${place.account}:${rest}`;
    const answer = (action: string, resource: string, context: Record<string, string> = {}) => {
      const found = decide(parsed, action, resource, context);
      return typeof found === 'string' ? found : 'allowed';
    };
    const guarded = [BOUNDARY, ...policyFiles.map((_, i) => `${EXECUTION_POLICY}-${i + 1}`)].map((p) =>
      iam(`policy/${p}`),
    );
    for (const policy of guarded)
      for (const action of ['CreatePolicyVersion', 'SetDefaultPolicyVersion', 'DeletePolicyVersion', 'DeletePolicy'])
        expect([policy, action, answer(`iam:${action}`, policy)]).toEqual([policy, action, 'denied']);
    const role = iam('role/carelake-dev-pipeline-X');
    const bound = { 'iam:PermissionsBoundary': iam(`policy/${BOUNDARY}`) };
    for (const action of [
      'iam:CreateRole',
      'iam:AttachRolePolicy',
      'iam:PutRolePolicy',
      'iam:PutRolePermissionsBoundary',
    ]) {
      expect([action, answer(action, role, bound)]).toEqual([action, 'allowed']);
      expect([action, answer(action, role)]).toEqual([action, 'not granted']);
      expect([action, answer(action, role, { 'iam:PermissionsBoundary': iam('policy/mine') })]).toEqual([
        action,
        'not granted',
      ]);
    }
    expect(answer('iam:DeleteRolePermissionsBoundary', role, bound)).toBe('denied');
    const itself = iam(`role/cdk-hnb659fds-cfn-exec-role-${place.account}-us-east-1`);
    expect(answer('iam:AttachRolePolicy', itself, bound)).toBe('not granted');
    expect(answer('iam:PassRole', role, { 'iam:PassedToService': 'ec2.amazonaws.com' })).toBe('not granted');
    expect(answer('iam:PassRole', role)).toBe('not granted');
    expect(answer('iam:CreateUser', iam('user/me'))).toBe('not granted');
    expect(
      answer('secretsmanager:GetSecretValue', `arn:aws:secretsmanager:us-east-1:${place.account}:secret:theirs-abcdef`),
    ).toBe('not granted');
    expect(answer('s3:GetObject', 'arn:aws:s3:::carelake-prod-lake-bronze-x/object')).toBe('not granted');
    expect(answer('s3:PutBucketPolicy', 'arn:aws:s3:::theirs')).toBe('not granted');
    expect(answer('lambda:UpdateFunctionCode', `arn:aws:lambda:us-east-1:${place.account}:function:theirs`)).toBe(
      'not granted',
    );
    expect(answer('kms:Decrypt', `arn:aws:kms:us-east-1:${place.account}:key/theirs`)).toBe('not granted');
  });
});

describe('the boundary', () => {
  /** Grants of the platform's roles that a boundary takes away, with every tag that the templates give. */
  function taken(boundary: readonly PolicyStatement[]): string[] {
    const bound = parseStatements({ Statement: boundary }, 'boundary');
    const tagged = { 'aws:ResourceTag/carelake:environment': 'dev' };
    return [...statementsByRole(resources)].flatMap(([role, statements]) =>
      statements.flatMap((s) =>
        s.actions.flatMap((action) =>
          s.resources
            .filter((resource) => typeof decide(bound, action, resource, tagged) === 'string')
            .map((resource) => `${role.split('/').at(-1)}: ${action} on ${resource}`),
        ),
      ),
    );
  }

  test('leaves every role of the templates what it was granted', () => {
    expect(taken(read('permissions-boundary.json').Statement)).toEqual([]);
    const narrower = read('permissions-boundary.json').Statement.filter((s) => s.Sid !== 'TheirOwnSecrets');
    expect(taken(narrower).length).toBeGreaterThan(0);
    expect(taken(narrower).filter((line) => !/secretsmanager:(GetSecretValue|DescribeSecret)/.test(line))).toEqual([]);
  });

  test('leaves no role a way to more, nor to what is not the platform’s', () => {
    const bound = parseStatements(read('permissions-boundary.json'), 'boundary');
    const answer = (action: string, resource: string) => decide(bound, action, resource, {});
    expect(answer('iam:CreateRole', '*')).toBe('denied');
    expect(answer('sts:AssumeRole', '*')).toBe('denied');
    expect(answer('s3:GetObject', 'arn:aws:s3:::theirs/object')).toBe('not granted');
    expect(answer('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:us-east-1:1:secret:theirs')).toBe(
      'not granted',
    );
  });

  test('is on every role of a bounded environment', () => {
    const roles = resources.filter((r) => r.type === 'AWS::IAM::Role');
    expect(roles.filter((r) => !String(r.properties.PermissionsBoundary).endsWith(`:policy/${BOUNDARY}`))).toEqual([]);
    expect(roles.length).toBeGreaterThan(10);
  });
});
