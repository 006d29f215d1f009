import { XMLParser } from 'fast-xml-parser';

export interface DeployedStack {
  name: string;
  status: string;
  outputs: Record<string, string>;
}

/** Asks CloudFormation's query protocol directly: one call is all that is needed of it, which is no reason for a client. */
export async function describeStacks(endpoint: string): Promise<DeployedStack[]> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: 'Action=DescribeStacks&Version=2010-05-15',
  });
  if (!answer.ok) throw new Error(`DescribeStacks answered ${answer.status}`);
  const parser = new XMLParser({ isArray: (name) => name === 'member', parseTagValue: false });
  const parsed = parser.parse(await answer.text()) as {
    DescribeStacksResponse: { DescribeStacksResult: { Stacks?: { member?: RawStack[] } } };
  };
  return (parsed.DescribeStacksResponse.DescribeStacksResult.Stacks?.member ?? []).map((stack) => ({
    name: stack.StackName,
    status: stack.StackStatus,
    outputs: Object.fromEntries((stack.Outputs?.member ?? []).map((output) => [output.OutputKey, output.OutputValue])),
  }));
}

interface RawStack {
  StackName: string;
  StackStatus: string;
  Outputs?: { member?: { OutputKey: string; OutputValue: string }[] };
}
