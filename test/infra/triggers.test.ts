import { assemblyOf, ENVIRONMENTS as ENVS, ofType, readTemplates, type Resource, type Templates } from './assemblies';

const apps = {} as Record<(typeof ENVS)[number], Templates>;
beforeAll(() => {
  for (const env of ENVS) apps[env] = readTemplates(assemblyOf(env));
});
const props = (r: Resource | undefined): Record<string, never> => r?.Properties as Record<string, never>;

describe('triggers', () => {
  const schedules = (t: Templates): unknown[] =>
    ofType(t, 'AWS::Scheduler::Schedule').map(([, s]) => [
      props(s)['ScheduleExpression'],
      (props(s)['Target'] as never)['Input'],
    ]);

  test('the cadence is configuration: arrival on the laptop, daily in dev, a quarter of an hour in prod; a sweep everywhere', () => {
    const FULL = ['cron(30 4 1 * ? *)', '{"window":"full"}'];
    // The daily look at the keys.
    const keys = (at: string): unknown[] => [`cron(20 ${at} * * ? *)`, undefined];
    // The daily check, after the sweep.
    const check = (at: string): unknown[] => [`cron(40 ${at} * * ? *)`, undefined];
    expect(schedules(apps.local)).toEqual([
      ['cron(50 2 * * ? *)', '{}'],
      ['cron(20 3 * * ? *)', '{"window":"sweep"}'],
      FULL,
      keys('3'),
      check('3'),
    ]);
    expect(schedules(apps.dev)).toEqual([
      ['cron(0 3 * * ? *)', '{}'],
      ['cron(0 5 * * ? *)', '{"window":"open"}'],
      ['cron(20 5 * * ? *)', '{"window":"sweep"}'],
      FULL,
      keys('5'),
      check('5'),
    ]);
    expect(schedules(apps.prod)).toContainEqual(['rate(15 minutes)', '{"window":"open"}']);
    const rules = (t: Templates): string[] =>
      ofType(t, 'AWS::Events::Rule').map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
    expect(rules(apps.local)).toContain('Pipeline/TriggersSilverArrived');
    expect(rules(apps.dev)).not.toContain('Pipeline/TriggersSilverArrived');
  });

  test('a landed file starts its state machine with bucket, key, etag, size and version', () => {
    const [, rule] = ofType(apps.dev, 'AWS::Events::Rule').find(([id]) => id.includes('FileLanded'))!;
    const target = (props(rule)['Targets'] as Record<string, never>[])[0]!;
    expect(target['InputTransformer']).toEqual({
      InputPathsMap: {
        'detail-bucket-name': '$.detail.bucket.name',
        'detail-object-key': '$.detail.object.key',
        'detail-object-etag': '$.detail.object.etag',
        'detail-object-size': '$.detail.object.size',
        'detail-object-version-id': '$.detail.object.version-id',
      },
      InputTemplate:
        '{"bucket":<detail-bucket-name>,"key":<detail-object-key>,"etag":<detail-object-etag>,"size":<detail-object-size>,"version_id":<detail-object-version-id>}',
    });
    expect(target).toHaveProperty('DeadLetterConfig');
  });

  test('buckets whose objects start something tell EventBridge, without a custom resource', () => {
    const telling = ofType(apps.dev, 'AWS::S3::Bucket')
      .filter(([, b]) => 'NotificationConfiguration' in b.Properties)
      .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
    expect(telling).toEqual(['Lake/Landing', 'Lake/Silver', 'Lake/Failed']);
  });
});
