import { heard } from '../background';
import type { ObjectEvent, S3Store } from '../endpoints/s3-types';
import { Deliveries, matches, objectCreated, targetInput, type BusEvent, type Rule, type RuleTarget } from './rules';

/** What the event bus works with. */
export interface BusPorts {
  readonly s3: S3Store;
  readonly account: string;
  readonly region: string;
  /** Folder that remembers what was delivered. */
  readonly dir: string;
  /** Buckets that tell of new objects. */
  readonly buckets: readonly string[];
  /** Starts what a target names; durable when it returns. @throws Error when the target refuses. */
  send(target: RuleTarget, input: unknown, name: string): void;
  /** Keeps what a target refused. */
  undelivered?(target: RuleTarget, input: unknown): void;
  log(line: string): void;
}

/** Carries S3's events of new objects to the targets of rules, each once, also over a crash. */
export class Bus {
  private readonly deliveries: { rule: Rule; delivered: Deliveries }[];
  private pendingEvents = 0;
  private end?: () => void;

  constructor(
    rules: readonly Rule[],
    private readonly ports: BusPorts,
  ) {
    this.deliveries = rules.map((rule) => ({ rule, delivered: new Deliveries(ports.dir, rule.name) }));
  }

  /** Events that are on their way. */
  get pending(): number {
    return this.pendingEvents;
  }

  /** Listens from now on, and delivers events that a former process could not. @returns how many. */
  start(): number {
    this.end = this.ports.s3.onCreated((object) => {
      if (!this.ports.buckets.includes(object.bucket)) return;
      this.pendingEvents++;
      // The putter has its answer before anything is started, as in the account.
      setImmediate(
        heard('the delivery of an event', () => {
          this.pendingEvents--;
          this.deliver(this.eventOf(object));
        }),
      );
    });
    return this.catchUp();
  }

  stop(): void {
    this.end?.();
    this.end = undefined;
  }

  private eventOf(object: ObjectEvent): BusEvent {
    return objectCreated(object, this.ports);
  }

  private catchUp(): number {
    if (!this.deliveries.length) return 0;
    let missed = 0;
    for (const bucket of this.ports.buckets) {
      for (let continuation: string | undefined, more = true; more;) {
        const { objects, next } = this.ports.s3.list(bucket, { continuation, maxKeys: 1000 });
        for (const { key, size, etag, lastModified } of objects)
          missed += this.deliver(this.eventOf({ bucket, key, size, etag, reason: 'PutObject', time: lastModified }));
        continuation = next;
        more = next !== undefined;
      }
    }
    return missed;
  }

  /** @returns how many rules took the event now. */
  private deliver(event: BusEvent): number {
    if (!this.end) return 0;
    let taken = 0;
    for (const { rule, delivered } of this.deliveries) {
      if (delivered.has(event.id) || !matches(rule.pattern, event)) continue;
      for (const target of rule.targets) {
        const input = targetInput(event, target);
        try {
          this.ports.send(target, input, `${event.id}_${rule.name.slice(0, 40)}`);
        } catch (error) {
          this.ports.log(`rule ${rule.name}: event ${event.id} could not be delivered: ${(error as Error).message}`);
          this.ports.undelivered?.(target, input);
        }
      }
      delivered.add(event.id);
      taken++;
    }
    return taken;
  }
}
