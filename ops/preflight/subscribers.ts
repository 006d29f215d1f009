import { errorName, finding, type Finding } from './finding';
import type { Account } from './account';
import type { Check, Needs } from './needs';

const TITLE = 'Somebody hears the alarms';

interface Subscription {
  SubscriptionArn?: string;
}

/** ARN of the alarms' topic, from the stack that holds it; undefined before its first deployment. */
async function topicOf(account: Account, needs: Needs): Promise<string | undefined> {
  for (const { stack, template } of needs.stacks) {
    const topics = Object.keys(template.Resources).filter((id) => template.Resources[id]!.Type === 'AWS::SNS::Topic');
    if (topics.length === 0) continue;
    try {
      const answer = await account.ask<{
        StackResources?: { LogicalResourceId?: string; PhysicalResourceId?: string }[];
      }>('cloudformation', 'DescribeStackResources', { StackName: stack, LogicalResourceId: topics[0] });
      return answer.StackResources?.[0]?.PhysicalResourceId;
    } catch (error) {
      if (errorName(error) !== 'ValidationError') throw error;
    }
  }
  return undefined;
}

async function confirmed(account: Account, topic: string): Promise<number> {
  let count = 0;
  let token: string | undefined;
  do {
    const page: { Subscriptions?: Subscription[]; NextToken?: string } = await account.ask(
      'sns',
      'ListSubscriptionsByTopic',
      { TopicArn: topic, NextToken: token },
    );
    // A subscription that waits for its confirmation, or was ended, has a word in place of an ARN.
    count += (page.Subscriptions ?? []).filter((s) => s.SubscriptionArn?.startsWith('arn:')).length;
    token = page.NextToken;
  } while (token);
  return count;
}

/** An environment with patients must not run while its alarms reach nobody: production is refused, others are warned. */
export const subscribers: Check = async (account, needs): Promise<Finding[]> => {
  const grave = needs.production ? 'missing' : 'warn';
  const result = (status: Finding['status'], found: string, mend: string): Finding[] => [
    finding('subscribers', TITLE, status, found, mend),
  ];
  const topic = await topicOf(account, needs);
  const addresses = needs.stacks
    .flatMap(({ template }) => Object.values(template.Resources))
    .filter((r) => r.Type === 'AWS::SNS::Subscription').length;
  if (!topic) {
    return addresses > 0
      ? result(
          'confirm',
          `not deployed; ${addresses} addresses are configured`,
          'after the first deployment each gets a mail: confirm it, then run this again',
        )
      : result(
          grave,
          'not deployed, and no address is configured',
          `alarms: { emails: ['oncall@…'], … }   # environment ${needs.environment} in config/environments.ts`,
        );
  }
  const count = await confirmed(account, topic);
  return count > 0
    ? result('ok', `${count} confirmed subscriptions`, '')
    : result(
        grave,
        'no subscription of the topic is confirmed',
        `confirm the mail that the topic sent, or: aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ADDRESS`,
      );
};
