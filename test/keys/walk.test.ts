import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { assemblyOf } from '../infra/assemblies';
import { statementsOf, walkKeys, type KeyedResource } from '../../ops/keys/walk';

const place = { account: '000000000000', region: 'us-east-1' };

function resolved(environment: string): KeyedResource[] {
  const assembly = readAssembly(assemblyOf(environment));
  return new Resolver(assembly, place, identifyIn(place, sharedNames(assembly.stacks))).resources();
}

describe('from every encrypted store over its key to every role', () => {
  const environments = Object.fromEntries(['dev', 'prod'].map((name) => [name, resolved(name)]));

  test.each(['dev', 'prod'])('%s: whoever reads or writes can use the key', (name) => {
    const steps = walkKeys(environments[name]!, place);
    expect(steps.filter((step) => step.missing.length > 0)).toEqual([]);
    // A walk that matched nothing would find nothing missing.
    const short = (step: { store: string; role: string; use: string }): string =>
      `${step.use} ${step.store.replace(/^.*\/|[0-9A-F]{8}$/g, '')} by ${step.role.replace(/^.*\/|Role[0-9A-F]{8}$/g, '')}`;
    const walked = steps.map(short);
    expect(walked).toEqual(
      expect.arrayContaining([
        'read Events by IngestStream',
        'write Bronze by IngestStream',
        'write Silver by IngestFile',
        'read Landing by IngestFile',
        'write Control by SelectLoad',
        'read DurableKeySecret by IngestStream',
        'read AdminSecret by Migrate',
        'read Silver by Copy',
      ]),
    );
  });

  const stepsWithout = (change: (resource: KeyedResource) => KeyedResource): number =>
    walkKeys(environments.dev!.map(change), place).filter((step) => step.missing.length > 0).length;
  const withDocument = (
    resource: KeyedResource,
    property: string,
    keep: (statement: Record<string, unknown>) => boolean,
  ): KeyedResource => {
    const document = resource.properties[property] as { Statement: Record<string, unknown>[] };
    return {
      ...resource,
      properties: { ...resource.properties, [property]: { ...document, Statement: document.Statement.filter(keep) } },
    };
  };

  test('a role that lost its key actions is found', () => {
    const role = environments.dev!.find((r) => r.type === 'AWS::IAM::Role' && r.logicalId.startsWith('IngestStream'))!;
    const owned = JSON.stringify(statementsOf(role, environments.dev!));
    expect(owned).toContain('kms:Decrypt');
    const found = stepsWithout((r) =>
      r.type === 'AWS::IAM::ManagedPolicy' && r.logicalId.startsWith('IngestStream')
        ? withDocument(r, 'PolicyDocument', (s) => !JSON.stringify(s.Action).includes('kms:'))
        : r,
    );
    expect(found).toBeGreaterThan(3);
  });

  test('a key that no longer delegates to IAM is found', () => {
    const found = stepsWithout((r) =>
      r.type === 'AWS::KMS::Key'
        ? withDocument(r, 'KeyPolicy', (s) => !JSON.stringify(s.Principal).includes(':root'))
        : r,
    );
    expect(found).toBe(walkKeys(environments.dev!, place).length);
  });

  test('a right to the key through another service does not count', () => {
    const found = stepsWithout((r) =>
      r.type === 'AWS::IAM::ManagedPolicy'
        ? (JSON.parse(
            JSON.stringify(r).replaceAll('s3.us-east-1.amazonaws.com', 'sqs.us-east-1.amazonaws.com'),
          ) as KeyedResource)
        : r,
    );
    expect(found).toBeGreaterThan(5);
  });
});
