import { EndpointError, unknownOperation } from './errors';
import { readBody } from './json';
import type { DeployedStack, EndpointCall, EndpointReply } from './types';
import { escapeXml } from './xml';

const text = (name: string, value: string): string => `<${name}>${escapeXml(value)}</${name}>`;
const list = (name: string, members: readonly string[]): string =>
  `<${name}>${members.map((member) => `<member>${member}</member>`).join('')}</${name}>`;

/**
 * The CloudFormation endpoint (query protocol): the stacks that were booted and their outputs, which whoever knows an environment by its name
 * asks first. A laptop's stacks are there since its boot, and have no other state.
 */
export function cloudformationEndpoint(
  stacks: () => readonly DeployedStack[],
  place: { region: string; account: string; since: number },
) {
  const idOf = (name: string): string =>
    `arn:aws:cloudformation:${place.region}:${place.account}:stack/${name}/00000000-0000-0000-0000-000000000000`;
  const described = ({ name, outputs }: DeployedStack): string =>
    text('StackName', name) +
    text('StackId', idOf(name)) +
    text('CreationTime', new Date(place.since).toISOString()) +
    text('StackStatus', 'CREATE_COMPLETE') +
    list('Outputs', Object.entries(outputs).map(([key, value]) => text('OutputKey', key) + text('OutputValue', String(value)))); // prettier-ignore
  return async (call: EndpointCall): Promise<EndpointReply> => {
    const form = new URLSearchParams((await readBody(call, 65_536)).toString('utf8'));
    const action = form.get('Action') ?? call.query.get('Action') ?? 'an empty Action';
    if (action !== 'DescribeStacks') throw unknownOperation('CloudFormation', action);
    const wanted = form.get('StackName');
    call.allow('cloudformation:DescribeStacks', wanted === null ? '*' : idOf(wanted));
    const found = stacks().filter(({ name }) => wanted === null || wanted === name || wanted === idOf(name));
    // As the service tells of a stack that it lacks.
    if (wanted !== null && found.length === 0)
      throw new EndpointError('ValidationError', `Stack with id ${wanted} does not exist`);
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>` +
        list('Stacks', found.map(described)) +
        `</DescribeStacksResult><ResponseMetadata>${text('RequestId', call.requestId)}</ResponseMetadata></DescribeStacksResponse>`,
    };
  };
}
