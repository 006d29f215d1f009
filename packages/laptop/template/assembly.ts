import { join } from 'node:path';
import { readState } from '../endpoints/files';

/** A resource as written in a template, intrinsics unresolved. */
export interface ResourceTemplate {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly Metadata?: Record<string, unknown>;
}

/** The parts of a CloudFormation template that the laptop reads. */
export interface Template {
  readonly Resources?: Record<string, ResourceTemplate>;
  readonly Outputs?: Record<
    string,
    { Value: unknown; Description?: string; Condition?: string; Export?: { Name: unknown } }
  >;
  readonly Parameters?: Record<string, { Type: string; Default?: unknown }>;
  readonly Conditions?: Record<string, unknown>;
  readonly Mappings?: Record<string, Record<string, Record<string, unknown>>>;
}

/** One stack of an assembly. */
export interface Stack {
  /** Artifact id in the assembly (the construct id). */
  readonly id: string;
  /** Name in the account, which `Fn::GetStackOutput` and resource names use. */
  readonly name: string;
  readonly template: Template;
}

/** A synthesized app: its stacks, each after those it depends on, and the folders of its file assets. */
export interface Assembly {
  readonly stacks: readonly Stack[];
  /**
   * Folder or file of an asset.
   * @param objectKey key in the asset bucket as a template names it (`<hash>.zip`).
   * @throws Error when no asset manifest lists the key.
   */
  assetPath(objectKey: string): string;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { templateFile?: string; stackName?: string; file?: string };
  readonly dependencies?: readonly string[];
}

interface AssetManifest {
  readonly files?: Record<string, { source: { path?: string }; destinations: Record<string, { objectKey: string }> }>;
}

const readJson = <T extends object>(path: string): T => {
  const found = readState<T>(path, {
    what: 'a part of the synthesized templates',
    mend: 'remove the folder build/assemblies of the project and start again: the templates are synthesized again',
  });
  if (!found) throw new Error(`${path} is missing: this is not a synthesized cloud assembly`);
  return found;
};

/**
 * Reads a synthesized cloud assembly (`cdk.out`).
 * @throws Error when the folder is no assembly, or holds what the laptop cannot run (nested assemblies, container images without a file).
 */
export function readAssembly(dir: string): Assembly {
  const { artifacts = {} } = readJson<{ artifacts?: Record<string, Artifact> }>(join(dir, 'manifest.json'));
  const assets = new Map<string, string>();
  const stacks: Stack[] = [];
  for (const id of inOrder(artifacts)) {
    const { type, properties = {} } = artifacts[id]!;
    if (type === 'cdk:cloud-assembly') throw new Error(`${dir}: nested assembly ${id}; only plain stacks can be run`);
    if (type === 'cdk:asset-manifest') collectAssets(dir, properties.file!, assets);
    if (type === 'aws:cloudformation:stack')
      stacks.push({ id, name: properties.stackName ?? id, template: readJson(join(dir, properties.templateFile!)) });
  }
  return {
    stacks,
    assetPath: (objectKey) => {
      const path = assets.get(objectKey);
      if (!path) throw new Error(`${dir}: no asset manifest lists ${objectKey}`);
      return path;
    },
  };
}

function collectAssets(dir: string, file: string, into: Map<string, string>): void {
  for (const { source, destinations } of Object.values(readJson<AssetManifest>(join(dir, file)).files ?? {}))
    for (const { objectKey } of Object.values(destinations))
      if (source.path) into.set(objectKey, join(dir, source.path));
}

/** Artifact ids, each after its dependencies. */
function inOrder(artifacts: Record<string, Artifact>): string[] {
  const done = new Set<string>();
  const visit = (id: string, above: readonly string[]): void => {
    if (done.has(id) || !artifacts[id]) return;
    if (above.includes(id)) throw new Error(`stacks depend on each other: ${[...above, id].join(' → ')}`);
    for (const dependency of artifacts[id].dependencies ?? []) visit(dependency, [...above, id]);
    done.add(id);
  };
  for (const id of Object.keys(artifacts)) visit(id, []);
  return [...done];
}
