import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { heard } from '../background';

/** Largest event and largest reply of a synchronous invocation, in bytes. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
/** A worker that had nothing to do for so long is stopped, in milliseconds. */
const IDLE_MS = 300_000;
/** Time a process gets to load its code, in milliseconds; a real function has ten seconds. */
const INIT_MS = 60_000;
const HOST = join(__dirname, 'worker-host.cjs');

/** One function as the template describes it. */
export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** Folder of the bundle. */
  readonly codeDir: string;
  /** `file.export` */
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Variables of the template. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the runtime adds: endpoint, region, credentials of the role. */
  readonly runtimeEnvironment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly logFile: string;
  /** Workers at the same time; further invocations wait. */
  readonly concurrency: number;
}

/** The function itself failed: it threw, ran out of time or memory, or answered too much. */
export class FunctionError extends Error {
  constructor(
    /** Name of the error, by which state machines retry and catch. */
    readonly errorType: string,
    readonly errorMessage: string,
    readonly trace: readonly string[] = [],
  ) {
    super(`${errorType}: ${errorMessage}`);
    this.name = 'FunctionError';
  }
  /** The reply Lambda gives for a failed invocation. */
  toJSON(): object {
    return { errorType: this.errorType, errorMessage: this.errorMessage, trace: this.trace };
  }
}

/** The invocation never reached the function. */
export class InvocationRefused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'InvocationRefused';
  }
}

interface Reply {
  readonly ready?: true;
  /** Lines that hold metrics, printed by the function. */
  readonly metrics?: string;
  readonly id?: string;
  readonly result?: string;
  readonly error?: { errorType: string; errorMessage: string; trace: string[] };
}

/** Invocations of one function, on as many Node processes as are needed at once, reused while warm. */
export class FunctionPool {
  private readonly idle: Worker[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly workers = new Set<Worker>();
  private running = 0;
  private stopped = false;
  /** Invocations above this are refused; undefined: they wait. */
  private reserved?: number;

  constructor(
    readonly spec: FunctionSpec,
    private readonly onMetrics: (lines: string) => void = () => undefined,
  ) {}

  /** Reserves concurrency, as PutFunctionConcurrency does: what comes above it is throttled. Undefined takes that back. */
  reserve(concurrency: number | undefined): void {
    this.reserved = concurrency;
  }

  /** Invocations that run or wait. */
  get busy(): number {
    return this.running + this.waiting.length;
  }

  /**
   * Invokes the function and waits for it.
   * @param payload JSON text, at most 6 MB.
   * @returns the reply as JSON text.
   * @throws FunctionError when the function failed; InvocationRefused when the event is too large or the platform stops.
   */
  async invoke(payload: string): Promise<string> {
    const bytes = Buffer.byteLength(payload);
    if (bytes > MAX_PAYLOAD_BYTES)
      throw new InvocationRefused(
        'RequestTooLargeException',
        `${this.spec.name}: event of ${bytes} bytes exceeds 6 MB`,
      );
    if (this.reserved !== undefined && this.running >= this.reserved)
      throw new InvocationRefused('TooManyRequestsException', `${this.spec.name}: Rate Exceeded.`);
    if (this.running >= this.spec.concurrency) await new Promise<void>((go) => this.waiting.push(go));
    else this.running++;
    try {
      if (this.stopped) throw new InvocationRefused('ServiceException', `${this.spec.name}: the platform is stopping`);
      return await this.onWorker(payload);
    } finally {
      // The place is handed on, not given back, so that nobody slips in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  /** Kills every process; running invocations fail. */
  stop(): void {
    this.stopped = true;
    for (const worker of this.workers) worker.kill();
    this.workers.clear();
    this.idle.length = 0;
  }

  private async onWorker(payload: string): Promise<string> {
    const worker = this.warm() ?? this.start();
    worker.wake();
    try {
      return await worker.invoke(payload, this.spec);
    } finally {
      if (worker.alive && !this.stopped) {
        worker.rest(IDLE_MS, () => this.remove(worker));
        this.idle.push(worker);
      } else this.remove(worker);
    }
  }

  /** A process left over from an earlier invocation that has not died since. */
  private warm(): Worker | undefined {
    for (let worker = this.idle.pop(); worker; worker = this.idle.pop()) {
      if (worker.alive) return worker;
      this.remove(worker);
    }
    return undefined;
  }

  private start(): Worker {
    const worker = new Worker(this.spec, this.onMetrics);
    this.workers.add(worker);
    return worker;
  }

  private remove(worker: Worker): void {
    worker.kill();
    this.workers.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

/** One process. Answers one invocation at a time. */
class Worker {
  private readonly child: ChildProcess;
  private readonly ready: Promise<void>;
  private pending?: { id: string; resolve(text: string): void; reject(error: Error): void };
  private timer?: NodeJS.Timeout;
  private gone?: string;

  constructor(spec: FunctionSpec, onMetrics: (lines: string) => void) {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    const log = openSync(spec.logFile, 'a', 0o600);
    this.child = fork(HOST, [], {
      cwd: spec.codeDir,
      // The runtime keeps about a tenth of the memory for itself.
      execArgv: [`--max-old-space-size=${Math.floor(spec.memoryMb * 0.9)}`],
      env: environmentOf(spec),
      // Text passes as bytes; plain JSON messages would escape and parse the event once more.
      serialization: 'advanced',
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    let started!: () => void;
    let failed!: (error: Error) => void;
    this.ready = new Promise<void>((resolve, reject) => ((started = resolve), (failed = reject)));
    this.ready.catch(() => undefined);
    const measured = heard('metrics of a function', onMetrics);
    this.child.on('message', (reply: Reply) => {
      if (reply.ready) started();
      else if (reply.metrics !== undefined) measured(reply.metrics);
      else this.settle(reply);
    });
    this.child.on('error', (error) => failed(new InvocationRefused('ServiceException', error.message)));
    this.child.on('exit', (code, signal) => {
      this.gone = signal ? `signal: ${signal}` : `exit status ${code}`;
      const error = new FunctionError('Runtime.ExitError', `Runtime exited with error: ${this.gone}`);
      failed(error);
      this.pending?.reject(error);
      this.pending = undefined;
    });
  }

  get alive(): boolean {
    return this.gone === undefined && this.child.connected;
  }

  wake(): void {
    clearTimeout(this.timer);
  }

  /** Keeps the process warm for a while; an idle process does not keep the platform alive. */
  rest(ms: number, expired: () => void): void {
    this.timer = setTimeout(expired, ms);
    this.timer.unref();
    this.child.unref();
    this.child.channel?.unref();
  }

  async invoke(payload: string, spec: FunctionSpec): Promise<string> {
    this.child.ref();
    this.child.channel?.ref();
    const init = setTimeout(() => this.kill(), INIT_MS);
    await this.ready.finally(() => clearTimeout(init));
    if (this.gone) throw new FunctionError('Runtime.ExitError', `Runtime exited with error: ${this.gone}`);
    const id = randomUUID();
    const limitMs = spec.timeoutSeconds * 1000;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending = undefined;
        this.kill();
        reject(
          new FunctionError(
            'Sandbox.Timedout',
            `RequestId: ${id} Error: Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`,
          ),
        );
      }, limitMs);
      this.pending = {
        id,
        resolve: (text) => (clearTimeout(timer), resolve(text)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      };
      const message = { id, payload, deadlineMs: Date.now() + limitMs, arn: spec.arn };
      // A process that has just died is reported by its exit.
      this.child.send(message, () => undefined);
    });
  }

  kill(): void {
    clearTimeout(this.timer);
    // Not to be taken for a warm one until its end is noticed.
    this.gone ??= 'signal: SIGKILL';
    this.child.kill('SIGKILL');
  }

  private settle(reply: Reply): void {
    const pending = this.pending;
    if (!pending || reply.id !== pending.id) return;
    this.pending = undefined;
    if (reply.error)
      pending.reject(new FunctionError(reply.error.errorType, reply.error.errorMessage, reply.error.trace));
    else pending.resolve(reply.result ?? 'null');
  }
}

/** What the process sees: the template's variables and the runtime's, and nothing of the shell that started the platform. */
function environmentOf(spec: FunctionSpec): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    ...spec.environment,
    ...spec.runtimeEnvironment,
    _HANDLER: spec.handler,
    LAMBDA_TASK_ROOT: spec.codeDir,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: 'laptop',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  };
}
