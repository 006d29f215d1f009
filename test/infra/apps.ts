import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { loadConfig, type CarelakeConfig } from '../../config';
import { buildApp, newApp, type CarelakeStacks } from '../../lib/app';

/** A resource as it stands in a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, never> & Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string[];
}

/** Templates of one environment by stack. */
export type Templates = Record<string, { Resources: Record<string, Resource>; Outputs?: Record<string, unknown> }>;

const folders: string[] = [];

/** Builds the stacks of an environment without bundling and without the judges. */
export function build(config: CarelakeConfig | string): { app: App; stacks: CarelakeStacks; outdir: string } {
  const outdir = mkdtempSync(join(tmpdir(), 'carelake-infra-'));
  folders.push(outdir);
  const app = newApp({ outdir });
  const stacks = buildApp(app, typeof config === 'string' ? loadConfig(config) : config, {
    code: () => Code.fromInline('exports.handler = async () => {};'),
  });
  return { app, stacks, outdir };
}

/** Synthesizes without validation, which has its own tests. Returns the folder of the assembly. */
export function synthesized(config: CarelakeConfig | string): string {
  const { app, outdir } = build(config);
  const before = process.env['CDK_VALIDATION'];
  process.env['CDK_VALIDATION'] = 'false';
  try {
    app.synth();
  } finally {
    if (before === undefined) delete process.env['CDK_VALIDATION'];
    else process.env['CDK_VALIDATION'] = before;
  }
  return outdir;
}

/** The templates of a synthesis without validation. */
export const templatesOf = (config: CarelakeConfig | string): Templates => readTemplates(synthesized(config));

/** Every template of an assembly by stack id. */
export const readTemplates = (outdir: string): Templates =>
  Object.fromEntries(
    readdirSync(outdir)
      .filter((f) => f.endsWith('.template.json'))
      .map((f) => [f.replace('.template.json', ''), JSON.parse(readFileSync(join(outdir, f), 'utf8'))]),
  );

/** Removes the assemblies that the tests wrote. */
export function cleanUp(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
