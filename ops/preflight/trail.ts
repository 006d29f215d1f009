import { errorName, finding } from './finding';
import type { Account } from './account';
import type { Check, Needs } from './needs';

interface FieldSelector {
  Field?: string;
  Equals?: string[];
  StartsWith?: string[];
}
interface Selectors {
  EventSelectors?: { ReadWriteType?: string; DataResources?: { Type?: string; Values?: string[] }[] }[];
  AdvancedEventSelectors?: { FieldSelectors?: FieldSelector[] }[];
}

/** Beginnings of the ARNs of objects whose reads these selectors record. */
export function recordedObjects({ EventSelectors = [], AdvancedEventSelectors = [] }: Selectors): string[] {
  const basic = EventSelectors.filter((s) => s.ReadWriteType !== 'WriteOnly')
    .flatMap((s) => s.DataResources ?? [])
    .filter((d) => d.Type === 'AWS::S3::Object')
    .flatMap((d) => d.Values ?? []);
  const advanced = AdvancedEventSelectors.flatMap(({ FieldSelectors = [] }) => {
    const of = (field: string) => FieldSelectors.find((f) => f.Field === field);
    // Any other field narrows what is recorded in a way that nothing here can judge.
    const known = ['eventCategory', 'resources.type', 'readOnly', 'resources.ARN'];
    const only = FieldSelectors.every((f) => known.includes(f.Field ?? '') && (f.Equals ?? f.StartsWith));
    const objects =
      of('eventCategory')?.Equals?.includes('Data') && of('resources.type')?.Equals?.includes('AWS::S3::Object');
    const reads = of('readOnly')?.Equals?.includes('true') ?? true;
    if (!only || !objects || !reads) return [];
    return of('resources.ARN') ? (of('resources.ARN')!.StartsWith ?? []) : ['arn:aws:s3'];
  });
  return [...basic, ...advanced];
}

/** ARNs of the environment's objects: of its buckets where they exist, else the beginning that all their names will have. */
async function objectsOf(account: Account, needs: Needs): Promise<string[]> {
  const arns: string[] = [];
  for (const { stack, template } of needs.stacks) {
    const isBucket = (id: string): boolean => template.Resources[id]?.Type === 'AWS::S3::Bucket';
    if (!Object.keys(template.Resources).some(isBucket)) continue;
    try {
      const answer = await account.ask<{
        StackResources?: { LogicalResourceId?: string; PhysicalResourceId?: string }[];
      }>('cloudformation', 'DescribeStackResources', { StackName: stack });
      const names = (answer.StackResources ?? []).filter((r) => isBucket(r.LogicalResourceId ?? ''));
      arns.push(...names.map((r) => `arn:aws:s3:::${r.PhysicalResourceId}/`));
    } catch (error) {
      if (errorName(error) !== 'ValidationError') throw error;
      arns.push(`arn:aws:s3:::${stack}-`);
    }
  }
  return arns;
}

/** Whether a trail records who reads objects. The stacks make none: a trail belongs to the account or the organization. */
export const trail: Check = async (account, needs) => {
  const { trailList = [] } = await account.ask<{ trailList?: { TrailARN?: string }[] }>(
    'cloudtrail',
    'DescribeTrails',
    {},
  );
  const recorded: string[] = [];
  for (const { TrailARN } of trailList) {
    const status = await account.ask<{ IsLogging?: boolean }>('cloudtrail', 'GetTrailStatus', { Name: TrailARN });
    if (!status.IsLogging) continue;
    recorded.push(
      ...recordedObjects(await account.ask<Selectors>('cloudtrail', 'GetEventSelectors', { TrailName: TrailARN })),
    );
  }
  const left = (await objectsOf(account, needs)).filter((arn) => !recorded.some((begin) => arn.startsWith(begin)));
  const selector = JSON.stringify([
    {
      Name: 'carelake objects',
      FieldSelectors: [
        { Field: 'eventCategory', Equals: ['Data'] },
        { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
        { Field: 'resources.ARN', StartsWith: [`arn:aws:s3:::carelake-${needs.environment}-`] },
      ],
    },
  ]);
  return [
    finding(
      'trail',
      'Record of who reads objects',
      left.length ? 'warn' : 'ok',
      left.length
        ? `no trail that is logging records reads of ${left.join(', ')}`
        : `recorded by CloudTrail data events of ${trailList.length} trails`,
      `aws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors '${selector}'   # replaces the trail's selectors: read them first; about 1 USD per million events`,
    ),
  ];
};
