import { EndpointError, unknownOperation } from './errors';
import { type Input, readInput, required, text } from './json';
import type { EndpointCall, EndpointReply, Executions } from './types';

/** The Step Functions endpoint: starts executions and says how they stand. */
export function statesEndpoint(executions: () => Executions | undefined) {
  return async (call: EndpointCall, name: string): Promise<EndpointReply> => {
    const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!operation) throw unknownOperation('Step Functions', name);
    const input = await readInput(call);
    const machines = executions();
    if (!machines) throw new EndpointError('ServiceUnavailable', 'the state machines are not started yet', 503);
    const output = operation(machines, call, input);
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(output) };
  };
}

type Operation = (machines: Executions, call: EndpointCall, input: Input) => Input;

const startExecution: Operation = (machines, call, input) => {
  const arn = required(input, 'stateMachineArn');
  call.allow('states:StartExecution', arn);
  if (!machines.machines().some((m) => m.arn === arn))
    throw new EndpointError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  const name = text(input, 'name');
  if (name !== undefined && !/^[A-Za-z0-9_-]{1,80}$/.test(name))
    throw new EndpointError('InvalidName', 'a name has 1 to 80 letters, digits, hyphens and underscores');
  const { known, info } = machines.start(arn, parse(text(input, 'input') ?? '{}'), name);
  if (known && info.status !== 'RUNNING')
    throw new EndpointError('ExecutionAlreadyExists', `Execution Already Exists: '${info.executionArn}'`);
  return { executionArn: info.executionArn, startDate: info.startedAt / 1000 };
};

function parse(json: string): unknown {
  if (Buffer.byteLength(json) > 256 * 1024)
    throw new EndpointError('InvalidExecutionInput', 'the input is longer than 256 KiB');
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message would quote the input.
    throw new EndpointError('InvalidExecutionInput', 'the input is not JSON');
  }
}

const describeExecution: Operation = (machines, call, input) => {
  const arn = required(input, 'executionArn');
  call.allow('states:DescribeExecution', arn);
  const info = machines.describe(arn);
  if (!info) throw new EndpointError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  return {
    executionArn: info.executionArn,
    stateMachineArn: info.machineArn,
    name: info.executionArn.split(':').at(-1),
    status: info.status,
    startDate: info.startedAt / 1000,
    ...(info.endedAt === undefined ? {} : { stopDate: info.endedAt / 1000 }),
    ...(info.error === undefined ? {} : { error: info.error }),
  };
};

const listStateMachines: Operation = (machines, call) => {
  call.allow('states:ListStateMachines', '*');
  const stateMachines = machines
    .machines()
    .map(({ arn, name }) => ({ stateMachineArn: arn, name, type: 'STANDARD', creationDate: 0 }));
  return { stateMachines };
};

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  StartExecution: startExecution,
  DescribeExecution: describeExecution,
  ListStateMachines: listStateMachines,
};
