import { type ChildProcess, fork } from 'node:child_process';
import { engineProgram } from './engine-program';
import { type Lake, lakeOf, NO_LAKE } from './lake';
import type { QueryResult } from './values';
import type { WarehouseOptions } from './warehouse';
import { defaultMemory, residentLimit } from './warehouse-limits';
import type { Begin, FromEngine, ToEngine } from './warehouse-messages';
import { type RunOptions, type SqlParameter, StatementError, type Warehouse } from './warehouse-types';

/** Time that statements get to heed their interrupt when the warehouse closes. */
const GRACE_MS = 1000;
/** Node's own four would let four long statements block everything else, loads included. */
const STATEMENTS_AT_ONCE = 32;
const LOST =
  "ERROR: connection lost: the warehouse's process ended while this statement ran; it is available again for the next one";
const CLOSED = 'the warehouse is closed';

/**
 * Opens the warehouse of a data folder in a process of its own, which may end without ending the platform: it is started again, and what ran
 * on it is told so. @throws Error for people when another process holds the file.
 */
export async function startWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  const warehouse = new WarehouseProcess(options, await engineProgram());
  await warehouse.start();
  return warehouse;
}

class WarehouseProcess implements Warehouse {
  private engine?: Promise<Engine>;
  private running = 0;
  private closed = false;

  constructor(
    private readonly options: WarehouseOptions,
    private readonly program: string,
  ) {}

  get busy(): boolean {
    return this.running > 0;
  }

  /** The engine that there is, or another after its end. */
  start(): Promise<Engine> {
    if (this.closed) return Promise.reject(new StatementError(0, CLOSED));
    if (this.engine) return this.engine;
    const started = Engine.start(this.options, this.program, () => {
      if (this.engine === started) this.engine = undefined;
      // At once: reading its log can take a while. What hinders it is told to whoever asks next.
      if (!this.closed) this.start().catch(() => undefined);
    });
    this.engine = started;
    started.catch(() => {
      if (this.engine === started) this.engine = undefined;
    });
    return started;
  }

  run(sqls: readonly string[], options: RunOptions = {}): Promise<QueryResult[]> {
    const { parameters, transaction, role } = options;
    const message = { kind: 'run', sqls, options: { parameters, transaction, role } } as const;
    return this.request(message, options);
  }

  async query(sql: string, parameters: readonly SqlParameter[] = []): Promise<QueryResult> {
    const [result] = await this.run([sql], { parameters });
    return result as QueryResult;
  }

  async queryEngine(sql: string): Promise<QueryResult> {
    const [result] = await this.request({ kind: 'query-engine', sql });
    return result as QueryResult;
  }

  async checkpoint(): Promise<void> {
    await this.request({ kind: 'checkpoint' });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const engine = await this.engine?.catch(() => undefined);
    await engine?.close();
  }

  private async request(message: Unnumbered, options: RunOptions = {}): Promise<QueryResult[]> {
    this.running++;
    try {
      const engine = await this.start().catch((error: Error) => {
        if (error instanceof StatementError) throw error;
        throw new StatementError(0, `ERROR: connection lost: the warehouse's process did not start: ${error.message}`);
      });
      return await engine.request(message, options);
    } finally {
      this.running--;
    }
  }
}

type Unnumbered = ToEngine extends infer M
  ? M extends { kind: 'run' | 'query-engine' | 'checkpoint' }
    ? Omit<M, 'id'>
    : never
  : never;

/** A request that has no answer yet. */
interface Pending {
  readonly options: RunOptions;
  readonly results: QueryResult[];
  /** Of the statement that runs. */
  rows: unknown[][];
  /** The statement that runs. */
  at: number;
  resolve(results: QueryResult[]): void;
  reject(error: Error): void;
}

/** One process, from its start to its end. */
class Engine {
  private readonly pending = new Map<number, Pending>();
  private requests = 0;
  private ready = false;
  private closing = false;
  /** Why it ended, for those who wait. */
  private ending = LOST;
  private readonly gone: Promise<void>;

  private readonly child: ChildProcess;

  static start(options: WarehouseOptions, program: string, onEnd: () => void): Promise<Engine> {
    const { s3, memory = defaultMemory(), ...rest } = options;
    return new Promise((resolve, reject) => {
      const engine: Engine = new Engine(
        program,
        s3 ? lakeOf(s3) : NO_LAKE,
        () => resolve(engine),
        (reason) => {
          reject(new Error(reason.replace(/^ERROR: /, '')));
          if (engine.ready) onEnd();
        },
      );
      engine.say({ kind: 'begin', ...rest, memory, residentBytes: residentLimit(memory) } satisfies Begin);
    });
  }

  private constructor(
    program: string,
    private readonly lake: Lake,
    private readonly onReady: () => void,
    onEnd: (reason: string) => void,
  ) {
    this.child = fork(program, [], {
      // It is plain JavaScript: what loads the sources of this process has no place there.
      execArgv: [],
      // One that runs takes one of these threads, whatever else waits.
      env: { ...process.env, UV_THREADPOOL_SIZE: String(STATEMENTS_AT_ONCE) },
      // Rows pass as they are: big integers too.
      serialization: 'advanced',
      // What an engine prints as it breaks down may quote data.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.child.on('message', (message: FromEngine) => this.heed(message));
    this.gone = new Promise((resolve) => {
      const end = (): void => {
        this.abandon();
        onEnd(this.ending);
        resolve();
      };
      this.child.once('exit', end);
      this.child.on('error', () => {
        // It could not even be started; then no exit follows.
        if (this.child.pid === undefined) end();
      });
    });
  }

  request(message: Unnumbered, options: RunOptions): Promise<QueryResult[]> {
    const id = this.requests++;
    const { signal } = options;
    const cancel = (): void => this.say({ kind: 'cancel', id });
    return new Promise<QueryResult[]>((resolve, reject) => {
      this.pending.set(id, { options, results: [], rows: [], at: 0, resolve, reject });
      this.hold();
      this.say({ ...message, id } as ToEngine);
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel);
    }).finally(() => {
      this.pending.delete(id);
      this.hold();
      signal?.removeEventListener('abort', cancel);
    });
  }

  /** Interrupts what runs; a process that does not end by itself is ended, and loses nothing that was committed. */
  async close(): Promise<void> {
    this.ending = 'ERROR: the platform is stopping';
    this.closing = true;
    this.hold();
    this.say({ kind: 'close' });
    // Idle, it takes the time that its file needs.
    const timer = this.pending.size > 0 ? setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS) : undefined;
    await this.gone;
    clearTimeout(timer);
  }

  /** An engine with nothing to do does not keep a process alive that forgot to close it. */
  private hold(): void {
    const how = this.pending.size > 0 || this.closing ? 'ref' : 'unref';
    this.child[how]();
    this.child.channel?.[how]();
  }

  private say(message: ToEngine): void {
    // A process that has just ended is told by its exit.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private heed(message: FromEngine): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        this.hold();
        return this.onReady();
      case 'refused':
        this.ending = message.message;
        return;
      case 'ending':
        this.ending = `ERROR: ${message.message}`;
        return;
      case 'ask':
        return void this.answer(message);
    }
    const pending = this.pending.get(message.id);
    if (!pending) return;
    switch (message.kind) {
      case 'rows':
        for (const row of message.rows) pending.rows.push(row);
        return;
      case 'statement':
        return this.statement(pending, message);
      case 'done':
        return pending.resolve(pending.results);
      case 'failed':
        return pending.reject(new StatementError(message.index, message.message));
    }
  }

  private statement(pending: Pending, { id, at, result, error }: Extract<FromEngine, { kind: 'statement' }>): void {
    pending.at = at;
    const whole = result && { ...result, rows: pending.rows };
    if (whole) {
      pending.results.push(whole);
      pending.rows = [];
    }
    try {
      pending.options.onStatement?.(at, {
        result: whole,
        error: error === undefined ? undefined : new StatementError(at, error),
      });
    } catch (failure) {
      // Whoever asked cannot keep what comes: nothing of it is to be committed.
      pending.reject(failure as Error);
      this.say({ kind: 'cancel', id });
    }
  }

  private async answer({ id, name, args }: Extract<FromEngine, { kind: 'ask' }>): Promise<void> {
    try {
      const value = await (this.lake[name] as (...a: unknown[]) => Promise<unknown>)(...args);
      this.say({ kind: 'lake', id, value });
    } catch (error) {
      this.say({ kind: 'lake', id, error: (error as Error).message });
    }
  }

  /** Tells everybody who waits that the process is gone. */
  private abandon(): void {
    for (const pending of this.pending.values()) {
      const error = new StatementError(pending.at, this.ending);
      try {
        pending.options.onStatement?.(pending.at, { error });
      } catch {
        // The rejection says it as well.
      }
      pending.reject(error);
    }
  }
}
