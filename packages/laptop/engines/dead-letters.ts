import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock';
import { disk, makeFolder } from '../disk';
import { objectOf } from '../endpoints/files';
import type { Sample } from './metrics';

/** Names of queues, as their ARN ends. */
const nameOf = (arn: string): string => arn.split(':').at(-1)!;

/** Queues that keep starts that could not be delivered. Nobody takes from them; a message ends with the retention. */
export class DeadLetters {
  /** Arrival of every message, by queue. */
  private readonly arrivals = new Map<string, number[]>();

  /** @param queues name and retention of each queue of the template. */
  constructor(
    private readonly queues: readonly { readonly name: string; readonly retentionMs: number }[],
    private readonly ports: { readonly clock: Clock; readonly dir: string },
  ) {
    makeFolder(ports.dir);
    for (const { name } of queues) {
      const file = this.fileOf(name);
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
      this.arrivals.set(
        name,
        lines.flatMap((line) => objectOf<{ at: number }>(line)?.at ?? []),
      );
    }
  }

  /** Keeps a message. @throws Error for a queue that the template does not have. */
  send(queueArn: string, body: unknown): void {
    const name = nameOf(queueArn);
    const known = this.arrivals.get(name);
    if (!known) throw new Error(`the template has no queue ${queueArn}`);
    const at = this.ports.clock.now();
    disk.append(this.fileOf(name), `${JSON.stringify({ at, body })}\n`);
    known.push(at);
  }

  /** Length of each queue, as the service publishes it. */
  gauges(): Sample[] {
    return this.queues.map(({ name, retentionMs }) => ({
      namespace: 'AWS/SQS',
      name: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: name },
      value: this.arrivals.get(name)!.filter((at) => at > this.ports.clock.now() - retentionMs).length,
    }));
  }

  private fileOf(name: string): string {
    return join(this.ports.dir, `${name}.ndjson`);
  }
}
