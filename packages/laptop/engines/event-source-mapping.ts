import { createHash } from 'node:crypto';
import { Checkpoint } from './checkpoints';
import {
  bytesOf,
  eventText,
  failureObject,
  room,
  toItem,
  verdictOf,
  type Condition,
  type EventSource,
  type FailureObject,
  type Item,
  type StreamRecord,
  type Verdict,
} from './batches';
import { FunctionError, InvocationRefused, MAX_PAYLOAD_BYTES } from './worker';
import { heard } from '../background';
import type { Clock } from '../clock';

/** One shard of a stream, as a mapping reads it. Records are counted from 0; a count is a place between two records. */
export interface Shard {
  readonly id: string;
  /** Up to `limit` records from an ordinal on; `next` is the ordinal after the last of them. */
  read(from: number, limit: number): { readonly records: readonly StreamRecord[]; readonly next: number };
  /** Ordinal after the newest record. */
  end(): number;
  /** Listens for records added from now on: `arrived` resolves at the first; `close` gives the listener back. */
  listen(): { readonly arrived: Promise<void>; close(): void };
}

/** Settings of a mapping, by the names and units of CloudFormation. */
export interface MappingSpec {
  readonly id: string;
  readonly name: string;
  readonly functionArn: string;
  readonly streamArn: string;
  readonly roleArn: string;
  readonly region: string;
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly parallelization: number;
  readonly reportItemFailures: boolean;
  readonly bisect: boolean;
  /** −1: for ever. */
  readonly maxRetries: number;
  /** −1: for ever. */
  readonly maxAgeSeconds: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
}

/** What a mapping works with. */
export interface MappingPorts {
  readonly shards: readonly Shard[];
  readonly clock: Clock;
  /** Folder of the checkpoints. */
  readonly dir: string;
  /** Invokes the function with an event (JSON text). */
  invoke(event: string): Promise<string>;
  /** Keeps records that were given up; undefined drops them, as a mapping without destination does. */
  readonly giveUp?: (object: FailureObject) => Promise<void>;
  /** Told at each invocation how long its last record has waited, in milliseconds. */
  readonly age?: (ms: number) => void;
  /** Tells what happens, without any value of a record. */
  log(line: string): void;
}

/** First pause before a retry, doubled each time, and its ceiling, in milliseconds. */
const RETRY_MS = 1000;
const RETRY_CEILING_MS = 60_000;

/** Reads a stream for a function, with the semantics Lambda documents for Kinesis. */
export class EventSourceMapping {
  private readonly lanes: Lane[];
  private runs: Promise<void>[] = [];

  constructor(
    readonly spec: MappingSpec,
    ports: MappingPorts,
  ) {
    // A lane that cannot tell goes on reading.
    const safe = { ...ports, log: heard('platform.log', (line: string) => ports.log(line)) };
    this.lanes = ports.shards.flatMap((shard) =>
      Array.from({ length: spec.parallelization }, (_, lane) => new Lane(spec, safe, shard, lane)),
    );
  }

  /** Starts reading. */
  start(): void {
    this.runs = this.lanes.map((lane) => lane.run());
  }

  /** Records that are not settled yet. */
  behind(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.behind(), 0);
  }

  /** Stops after the invocations that run; what is unsettled then comes again at the next start. */
  async stop(): Promise<void> {
    for (const lane of this.lanes) lane.stop();
    await Promise.all(this.runs);
  }
}

/** Records in work, and how often they have been tried. */
interface Work {
  readonly items: readonly Item[];
  readonly retries: number;
  readonly invocations: number;
}

/** One reader of one shard. It takes the partition keys that fall to it, so that each key keeps its order. */
class Lane {
  private readonly checkpoint: Checkpoint;
  private readonly source: EventSource;
  /** Bytes of a record in the event, from what was seen, to ask for about as many as fit. */
  private typicalBytes = 1000;
  private stopped = false;
  /** Ends the wait that the lane is in. */
  private waiting?: AbortController;

  constructor(
    private readonly spec: MappingSpec,
    private readonly ports: MappingPorts,
    private readonly shard: Shard,
    private readonly lane: number,
  ) {
    const { streamArn, roleArn, region, parallelization, startingPosition } = spec;
    this.source = { shardId: shard.id, streamArn, roleArn, region };
    this.checkpoint = new Checkpoint(ports.dir, `${shard.id}-${lane}of${parallelization}`);
    if (this.checkpoint.next === undefined) this.checkpoint.advance(startingPosition === 'LATEST' ? shard.end() : 0);
  }

  behind(): number {
    return this.shard.end() - this.checkpoint.next!;
  }

  stop(): void {
    this.stopped = true;
    this.waiting?.abort();
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        const { items, readTo } = await this.collect();
        if (this.stopped) return;
        if (items.length) await this.settle(items);
        // Records of other lanes up to here need not be read again.
        if (!this.stopped) this.checkpoint.advance(readTo);
      } catch (error) {
        if (this.stopped) return;
        this.ports.log(`${this.spec.name} ${this.shard.id}: ${(error as Error).message}; trying again`);
        await this.wait(RETRY_MS);
      }
    }
  }

  /** Waits for a batch: full by count, full by bytes, or as old as the window. */
  private async collect(): Promise<{ items: Item[]; readTo: number }> {
    const { clock } = this.ports;
    const items: Item[] = [];
    let left = room(MAX_PAYLOAD_BYTES);
    let readTo = this.checkpoint.next!;
    let closesAt = Infinity;
    while (!this.stopped) {
      const news = this.shard.listen();
      try {
        const wanted = Math.min(this.spec.batchSize - items.length, Math.ceil(left / this.typicalBytes) + 1);
        const { records, next } = this.shard.read(readTo, wanted);
        // Numbers that no record has any more are skipped: retention took them, or they were lost.
        readTo = next - records.length;
        for (const record of records) {
          if (this.isMine(record)) {
            const item = toItem(record, readTo + 1, this.source);
            const bytes = bytesOf(item);
            if (bytes > left && items.length) return { items, readTo };
            left -= bytes;
            this.typicalBytes = Math.max(200, this.typicalBytes * 0.99 + bytes * 0.01);
            if (!items.length) closesAt = clock.now() + this.spec.windowSeconds * 1000;
            items.push(item);
          }
          readTo++;
          if (items.length >= this.spec.batchSize || left <= 0) return { items, readTo };
        }
        if (clock.now() >= closesAt) return { items, readTo };
        if (records.length) continue;
        // Only records of other lanes: remember them, or a restart would read them all again.
        if (!items.length) this.checkpoint.advance(readTo);
        await this.wait(closesAt - clock.now(), news.arrived);
      } finally {
        news.close();
      }
    }
    return { items: [], readTo };
  }

  private isMine(record: StreamRecord): boolean {
    if (this.spec.parallelization === 1) return true;
    const hash = createHash('md5').update(record.partitionKey).digest();
    return hash.readUInt32BE(12) % this.spec.parallelization === this.lane;
  }

  /** Tries a batch until every record of it is done or given up, in order. */
  private async settle(batch: readonly Item[]): Promise<void> {
    const queue: Work[] = [{ items: batch, retries: 0, invocations: 0 }];
    for (let work = queue.shift(); work && !this.stopped; work = queue.shift()) {
      const fresh = await this.dropExpired(work);
      if (fresh.items.length) queue.unshift(...(await this.attempt(fresh)));
    }
  }

  /** Invokes once. @returns what is still to be done, in order. */
  private async attempt({ items, retries, invocations }: Work): Promise<Work[]> {
    const { verdict, functionError } = await this.invoke(items);
    // A batch that fails because the platform stops has not failed.
    if (this.stopped && verdict.kind === 'failed') return [];
    const tried = invocations + 1;
    if (verdict.kind === 'done') return this.done(items, []);
    if (verdict.kind === 'partial') {
      const rest = { items: items.slice(verdict.firstFailed), retries, invocations: tried };
      return this.done(items.slice(0, verdict.firstFailed), [rest]);
    }
    // Splitting does not count as a retry.
    if (this.spec.bisect && items.length > 1) {
      const middle = Math.ceil(items.length / 2);
      return [items.slice(0, middle), items.slice(middle)].map((half) => ({
        items: half,
        retries,
        invocations: tried,
      }));
    }
    if (this.spec.maxRetries >= 0 && retries >= this.spec.maxRetries) {
      await this.giveUp(items, 'RetryAttemptsExhausted', tried, functionError);
      return this.done(items, []);
    }
    await this.wait(Math.min(RETRY_CEILING_MS, RETRY_MS * 2 ** Math.min(retries, 20)));
    return [{ items, retries: retries + 1, invocations: tried }];
  }

  private done(items: readonly Item[], rest: Work[]): Work[] {
    this.checkpoint.advance(items.at(-1)!.next);
    return rest;
  }

  private async invoke(items: readonly Item[]): Promise<{ verdict: Verdict; functionError: boolean }> {
    this.ports.age?.(Math.max(0, this.ports.clock.now() - items.at(-1)!.record.arrivedAt));
    try {
      const reply = await this.ports.invoke(eventText(items));
      const verdict: Verdict = this.spec.reportItemFailures ? verdictOf(reply, items) : { kind: 'done' };
      if (verdict.kind !== 'done') this.tell(items, 'reported failures');
      return { verdict, functionError: false };
    } catch (error) {
      const type = error instanceof FunctionError ? error.errorType : (error as Error).name;
      this.tell(items, `failed with ${type}`);
      if (error instanceof FunctionError) return { verdict: { kind: 'failed' }, functionError: true };
      // A record too large for any event can only be given up; any other refusal is tried for as long as the records last.
      if (error instanceof InvocationRefused && error.code === 'RequestTooLargeException')
        return { verdict: { kind: 'failed' }, functionError: false };
      throw error;
    }
  }

  /** Gives up records at the head that are older than the mapping allows. */
  private async dropExpired(work: Work): Promise<Work> {
    const { maxAgeSeconds } = this.spec;
    if (maxAgeSeconds < 0) return work;
    const oldest = this.ports.clock.now() - maxAgeSeconds * 1000;
    const keep = work.items.findIndex(({ record }) => record.arrivedAt >= oldest);
    if (keep === 0) return work;
    const expired = keep < 0 ? work.items : work.items.slice(0, keep);
    await this.giveUp(expired, 'RecordAgeExceeded', work.invocations, work.invocations > 0);
    this.done(expired, []);
    return { ...work, items: keep < 0 ? [] : work.items.slice(keep) };
  }

  private async giveUp(
    items: readonly Item[],
    condition: Condition,
    invocations: number,
    functionError: boolean,
  ): Promise<void> {
    this.tell(items, `given up: ${condition}`);
    const { functionArn, id: mappingId } = this.spec;
    const now = this.ports.clock.now();
    const object = failureObject(items, {
      ...this.source,
      condition,
      invocations,
      functionError,
      functionArn,
      mappingId,
      now,
    });
    await this.ports.giveUp?.(object);
  }

  private tell(items: readonly Item[], what: string): void {
    const from = items[0]!.record.sequenceNumber;
    this.ports.log(`${this.spec.name} ${this.shard.id}: ${items.length} records from ${from} ${what}`);
  }

  /** Sleeps on the platform's clock until the time is over, `also` comes, or the mapping stops. */
  private async wait(ms: number, also?: Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.waiting = controller;
    if (this.stopped) return;
    const stopped = new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()));
    const asleep = ms === Infinity ? [] : [this.ports.clock.sleep(ms, controller.signal).catch(() => undefined)];
    await Promise.race([stopped, ...asleep, ...(also ? [also] : [])]);
    controller.abort();
  }
}
