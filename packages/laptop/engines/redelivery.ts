import { inBackground } from '../background';
import type { Clock } from '../clock';
import { disk } from '../disk';
import { readOrNone } from '../endpoints/files';
import { sleepLong } from './checkpoints';
import type { RuleTarget } from './rules';

/** One start of a target that a rule or a schedule owes. */
export interface Start {
  /** Who owes it, for the log. */
  readonly owner: string;
  readonly target: RuleTarget;
  readonly input: unknown;
  /** Names the execution; the same start again has the same name. */
  readonly name: string;
}

/** What redelivery works with. */
export interface RedeliveryPorts {
  readonly clock: Clock;
  /** Journal of what was refused. */
  readonly file: string;
  /** Starts what a target names; durable when it returns. @throws Error when the target refuses. */
  send(target: RuleTarget, input: unknown, name: string): void;
  /** Whether no later try can succeed: then none is made, as EventBridge makes none without permission. */
  permanent?(error: unknown): boolean;
  /** Keeps what was given up. */
  undelivered?(target: RuleTarget, input: unknown): void;
  log(line: string): void;
}

/** Pause before the second try, doubled each time, and its ceiling, in milliseconds. */
const RETRY_MS = 1000;
const RETRY_CEILING_MS = 300_000;
/** What EventBridge and Scheduler do where a template says nothing. */
const MAX_AGE_SECONDS = 86_400;
const MAX_RETRIES = 185;

interface Refused extends Start {
  readonly since: number;
  tries: number;
}

/** Delivers starts again until their target takes them or they are too old, also over a restart. */
export class Redelivery {
  private readonly refused = new Set<Refused>();
  private readonly abort = new AbortController();

  constructor(private readonly ports: RedeliveryPorts) {}

  /** Starts that wait for another try. */
  get waiting(): number {
    return this.refused.size;
  }

  /** Goes on with what a former process could not deliver. @returns how many. */
  resume(): number {
    // One that is damaged counts as none: the events of objects are found again, and a sweep finds the rest.
    const left = readOrNone<Refused[]>(this.ports.file, (starts) => Array.isArray(starts)) ?? [];
    for (const start of left) {
      this.refused.add(start);
      inBackground('a start that was refused', this.again(start));
    }
    return left.length;
  }

  stop(): void {
    this.abort.abort();
  }

  /**
   * Delivers, now or later.
   * @returns whether that survives a restart: false while the start is refused and the disk does not take it into the journal either
   */
  deliver(start: Start): boolean {
    const { clock } = this.ports;
    const refused: Refused = { ...start, since: clock.now(), tries: 0 };
    if (this.attempt(refused)) return true;
    this.refused.add(refused);
    inBackground('a start that was refused', this.again(refused));
    return this.save();
  }

  /** Tries once. @returns whether the start is done with. */
  private attempt(start: Refused): boolean {
    const { owner, target, input, name } = start;
    try {
      this.ports.send(target, input, name);
      return true;
    } catch (error) {
      start.tries++;
      const over = this.ports.permanent?.(error) === true || this.isOver(start);
      const what = over ? 'given up' : 'delivered again later';
      this.ports.log(`${owner}: ${name} refused (${start.tries}), ${what}: ${(error as Error).message}`);
      return over && this.giveUp(start);
    }
  }

  private isOver({ target, since, tries }: Refused): boolean {
    const { maxAgeSeconds = MAX_AGE_SECONDS, maxRetries = MAX_RETRIES } = target;
    return tries > maxRetries || this.ports.clock.now() - since >= maxAgeSeconds * 1000;
  }

  private giveUp({ owner, target, input, name }: Refused): boolean {
    try {
      this.ports.undelivered?.(target, input);
      return true;
    } catch (error) {
      this.ports.log(`${owner}: ${name} could not be stored either: ${(error as Error).message}`);
      return false;
    }
  }

  private async again(start: Refused): Promise<void> {
    const { clock } = this.ports;
    for (;;) {
      const pause = Math.min(RETRY_CEILING_MS, RETRY_MS * 2 ** Math.min(Math.max(0, start.tries - 1), 20));
      await sleepLong(clock, pause, this.abort.signal);
      if (this.abort.signal.aborted) return;
      if (!this.attempt(start)) continue;
      this.refused.delete(start);
      this.save();
      return;
    }
  }

  private save(): boolean {
    try {
      disk.replace(this.ports.file, JSON.stringify([...this.refused]));
      return true;
    } catch (error) {
      this.ports.log(`what was refused could not be recorded: ${(error as Error).message}`);
      return false;
    }
  }
}
