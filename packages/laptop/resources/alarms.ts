import type { AlarmSpec, Query } from '../engines/alarms';
import { parseExpression } from '../engines/metric-math';
import { STATISTICS, type MetricId, type Statistic } from '../engines/metrics';
import type { Resource } from '../template/intrinsics';
import { onlyKnown } from './catalog';
import { readable } from './identities';

/** Metrics of services that the laptop counts; those of the namespace that functions write themselves come with their logs. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  'AWS/Lambda': ['Invocations', 'Errors', 'Throttles', 'IteratorAge', 'DestinationDeliveryFailures'],
  'AWS/Kinesis': ['IncomingRecords', 'WriteProvisionedThroughputExceeded'],
  'AWS/States': ['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed', 'ExecutionsTimedOut'],
  'AWS/SQS': ['ApproximateNumberOfMessagesVisible'],
};
/** Namespaces of the functions' own metrics, one for each environment, begin so. */
const OWN = /^Carelake(\/|$)/;

const COMPARISONS: Readonly<Record<string, AlarmSpec['compare']>> = {
  GreaterThanOrEqualToThreshold: (v, t) => v >= t,
  GreaterThanThreshold: (v, t) => v > t,
  LessThanThreshold: (v, t) => v < t,
  LessThanOrEqualToThreshold: (v, t) => v <= t,
};
const MISSING = ['breaching', 'notBreaching', 'ignore', 'missing'] as const;

const ALARM_PROPERTIES = [
  'AlarmName',
  'AlarmDescription',
  'AlarmActions',
  'OKActions',
  'InsufficientDataActions',
  'ActionsEnabled',
  'ComparisonOperator',
  'DatapointsToAlarm',
  'Dimensions',
  'EvaluationPeriods',
  'MetricName',
  'Metrics',
  'Namespace',
  'Period',
  'Statistic',
  'Threshold',
  'TreatMissingData',
];

interface StatTemplate {
  readonly MetricName: string;
  readonly Namespace: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}
interface QueryTemplate {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly MetricStat?: { readonly Metric: StatTemplate; readonly Period: number; readonly Stat: string };
}

type Refuse = (what: string) => never;

/** Alarms of the template. @throws Error naming an alarm that the laptop cannot evaluate, and why. */
export const alarmsOf = (resources: readonly Resource[]): AlarmSpec[] =>
  resources.filter((r) => r.type === 'AWS::CloudWatch::Alarm').map(alarmOf);

function alarmOf(r: Resource): AlarmSpec {
  onlyKnown(r, ALARM_PROPERTIES);
  const { properties: p, logicalId } = r;
  const refuse: Refuse = (what) => {
    throw new Error(`stack ${r.stack}, alarm ${logicalId}: ${what}`);
  };
  const templates = p.Metrics === undefined ? [simple(p)] : (p.Metrics as QueryTemplate[]);
  const result = templates.filter((q) => q.ReturnData !== false);
  if (result.length !== 1) refuse('exactly one of its metrics returns data');
  const periods = new Set(templates.flatMap((q) => q.MetricStat?.Period ?? []).map(Number));
  const [period] = periods;
  if (periods.size !== 1 || !period || period % 60) refuse('its metrics have one period, of whole minutes');
  const evaluationPeriods = Number(p.EvaluationPeriods);
  const treatMissing = MISSING.find((m) => m === (p.TreatMissingData ?? 'missing'));
  return {
    name: readable(logicalId),
    description: String(p.AlarmDescription ?? ''),
    queries: inOrder(
      templates.map((q) => queryOf(q, refuse)),
      refuse,
    ),
    result: result[0]!.Id,
    periodMs: period! * 1000,
    evaluationPeriods,
    datapointsToAlarm: Number(p.DatapointsToAlarm ?? evaluationPeriods),
    threshold: Number(p.Threshold),
    compare: COMPARISONS[String(p.ComparisonOperator)] ?? refuse(`cannot compare by ${String(p.ComparisonOperator)}`),
    treatMissing: treatMissing ?? refuse(`cannot treat missing data as ${String(p.TreatMissingData)}`),
  };
}

const simple = (p: Resource['properties']): QueryTemplate => ({
  Id: 'm',
  MetricStat: { Metric: p as unknown as StatTemplate, Period: Number(p.Period), Stat: String(p.Statistic) },
});

function queryOf({ Id: id, Expression, MetricStat }: QueryTemplate, refuse: Refuse): Query {
  if (Expression !== undefined) return { id, expression: parseExpression(Expression, refuse) };
  const { Metric, Stat } = MetricStat ?? refuse(`${id} is neither a metric nor an expression`);
  const statistic: Statistic =
    STATISTICS.find((s) => s === Stat) ?? refuse(`cannot take the statistic ${Stat} of ${Metric.MetricName}`);
  const metric: MetricId = {
    namespace: Metric.Namespace,
    name: Metric.MetricName,
    dimensions: Object.fromEntries((Metric.Dimensions ?? []).map((d) => [d.Name, String(d.Value)])),
  };
  if (!OWN.test(metric.namespace) && !COUNTED[metric.namespace]?.includes(metric.name))
    refuse(`the laptop does not count ${metric.namespace} ${metric.name}`);
  return { id, metric, statistic };
}

/** Each expression after those that it refers to. */
function inOrder(queries: readonly Query[], refuse: Refuse): Query[] {
  const sorted: Query[] = [];
  for (let rest = [...queries]; rest.length;) {
    const done = new Set(sorted.map((q) => q.id));
    const ready = rest.filter((q) => 'metric' in q || q.expression.names.every((name) => done.has(name)));
    if (!ready.length) refuse(`cannot evaluate ${rest.map((q) => q.id).join(', ')}: what they refer to is missing`);
    sorted.push(...ready);
    rest = rest.filter((q) => !ready.includes(q));
  }
  return sorted;
}
