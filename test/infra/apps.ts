import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { loadConfig, type CarelakeConfig } from '../../config';
import { buildApp, newApp, type CarelakeStacks } from '../../lib/app';
import type { CodeOf } from '../../lib/constructs/function';

const folders: string[] = [];

const aLine: CodeOf = () => Code.fromInline('exports.handler = async () => {};');

/** Builds the stacks of an environment without the external checks, and without bundling unless `code` says so. */
export function build(
  config: CarelakeConfig | string,
  code = aLine,
): { app: App; stacks: CarelakeStacks; outdir: string } {
  const outdir = mkdtempSync(join(tmpdir(), 'carelake-infra-'));
  folders.push(outdir);
  const app = newApp({ outdir });
  const stacks = buildApp(app, typeof config === 'string' ? loadConfig(config) : config, { code });
  return { app, stacks, outdir };
}

/** Synthesizes a configuration that is no environment's, without validation, which has its own tests. @returns the assembly's folder. */
export function synthesized(config: CarelakeConfig, code = aLine): string {
  const { app, outdir } = build(config, code);
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

/** Removes the assemblies that the tests wrote. */
export function cleanUp(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
