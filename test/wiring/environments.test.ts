import { readFileSync, writeFileSync } from 'node:fs';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { assemblyOf } from '../infra/assemblies';
import { namesOf, normalised, sortNames } from './normalise';

/** All that differs between the laptop's templates and dev's, as data: reviewed when it changes, and nothing hides in code. */
const FILE = 'docs/generated/local-and-dev.json';

type Leaves = Record<string, unknown>;

function leaves(value: unknown, path: string, into: Leaves): Leaves {
  if (value !== null && typeof value === 'object') {
    const entries = Array.isArray(value) ? value.map((item, i) => [String(i), item] as const) : Object.entries(value);
    for (const [key, item] of entries) leaves(item, `${path}/${key}`, into);
  } else into[path] = value;
  return into;
}

function resolvedLeaves(environment: string): Leaves {
  const place = { account: '000000000000', region: 'us-east-1' };
  const assembly = readAssembly(assemblyOf(environment));
  const resources = new Resolver(assembly, place, identifyIn(place, sharedNames(assembly.stacks))).resources();
  const names = sortNames(resources.flatMap((r) => namesOf(r, `${r.stack}/${r.logicalId}`)));
  const all: Leaves = {};
  for (const resource of resources) {
    const { Tags, ...properties } = resource.properties;
    void Tags;
    const id = `${resource.stack}/${resource.logicalId}`;
    all[id] = resource.type;
    const neutral = JSON.parse(
      JSON.stringify(normalised(properties, names)).replaceAll(`carelake-${environment}`, 'carelake-ENV'),
    ) as unknown;
    leaves(neutral, id, all);
  }
  return all;
}

const resourceOf = (path: string): string => path.split('/').slice(0, 2).join('/');

test('every difference between the laptop and dev is listed as data', () => {
  const local = resolvedLeaves('local');
  const dev = resolvedLeaves('dev');
  const differences = Object.fromEntries(
    [...new Set([...Object.keys(local), ...Object.keys(dev)])]
      .filter((path) => JSON.stringify(local[path]) !== JSON.stringify(dev[path]))
      // A resource that one side lacks is one difference, not one for each of its properties.
      .filter((path) => path === resourceOf(path) || (local[resourceOf(path)] && dev[resourceOf(path)]))
      .sort()
      .map((path) => [path, { local: local[path] ?? null, dev: dev[path] ?? null }]),
  );
  if (process.env.CARELAKE_UPDATE === '1') writeFileSync(FILE, `${JSON.stringify(differences, null, 2)}\n`);
  const listed = JSON.parse(readFileSync(FILE, 'utf8')) as unknown;
  // To accept a change: CARELAKE_UPDATE=1 npx jest test/wiring, then review the diff of the file.
  expect(differences).toEqual(listed);
  expect(Object.keys(differences).length).toBeGreaterThan(0);
});
