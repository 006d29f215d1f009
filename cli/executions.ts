import { DescribeExecutionCommand, StartExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from './errors';

/** What to say of an execution that does not succeed. */
export interface Saying {
  what: string;
  where: string;
  next: string;
}

/** Starts a state machine and waits until it has succeeded. @param meanwhile called between two looks @throws CliError when it ends otherwise */
export async function execute(
  client: SFNClient,
  machine: string,
  input: object,
  saying: Saying,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  await ended(client, await started(client, machine, input), saying, { meanwhile });
}

/** Starts a state machine. @returns ARN of the execution */
export async function started(client: SFNClient, machine: string, input: object): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn: machine, input: JSON.stringify(input) });
  return (await client.send(command)).executionArn!;
}

/** Waits until an execution has succeeded. @returns false when it still runs at the deadline @throws CliError when it ends otherwise */
export async function ended(
  client: SFNClient,
  executionArn: string,
  saying: Saying,
  { meanwhile, deadline = Infinity }: { meanwhile?: (() => Promise<void>) | undefined; deadline?: number } = {},
): Promise<boolean> {
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    const { status, error } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'SUCCEEDED') return true;
    if (status !== 'RUNNING')
      throw new CliError(`${saying.what} ended as ${status}${error ? `: ${error}` : ''}`, {
        where: saying.where,
        next: saying.next,
        exitCode: EXIT.failed,
      });
    if (Date.now() >= deadline) return false;
    await meanwhile?.();
    await sleep(pause);
  }
}
