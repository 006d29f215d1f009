import type { Clock } from '../clock';
import { DiskFull } from '../disk';
import {
  choose,
  effectiveInput,
  INVOKE,
  names,
  output,
  place,
  read,
  StatesError,
  type Definition,
  type Json,
  type Scope,
  type State,
} from './asl';
import { sleepLong } from './checkpoints';
import type { Count } from './metrics';
import { FunctionError, InvocationRefused } from './worker';

/** Bytes that a state's data may have. */
export const MAX_STATE_BYTES = 256 * 1024;
/** Events that a standard execution's history may have. */
const MAX_EVENTS = 25_000;

/** One state machine of the template. */
export interface MachineSpec {
  readonly name: string;
  readonly arn: string;
  readonly definition: Definition;
}

/** What state machines work with. */
export interface MachinePorts {
  readonly clock: Clock;
  /** Folder of the journals: one file for each running execution, one line for each ended one. */
  readonly dir: string;
  /** Invokes a function by ARN for a machine. @throws FunctionError, InvocationRefused */
  invoke(functionArn: string, payload: string, machineArn: string): Promise<string>;
  /** Counts what the service would publish. */
  readonly count?: Count;
  log(line: string): void;
  /** Draws the pauses of retriers with full jitter; by default at random. */
  readonly random?: () => number;
}

/** How an execution ended. */
export interface Ending {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
}

/** An execution between two states: all that is needed to go on after a crash. */
export interface Journal {
  readonly machine: string;
  readonly name: string;
  readonly input: Json;
  readonly startedAt: number;
  /** Milliseconds that no process ran: they do not count against the time that the execution has. */
  off?: number;
  state: string;
  data: Json;
  enteredAt: number;
  /** Retries used in this state, by retrier. */
  retries: number[];
  /** End of the wait or pause this state is in. */
  until?: number;
  events: number;
}

/** Thrown through an execution when the platform stops. */
class Stopped extends Error {}

/** One execution, from the state its journal names. */
export class Execution {
  constructor(
    private readonly machine: MachineSpec,
    private readonly journal: Journal,
    private readonly ports: MachinePorts,
    private readonly signal: AbortSignal,
    private readonly save: () => void,
  ) {}

  async run(): Promise<Ending> {
    const { journal } = this;
    try {
      for (;;) {
        const state = this.machine.definition.States[journal.state];
        if (!state)
          throw new StatesError('States.Runtime', `the state machine no longer has the state "${journal.state}"`);
        const next = await this.step(state);
        if (typeof next !== 'string') return next;
        this.enter(next);
      }
    } catch (error) {
      if (error instanceof Stopped || error instanceof DiskFull) return { status: 'FAILED', error: 'Stopped' };
      if (!(error instanceof StatesError)) return { status: 'FAILED', error: 'States.Runtime', cause: String(error) };
      return {
        status: error.error === TIMED_OUT ? 'TIMED_OUT' : 'FAILED',
        error: error.error.replace(TIMED_OUT, 'States.Timeout'),
        cause: error.cause,
      };
    }
  }

  private enter(state: string): void {
    const { journal } = this;
    Object.assign(journal, { state, enteredAt: this.ports.clock.now(), retries: [], until: undefined });
    if (journal.events > MAX_EVENTS)
      throw new StatesError('States.Runtime', `the history is longer than ${MAX_EVENTS} events`);
    this.save();
  }

  /** Runs one state. @returns the next state's name, or how the execution ends. */
  private async step(state: State): Promise<string | Ending> {
    const scope = this.scope();
    this.journal.events += state.Type === 'Task' ? 5 : 2;
    switch (state.Type) {
      case 'Fail':
        return { status: 'FAILED', error: state.Error ?? 'States.Failed', cause: state.Cause };
      case 'Succeed':
        return { status: 'SUCCEEDED', output: output(state, scope, effectiveInput(state, scope)) };
      case 'Choice':
        return choose(state, { ...scope, input: effectiveInput(state, scope) });
      case 'Wait':
        await this.pauseUntil(this.endOf(state, scope));
        return this.leave(state, effectiveInput(state, scope));
      case 'Pass':
        return this.leave(state, output(state, scope, state.Result ?? effectiveInput(state, scope)));
      case 'Task':
        return this.task(state, scope);
    }
  }

  private leave(state: State, data: Json): string | Ending {
    if (Buffer.byteLength(JSON.stringify(data)) > MAX_STATE_BYTES)
      throw new StatesError('States.DataLimitExceeded', `the output of "${this.journal.state}" is above 256 KiB`);
    this.journal.data = data;
    return state.End ? { status: 'SUCCEEDED', output: data } : state.Next!;
  }

  private async task(state: State, scope: Scope): Promise<string | Ending> {
    for (;;) {
      // A pause before a retry that a crash interrupted is finished first.
      if (this.journal.until !== undefined) await this.pauseUntil(this.journal.until);
      this.journal.until = undefined;
      try {
        const result = await this.withTimeout(state, this.call(state, effectiveInput(state, scope)));
        return this.leave(state, output(state, scope, result));
      } catch (error) {
        if (this.signal.aborted) throw new Stopped();
        const fault = faultOf(error);
        const pause = this.retryAfter(state, fault.error);
        if (pause === undefined) return this.caught(state, scope, fault);
        this.journal.events += 4;
        this.journal.until = this.ports.clock.now() + pause;
        this.save();
      }
    }
  }

  private async call(state: State, input: Json): Promise<Json> {
    const invoke = (fn: string, payload: Json): Promise<string> =>
      this.ports.invoke(fn, JSON.stringify(payload), this.machine.arn);
    if (state.Resource !== INVOKE) return JSON.parse(await invoke(state.Resource!, input)) as Json;
    const { FunctionName, Payload = {} } = input as { FunctionName: string; Payload?: Json };
    const reply = await invoke(FunctionName, Payload);
    return { ExecutedVersion: '$LATEST', Payload: JSON.parse(reply) as Json, StatusCode: 200 };
  }

  private async withTimeout(state: State, work: Promise<Json>): Promise<Json> {
    const total = this.machine.definition.TimeoutSeconds;
    const now = this.ports.clock.now();
    const limits: [number, string][] = [];
    if (total !== undefined) limits.push([this.deadline(total), TIMED_OUT]);
    if (state.TimeoutSeconds !== undefined) limits.push([now + state.TimeoutSeconds * 1000, 'States.Timeout']);
    const first = limits.sort((a, b) => a[0] - b[0])[0];
    if (!first) return this.unlessStopped(work);
    const timer = new AbortController();
    const late = this.ports.clock
      .sleep(Math.max(0, first[0] - now), timer.signal)
      .catch(() => undefined)
      .then(() =>
        timer.signal.aborted
          ? new Promise<never>(() => undefined)
          : Promise.reject(new StatesError(first[1], 'the task took too long')),
      );
    late.catch(() => undefined);
    return Promise.race([this.unlessStopped(work), late]).finally(() => timer.abort());
  }

  private unlessStopped(work: Promise<Json>): Promise<Json> {
    work.catch(() => undefined);
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new Stopped());
      if (this.signal.aborted) stop();
      this.signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', stop));
    });
  }

  /** Milliseconds until the next try; undefined when no retrier is left for the error. */
  private retryAfter(state: State, error: string): number | undefined {
    const index = (state.Retry ?? []).findIndex((r) => names(r.ErrorEquals, error));
    const retrier = state.Retry?.[index];
    if (!retrier) return undefined;
    const used = this.journal.retries[index] ?? 0;
    if (used >= (retrier.MaxAttempts ?? 3)) return undefined;
    const retries = (state.Retry ?? []).map((_, i) => this.journal.retries[i] ?? 0);
    retries[index] = used + 1;
    this.journal.retries = retries;
    const seconds = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** used;
    const bound = Math.min(seconds, retrier.MaxDelaySeconds ?? Infinity) * 1000;
    return retrier.JitterStrategy === 'FULL' ? (this.ports.random ?? Math.random)() * bound : bound;
  }

  private caught(state: State, scope: Scope, fault: StatesError): string {
    const catcher = (state.Catch ?? []).find((c) => names(c.ErrorEquals, fault.error));
    if (!catcher) throw fault;
    this.journal.data = place(catcher.ResultPath, scope.input, { Error: fault.error, Cause: fault.cause });
    return catcher.Next;
  }

  private deadline(totalSeconds: number): number {
    return this.journal.startedAt + (this.journal.off ?? 0) + totalSeconds * 1000;
  }

  private endOf(state: State, scope: Scope): number {
    // The end is fixed when the state is entered, so that a restart does not wait all over again.
    const after = (seconds: Json): number => this.journal.enteredAt + Number(seconds) * 1000;
    if (state.SecondsPath) return after(read(state.SecondsPath, scope));
    if (state.TimestampPath) return Date.parse(String(read(state.TimestampPath, scope)));
    return state.Timestamp ? Date.parse(state.Timestamp) : after(state.Seconds ?? 0);
  }

  private async pauseUntil(end: number): Promise<void> {
    const { clock } = this.ports;
    const total = this.machine.definition.TimeoutSeconds;
    const deadline = total === undefined ? Infinity : this.deadline(total);
    const ms = Math.min(end, deadline) - clock.now();
    await sleepLong(clock, ms, this.signal);
    if (this.signal.aborted) throw new Stopped();
    if (clock.now() >= deadline)
      throw new StatesError(TIMED_OUT, `"${this.journal.state}" lasted past the end of the execution`);
  }

  private scope(): Scope {
    const { journal, machine } = this;
    const time = (ms: number): string => new Date(ms).toISOString();
    const execution = {
      Id: `${machine.arn.replace(':stateMachine:', ':execution:')}:${journal.name}`,
      Name: journal.name,
      Input: journal.input,
      StartTime: time(journal.startedAt),
    };
    return {
      input: journal.data,
      context: {
        Execution: execution,
        State: {
          Name: journal.state,
          EnteredTime: time(journal.enteredAt),
          RetryCount: Math.max(0, ...journal.retries),
        },
        StateMachine: { Id: machine.arn, Name: machine.name },
      },
    };
  }
}

/** Marks the end of an execution's own time, which no catcher sees. */
const TIMED_OUT = 'States.Timeout (execution)';

/** An error as retriers and catchers see it. */
function faultOf(error: unknown): StatesError {
  if (error instanceof StatesError) {
    if (error.error === TIMED_OUT) throw error;
    return error;
  }
  if (error instanceof FunctionError) return new StatesError(error.errorType, JSON.stringify(error));
  if (error instanceof InvocationRefused) return new StatesError(`Lambda.${error.code}`, error.message);
  throw error;
}
