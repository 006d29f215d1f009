import type { StackTemplate, TemplateResource } from '../assembly';
import { errorName, finding } from './finding';
import type { Account } from './account';
import type { Check } from './needs';

/** A resource of an earlier life of a stack, which CloudFormation would have to create again under its name, or leave lying. */
export interface Retained {
  stackId: string;
  logicalId: string;
  type: string;
  /** Identifier as `cdk import` asks for it. */
  identifier: Record<string, string>;
}

type Named = { property: string; fromArn: (arn: string) => string };
const last = (separator: string) => (arn: string) => arn.slice(arn.lastIndexOf(separator) + 1);
const whole = (arn: string): string => arn;
const afterGroup = (arn: string): string =>
  arn.slice(arn.indexOf(':log-group:') + ':log-group:'.length).replace(/:\*$/, '');

/** How each kept type is identified, and where its ARN says so; an ARN of the warehouse has an id in place of the name. */
const IDENTIFIERS: Record<string, Named> = {
  'AWS::KMS::Key': { property: 'KeyId', fromArn: last('/') },
  'AWS::SecretsManager::Secret': { property: 'Id', fromArn: whole },
  'AWS::S3::Bucket': { property: 'BucketName', fromArn: last(':') },
  'AWS::Kinesis::Stream': { property: 'Name', fromArn: last('/') },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', fromArn: afterGroup },
};

/** Types whose names the templates fix: these can be asked for without a tag. */
const FIXED: Record<string, string> = {
  'AWS::RedshiftServerless::Namespace': 'NamespaceName',
  'AWS::RedshiftServerless::Workgroup': 'WorkgroupName',
  'AWS::Logs::LogGroup': 'LogGroupName',
};

const isKept = (r: TemplateResource): boolean => (r.DeletionPolicy ?? '').startsWith('Retain');

/** Logical ids that a stack has now; none when it does not exist. */
async function presentIn(account: Account, stack: string): Promise<Set<string>> {
  try {
    const answer = await account.ask<{ StackResources?: { LogicalResourceId?: string; ResourceStatus?: string }[] }>(
      'cloudformation',
      'DescribeStackResources',
      { StackName: stack },
    );
    const there = (answer.StackResources ?? []).filter(
      (r) => !/^DELETE_(COMPLETE|SKIPPED)$/.test(r.ResourceStatus ?? ''),
    );
    return new Set(there.map((r) => r.LogicalResourceId!));
  } catch (error) {
    if (errorName(error) !== 'ValidationError') throw error;
    return new Set();
  }
}

/** Resources that carry the tags of a stack, by the logical id that CloudFormation left on them. */
async function tagged(account: Account, environment: string, stackId: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let token: string | undefined;
  do {
    const page: {
      ResourceTagMappingList?: { ResourceARN?: string; Tags?: { Key?: string; Value?: string }[] }[];
      PaginationToken?: string;
    } = await account.ask('tagging', 'GetResources', {
      TagFilters: [
        { Key: 'carelake:environment', Values: [environment] },
        { Key: 'carelake:stack', Values: [stackId.toLowerCase()] },
      ],
      PaginationToken: token,
    });
    for (const { ResourceARN, Tags = [] } of page.ResourceTagMappingList ?? []) {
      const logicalId = Tags.find((tag) => tag.Key === 'aws:cloudformation:logical-id')?.Value;
      if (logicalId && ResourceARN) found.set(logicalId, ResourceARN);
    }
    token = page.PaginationToken || undefined;
  } while (token);
  return found;
}

async function exists(account: Account, type: string, name: string): Promise<boolean> {
  try {
    await account.ask('cloudcontrol', 'GetResource', { TypeName: type, Identifier: name });
    return true;
  } catch (error) {
    if (errorName(error) !== 'ResourceNotFoundException') throw error;
    return false;
  }
}

/** What an earlier life of these stacks left in the account: found by its tags, and by the names that the templates fix. */
export async function retainedResources(
  account: Account,
  environment: string,
  stacks: readonly StackTemplate[],
): Promise<Retained[]> {
  const found: Retained[] = [];
  for (const { id: stackId, stack, template } of stacks) {
    const kept = Object.entries(template.Resources).filter(([, r]) => isKept(r) || FIXED[r.Type]);
    if (kept.length === 0) continue;
    const present = await presentIn(account, stack);
    const byTag = await tagged(account, environment, stackId);
    for (const [logicalId, resource] of kept.filter(([id]) => !present.has(id))) {
      const { Type: type, Properties = {} } = resource;
      const fixed = Properties[FIXED[type] ?? ''];
      const arn = byTag.get(logicalId);
      if (typeof fixed === 'string' && (await exists(account, type, fixed)))
        found.push({ stackId, logicalId, type, identifier: { [FIXED[type]!]: fixed } });
      else if (typeof fixed !== 'string' && isKept(resource) && arn && IDENTIFIERS[type])
        found.push({
          stackId,
          logicalId,
          type,
          identifier: { [IDENTIFIERS[type].property]: IDENTIFIERS[type].fromArn(arn) },
        });
    }
    found.push(...(await bucketPolicies(account, stackId, template.Resources, found)));
  }
  return found;
}

/** A retained bucket keeps its policy, unless somebody removed it; it has the bucket's name for an identifier. */
async function bucketPolicies(
  account: Account,
  stackId: string,
  resources: Record<string, TemplateResource>,
  found: readonly Retained[],
): Promise<Retained[]> {
  const policies: Retained[] = [];
  for (const [logicalId, { Type: type, Properties }] of Object.entries(resources)) {
    if (type !== 'AWS::S3::BucketPolicy') continue;
    const of = (Properties?.Bucket as { Ref?: string } | undefined)?.Ref;
    const bucket = found.find((r) => r.stackId === stackId && r.logicalId === of)?.identifier.BucketName;
    if (bucket !== undefined && (await exists(account, type, bucket)))
      policies.push({ stackId, logicalId, type, identifier: { Bucket: bucket } });
  }
  return policies;
}

/** Files for `cdk import --resource-mapping`, by stack. */
export function importMaps(found: readonly Retained[]): Record<string, Record<string, Record<string, string>>> {
  const maps: Record<string, Record<string, Record<string, string>>> = {};
  for (const { stackId, logicalId, identifier } of found) (maps[stackId] ??= {})[logicalId] = identifier;
  return maps;
}

/** Names that the next deployment would meet, or data that it would leave behind and begin empty. */
export const secondLife: Check = async (account, needs) => {
  const found = await retainedResources(account, needs.environment, needs.stacks);
  const names = found.map((r) => `${r.stackId}/${r.logicalId} (${Object.values(r.identifier)[0]})`);
  return [
    finding(
      'retained',
      'Left by an earlier deployment',
      found.length ? 'missing' : 'ok',
      found.length ? `in the account and in no stack: ${names.join(', ')}` : 'nothing',
      `npm run preflight -- -c env=${needs.environment} --import-map FOLDER   # then docs/deploy.md, "Take over stores that already exist"`,
    ),
  ];
};
