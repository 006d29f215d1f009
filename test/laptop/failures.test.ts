import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS as KINESIS } from '@carelake/laptop/endpoints/kinesis';
import { OPERATIONS as KMS } from '@carelake/laptop/endpoints/kms';
import { OPERATIONS as REDSHIFT } from '@carelake/laptop/endpoints/redshift-data';
import { ON_BUCKET, ON_OBJECT } from '@carelake/laptop/endpoints/s3';
import { OPERATIONS as SECRETS } from '@carelake/laptop/endpoints/secrets';
import { OPERATIONS as STATES } from '@carelake/laptop/endpoints/states';

/** Whatever fails under a request or an engine, the process lives: a failure that nobody hears would end it. */
describe('failures under every operation and every callback', () => {
  const child = spawnSync(process.execPath, ['--import', 'tsx', join(__dirname, 'failing.ts')], { encoding: 'utf8' });
  const told = (child.status === 0 ? JSON.parse(child.stdout) : {}) as Record<string, Record<string, string>>;

  test('end nothing, and are told without their texts', () => {
    expect(child.stderr).not.toMatch(/while trying|CANARY|Unhandled/);
    expect(child.status).toBe(0);
    expect(child.stderr).toContain('carelake: the end of an execution failed: disk full');
    expect(child.stderr).toContain('carelake: metrics of a function failed: disk full');
  });

  test('were injected into every operation of every endpoint', () => {
    // STS and CloudFormation have one operation each, which asks no store.
    const served = /json: \{([^}]*)\}/.exec(
      readFileSync(require.resolve('@carelake/laptop/endpoints/server'), 'utf8'),
    )![1]!;
    expect(served.trim().split('\n')).toHaveLength(Object.keys({ KINESIS, KMS, REDSHIFT, SECRETS, STATES }).length);
    const operations = [
      ...Object.keys(KINESIS).map((o) => `kinesis ${o}`),
      ...Object.keys(KMS).map((o) => `kms ${o}`),
      ...Object.keys(REDSHIFT).map((o) => `redshift ${o}`),
      ...Object.keys(SECRETS).map((o) => `secrets ${o}`),
      ...Object.keys(STATES).map((o) => `states ${o}`),
      ...Object.keys(ON_BUCKET).map((o) => `s3 ${o} /b-1`),
      ...Object.keys(ON_OBJECT).map((o) => `s3 ${o} /b-1/k`),
    ].sort();
    for (const fault of ['nothing', 'stores at once', 'stores later', 'folder gone', 'body breaks off'])
      expect(Object.keys(told[fault]!).sort()).toEqual(operations);
    // Without a fault they answer, but those that are asked for what is not there.
    const refused = Object.entries(told.nothing!).filter(([, outcome]) => !/^20/.test(outcome));
    expect(refused.map(([o]) => o)).toEqual([
      'redshift CancelStatement',
      'redshift DescribeTable',
      's3 GET tagging /b-1/k',
      's3 POST +upload /b-1/k',
      's3 GET +upload /b-1/k',
    ]);
    // Statements run on after their answer, and parts of an upload lie beside the store; all else answers with its store's failure.
    const calm = Object.entries(told['stores at once']!).filter(([, outcome]) => /^20/.test(outcome));
    expect(calm.map(([o]) => o).filter((o) => !o.startsWith('redshift '))).toEqual(['s3 DELETE +upload /b-1/k']);
  });

  test('were injected into every callback of every engine', () => {
    const engines = ['alarms', 'bus', 'custom resource', 'functions', 'machines', 'mapping', 'schedule'];
    expect([...new Set(Object.keys(told.engines!).map((c) => c.split('.')[0]))].sort()).toEqual(engines);
    expect(Object.keys(told.engines!).length).toBeGreaterThan(15);
  });
});
