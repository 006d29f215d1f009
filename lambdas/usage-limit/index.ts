import {
  CreateUsageLimitCommand,
  DeleteUsageLimitCommand,
  ListUsageLimitsCommand,
  RedshiftServerlessClient,
  ResourceNotFoundException,
  UpdateUsageLimitCommand,
  type UsageLimitBreachAction,
} from '@aws-sdk/client-redshift-serverless';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

/** The limit as the template states it; CloudFormation hands every value over as text. */
interface Wanted {
  ResourceArn: string;
  RpuHoursPerMonth: string;
  BreachAction: UsageLimitBreachAction;
}

const client = new RedshiftServerlessClient({});

/** Stands for a limit that was never made, so that deleting a failed creation does nothing. */
const NONE = 'carelake-no-usage-limit';

/**
 * Custom resource: a monthly limit on the compute of a Redshift Serverless workgroup. CloudFormation has no type for it. Creating it
 * again finds the limit that is there, since CloudFormation may repeat a call whose answer it did not see.
 */
export async function handler(event: CloudFormationCustomResourceEvent): Promise<void> {
  try {
    await answer(event, 'SUCCESS', await apply(event));
  } catch (error) {
    const name = error instanceof Error ? error.name : 'Error';
    console.error(
      JSON.stringify({ level: 'ERROR', message: 'usage limit not applied', error: name, request: event.RequestType }),
    );
    await answer(event, 'FAILED', physicalId(event), `${name} while applying the usage limit (${event.RequestType})`);
  }
}

const physicalId = (event: CloudFormationCustomResourceEvent): string =>
  ('PhysicalResourceId' in event && event.PhysicalResourceId) || NONE;

async function apply(event: CloudFormationCustomResourceEvent): Promise<string> {
  if (event.RequestType !== 'Delete') return ensure(event.ResourceProperties as unknown as Wanted);
  const usageLimitId = physicalId(event);
  if (usageLimitId === NONE) return NONE;
  try {
    await client.send(new DeleteUsageLimitCommand({ usageLimitId }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  return usageLimitId;
}

/** @returns the id of the workgroup's monthly compute limit, made or adjusted. */
async function ensure(wanted: Wanted): Promise<string> {
  const limit = { amount: Number(wanted.RpuHoursPerMonth), breachAction: wanted.BreachAction };
  const { usageLimits = [] } = await client.send(
    new ListUsageLimitsCommand({ resourceArn: wanted.ResourceArn, usageType: 'serverless-compute' }),
  );
  const known = usageLimits.find((l) => l.period === 'monthly')?.usageLimitId;
  const reply = known
    ? await client.send(new UpdateUsageLimitCommand({ usageLimitId: known, ...limit }))
    : await client.send(
        new CreateUsageLimitCommand({
          resourceArn: wanted.ResourceArn,
          usageType: 'serverless-compute',
          period: 'monthly',
          ...limit,
        }),
      );
  const id = reply.usageLimit?.usageLimitId;
  if (!id) throw new Error('the service named no usage limit');
  return id;
}

/** Answers CloudFormation, which waits at a signed address. */
async function answer(
  event: CloudFormationCustomResourceEvent,
  status: 'SUCCESS' | 'FAILED',
  id: string,
  reason?: string,
): Promise<void> {
  const body = JSON.stringify({
    Status: status,
    Reason: reason,
    PhysicalResourceId: id,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  });
  const reply = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  if (!reply.ok) throw new Error(`CloudFormation refused the answer with status ${reply.status}`);
}
