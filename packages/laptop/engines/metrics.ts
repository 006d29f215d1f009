/** A metric as CloudWatch names it: namespace, name and the exact set of dimensions. */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** One value that something published. */
export interface Sample extends MetricId {
  readonly value: number;
}

/** Takes what is counted, at the platform's time. */
export type Count = (sample: Sample) => void;

/** How the values of a period become one number. */
export const STATISTICS = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'] as const;
export type Statistic = (typeof STATISTICS)[number];

export const MINUTE = 60_000;

interface Bucket {
  sum: number;
  count: number;
  min: number;
  max: number;
}

/** One text for one metric, whatever the order of its dimensions. */
export function metricKey({ namespace, name, dimensions }: MetricId): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}

/** Values by minute of those metrics that somebody reads, each kept for as long as its longest reader looks back. */
export class Metrics {
  private readonly kept = new Map<string, { keepMinutes: number; buckets: Map<number, Bucket> }>();

  /** Keeps a metric from now on; whatever nobody wants is dropped where it is counted. */
  want(id: MetricId, keepMinutes: number): void {
    const key = metricKey(id);
    const known = this.kept.get(key);
    if (known) known.keepMinutes = Math.max(known.keepMinutes, keepMinutes);
    else this.kept.set(key, { keepMinutes, buckets: new Map() });
  }

  add(sample: Sample, at: number): void {
    const kept = this.kept.get(metricKey(sample));
    if (!kept) return;
    const minute = Math.floor(at / MINUTE);
    const { value } = sample;
    const bucket = kept.buckets.get(minute);
    if (bucket) {
      bucket.sum += value;
      bucket.count++;
      bucket.min = Math.min(bucket.min, value);
      bucket.max = Math.max(bucket.max, value);
      return;
    }
    kept.buckets.set(minute, { sum: value, count: 1, min: value, max: value });
    // Buckets stand in the order of their minutes, so that the oldest are the first.
    for (const old of kept.buckets.keys()) {
      if (old >= minute - kept.keepMinutes) break;
      kept.buckets.delete(old);
    }
  }

  /** Buckets held in all: bounded by the readers, not by what is published. */
  get size(): number {
    return [...this.kept.values()].reduce((sum, { buckets }) => sum + buckets.size, 0);
  }

  /** The value of the minutes from `from` up to `to`; undefined when nothing was published in them. */
  over(id: MetricId, from: number, to: number, statistic: Statistic): number | undefined {
    const buckets = this.kept.get(metricKey(id))?.buckets;
    const found: Bucket[] = [];
    for (let minute = Math.ceil(from / MINUTE); buckets?.size && minute * MINUTE < to; minute++) {
      const bucket = buckets.get(minute);
      if (bucket) found.push(bucket);
    }
    if (!found.length) return undefined;
    const sum = found.reduce((total, b) => total + b.sum, 0);
    const count = found.reduce((total, b) => total + b.count, 0);
    switch (statistic) {
      case 'Sum':
        return sum;
      case 'Average':
        return sum / count;
      case 'SampleCount':
        return count;
      case 'Minimum':
        return Math.min(...found.map((b) => b.min));
      case 'Maximum':
        return Math.max(...found.map((b) => b.max));
    }
  }

  /** Everything that is kept, for a file. */
  save(): [string, [number, Bucket][]][] {
    return [...this.kept].map(([key, { buckets }]) => [key, [...buckets]]);
  }

  /** Takes back what a former process kept of the metrics that are still wanted. */
  restore(saved: readonly [string, readonly [number, Bucket][]][]): void {
    for (const [key, buckets] of saved) {
      const kept = this.kept.get(key);
      for (const [minute, bucket] of buckets) kept?.buckets.set(minute, bucket);
    }
  }
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions?: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}

/** The samples of a line in CloudWatch's embedded metric format: one for each metric and each set of dimensions. */
export function readEmbeddedMetrics(line: string): Sample[] {
  let root: Record<string, unknown>;
  try {
    root = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // A line of a log that is no JSON carries no metrics.
    return [];
  }
  const directives = (root?._aws as { CloudWatchMetrics?: Directive[] } | undefined)?.CloudWatchMetrics ?? [];
  return directives.flatMap(({ Namespace: namespace, Dimensions, Metrics: metrics }) =>
    (Dimensions?.length ? Dimensions : [[]]).flatMap((names) =>
      metrics.flatMap(({ Name: name }) => {
        const dimensions = Object.fromEntries(names.map((d) => [d, String(root[d])]));
        return [root[name]].flat().map((value) => ({ namespace, name, dimensions, value: Number(value) }));
      }),
    ),
  );
}
