import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { bootPlatform, type BootOptions, type Platform } from '@carelake/laptop/runtime';
import { countIngest, type IngestCounts } from '../../cli/conservation';
import type { Names } from '../../cli/folder';
import { namesOf, zonesOf } from '../../cli/laptop';
import { contentsOf, textOf } from './laptop';

/** A request of a role that a test lets fail: true refuses it. */
export type Refuse = (request: { action: string; resource: string }) => boolean;

/** Where virtual time begins: half a day ago, since functions read the machine's own clock when they look for what is new. */
export const BEGINNING = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 12 * 3_600_000;

const constructOf = ({ name }: { name: string }): string => name.replace(/^Alarms/, '');

const running = new Set<VirtualPlatform>();

/** A whole platform on virtual time: functions and engines work in real time, everything that waits follows the clock. */
export class VirtualPlatform {
  readonly names: Names;
  private refuse: Refuse = () => false;

  private constructor(
    readonly platform: Platform,
    readonly clock: VirtualClock,
    readonly dataDir: string,
    /** Alarms that were raised since the boot, by the names of the template's constructs. */
    readonly everRaised: readonly string[],
  ) {
    this.names = namesOf(platform);
    platform.endpoints.setAuthorizer((request) =>
      this.refuse(request) ? 'the test refuses it' : platform.roles.authorize(request),
    );
    running.add(this);
  }

  static async boot(
    assemblyDir: string,
    dataDir: string,
    options: { clock?: VirtualClock } & Pick<BootOptions, 'keySecretFile' | 'shardLimits' | 'onAlarm'> = {},
  ): Promise<VirtualPlatform> {
    const { clock = new VirtualClock(BEGINNING) } = options;
    const raised: string[] = [];
    const platform = await bootPlatform({
      ...options,
      assemblyDir,
      dataDir,
      port: 0,
      clock,
      warehouseMemory: '1GB',
      onAlarm: (status, was) => {
        if (status.state === 'ALARM') raised.push(constructOf(status));
        options.onAlarm?.(status, was);
      },
    });
    return new VirtualPlatform(platform, clock, dataDir, raised);
  }

  async stop(): Promise<void> {
    running.delete(this);
    await this.platform.stop();
  }

  /** Stops what a failed test left running. */
  static async stopAll(): Promise<void> {
    for (const platform of [...running]) await platform.stop();
  }

  /** Refuses requests of roles until the next call. */
  refusing(refuse: Refuse): void {
    this.refuse = refuse;
  }

  /** Records that are not settled yet. */
  behind(): number {
    return Object.values(this.platform.status().behind).reduce((sum, n) => sum + n, 0);
  }

  /** Moves virtual time on, a step at a time, and lets what each step started come to its end in real time first. */
  async pass(ms: number, stepMs = 1000): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end;) {
      await this.atWork();
      await this.clock.advance(Math.min(stepMs, end - this.clock.now()));
    }
    await this.atWork();
  }

  /** Moves virtual time on until something holds. */
  async until(what: string, holds: () => boolean, limitMs = 3_600_000, stepMs = 1000): Promise<void> {
    for (const end = this.clock.now() + limitMs; !holds();) {
      if (this.clock.now() >= end) throw new Error(`${what} did not come: ${JSON.stringify(this.platform.status())}`);
      await this.pass(stepMs, stepMs);
    }
  }

  /** Until the stream is read, and loaded. */
  async settled(): Promise<void> {
    const quiet = (): boolean => {
      const { executions, invocations, events, warehouseBusy } = this.platform.status();
      return this.behind() + executions.length + invocations + events === 0 && !warehouseBusy;
    };
    await this.until('rest', quiet);
    // A new object may still be on its way to its rule.
    await this.pass(5000);
    await this.until('rest', quiet);
  }

  /** Alarms that are raised now, by the names of the template's constructs. */
  raisedNow(): string[] {
    return this.platform.alarms().flatMap((alarm) => (alarm.state === 'ALARM' ? [constructOf(alarm)] : []));
  }

  tables(): Promise<Record<string, string[]>> {
    return contentsOf(async (sql) => textOf((await this.platform.endpoints.warehouse.query(sql)).rows));
  }

  async counts(): Promise<IngestCounts> {
    return (await countIngest(zonesOf(this.dataDir, this.names))).ingest;
  }

  objects(zone: string, prefix = ''): string[] {
    return this.platform.endpoints.s3
      .list(this.names.buckets[zone]!, { prefix, maxKeys: 10_000 })
      .objects.map((o) => o.key);
  }

  /** Values of a metric that a function has published, in their order. */
  metric(fn: string, name: string): number[] {
    const found = this.platform.resources.find((r) => r.type === 'AWS::Lambda::Function' && r.logicalId.startsWith(fn));
    const file = join(this.dataDir, 'logs', `${found!.ref}.log`);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{"_aws"'))
      .map((line) => (JSON.parse(line) as Record<string, number>)[name])
      .filter((value) => value !== undefined);
  }

  /** Real time until no function and no statement is at work; what waits for the clock is not. */
  private async atWork(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      const { invocations, events, warehouseBusy } = this.platform.status();
      quiet = invocations + events > 0 || warehouseBusy ? 0 : quiet + 1;
      await new Promise((resolve) => (quiet > 0 ? setImmediate(resolve) : setTimeout(resolve, 2)));
    }
  }
}
