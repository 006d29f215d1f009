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
  const started = await client.send(
    new StartExecutionCommand({ stateMachineArn: machine, input: JSON.stringify(input) }),
  );
  const { executionArn } = started;
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    const { status, error } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'SUCCEEDED') return;
    if (status !== 'RUNNING')
      throw new CliError(`${saying.what} ended as ${status}${error ? `: ${error}` : ''}`, {
        where: saying.where,
        next: saying.next,
        exitCode: EXIT.failed,
      });
    await meanwhile?.();
    await sleep(pause);
  }
}
