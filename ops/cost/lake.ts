import type { TemplateResource } from '../assembly';
import { ASSUMPTIONS as A, PRICES as P } from './prices';
import { runsPerMonth } from './schedule';

/** Landing and bronze, by age. */
export interface StorageLine {
  readonly storageClass: string;
  readonly afterDays: number;
  readonly usdPer100GbMonth: number;
  readonly usdToRead100Gb: number;
}

type Resource = TemplateResource & { readonly id: string; readonly props: Record<string, unknown> };
/** Keys of one page of a listing. */
const PAGE = 1000;
const HOURS_PER_YEAR = 8766;

const dig = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (v, key) => (v && typeof v === 'object' ? (v as Record<string | number, unknown>)[key] : undefined),
    value,
  );
const of = (resources: readonly Resource[], type: string, id = ''): Resource | undefined =>
  resources.find((r) => r.Type === type && r.id.startsWith(id));

/** The classes that landing and bronze move through, dearest first. */
export function storage(resources: readonly Resource[]): StorageLine[] {
  const landing = of(resources, 'AWS::S3::Bucket', 'Landing');
  const moves = (dig(landing?.props, 'LifecycleConfiguration', 'Rules', 0, 'Transitions') ?? []) as object[];
  return [
    { storageClass: 'STANDARD', afterDays: 0, usdPer100GbMonth: 100 * P.s3.gbMonth, usdToRead100Gb: 0 },
    ...moves.map((m): StorageLine => {
      const storageClass = String(dig(m, 'StorageClass'));
      const price = P.s3.classes[storageClass as keyof typeof P.s3.classes];
      if (!price) throw new Error(`no price for storage class ${storageClass}: add it to ops/cost/prices.ts`);
      return {
        storageClass,
        afterDays: Number(dig(m, 'TransitionInDays')),
        usdPer100GbMonth: 100 * price.gbMonth,
        usdToRead100Gb: 100 * price.gbRead,
      };
    }),
  ];
}

/**
 * LIST calls with which the schedules of the load look for work when every batching window of every shard brings an object of every entity:
 * pages of the silver objects of the hours that are looked through, and as many of their receipts. A full pass is counted over a year.
 */
export function listing(resources: readonly Resource[]): { callsPerMonth: number; usd: number } {
  const stream = of(resources, 'AWS::Kinesis::Stream')?.props;
  const shards = Number(stream?.['ShardCount'] ?? A.onDemandShards);
  const mapping = of(resources, 'AWS::Lambda::EventSourceMapping')?.props;
  const windows = 3600 / Math.max(1, Number(mapping?.['MaximumBatchingWindowInSeconds'] ?? 1));
  const perHour = windows * shards * Number(mapping?.['ParallelizationFactor'] ?? 1);
  const hours = dig(of(resources, 'AWS::Lambda::Function', 'SelectLoad')?.props, 'Environment', 'Variables');
  const lists = (hoursListed: number): number => 2 * A.entityVersions * Math.ceil((hoursListed * perHour) / PAGE);
  const callsOf: Record<string, number> = {
    open: lists(Number(dig(hours, 'OPEN_WINDOW_HOURS'))),
    sweep: lists(Number(dig(hours, 'SETTLE_AFTER_HOURS'))) + A.listsForStrays,
    full: lists(HOURS_PER_YEAR) + A.listsForStrays,
  };
  const callsPerMonth = resources
    .filter((r) => r.Type === 'AWS::Scheduler::Schedule')
    .map((r) => {
      const window = /"window":"(\w+)"/.exec(String(dig(r.props, 'Target', 'Input')))?.[1] ?? '';
      const calls = (callsOf[window] ?? 0) * A.selectionsPerRun;
      return calls && calls * runsPerMonth(String(r.props['ScheduleExpression']));
    })
    .reduce((a, b) => a + b, 0);
  return { callsPerMonth, usd: (callsPerMonth / 1000) * P.s3.putThousand };
}
