import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { heard, inBackground } from '../background';
import { objectOf, readState, type StateKind } from '../endpoints/files';
import type { ExecutionInfo } from '../endpoints/types';
import type { Json } from './asl';
import { writeWhole } from './checkpoints';
import {
  Execution,
  MAX_STATE_BYTES,
  type Ending,
  type Journal,
  type MachinePorts,
  type MachineSpec,
} from './execution';

export type { Ending, MachinePorts, MachineSpec } from './execution';

/** What is kept of an execution that has ended. */
type Ended = Pick<Journal, 'machine' | 'name' | 'startedAt'> &
  Pick<Ending, 'status' | 'error'> & { readonly endedAt: number };

const METRIC_OF: Record<Ending['status'], string> = {
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
};

const JOURNAL: StateKind<Journal> = {
  what: 'an execution of a state machine that was under way',
  mend: 'remove this file and start again: what the execution was loading or reading is still pending, and is taken up by another',
  valid: ({ machine, name, state, events }) =>
    [machine, name, state].every((text) => typeof text === 'string') && Number.isInteger(events),
};

/** Runs standard executions of the platform's state machines; each survives a kill at its last state. */
export class StateMachines {
  private readonly running = new Map<string, Promise<Ending>>();
  private readonly abort = new AbortController();
  private readonly machines: Map<string, MachineSpec>;

  constructor(
    machines: readonly MachineSpec[],
    private readonly ports: MachinePorts,
  ) {
    this.machines = new Map(machines.map((m) => [m.arn, m]));
    mkdirSync(ports.dir, { recursive: true, mode: 0o700 });
    // Every execution listens for the stop.
    setMaxListeners(0, this.abort.signal);
  }

  /** How an execution stands: one that runs, or one that has ended. */
  describe(executionArn: string): ExecutionInfo | undefined {
    const [, machineArn, name] = /^(.+):([^:]+)$/.exec(executionArn.replace(':execution:', ':stateMachine:')) ?? [];
    const machine = machineArn === undefined ? undefined : this.machines.get(machineArn);
    if (!machine || name === undefined) return undefined;
    const journal = readState(this.fileOf({ machine: machine.name, name }), JOURNAL);
    const at = { executionArn, machineArn: machine.arn };
    if (journal) return { ...at, status: 'RUNNING', startedAt: journal.startedAt };
    if (!existsSync(this.endedFile)) return undefined;
    const ended = readFileSync(this.endedFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes(JSON.stringify(name)))
      // A kill or a full disk can cut a line short; the others are whole.
      .flatMap((line) => objectOf<Ended>(line) ?? [])
      .filter((line) => line.machine === machine.name && line.name === name)
      .at(-1);
    return (
      ended && { ...at, status: ended.status, startedAt: ended.startedAt, endedAt: ended.endedAt, error: ended.error }
    );
  }

  /** For the endpoint: starts under a name that nothing had before, or tells what has it. */
  begin(machineArn: string, input: Json, name: string = randomUUID()): { known: boolean; info: ExecutionInfo } {
    const executionArn = `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.describe(executionArn);
    if (known) return { known: true, info: known };
    this.start(machineArn, input, name);
    return { known: false, info: this.describe(executionArn)! };
  }

  /** Machines of the template. */
  list(): { arn: string; name: string }[] {
    return [...this.machines.values()].map(({ arn, name }) => ({ arn, name }));
  }

  /** Names of the executions that run. */
  executions(): string[] {
    return [...this.running.keys()];
  }

  /** Goes on with the executions that a former process left. @returns how many. */
  resume(): number {
    const files = readdirSync(this.ports.dir).filter((file) => file.endsWith('.json'));
    // All are read before any goes on, so that a damaged one stops the start and not a half of it.
    for (const journal of files.map((file) => readState(join(this.ports.dir, file), JOURNAL)!)) {
      const machine = [...this.machines.values()].find((m) => m.name === journal.machine);
      if (machine) inBackground('an execution', this.launch(machine, journal));
      else this.ports.log(`execution ${journal.name}: the template has no state machine ${journal.machine} any more`);
    }
    return files.length;
  }

  /**
   * Starts an execution; the same name again while it runs is the same execution.
   * @returns its ARN, and a promise of its end that never rejects.
   * @throws Error for a machine that is not there or an input above 256 KiB.
   */
  start(
    machineArn: string,
    input: Json,
    name: string = randomUUID(),
  ): { executionArn: string; ended: Promise<Ending> } {
    const machine = this.machines.get(machineArn);
    if (!machine) throw new Error(`StateMachineDoesNotExist: ${machineArn}`);
    const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.running.get(executionArn);
    if (known) return { executionArn, ended: known };
    if (Buffer.byteLength(JSON.stringify(input)) > MAX_STATE_BYTES)
      throw new Error('InvalidExecutionInput: above 256 KiB');
    const now = this.ports.clock.now();
    const journal: Journal = {
      machine: machine.name,
      name,
      input,
      startedAt: now,
      state: machine.definition.StartAt,
      data: input,
      enteredAt: now,
      retries: [],
      events: 1,
    };
    this.save(journal);
    this.count(machine.arn, 'ExecutionsStarted');
    return { executionArn, ended: this.launch(machine, journal) };
  }

  /** Stops at once; every running execution goes on at the next start. */
  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running.values());
  }

  private launch(machine: MachineSpec, journal: Journal): Promise<Ending> {
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${journal.name}`;
    const ended = new Execution(machine, journal, this.ports, this.abort.signal, () => this.save(journal))
      .run()
      .then((ending) => {
        // One whose end cannot be written goes on at the next start; the end is what it is.
        heard('the end of an execution', () => this.finish(machine.arn, journal, ending))();
        return ending;
      })
      .finally(() => this.running.delete(arn));
    this.running.set(arn, ended);
    return ended;
  }

  private count(StateMachineArn: string, name: string): void {
    this.ports.count?.({ namespace: 'AWS/States', name, dimensions: { StateMachineArn }, value: 1 });
  }

  private finish(arn: string, journal: Journal, ending: Ending): void {
    if (this.abort.signal.aborted) return;
    const { machine, name, startedAt } = journal;
    const { status, error } = ending;
    this.count(arn, METRIC_OF[status]);
    if (status !== 'SUCCEEDED')
      this.ports.log(`execution ${name} of ${machine}: ${status} in "${journal.state}" with ${error}`);
    const line: Ended = { machine, name, startedAt, endedAt: this.ports.clock.now(), status, error };
    appendFileSync(this.endedFile, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    rmSync(this.fileOf(journal), { force: true });
  }

  private save(journal: Journal): void {
    writeWhole(this.fileOf(journal), JSON.stringify(journal));
  }

  private get endedFile(): string {
    return join(this.ports.dir, 'ended.ndjson');
  }

  private fileOf({ machine, name }: Pick<Journal, 'machine' | 'name'>): string {
    const hash = createHash('sha256').update(`${machine}/${name}`).digest('hex').slice(0, 32);
    return join(this.ports.dir, `${hash}.json`);
  }
}
