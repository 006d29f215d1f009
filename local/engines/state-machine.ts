import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './asl';
import { readWhole, writeWhole } from './checkpoints';
import {
  Execution,
  MAX_STATE_BYTES,
  type Ending,
  type Journal,
  type MachinePorts,
  type MachineSpec,
} from './execution';

export type { Ending, MachinePorts, MachineSpec } from './execution';

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

  /** Names of the executions that run. */
  executions(): string[] {
    return [...this.running.keys()];
  }

  /** Goes on with the executions that a former process left. @returns how many. */
  resume(): number {
    const files = readdirSync(this.ports.dir).filter((file) => file.endsWith('.json'));
    for (const file of files) {
      const journal = readWhole<Journal>(join(this.ports.dir, file))!;
      const machine = [...this.machines.values()].find((m) => m.name === journal.machine);
      if (machine) void this.launch(machine, journal);
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
      .then((ending) => this.finish(journal, ending))
      .finally(() => this.running.delete(arn));
    this.running.set(arn, ended);
    return ended;
  }

  private finish(journal: Journal, ending: Ending): Ending {
    if (this.abort.signal.aborted) return ending;
    const { machine, name, startedAt } = journal;
    const { status, error } = ending;
    if (status !== 'SUCCEEDED')
      this.ports.log(`execution ${name} of ${machine}: ${status} in "${journal.state}" with ${error}`);
    const line = { machine, name, startedAt, endedAt: this.ports.clock.now(), status, error };
    appendFileSync(join(this.ports.dir, 'ended.ndjson'), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    rmSync(this.fileOf(journal), { force: true });
    return ending;
  }

  private save(journal: Journal): void {
    writeWhole(this.fileOf(journal), JSON.stringify(journal));
  }

  private fileOf({ machine, name }: Journal): string {
    const hash = createHash('sha256').update(`${machine}/${name}`).digest('hex').slice(0, 32);
    return join(this.ports.dir, `${hash}.json`);
  }
}
