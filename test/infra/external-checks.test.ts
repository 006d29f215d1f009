import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnResource, Stack, Token, Validations, type App } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ACKNOWLEDGEMENTS, type Acknowledgement } from '../../guard/acknowledgements';
import { addExternalChecks, templateRules } from '../../guard';
import { StatefulInventory, inventoryOf, losses, recordedInventories, type Inventory } from '../../guard/inventory';
import { CataloguedNag } from '../../guard/nag';
import { guardRules } from '../../guard/rules';
import { newApp } from '../../lib/app';
import { build, cleanUp } from './apps';
import { VIOLATIONS } from './violations';

interface Report {
  pluginReports: {
    violations: {
      ruleName: string;
      violatingConstructs: { constructPath: string; cloudFormationResource: { logicalId: string } }[];
    }[];
  }[];
}

const outdir = mkdtempSync(join(tmpdir(), 'carelake-external-checks-'));
const quiet = jest.spyOn(console, 'error').mockImplementation(() => undefined);
afterAll(() => {
  quiet.mockRestore();
  rmSync(outdir, { recursive: true, force: true });
  cleanUp();
});

/** Findings of a synthesis as `rule path`; none when it passes. */
function findings(app: App): string[] {
  try {
    app.synth();
    return [];
  } catch (error) {
    expect((error as Error).message).toContain('validation-report.json');
  }
  const report = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as Report;
  return report.pluginReports
    .flatMap((p) => p.violations)
    .flatMap((v) =>
      v.violatingConstructs.map((c) => `${v.ruleName} ${c.constructPath || c.cloudFormationResource.logicalId}`),
    );
}

describe('own Guard rules', () => {
  let found: string[];
  beforeAll(() => {
    const app = newApp({ outdir: join(outdir, 'violations') });
    for (const [rule, resources] of Object.entries(VIOLATIONS)) {
      const stack = new Stack(app, rule.replaceAll('_', '-'));
      for (const [id, { Type, Properties }] of Object.entries(resources))
        new CfnResource(stack, id, { type: Type, properties: Properties });
    }
    Validations.of(app).addPlugins(templateRules());
    found = findings(app);
  });

  test('each has a template that violates it', () => {
    const rules = guardRules().flatMap(({ content }) => [...content.matchAll(/^rule (\w+)/gm)].map((m) => m[1]!));
    expect(rules.length).toBeGreaterThan(15);
    expect(Object.keys(VIOLATIONS).sort()).toEqual(rules.sort());
  });

  test.each(
    Object.entries(VIOLATIONS).flatMap(([rule, r]) => Object.keys(r).map((id): [string, string] => [rule, id])),
  )('%s sees %s', (rule, id) => {
    expect(found).toContain(`${rule} ${rule.replaceAll('_', '-')}/${id}`);
  });
});

test('CloudFormation’s own rules are errors: an unknown property and a wrong type stop the synthesis', () => {
  const app = newApp({ outdir: join(outdir, 'defaults') });
  const stack = new Stack(app, 'Bad');
  new CfnResource(stack, 'Unknown', { type: 'AWS::SNS::Topic', properties: { Colour: 'blue' } });
  new CfnResource(stack, 'Wrong', { type: 'AWS::Kinesis::Stream', properties: { ShardCount: 'two' } });
  const found = findings(app);
  expect(found).toEqual(expect.arrayContaining(['F3002 Bad/Unknown', 'F3012 Bad/Wrong']));
});

test('all recommended feature flags are set', () => {
  const cdk = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  const recommended = JSON.parse(
    readFileSync('node_modules/aws-cdk-lib/recommended-feature-flags.json', 'utf8'),
  ) as Record<string, unknown>;
  // References into stacks that keep data are exports: the export is the brake.
  expect(cdk.context).toEqual({ ...recommended, '@aws-cdk/core:defaultCrossStackReferences': 'strong' });
});

describe('every environment passes all external checks', () => {
  // The one with most types of resources first: its rules serve the others too.
  test.each(['prod', 'dev', 'local'])('%s', (env) => {
    const { app } = build(env);
    addExternalChecks(app, env);
    expect(findings(app)).toEqual([]);
  });
});

describe('the catalogue of acknowledgements', () => {
  const violations = (catalogue: readonly Acknowledgement[], plant?: (app: App) => void, env = 'dev'): string[] => {
    const { app } = build('dev');
    plant?.(app);
    return new CataloguedNag(env, catalogue).check(app).map((v) => v.ruleName);
  };

  test('lets pass what it names, with a reason and an owner each', () => {
    expect(violations(ACKNOWLEDGEMENTS)).toEqual([]);
    for (const a of ACKNOWLEDGEMENTS)
      expect([a.id, a.reason.length > 20, a.owner.length > 0]).toEqual([a.id, true, true]);
  });

  test('a planted violation fails', () => {
    const plant = (app: App): void => void new s3.Bucket(new Stack(app, 'Planted'), 'Open', { enforceSSL: false });
    expect(violations(ACKNOWLEDGEMENTS, plant)).toEqual(
      expect.arrayContaining([
        'AwsSolutions-S10',
        'HIPAA.Security-S3BucketSSLRequestsOnly',
        'HIPAA.Security-S3BucketVersioningEnabled',
      ]),
    );
  });

  test('an entry that nothing needs fails', () => {
    const idle: Acknowledgement = {
      id: 'AwsSolutions-S10',
      paths: ['Lake/Bronze/Resource'],
      reason: 'none',
      owner: 'platform',
    };
    expect(violations([...ACKNOWLEDGEMENTS, idle])).toEqual(['unused:AwsSolutions-S10']);
  });

  test('a finding without its entry fails, a warning too', () => {
    expect(violations(ACKNOWLEDGEMENTS.filter((a) => a.id !== 'AwsSolutions-KDS3'))).toEqual(['AwsSolutions-KDS3']);
  });

  test('a check that failed itself is a finding, and an ordinary acknowledgement does not cover it', () => {
    const plant = (app: App): void =>
      void new ec2.CfnSecurityGroup(new Stack(app, 'Planted'), 'Group', {
        groupDescription: 'a port that the check cannot read',
        securityGroupIngress: [
          { ipProtocol: 'tcp', cidrIp: '10.0.0.0/8', fromPort: Token.asNumber({ Ref: 'Port' }), toPort: 443 },
        ],
      });
    const threw = violations(ACKNOWLEDGEMENTS, plant);
    expect(threw).toContain('HIPAA.Security-EC2RestrictedCommonPorts');
    const entry = (id: string, failed: boolean): Acknowledgement => ({
      id,
      paths: ['Planted/Group'],
      reason: 'a planted group',
      owner: 'platform',
      threw: failed,
    });
    const ids = [...new Set(threw)];
    expect(violations([...ACKNOWLEDGEMENTS, ...ids.map((id) => entry(id, false))], plant)).toEqual(
      expect.arrayContaining([
        'HIPAA.Security-EC2RestrictedCommonPorts',
        'unused:HIPAA.Security-EC2RestrictedCommonPorts',
      ]),
    );
    expect(
      violations([...ACKNOWLEDGEMENTS, entry('HIPAA.Security-EC2RestrictedCommonPorts', true)], plant),
    ).not.toContain('HIPAA.Security-EC2RestrictedCommonPorts');
  });
});

describe('the stateful inventory', () => {
  const secret = (length: number): Inventory =>
    inventoryOf({
      keys: {
        Resources: {
          S: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: { PasswordLength: length } } },
        },
      },
    });
  const bucket = (id: string, name?: string): Inventory =>
    inventoryOf({
      lake: { Resources: { [id]: { Type: 'AWS::S3::Bucket', Properties: name ? { BucketName: name } : {} } } },
    });
  const found = (was: Inventory, now: Inventory): string[] => losses('dev', was, now).map((l) => l.rule);

  test('no change is no loss, whatever the order of members', () => {
    expect(found(bucket('B'), bucket('B'))).toEqual([]);
    const a = { l: { S: { type: 'AWS::S3::Bucket', frozen: { x: { a: 1, b: 2 } } } } };
    const b = { l: { S: { type: 'AWS::S3::Bucket', frozen: { x: { b: 2, a: 1 } } } } };
    expect(found(a, b)).toEqual([]);
  });

  test('a renamed resource, a replaced one, a regenerated secret and a new one are distinguished, each with what to do', () => {
    expect(found(bucket('B'), bucket('C'))).toEqual(['stateful-resource-gone', 'stateful-resource-unrecorded']);
    expect(found(bucket('B'), bucket('B', 'mine'))).toEqual(['stateful-resource-replaced']);
    expect(found(secret(64), secret(65))).toEqual(['secret-value-regenerated']);
    for (const l of losses('dev', secret(64), secret(65))) {
      expect(l.message).toContain('keys/S (AWS::SecretsManager::Secret): GenerateSecretString changed');
      expect(l.message).toContain('Way out:');
      expect(l.message).toContain('npm run inventory -- -c env=dev');
    }
  });

  test('the synthesis itself fails on such a change', () => {
    const { app, stacks } = build('prod');
    const generated = stacks.keys.keySecret.node.defaultChild as CfnResource;
    generated.addPropertyOverride('GenerateSecretString.PasswordLength', 65);
    (stacks.stream.stream.node.defaultChild as CfnResource).addPropertyOverride('Name', 'events');
    (stacks.lake.buckets.bronze.node.defaultChild as CfnResource).overrideLogicalId('Other');
    Validations.of(app).addPlugins(templateRules(), new StatefulInventory('prod'));
    expect(
      findings(app)
        .map((f) => f.split(' ')[0])
        .sort(),
    ).toEqual([
      'secret-value-regenerated',
      'stateful-resource-gone',
      'stateful-resource-replaced',
      'stateful-resource-unrecorded',
    ]);
  });

  test('it covers every environment and every store', () => {
    const recorded = recordedInventories();
    expect(Object.keys(recorded)).toEqual(['dev', 'local', 'prod']);
    for (const [env, inventory] of Object.entries(recorded)) {
      const types = Object.values(inventory).flatMap((r) => Object.values(r).map((k) => k.type));
      expect(types.filter((t) => t === 'AWS::S3::Bucket')).toHaveLength(7);
      expect(types.filter((t) => t === 'AWS::SecretsManager::Secret')).toHaveLength(env === 'prod' ? 3 : 2);
      expect(types).toEqual(
        expect.arrayContaining(['AWS::Kinesis::Stream', 'AWS::RedshiftServerless::Namespace', 'AWS::KMS::Key']),
      );
    }
  });
});
