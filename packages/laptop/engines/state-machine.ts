import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { heard, inBackground } from '../background';
import { disk, foundFull, makeFolder, refuseFull } from '../disk';
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
  mend: 'remove this file and start again: what the execution was loading or reading is still pending, and another one will do it',
  valid: ({ machine, name, state, events }) =>
    [machine, name, state].every((text) => typeof text === 'string') && Number.isInteger(events),
};

/** A start that can never succeed. */
export class InvalidStart extends Error {}

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
    makeFolder(ports.dir);
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

  /**
   * Goes on with the executions that a former process left. The time since it was last seen does not count: nothing waited or ran then, and
   * the machine's clock may have been set since.
   * @returns how many
   */
  resume(lastSeen?: number): number {
    const files = readdirSync(this.ports.dir).filter((file) => file.endsWith('.json'));
    // All are read before any goes on, so that a damaged one stops the start and not a half of it.
    for (const journal of files.map((file) => readState(join(this.ports.dir, file), JOURNAL)!)) {
      const machine = [...this.machines.values()].find((m) => m.name === journal.machine);
      this.shift(journal, lastSeen);
      if (machine) inBackground('an execution', this.launch(machine, journal));
      else this.ports.log(`execution ${journal.name}: the template no longer has the state machine ${journal.machine}`);
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
    if (!machine) throw new InvalidStart(`StateMachineDoesNotExist: ${machineArn}`);
    const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.running.get(executionArn);
    if (known) return { executionArn, ended: known };
    if (Buffer.byteLength(JSON.stringify(input)) > MAX_STATE_BYTES)
      throw new InvalidStart('InvalidExecutionInput: above 256 KiB');
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

  private shift(journal: Journal, lastSeen: number | undefined): void {
    const now = this.ports.clock.now();
    const seen = Math.max(journal.enteredAt, lastSeen ?? now);
    // Entered in a future, by a clock that was set back, a state counts as entered now.
    const off = journal.enteredAt > now ? now - journal.enteredAt : Math.max(0, now - seen);
    journal.enteredAt += off;
    if (journal.until !== undefined) journal.until += off;
    journal.off = (journal.off ?? 0) + off;
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
    if (ending.status !== 'SUCCEEDED' && foundFull(this.ports.dir)) {
      // It has not failed by itself: with room it goes on from the state that its journal names.
      this.ports.log(`execution ${journal.name} of ${journal.machine} waits for free disk space and a restart`);
      return;
    }
    const { machine, name, startedAt } = journal;
    const { status, error } = ending;
    this.count(arn, METRIC_OF[status]);
    if (status !== 'SUCCEEDED')
      this.ports.log(`execution ${name} of ${machine}: ${status} in "${journal.state}" with ${error}`);
    const line: Ended = { machine, name, startedAt, endedAt: this.ports.clock.now(), status, error };
    try {
      disk.append(this.endedFile, `${JSON.stringify(line)}\n`);
    } catch (error) {
      // The journal stays, and the next start comes to this end again.
      this.ports.log(`execution ${name} of ${machine}: its end could not be recorded: ${(error as Error).message}`);
      return;
    }
    rmSync(this.fileOf(journal), { force: true });
  }

  private save(journal: Journal): void {
    refuseFull(this.ports.dir);
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
