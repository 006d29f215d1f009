import assert from 'node:assert/strict';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver, type Resource } from '@carelake/laptop/template/intrinsics';
import { namesOf, normalised, sortNames, type Json } from '../wiring/normalise';
import { ACCOUNT, REGION, type TracedResource } from './emulator';

/** What decides how data moves: functions with their environment, what calls them, and what they may do. */
const WIRING = [
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::StepFunctions::StateMachine',
  'AWS::Events::Rule',
  'AWS::Scheduler::Schedule',
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::IAM::ManagedPolicy',
  'AWS::S3::Bucket',
  'AWS::Kinesis::Stream',
];

const strip = (properties: Readonly<Json>): Json => {
  // The code's address differs by where assets are published; its content is compared by the asset hash in both.
  const { Code, Tags, ...rest } = properties;
  void Code;
  void Tags;
  return rest;
};

/** One line per difference between what the laptop resolves and what CloudFormation resolved, by logical id. */
function differences(
  laptop: Resource[],
  cloud: (TracedResource & { attributes: Json })[],
): { compared: number; lines: string[] } {
  const key = (stack: string, id: string): string => `${stack}/${id}`;
  const laptopNames = sortNames(laptop.flatMap((r) => namesOf(r, key(r.stackName, r.logicalId))));
  const created = cloud.filter((r) => r.operation === 'create' && r.logicalId !== null);
  const cloudNames = sortNames(
    created.flatMap((r) => namesOf({ ref: r.physicalId, attributes: r.attributes }, key(r.stack, r.logicalId!))),
  );
  const byKey = new Map(created.map((r) => [key(r.stack, r.logicalId!), r]));
  const lines: string[] = [];
  let compared = 0;
  for (const resource of laptop.filter((r) => WIRING.includes(r.type))) {
    const id = key(resource.stackName, resource.logicalId);
    const other = byKey.get(id);
    if (!other) {
      lines.push(`${id} (${resource.type}): CloudFormation was never asked for it`);
      continue;
    }
    compared += 1;
    const left = normalised(strip(resource.properties), laptopNames) as Json;
    const right = normalised(strip(other.properties), cloudNames) as Json;
    for (const property of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const [a, b] = [JSON.stringify(left[property]), JSON.stringify(right[property])];
      if (a !== b) lines.push(`${id} ${property}:\n  laptop         ${a}\n  CloudFormation ${b}`);
    }
  }
  return { compared, lines };
}

/** Throws unless every wired resource of the assembly means the same on the laptop and in the emulator's trace. */
export function compareWiring(assemblyFolder: string, trace: TracedResource[]): void {
  const place = { account: ACCOUNT, region: REGION };
  const assembly = readAssembly(assemblyFolder);
  const laptop = new Resolver(assembly, place, identifyIn(place, sharedNames(assembly.stacks))).resources();
  const { compared, lines } = differences(laptop, trace as (TracedResource & { attributes: Json })[]);
  assert.deepEqual(lines, [], `${lines.length} differences:\n${lines.join('\n')}`);
  assert.ok(compared >= 30, `only ${compared} resources were compared`);
  console.log(`        ${compared} resources compared`);
}
