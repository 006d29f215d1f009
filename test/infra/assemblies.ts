import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, INPUTS, PROJECT } from '../../cli/synthesize';

export const ENVIRONMENTS = ['local', 'dev', 'prod'] as const;

/** A resource as written in a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, never> & Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string[];
}

/** Templates of one environment by stack. */
export type Templates = Record<string, { Resources: Record<string, Resource>; Outputs?: Record<string, unknown> }>;

/**
 * The assembly of an environment with its real bundles, for reading. A process of its own makes those of all
 * environments when the first suite asks after a change; whoever asks later takes them as they are.
 * @returns its folder.
 */
export function assemblyOf(env: string): string {
  const made = join(PROJECT, 'build', 'test-assemblies');
  const folder = join(made, fingerprint('test', [...INPUTS, 'test/infra/synthesize.ts']));
  if (!existsSync(folder)) {
    mkdirSync(made, { recursive: true });
    const earlier = readdirSync(made).filter((name) => !name.includes('.'));
    const fresh = `${folder}.${process.pid}`;
    const loader = join(PROJECT, 'node_modules/tsx/dist/loader.mjs');
    execFileSync(process.execPath, ['--import', loader, join(__dirname, 'synthesize.ts'), fresh], { cwd: PROJECT });
    // Another suite may have asked at the same time: one result stays.
    if (existsSync(folder)) rmSync(fresh, { recursive: true });
    else renameSync(fresh, folder);
    for (const old of earlier) rmSync(join(made, old), { recursive: true, force: true });
  }
  return join(folder, env);
}

/** Every template of an assembly by stack id. */
export const readTemplates = (outdir: string): Templates =>
  Object.fromEntries(
    readdirSync(outdir)
      .filter((f) => f.endsWith('.template.json'))
      .map((f) => [f.replace('.template.json', ''), JSON.parse(readFileSync(join(outdir, f), 'utf8'))]),
  );

/** Resources of all stacks, each with `stack/logicalId`. */
export const allResources = (templates: Templates): [string, Resource][] =>
  Object.entries(templates).flatMap(([stack, t]) =>
    Object.entries(t.Resources).map(([id, r]): [string, Resource] => [`${stack}/${id}`, r]),
  );

/** Resources of one type. */
export const ofType = (templates: Templates, type: string): [string, Resource][] =>
  allResources(templates).filter(([, r]) => r.Type === type);
