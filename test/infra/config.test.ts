import { alwaysAwakeUsd, environmentNames, loadConfig, parseConfig } from '../../config';
import { ENVIRONMENTS } from '../../config/environments';

type Loose = Record<string, Record<string, unknown>> & Record<string, unknown>;
const changed = (env: string, change: (c: Loose) => void): unknown => {
  const copy = structuredClone(ENVIRONMENTS[env]) as Loose;
  change(copy);
  return copy;
};
const problem = (value: unknown): string => {
  try {
    parseConfig(value);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('every environment of the repository is valid', () => {
  expect(environmentNames()).toEqual(['local', 'dev', 'prod']);
  for (const env of environmentNames()) expect(loadConfig(env).env).toBe(env);
});

test('an unknown environment is told which ones there are', () => {
  expect(() => loadConfig('staging')).toThrow('unknown environment "staging"; known: local, dev, prod');
  expect(() => loadConfig('toString')).toThrow('unknown environment');
});

test('a misspelt field and a wrong type are named', () => {
  const message = problem(
    changed('dev', (c) => {
      c['stream']!['shard'] = 2;
      c['ingest']!['batchSize'] = 'many';
    }),
  );
  expect(message).toContain('environment "dev"');
  expect(message).toMatch(/stream.*shard/);
  expect(message).toContain('ingest.batchSize');
});

test.each<[string, string, (c: Loose) => void, string]>([
  [
    'polling a long load stays below the history that an execution may have',
    'prod',
    (c) => void (c['load']!['pollSeconds'] = 6),
    'a load of 240 minutes would write 21600 events by polling, of the 25,000 that an execution may have: poll every 7 seconds or more',
  ],
  [
    'an archive comes a month after infrequent access',
    'prod',
    (c) => void (c['lake']!['archive'] = { afterDays: 119, storageClass: 'GLACIER' }),
    'lake.archive.afterDays: must be 30 days or more after lake.coldAfterDays',
  ],
  [
    'the shortest poll over the longest load is refused',
    'dev',
    (c) => Object.assign(c['load']!, { pollSeconds: 1, timeoutMinutes: 1440 }),
    'poll every 39 seconds or more',
  ],
  [
    'short waits for a warehouse that stays busy are refused: each round costs more events than a poll',
    'prod',
    (c) => Object.assign(c['load']!, { busySeconds: 14, timeoutMinutes: 240 }),
    'load.busySeconds: a load of 240 minutes would write 20580 events by waiting for a busy warehouse, of the 25,000 that an execution may have: wait for 15 seconds or more',
  ],
  ['production keeps its data', 'prod', (c) => void (c['allowRemoval'] = true as never), 'allowRemoval'],
  ['the cloud spans three zones', 'dev', (c) => void (c['network']!['azs'] = 2), 'network.azs'],
  ...[
    '*',
    'arn:aws:iam::999999999999:root',
    'arn:aws:iam::999999999999:role/*',
    'arn:aws:iam::*:role/feed',
    'feed',
  ].map((producer): [string, string, (c: Loose) => void, string] => [
    `a producer is one role: ${producer}`,
    'dev',
    (c) => void (c['producers'] = [producer] as never),
    'producers.0: is not the ARN of one role',
  ]),
  [
    'tags of others are not taken',
    'dev',
    (c) => void (c['tags'] = { 'carelake:environment': 'prod' }),
    'tags.carelake:environment',
  ],
  [
    'as many zone ids as zones',
    'dev',
    (c) => void (c['network']!['zones'] = ['use1-az1', 'use1-az2', 'use1-az2']),
    'network.zones: names 3 different zones',
  ],
  [
    'zones are ids, since their names differ from account to account',
    'dev',
    (c) => void (c['network']!['zones'] = ['us-east-1a', 'us-east-1b', 'us-east-1c']),
    'is not the id of a zone',
  ],
  [
    'on-arrival loads in the cloud need an accepted price',
    'dev',
    (c) => void (c['load']!['trigger'] = { kind: 'onArrival', debounceSeconds: 30 }),
    `at least ${alwaysAwakeUsd(4)}`,
  ],
  [
    'a price that is too low is not accepted',
    'dev',
    (c) => {
      c['load']!['trigger'] = { kind: 'onArrival', debounceSeconds: 30 };
      c['load']!['acceptedMonthlyUsd'] = alwaysAwakeUsd(4) - 1;
    },
    'load.acceptedMonthlyUsd',
  ],
  [
    'a batch is given up while the stream still has what waits behind it',
    'dev',
    (c) => void (c['ingest']!['maxRecordAgeSeconds'] = 75_601),
    'ingest.maxRecordAgeSeconds: at most 75600',
  ],
  [
    'a batch is held by age alone',
    'dev',
    (c) => void (c['ingest']!['retryAttempts'] = 5),
    'ingest: Unrecognized key: "retryAttempts"',
  ],
  ['the ceiling stands above the base', 'dev', (c) => void (c['warehouse']!['baseRpu'] = 16), 'warehouse.maxRpu'],
  [
    'production is not switched off by its limit',
    'prod',
    (c) => void (c['warehouse']!['usageLimit'] = { rpuHoursPerMonth: 10, breachAction: 'deactivate' }),
    'warehouse.usageLimit',
  ],
  ['the cloud states a limit', 'dev', (c) => void delete c['warehouse']!['usageLimit'], 'warehouse.usageLimit'],
  ['the cloud states a budget', 'dev', (c) => void delete c['budget'], 'budget'],
  ['log retention is one that exists', 'dev', (c) => void (c['logs']!['retentionDays'] = 31), 'logs.retentionDays'],
  [
    'a load outlasts one wait',
    'dev',
    (c) => void Object.assign(c['load']!, { timeoutMinutes: 5, busySeconds: 300 }),
    'load.timeoutMinutes',
  ],
])('%s', (_what, env, change, expected) => {
  expect(problem(changed(env, change))).toContain(expected);
});

test('with the price accepted, on-arrival loads are allowed in the cloud', () => {
  const value = changed('dev', (c) => {
    c['load']!['trigger'] = { kind: 'onArrival', debounceSeconds: 30 };
    c['load']!['acceptedMonthlyUsd'] = alwaysAwakeUsd(4);
  });
  expect(parseConfig(value).load.trigger.kind).toBe('onArrival');
});

test('what the refusal of a wait for a busy warehouse proposes is accepted', () => {
  expect(problem(changed('prod', (c) => Object.assign(c['load']!, { busySeconds: 15, timeoutMinutes: 240 })))).toBe('');
});

test('what the refusal of a poll proposes is accepted', () => {
  for (const [pollSeconds, timeoutMinutes] of [
    [7, 240],
    [39, 1440],
  ])
    expect(
      problem(changed('prod', (c) => Object.assign(c['load']!, { pollSeconds, timeoutMinutes, busySeconds: 90 }))),
    ).toBe('');
});
