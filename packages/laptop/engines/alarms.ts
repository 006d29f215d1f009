import { heard, inBackground } from '../background';
import type { Clock } from '../clock';
import { DiskFull } from '../disk';
import { readOrNone } from '../endpoints/files';
import { sleepLong, writeWhole } from './checkpoints';
import type { Expression, Series } from './metric-math';
import { MINUTE, type MetricId, type Metrics, type Sample, type Statistic } from './metrics';

/** One metric or expression that an alarm reads, under the id that its expressions use. */
export type Query =
  | { readonly id: string; readonly metric: MetricId; readonly statistic: Statistic }
  | { readonly id: string; readonly expression: Expression };

/** An alarm of the template, by the names of CloudFormation. */
export interface AlarmSpec {
  readonly name: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Id of the query that is compared with the threshold. */
  readonly result: string;
  readonly periodMs: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly compare: (value: number, threshold: number) => boolean;
  readonly treatMissing: 'breaching' | 'notBreaching' | 'ignore' | 'missing';
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** What an alarm is now, and since when (milliseconds since 1970-01-01 UTC). */
export interface AlarmStatus {
  readonly name: string;
  readonly description: string;
  readonly state: AlarmState;
  readonly since: number;
}

/** Periods that CloudWatch reads beyond the evaluation periods, as in the examples of its guide (5 for 3). */
const EXTRA_PERIODS = 2;

/** Minutes that an alarm looks back. */
export const minutesRead = (spec: AlarmSpec): number =>
  ((spec.evaluationPeriods + EXTRA_PERIODS) * spec.periodMs) / MINUTE;

/** Values of an alarm's result up to `now`, a whole minute; periods end at `now` and at every period before it. */
export function seriesOf(spec: AlarmSpec, metrics: Metrics, now: number): Series {
  const periods = spec.evaluationPeriods + EXTRA_PERIODS;
  const known: Record<string, Series> = {};
  for (const query of spec.queries) {
    if ('expression' in query) known[query.id] = query.expression.evaluate(known, periods);
    else
      known[query.id] = Array.from({ length: periods }, (_, i) => {
        const end = now - i * spec.periodMs;
        return metrics.over(query.metric, end - spec.periodMs, end, query.statistic);
      });
  }
  return known[spec.result]!;
}

/** The state that a series (newest first) leads to, by the rules in CloudWatch's guide on missing data. */
export function evaluate(spec: AlarmSpec, series: Series, state: AlarmState): AlarmState {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissing } = spec;
  const breaches = series.map((v) => (v === undefined ? undefined : spec.compare(v, spec.threshold)));
  const real = breaches.filter((b) => b !== undefined);
  const breaching = (of: readonly (boolean | undefined)[]): number => of.filter((b) => b === true).length;
  // Enough real values: the newest of them decide, from as far back as the range goes.
  if (real.length >= n) return breaching(real.slice(0, n)) >= m ? 'ALARM' : 'OK';
  if (treatMissing === 'breaching' || treatMissing === 'notBreaching') {
    const filled = n - real.length;
    return breaching(real) + (treatMissing === 'breaching' ? filled : 0) >= m ? 'ALARM' : 'OK';
  }
  if (breaching(real) >= m) return 'ALARM';
  if (treatMissing === 'ignore') return real.includes(false) ? 'OK' : state;
  if (!real.length) return 'INSUFFICIENT_DATA';
  return standsSince(breaches, m) ? 'ALARM' : 'OK';
}

/** Whether the oldest breach is at least as old as the points an alarm asks for, and every other value breaches too. */
const standsSince = (range: readonly (boolean | undefined)[], datapoints: number): boolean =>
  range.lastIndexOf(true) >= datapoints - 1 && !range.includes(false);

/** What the evaluation of alarms works with. */
export interface AlarmPorts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** File that keeps states and metrics over a restart. */
  readonly file: string;
  /** What services publish every minute without being asked, e.g. the length of a queue. */
  gauges(): Sample[];
  /** Told of every change of a state. */
  changed(status: AlarmStatus, was: AlarmState): void;
}

interface Saved {
  readonly states: Record<string, { state: AlarmState; since: number }>;
  readonly metrics: ReturnType<Metrics['save']>;
}

/** Evaluates the alarms of a template at every full minute of the platform's clock. */
export class Alarms {
  private readonly states = new Map<string, { state: AlarmState; since: number }>();
  private readonly abort = new AbortController();

  constructor(
    private readonly specs: readonly AlarmSpec[],
    private readonly ports: AlarmPorts,
  ) {
    // Without it the alarms are evaluated anew.
    const saved = readOrNone<Saved>(ports.file, ({ states }) => typeof states === 'object' && states !== null);
    for (const spec of specs) {
      for (const query of spec.queries) if ('metric' in query) ports.metrics.want(query.metric, minutesRead(spec));
      this.states.set(
        spec.name,
        saved?.states[spec.name] ?? { state: 'INSUFFICIENT_DATA', since: this.ports.clock.now() },
      );
    }
    ports.metrics.restore(saved?.metrics ?? []);
  }

  start(): void {
    if (this.specs.length) inBackground('the evaluation of alarms', this.run());
  }

  stop(): void {
    this.abort.abort();
    if (this.specs.length) this.save();
  }

  /** Every alarm, in the order of the template. */
  status(): AlarmStatus[] {
    return this.specs.map(({ name, description }) => ({ name, description, ...this.states.get(name)! }));
  }

  private async run(): Promise<void> {
    const { clock } = this.ports;
    const evaluateAll = heard('the evaluation of alarms', (now: number) => this.evaluateAll(now));
    for (;;) {
      const now = clock.now();
      await sleepLong(clock, MINUTE - (now % MINUTE), this.abort.signal);
      if (this.abort.signal.aborted) return;
      evaluateAll(Math.floor(clock.now() / MINUTE) * MINUTE);
    }
  }

  private evaluateAll(now: number): void {
    // A gauge belongs to the minute that has just ended.
    for (const sample of this.ports.gauges()) this.ports.metrics.add(sample, now - 1);
    for (const spec of this.specs) {
      const was = this.states.get(spec.name)!;
      const state = evaluate(spec, seriesOf(spec, this.ports.metrics, now), was.state);
      if (state === was.state) continue;
      const next = { state, since: now };
      this.states.set(spec.name, next);
      this.ports.changed({ name: spec.name, description: spec.description, ...next }, was.state);
    }
    this.save();
  }

  private save(): void {
    const saved: Saved = { states: Object.fromEntries(this.states), metrics: this.ports.metrics.save() };
    try {
      writeWhole(this.ports.file, JSON.stringify(saved));
    } catch (error) {
      // The alarms go on; the next process evaluates them from what it sees itself.
      if (!(error instanceof DiskFull)) throw error;
    }
  }
}
