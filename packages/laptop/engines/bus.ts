import { heard } from '../background';
import type { ObjectEvent, S3Store, VersionListing } from '../endpoints/s3-types';
import type { Redelivery } from './redelivery';
import { Deliveries, matches, objectCreated, targetInput, type BusEvent, type Rule } from './rules';

/** What the event bus works with. */
export interface BusPorts {
  readonly s3: S3Store;
  readonly account: string;
  readonly region: string;
  /** Folder that remembers what was delivered. */
  readonly dir: string;
  /** Buckets that tell of new objects. */
  readonly buckets: readonly string[];
  /** Starts targets, again until they take what they are given. */
  readonly redelivery: Redelivery;
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
      // Versions too: a key that was put again has an event for each.
      for (let after: VersionListing['next'], more = true; more;) {
        const { versions, next } = this.ports.s3.listVersions(bucket, { after });
        for (const { key, size, etag, lastModified, versionId, deleteMarker } of versions) {
          if (deleteMarker) continue;
          const object = { bucket, key, size, etag, reason: 'PutObject', time: lastModified, versionId };
          missed += this.deliver(this.eventOf(object));
        }
        after = next;
        more = next !== undefined;
      }
    }
    return missed;
  }

  private note(delivered: Deliveries, eventId: string): void {
    try {
      delivered.add(eventId);
    } catch (error) {
      this.ports.log(
        `event ${eventId} was delivered but could not be marked as delivered: ${(error as Error).message}`,
      );
    }
  }

  /** @returns how many rules took the event now. */
  private deliver(event: BusEvent): number {
    if (!this.end) return 0;
    let taken = 0;
    for (const { rule, delivered } of this.deliveries) {
      if (delivered.has(event.id) || !matches(rule.pattern, event)) continue;
      const name = `${event.id}_${rule.name.slice(0, 40)}`;
      const kept = rule.targets.map((target) =>
        this.ports.redelivery.deliver({ owner: `rule ${rule.name}`, target, input: targetInput(event, target), name }),
      );
      // What neither a target nor the journal took is found again at the next start: its object is still there.
      if (kept.every(Boolean)) this.note(delivered, event.id);
      taken++;
    }
    return taken;
  }
}
