import handlers from '../../docs/bootstrap/handler-actions.json';
import { BOUNDARY } from './synthesized';
import { unusedEntry } from './unused';

/** Actions of each type's handlers: create, read, update, delete, list. */
export type HandlerActions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
export const HANDLER_ACTIONS: HandlerActions = handlers;

export interface PolicyStatement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}
export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: PolicyStatement[];
}

/** Prefix of the execution policies' names; their number follows from the length that IAM allows. */
export const EXECUTION_POLICY = 'carelake-cloudformation';
/** A managed policy has at most 6,144 characters, white space not counted. */
const MAX_CHARACTERS = 6144;

const arn = (service: string, rest: string): string => `arn:aws:${service}:*:*:${rest}`;
const iam = (rest: string): string => `arn:aws:iam::*:${rest}`;
const boundary = { StringLike: { 'iam:PermissionsBoundary': iam(`policy/${BOUNDARY}`) } };
/** Every key and bucket of the platform carries its environment as a tag. */
const ours = { StringLike: { 'aws:ResourceTag/carelake:environment': '*' } };
const ANY_ROLE = [iam('role/carelake-*')];

/** Services that the platform's roles are handed to. */
const PASSED_TO = ['events', 'lambda', 'redshift', 'redshift-serverless', 'scheduler', 'states', 'vpc-flow-logs'].map(
  (service) => `${service}.amazonaws.com`,
);

interface Scope {
  readonly sid: string;
  readonly actions: RegExp;
  readonly resources: readonly string[] | ((secrets: readonly string[]) => string[]);
  readonly condition?: PolicyStatement['Condition'];
}

/** Where each action may be used; the first that matches holds. Names that CloudFormation makes up begin with the stack's. */
const SCOPES: readonly Scope[] = [
  { sid: 'Code', actions: /^s3:GetObject(Version)?$/, resources: ['arn:aws:s3:::cdk-hnb659fds-assets-*/*'] },
  { sid: 'BucketNames', actions: /^s3:ListAllMyBuckets$/, resources: ['*'] },
  { sid: 'Buckets', actions: /^s3:/, resources: ['arn:aws:s3:::carelake-*'] },
  {
    sid: 'RolesBehindTheBoundary',
    actions: /^iam:(CreateRole|PutRolePolicy|AttachRolePolicy|PutRolePermissionsBoundary)$/,
    resources: ANY_ROLE,
    condition: boundary,
  },
  {
    sid: 'RolesToServices',
    actions: /^iam:PassRole$/,
    resources: ANY_ROLE,
    condition: { StringEquals: { 'iam:PassedToService': PASSED_TO } },
  },
  {
    sid: 'ServiceLinkedRoles',
    actions: /^iam:CreateServiceLinkedRole$/,
    resources: [iam('role/aws-service-role/*')],
    condition: { StringEquals: { 'iam:AWSServiceName': 'redshift.amazonaws.com' } },
  },
  {
    sid: 'RolesAndPolicies',
    actions: /^iam:(?!List(Roles|Policies)$)/,
    resources: [...ANY_ROLE, iam('policy/carelake-*')],
  },
  // A new tag may take minutes until it decides, so that what follows the creation of a key cannot depend on it.
  {
    sid: 'KeysOfThePlatform',
    actions: /^kms:(ScheduleKeyDeletion|DisableKeyRotation|UntagResource|UpdateKeyDescription)$/,
    resources: ['*'],
    condition: ours,
  },
  {
    sid: 'KeysThroughServices',
    actions: /^kms:(Encrypt|Decrypt|GenerateDataKey|CreateGrant|RevokeGrant|RetireGrant)/,
    resources: ['*'],
    condition: { StringLike: { 'kms:ViaService': '*.amazonaws.com' } },
  },
  { sid: 'Passwords', actions: /^secretsmanager:(GetRandomPassword|ListSecrets)$/, resources: ['*'] },
  // CloudFormation names a secret by its logical id, without the stack.
  {
    sid: 'Secrets',
    actions: /^secretsmanager:/,
    resources: (secrets) => secrets.map((id) => arn('secretsmanager', `secret:${id}-*`)),
  },
  { sid: 'Lists', actions: /^[a-z0-9-]+:(List|Describe)/i, resources: ['*'] },
  { sid: 'Mappings', actions: /^lambda:\w+EventSourceMapping$/, resources: ['*'] },
  {
    sid: 'Functions',
    actions: /^lambda:/,
    resources: [arn('lambda', 'function:carelake-*'), arn('lambda', 'event-source-mapping:*')],
  },
  { sid: 'LogDelivery', actions: /^logs:(\w+LogDelivery|\w+ResourcePolicy)$/, resources: ['*'] },
  {
    sid: 'LogGroups',
    actions: /^logs:/,
    resources: [arn('logs', 'log-group:carelake-*'), arn('logs', 'log-group:/aws/redshift/carelake-*')],
  },
  { sid: 'Streams', actions: /^kinesis:/, resources: [arn('kinesis', 'stream/carelake-*')] },
  { sid: 'Queues', actions: /^sqs:/, resources: [arn('sqs', 'carelake-*')] },
  { sid: 'Subscriptions', actions: /^sns:(Unsubscribe|\w+SubscriptionAttributes)$/, resources: ['*'] },
  { sid: 'Topics', actions: /^sns:/, resources: [arn('sns', 'carelake-*')] },
  { sid: 'Rules', actions: /^events:/, resources: [arn('events', 'rule/carelake-*')] },
  // Their ARNs carry ids, or the logical id alone.
  {
    sid: 'NamedByTheService',
    actions: /^(billing|budgets|cloudwatch|kms|redshift|redshift-serverless|scheduler|states):/,
    resources: ['*'],
  },
  { sid: 'Network', actions: /^ec2:/, resources: ['*'] },
];

/** What CloudFormation does beside the handlers: call the functions of custom resources, read the bootstrap's version. */
const BESIDE_HANDLERS: readonly PolicyStatement[] = [
  {
    Sid: 'CustomResources',
    Effect: 'Allow',
    Action: ['lambda:InvokeFunction'],
    Resource: arn('lambda', 'function:carelake-*'),
  },
  {
    Sid: 'BootstrapVersion',
    Effect: 'Allow',
    Action: ['ssm:GetParameters'],
    Resource: arn('ssm', 'parameter/cdk-bootstrap/*'),
  },
];

/** Else whoever deploys could write himself another boundary, or other rights. */
const DENIED: readonly PolicyStatement[] = [
  {
    Sid: 'NotItsOwnPolicies',
    Effect: 'Deny',
    Action: ['iam:CreatePolicyVersion', 'iam:DeletePolicy', 'iam:DeletePolicyVersion', 'iam:SetDefaultPolicyVersion'],
    Resource: [iam(`policy/${BOUNDARY}`), iam(`policy/${EXECUTION_POLICY}-*`)],
  },
  { Sid: 'NoBoundaryTakenOff', Effect: 'Deny', Action: ['iam:DeleteRolePermissionsBoundary'], Resource: '*' },
];

/**
 * The statements that let CloudFormation handle every type of the templates.
 * @param secrets logical ids of the templates' secrets
 * @throws Error naming the action that no scope takes: a service is new here, and its reach has to be decided
 */
export function executionStatements(actions: HandlerActions, secrets: readonly string[]): PolicyStatement[] {
  const needed = Object.entries(actions).flatMap(([type, handler]) =>
    Object.values(handler).flatMap((list) => list.filter((action) => !unusedEntry(type, action))),
  );
  const grouped = new Map<Scope, Set<string>>(SCOPES.map((scope) => [scope, new Set()]));
  for (const action of needed) {
    const scope = SCOPES.find((s) => s.actions.test(action));
    if (!scope) throw new Error(`${action} has no scope: say in ops/bootstrap/policies.ts on what it may be used`);
    grouped.get(scope)!.add(action);
  }
  const allowed = [...grouped]
    .filter(([, list]) => list.size > 0)
    .map(([scope, list]): PolicyStatement => {
      const on = typeof scope.resources === 'function' ? scope.resources(secrets) : [...scope.resources];
      const Resource = on.length === 1 ? on[0]! : on;
      const Condition = scope.condition;
      return {
        Sid: scope.sid,
        Effect: 'Allow',
        Action: [...list].sort(),
        Resource,
        ...(Condition ? { Condition } : {}),
      };
    });
  return [...DENIED, ...BESIDE_HANDLERS, ...allowed];
}

/** The statements in as few documents as IAM's limit of length allows, in order. */
export function packed(statements: readonly PolicyStatement[]): PolicyDocument[] {
  const documents: PolicyDocument[] = [];
  for (const statement of statements) {
    const last = documents.at(-1);
    const longer: PolicyDocument = { Version: '2012-10-17', Statement: [...(last?.Statement ?? []), statement] };
    if (last && JSON.stringify(longer).length <= MAX_CHARACTERS) documents[documents.length - 1] = longer;
    else documents.push({ Version: '2012-10-17', Statement: [statement] });
  }
  return documents;
}
