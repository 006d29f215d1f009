import type { Resource } from '@carelake/laptop/template/intrinsics';
import type { HandlerActions } from '../../ops/bootstrap/policies';
import { unusedEntry } from '../../ops/bootstrap/unused';

/** One call of a handler, as IAM is asked about it. */
export interface Request {
  /** `stack/logicalId (type) operation` */
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Record<string, string>;
}

const text = (value: unknown): string => JSON.stringify(value);
const tagsOf = (r: Resource): Record<string, string> => {
  const tags = r.properties.Tags ?? [];
  return Array.isArray(tags)
    ? Object.fromEntries((tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]))
    : (tags as Record<string, string>);
};
const resourceTags = (r: Resource): Record<string, string> =>
  Object.fromEntries(Object.entries(tagsOf(r)).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));

/** Services that a role trusts: it can be passed to no other. */
const trustedBy = (role: Resource): string[] =>
  [...text(role.properties.AssumeRolePolicyDocument).matchAll(/"([a-z0-9.-]+\.amazonaws\.com)"/g)].map((m) => m[1]!);

/** ARN of a resource with the name that CloudFormation would make up for it, which is not always the laptop's. */
function arnOf(r: Resource, place: { account: string; region: string }): string {
  const made = `${r.logicalId}-1A2B3C4D5E6F`;
  if (r.type === 'AWS::SecretsManager::Secret')
    return `arn:aws:secretsmanager:${place.region}:${place.account}:secret:${made}-abcdef`;
  if (r.type === 'AWS::StepFunctions::StateMachine')
    return `arn:aws:states:${place.region}:${place.account}:stateMachine:${made}`;
  if (r.type === 'AWS::Lambda::EventSourceMapping')
    return `arn:aws:lambda:${place.region}:${place.account}:event-source-mapping:${r.ref}`;
  const known = [r.attributes.Arn, r.attributes.TopicArn, r.attributes.PolicyArn, r.ref].map(String);
  return known.find((id) => id.startsWith('arn:')) ?? '*';
}

const LINKED: Record<string, string> = { 'AWS::RedshiftServerless::Namespace': 'redshift.amazonaws.com' };

/** What a policy-like resource is about, by the property that names it. */
const SUBJECT: Record<string, [property: string, type: string]> = {
  'AWS::S3::BucketPolicy': ['Bucket', 'AWS::S3::Bucket'],
  'AWS::SNS::TopicPolicy': ['Topics', 'AWS::SNS::Topic'],
  'AWS::SNS::Subscription': ['TopicArn', 'AWS::SNS::Topic'],
  'AWS::SQS::QueuePolicy': ['Queues', 'AWS::SQS::Queue'],
  'AWS::Kinesis::ResourcePolicy': ['ResourceArn', 'AWS::Kinesis::Stream'],
};

/** Every call that the handlers declare for these resources, with the resource and the context that IAM would see. */
export function requestsOf(
  resources: readonly Resource[],
  actions: HandlerActions,
  place: { account: string; region: string },
): Request[] {
  const mentions = (r: Resource, other: Resource): boolean => {
    const properties = text(r.properties);
    return [other.ref, other.attributes.Arn].some((id) => typeof id === 'string' && properties.includes(`"${id}"`));
  };
  const of = (type: string): Resource[] => resources.filter((r) => r.type === type);
  const roles = of('AWS::IAM::Role');

  /** The things that an action of a resource's handler is used on; empty: the resource gives it no occasion. */
  function targets(r: Resource, action: string): { resource: string; context?: Record<string, string> }[] {
    const on = (rs: readonly Resource[]) => rs.map((x) => ({ resource: arnOf(x, place), context: resourceTags(x) }));
    const [service, name] = action.split(':') as [string, string];
    if (/^s3:GetObject(Version)?$/.test(action))
      return [{ resource: `arn:aws:s3:::cdk-hnb659fds-assets-${place.account}-${place.region}/code.zip` }];
    if (action === 'iam:PassRole')
      return roles
        .filter((role) => r !== role && mentions(r, role))
        .flatMap((role) =>
          trustedBy(role).map((s) => ({ resource: arnOf(role, place), context: { 'iam:PassedToService': s } })),
        );
    if (action === 'iam:CreateServiceLinkedRole') {
      const linked = LINKED[r.type]!;
      return [
        {
          resource: `arn:aws:iam::${place.account}:role/aws-service-role/${linked}/X`,
          context: { 'iam:AWSServiceName': linked },
        },
      ];
    }
    if (service === 'iam' && r.type === 'AWS::IAM::ManagedPolicy' && name.endsWith('RolePolicy'))
      return roles.filter((role) => mentions(r, role)).map((role) => ({ resource: arnOf(role, place) }));
    if (service === 'iam' && r.type === 'AWS::IAM::Role') {
      const bound = r.properties.PermissionsBoundary;
      return [{ resource: arnOf(r, place), context: bound ? { 'iam:PermissionsBoundary': String(bound) } : {} }];
    }
    if (service === 'kms' && r.type !== 'AWS::KMS::Key') {
      const via = { 'kms:ViaService': `${r.type.split('::')[1]!.toLowerCase()}.${place.region}.amazonaws.com` };
      return of('AWS::KMS::Key')
        .filter((key) => mentions(r, key))
        .map((key) => ({ resource: arnOf(key, place), context: { ...resourceTags(key), ...via } }));
    }
    const subject = SUBJECT[r.type];
    if (subject)
      return on(
        of(subject[1]).filter((s) =>
          [r.properties[subject[0]]].flat().some((id) => id === s.ref || id === s.attributes.Arn),
        ),
      );
    return on([r]);
  }

  return resources.flatMap((r) =>
    Object.entries(actions[r.type] ?? {}).flatMap(([operation, list]) =>
      list
        .filter((action) => !unusedEntry(r.type, action))
        .flatMap((action) =>
          targets(r, action).map(({ resource, context = {} }) => ({
            who: `${r.stackName}/${r.logicalId} (${r.type}) ${operation}`,
            action,
            resource,
            context,
          })),
        ),
    ),
  );
}
